//! The server as a program: its arguments, its commands, how it is opened.

use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

use guard::config::Common;
use guard::config::Source;
use guard::program::Program;
use guard::program::Start;
use guard::program::StartError;
use guard::sandbox::Profile;

use crate::ReadonlyFs;
use crate::StartTrouble;
use crate::config::Config;
use crate::config::RootArgument;
use crate::effects::Handle;

/// `readonly-fs`, as it is started.
#[derive(Debug)]
pub struct ReadonlyFsProgram;

/// What `readonly-fs` is started with, beside what all servers are.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A directory to serve, as DIR or NAME=DIR; clients then write NAME/path/in/it.
    #[arg(value_name = "ROOT")]
    roots: Vec<OsString>,
    /// How sensitive the directories given here are [default: internal].
    #[arg(long, value_name = "LABEL")]
    label: Option<String>,
    /// Accepted for clarity: this server has no other mode.
    #[arg(long)]
    readonly: bool,
}

/// What `readonly-fs` does for people.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show which files fall under which label, what no rule covers, and what is never served.
    Coverage {
        /// Directories, as for serving; beside those of the configuration.
        #[arg(value_name = "ROOT")]
        roots: Vec<OsString>,
        /// How sensitive the directories given here are [default: internal].
        #[arg(long, value_name = "LABEL")]
        label: Option<String>,
    },
}

impl Program for ReadonlyFsProgram {
    type Server = ReadonlyFs;
    type Arguments = Arguments;
    type Command = Command;
    type Config = Config;

    const ABOUT: &'static str =
        "Serves files below the given directories to an MCP client, read only, and nothing else";
    const EXAMPLES: &'static str = "\
Examples:
  readonly-fs ~/docs
      Serve one directory over standard input and output, labelled `internal`.
  readonly-fs --label public handbook=/srv/handbook notes=~/notes
      Serve two, under names of your own, for everybody.
  readonly-fs --config readonly-fs.toml --policy policy.toml
      Labels by pattern, roles, and grants that end.
  readonly-fs coverage --config readonly-fs.toml
      See what falls under which label before anybody is let in.
  readonly-fs explain alice docs/hr/pay.csv --config readonly-fs.toml --policy policy.toml
      See why alice may or may not read one file.

Every request is recorded before it is answered, below --audit DIR. Links that lead out, hard
links, mounts, devices, sockets and pipes are not served.

Exit codes:
  0  the session ended: end of input, a signal, or the last grant's end
  1  the connection or the audit failed
  2  the arguments or the configuration are wrong; the message says where
  3  a step of the start failed: a root, the audit directory, a secret";

    fn common(config: &Config) -> &Common {
        &config.guard
    }

    fn open(start: &Start<'_, Self>) -> Result<ReadonlyFs, StartError> {
        let Arguments { roots, label, .. } = start.arguments;
        let server = open(start, roots, label.as_deref())?;
        keep_apart(&server, start.audit_dir)?;
        Ok(server)
    }

    fn profile(_start: &Start<'_, Self>, server: &ReadonlyFs) -> Profile {
        let roots = server.handles().iter().map(Handle::path);
        let profile = Profile::new().resolves_beneath().watches_files();
        roots.fold(profile, Profile::read_beneath)
    }

    fn command(
        command: Command,
        start: &Start<'_, Self>,
        out: &mut dyn Write,
    ) -> Result<(), StartError> {
        let Command::Coverage { roots, label } = command;
        let server = open(start, &roots, label.as_deref())?;
        for root in server.coverage() {
            write!(out, "{root}").map_err(|cause| StartError::step("print", cause))?;
        }
        Ok(())
    }
}

fn open(
    start: &Start<'_, ReadonlyFsProgram>,
    roots: &[OsString],
    label: Option<&str>,
) -> Result<ReadonlyFs, StartError> {
    let known = start.taxonomy();
    let unlabelled = start.unlabelled(&known, label)?;
    let arguments: Vec<RootArgument> = roots.iter().map(|root| RootArgument::parse(root)).collect();
    let none = Source::new("arguments", "");
    let source = start.source.unwrap_or(&none);
    let opened = ReadonlyFs::open(start.config, source, &arguments, known, unlabelled);
    opened.map_err(|trouble| match trouble {
        StartTrouble::Config(error) => error.into(),
        StartTrouble::NoRoots => {
            StartError::Arguments("no directory to serve: give one, or --config FILE".to_owned())
        }
        StartTrouble::Unnamed(_) | StartTrouble::SameName(_) => {
            StartError::Arguments(trouble.to_string())
        }
        StartTrouble::Root { .. } => StartError::step("open the roots", trouble),
    })
}

/// The trail must not be readable through the server that writes it, nor must a root lie among
/// the files of the trail. Directories are compared by what they are, not by their names.
fn keep_apart(server: &ReadonlyFs, audit_dir: &Path) -> Result<(), StartError> {
    let trouble = |cause: &'static str| {
        let step = format!("keep the audit trail in {}", audit_dir.display());
        Err(StartError::step(step, cause))
    };
    // before the first start the directory is not there: then its parents tell where it will be
    let there = audit_dir.ancestors().find_map(|path| {
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        Handle::open(path).ok()
    });
    let Some(there) = there else {
        return trouble("none of its parent directories can be opened");
    };
    let exists = Handle::open(audit_dir).is_ok();
    for root in server.handles().iter() {
        let is_root = |path: &Path| Handle::open(path).is_ok_and(|parent| parent.is(root));
        if there.path().ancestors().any(is_root) {
            return trouble("it lies in a served directory; give another with --audit DIR");
        }
        let is_trail = |path: &Path| Handle::open(path).is_ok_and(|parent| parent.is(&there));
        if exists && root.path().ancestors().any(is_trail) {
            return trouble("a served directory lies in it; give another with --audit DIR");
        }
    }
    Ok(())
}
