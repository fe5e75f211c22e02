//! The server as a program: its arguments, its commands, how it is opened.
//!
//! Each command for people is a file of its own below `program`.

mod access;
pub mod asked;
mod cancel;
pub mod export;
#[cfg(feature = "forward")]
pub mod forward;
mod found;
pub mod keygen;
pub mod prove;
pub mod prune;
pub mod report;
pub mod show;
mod stay;
#[cfg(feature = "telemetry")]
pub mod telemetry;
pub mod trust;
pub mod verify;
pub mod watch;

use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use guard::audit::Trouble;
use guard::config::Common;
use guard::program::Program;
use guard::program::Start;
use guard::program::StartError;
use guard::sandbox::Profile;
#[cfg(feature = "telemetry")]
use guard::secret::SecretRef;

use self::access::recorded;
use crate::AuditReview;
use crate::config::Config;
use crate::effects::Trail;
use crate::scope::Scope;

/// `audit-review`, as it is started.
#[derive(Debug)]
pub struct AuditReviewProgram;

/// What `audit-review` is started with, beside what all servers are.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The directory of the trail to read [default: that of --audit].
    #[arg(value_name = "TRAIL")]
    trail: Option<PathBuf>,
}

/// What `audit-review` does for people.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Say whether the trail is what was written, and where it is not.
    Verify(verify::Arguments),
    /// Show records: who accessed what, when, and how it ended.
    Show(Box<show::Arguments>),
    /// Report who accessed labelled data, what was refused, and which rights go unused.
    Report(report::Arguments),
    /// Write records in the format of another tool.
    Export(export::Arguments),
    /// Prove that one record is in the trail, without showing the others.
    Prove(prove::Arguments),
    /// Make a key that signs checkpoints.
    Keygen(keygen::Arguments),
    /// Remove old files of the trail, as retention allows.
    Prune(prune::Arguments),
    /// Look for what is unusual, and record and tell what is found.
    Watch(watch::Arguments),
    /// Send spans and metrics of what is recorded to a collector of OpenTelemetry.
    #[cfg(feature = "telemetry")]
    Telemetry(telemetry::Arguments),
    /// Hand the trail on to the receivers of the configuration.
    #[cfg(feature = "forward")]
    Forward(forward::Arguments),
}

impl Program for AuditReviewProgram {
    type Server = AuditReview;
    type Arguments = Arguments;
    type Command = Command;
    type Config = Config;

    const ABOUT: &'static str = "Reads the audit trail of the other servers, for people and for an MCP client, and nothing else";
    const EXAMPLES: &'static str = "\
Examples:
  audit-review
      Serve the trail of this user over standard input and output.
  audit-review show --follow
      Watch what is asked for, as it is asked.
  audit-review show --since 2026-11-01T00:00:00Z --label personal --outcome allowed
      Who accessed personal data since then.
  audit-review verify --key keys.txt --anchor kept-elsewhere.txt
      Hold the trail against keys and against checkpoints that were kept elsewhere.
  audit-review prove 1234 > proof.json
      Prove that record, without showing the others.
  audit-review prune --keep-days 90 --label-keep personal=365d --dry-run
      Say which files retention would remove.

Exit codes beside the usual ones:
  10  verify: ok-unanchored (nothing was found, and not all is signed by a given key)
  11  verify: pruned-ok
  12  verify: torn-tail
  13  verify, show, report, export, forward: broken
  14  verify: truncated
  15  verify: forked
  20  prove --check: the proof does not hold
  21  prove: there is no proof of that record
  22  verify, report: ended by SIGINT or SIGTERM, and nothing is said
  30  forward: not all was taken";

    fn common(config: &Config) -> &Common {
        &config.guard
    }

    #[cfg(feature = "telemetry")]
    fn secrets(config: &Config) -> Vec<SecretRef> {
        config.telemetry.secrets().cloned().collect()
    }

