//! `audit-review watch`: looks for what is unusual, records it in the trail, and tells it.
//!
//! # Invariants
//!
//! - A finding is in the trail before it is told, and what was learned is saved after both: a
//!   crash between them repeats nothing, for findings that are in the trail are known by it.
//! - `--replay` writes nothing, neither records nor what was learned, and sends nothing.

mod alerts;
mod follow;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use guard::audit;
use guard::program::Start;
use guard::program::StartError;

use super::AuditReviewProgram;
use super::stay;
use super::stay::Signals;
use super::stay::clock;
use crate::watch::finding::Finding;
use alerts::Alerts;
use follow::Follow;

/// What it is run with.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub struct Arguments {
    /// The directory of the trail [default: that of the configuration, or of --audit].
    #[arg(value_name = "TRAIL")]
    trail: Option<PathBuf>,
    /// Look at what is there, and end.
    #[arg(long)]
    once: bool,
    /// Read the whole trail as if for the first time, and write nothing: to try thresholds.
    #[arg(long)]
    replay: bool,
    /// Print each finding as an object of JSON.
    #[arg(long)]
    json: bool,
    /// Where it is kept what was learned [default: beside the directory of the trail].
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// How many seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 5,
        value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
}

/// Runs it.
pub(super) fn run(
    arguments: Arguments,
    start: &Start<'_, AuditReviewProgram>,
    out: &mut dyn Write,
) -> Result<(), StartError> {
    let trail = super::trail(start, arguments.trail);
    let settings = start.config.watch.clone();
    let mut alerts = None;
    let mut follow = if arguments.replay {
        Follow::anew(trail, settings)
    } else {
        let configured = start.config.watch.state.as_ref();
        let path = stay::state(arguments.state, configured, start, &trail, BESIDE);
        let (file, state) = stay::hold(&path)?;
        // opened before anything is looked for: what cannot be recorded is not found
        let audit = Arc::new(stay::open(start, &trail)?);
        // findings are records of the trail: what sends them reads it, and holds up nothing here
        alerts = Alerts::open(start, &trail, &audit, arguments.once)?;
        Follow::on(trail, settings, state, (file, audit)).map_err(failed)?
    };
    let mut told = Told {
        out,
        json: arguments.json,
        count: 0,
    };
    let ended = if arguments.once || arguments.replay {
        follow.look(clock(), &mut |finding| told.tell(finding))
    } else {
        stay::runtime()?.block_on(until_stopped(&mut follow, &mut told, arguments.every))
    };
    // with --once all findings are there now, and sent before it ends
    let sent = match alerts {
        Some(alerts) => alerts.finish(start),
        None => Ok(()),
    };
    // whatever happened, what was learned and the end are recorded
    let closed = follow.close(clock());
    ended?;
    closed?;
    sent?;
    let (count, is_one_look) = (told.count, arguments.once || arguments.replay);
    if count > 0 && is_one_look {
        let said = format!("{count} findings");
        return Err(StartError::Found { code: FOUND, said });
    }
    Ok(())
}

/// Looks again and again, until a signal.
async fn until_stopped(
    follow: &mut Follow,
    told: &mut Told<'_>,
    every: u64,
) -> Result<(), StartError> {
    let mut signals = Signals::listen()?;
    loop {
        follow.look(clock(), &mut |finding| told.tell(finding))?;
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(every)) => {}
            () = signals.any() => return Ok(()),
        }
    }
}

/// Where findings are printed.
struct Told<'a> {
    out: &'a mut dyn Write,
    json: bool,
    count: u64,
}

impl Told<'_> {
    fn tell(&mut self, finding: &Finding) -> Result<(), StartError> {
        self.count += 1;
        let line = if self.json {
            finding.json().to_string()
        } else {
            finding.line()
        };
        let written = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
        written.map_err(|cause| StartError::step("write to standard output", cause))
    }
}

fn failed(cause: audit::Trouble) -> StartError {
    StartError::step("read the trail", cause)
}

/// The exit code if something was found.
const FOUND: u8 = 10;
/// What is added to the directory of the trail for the file of what was learned.
const BESIDE: &str = ".watch";

const HELP: &str = "\
Each finding is a record of kind `detect` in the same trail, so that `show --kind detect` and
`forward` have it. With --once it ends with 10 if there were findings, and with 0 if not.

Examples:
  audit-review watch /var/lib/keyhole/audit
      Follow the trail.
  audit-review watch --once --replay /var/lib/keyhole/audit
      Try the thresholds of the configuration on what is there.";
