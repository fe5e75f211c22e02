//! The arguments that all servers share, around those of one.

use std::path::PathBuf;

use super::Program;
use super::commands::CommonCommand;
use crate::sandbox::Mode;
use crate::serve::logging::Amount;
use crate::serve::logging::Format;

/// The whole command line.
#[derive(Debug, clap::Parser)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(super) struct CommandLine<P: Program> {
    #[command(flatten)]
    pub(super) own: P::Arguments,
    #[command(flatten)]
    pub(super) common: CommonArguments,
    #[command(subcommand)]
    pub(super) command: Option<Command<P>>,
}

/// A command for people, instead of serving.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command<P: Program> {
    #[command(flatten)]
    Own(P::Command),
    #[command(flatten)]
    Common(CommonCommand),
}

/// What can be said to every server.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Common to all servers")]
pub struct CommonArguments {
    /// Read labels, limits and everything else from this TOML file.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Read roles and grants from this TOML file; without one, the local user may see what is
    /// opened here and nothing else.
    #[arg(long, global = true, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Keep the audit trail in this directory [default: the user's state directory].
    #[arg(long, global = true, value_name = "DIR")]
    pub audit: Option<PathBuf>,
    /// How much the kernel must enforce once all is open: all that the server needs, what it can,
    /// or nothing [default: require].
    #[arg(long, global = true, value_enum, value_name = "HOW MUCH")]
    pub sandbox: Option<Mode>,
    /// Run as uid 0 even where the kernel cannot keep it from root's files.
    #[arg(long, global = true)]
    pub allow_root: bool,
    /// Who the client acts for [default: the policy's `[stdio]`, else the OS user].
    #[arg(long, global = true, value_name = "WHO")]
    pub subject: Option<String>,
    /// Print as JSON what would be served to whom, and end.
    #[arg(long)]
    pub describe: bool,
    /// How the log on standard error is written.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub log_format: Format,
    /// How much of it.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub log_level: Amount,
}