    fn open(start: &Start<'_, Self>) -> Result<AuditReview, StartError> {
        let known = start.taxonomy();
        let least = match &start.config.trail.label {
            Some(label) => known
                .parse(label.get_ref())
                .map_err(|error| match start.source {
                    Some(source) => StartError::from(source.error_at(label.span(), error)),
                    None => StartError::Arguments(error.to_string()),
                })?,
            None => start.unlabelled(&known, None)?,
        };
        let trail = trail(start, start.arguments.trail.clone());
        let trust = trust::Trusted::default().trust(&[], start)?;
        Ok(AuditReview::new(trail, Scope::new(known, least)).with_trust(trust))
    }

    fn profile(start: &Start<'_, Self>, _server: &AuditReview) -> Profile {
        let trail = trail(start, start.arguments.trail.clone());
        // what is not there yet cannot be let in; the server's own trail always is
        if trail.dir().is_dir() {
            Profile::new().read_beneath(trail.dir())
        } else {
            Profile::new()
        }
    }

    fn command(
        command: Command,
        start: &Start<'_, Self>,
        out: &mut dyn Write,
    ) -> Result<(), StartError> {
        match command {
            Command::Verify(arguments) => {
                let trail = trail(start, arguments.trail.clone());
                recorded(start, trail.dir(), "verify", || {
                    verify::run(arguments, start, out)
                })
            }
            Command::Show(arguments) if arguments.follow => {
                let trail = trail(start, arguments.trail.clone());
                access::record(start, trail.dir(), "show");
                show::run(*arguments, start, out)
            }
            Command::Show(arguments) => {
                let trail = trail(start, arguments.trail.clone());
                recorded(start, trail.dir(), "show", || {
                    show::run(*arguments, start, out)
                })
            }
            Command::Report(arguments) => {
                let trail = trail(start, arguments.trail.clone());
                recorded(start, trail.dir(), "report", || {
                    report::run(arguments, start, out)
                })
            }
            Command::Export(arguments) => {
                let trail = trail(start, arguments.trail.clone());
                recorded(start, trail.dir(), "export", || {
                    export::run(arguments, start, out)
                })
            }
            // what is checked is a file, and no trail is read
            Command::Prove(arguments) if arguments.check.is_some() => {
                prove::run(arguments, start, out)
            }
            Command::Prove(arguments) => {
                let trail = trail(start, arguments.trail.clone());
                recorded(start, trail.dir(), "prove", || {
                    prove::run(arguments, start, out)
                })
            }
            Command::Keygen(arguments) => keygen::run(&arguments, out),
            Command::Prune(arguments) => prune::run(arguments, start, out),
            Command::Watch(arguments) => watch::run(arguments, start, out),
            #[cfg(feature = "telemetry")]
            Command::Telemetry(arguments) => telemetry::run(arguments, start, out),
            #[cfg(feature = "forward")]
            Command::Forward(arguments) => forward::run(arguments, start, out),
        }
    }
}

/// The trail in `dir`, else the configured one, else that of this server itself.
fn trail(start: &Start<'_, AuditReviewProgram>, dir: Option<PathBuf>) -> Trail {
    let configured = start.config.trail.dir.as_ref();
    let dir = dir.or(configured.map(|dir| resolve(dir, start)));
    Trail::new(dir.unwrap_or_else(|| start.audit_dir.to_owned()))
}

/// A path of the configuration, which is relative to its file.
fn resolve(path: &Path, start: &Start<'_, AuditReviewProgram>) -> PathBuf {
    match start.source {
        Some(source) => source.resolve(path),
        None => path.to_owned(),
    }
}

/// Writes `text` to whoever reads it.
fn print(out: &mut dyn Write, text: &str) -> Result<(), StartError> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // whoever reads only the first lines does nothing wrong
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|cause| StartError::step("write to standard output", cause)),
    }
}

/// A step that failed, with all of its causes: they are for the operator.
fn failed(step: &str, trouble: &Trouble) -> StartError {
    let first: &dyn std::error::Error = trouble;
    let causes = std::iter::successors(Some(first), |error| error.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    StartError::step(step, causes.join(": "))
}
