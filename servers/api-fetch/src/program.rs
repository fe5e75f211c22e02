//! The server as a program: its commands, how it is opened.

mod ask;
mod check;
mod document;
mod import;
mod online;
mod open;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use guard::broker;
use guard::config::Common;
use guard::program::Program;
use guard::program::Start;
use guard::program::StartError;
use guard::sandbox::Profile;
use guard::secret::SecretRef;

use crate::ApiFetch;
use crate::config::Config;
use crate::effects::charter::Networks;

/// `api-fetch`, as it is started.
#[derive(Debug)]
pub struct ApiFetchProgram;

/// What `api-fetch` is started with, beside what all servers are: nothing.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Arguments {}

/// What `api-fetch` does for people.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show what would be served: hosts, tools, permissions, labels; and try every secret. Nothing
    /// is sent.
    Check {
        /// Also connect to each host: its addresses, its certificate, ours. No request is sent, and
        /// no credential.
        #[arg(long)]
        online: bool,
    },
    /// Call one endpoint as `--subject` would, through the same gate, and record it.
    Call {
        /// The endpoint's name.
        endpoint: String,
        /// Arguments as NAME=VALUE. What is JSON of the declared type is taken as such.
        #[arg(value_name = "NAME=VALUE")]
        arguments: Vec<String>,
    },
    /// Write endpoint definitions from an OpenAPI document (3.0 or 3.1), to be reviewed.
    Import(Import),
}

/// What is taken from a document.
#[derive(Clone, Debug, clap::Args)]
pub struct Import {
    /// The document.
    pub document: PathBuf,
    /// The upstream's name in the configuration.
    #[arg(long, value_name = "NAME")]
    pub upstream: String,
    /// Take these: operation ids, `tag:NAME`, `method:NAME`, paths, or methods with paths, with `*`
    /// for any text. What is not GET or HEAD must be named, by its id or by method and path
    /// [default: those that read].
    #[arg(long, value_name = "WHAT")]
    pub include: Vec<String>,
    /// Leave these out, whatever includes them.
    #[arg(long, value_name = "WHAT")]
    pub exclude: Vec<String>,
    /// What a caller must have for those that read [default: UPSTREAM:read].
    #[arg(long, value_name = "PERMISSION")]
    pub permission: Option<String>,
    /// What a caller must have for those that change something [default: UPSTREAM:write].
    #[arg(long, value_name = "PERMISSION")]
    pub write_permission: Option<String>,
    /// The label of what comes back.
    #[arg(long, value_name = "LABEL", default_value = "confidential")]
    pub label: String,
}

impl Program for ApiFetchProgram {
    type Server = ApiFetch;
    type Arguments = Arguments;
    type Command = Command;
    type Config = Config;

    const ABOUT: &'static str = "Calls named endpoints of named hosts with credentials the model never sees, and nothing else";
    const EXAMPLES: &'static str = "\
Examples:
  api-fetch --config api-fetch.toml
      Serve the endpoints that the file declares.
  api-fetch check --config api-fetch.toml
      Show hosts, tools, permissions and labels, and try every secret.
  api-fetch check --online --config api-fetch.toml
      And connect to each host, without asking it for anything.
  api-fetch call fetch-customer-data id=AB1234 --config api-fetch.toml --subject ada
      Ask one endpoint as ada.
  api-fetch import openapi.json --upstream crm --include 'tag:customers' >> api-fetch.toml
      Draft endpoints from a document; then read them.

Exit codes:
  0  the session ended: end of input, a signal, or the last grant's end
  1  the connection to the client or the audit failed
  2  the arguments or the configuration are wrong; the message says where
  3  a step of the start failed: a certificate, the audit directory, a secret";

    const BROKER: Option<fn(&[OsString]) -> ExitCode> = Some(broker::run::<Networks>);

    fn common(config: &Config) -> &Common {
        &config.guard
    }

    fn secrets(config: &Config) -> Vec<SecretRef> {
        let upstreams = config.upstreams.values();
        upstreams.flat_map(|u| u.secrets()).cloned().collect()
    }

    fn open(start: &Start<'_, Self>) -> Result<ApiFetch, StartError> {
        open::serve(start)
    }

    fn profile(_start: &Start<'_, Self>, _server: &ApiFetch) -> Profile {
        // connections, secrets and certificates come from the second process
        Profile::new().receives_descriptors()
    }

    fn command(
        command: Command,
        start: &Start<'_, Self>,
        out: &mut dyn Write,
    ) -> Result<(), StartError> {
        match command {
            Command::Check { online } => check::check(start, online, out),
            Command::Call {
                endpoint,
                arguments,
            } => ask::ask(start, &endpoint, &arguments, out),
            Command::Import(wanted) => import::import(&wanted, out),
        }
    }
}

/// Writes a line for people; whoever reads only the first lines does nothing wrong.
fn say(out: &mut dyn Write, text: &str) -> Result<(), StartError> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|cause| StartError::step("write to standard output", cause)),
    }
}
