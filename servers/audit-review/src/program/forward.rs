//! `audit-review forward`: hands the trail on to the receivers of the configuration.
//!
//! # Invariants
//!
//! - A position is kept after the receiver took what is before it: each line is sent at least once,
//!   in its order.
//! - Each receiver has a thread of its own; one that is slow, or refuses, holds up no other.
//! - That it began, ended, and what a receiver does not get is recorded in the trail.

pub(super) mod drive;
pub(super) mod fleet;
mod gather;
pub(super) mod log;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use tokio::sync::mpsc;

use guard::program::Start;
use guard::program::StartError;

use super::AuditReviewProgram;
use super::found;
use super::stay;
use super::stay::Signals;
use super::stay::clock;
use crate::effects::send::receiver::Print;
use crate::forward::settings::Receiver;
use crate::forward::settings::twice;
use drive::End;
use fleet::Fleet;
use fleet::Orders;

/// What it is run with.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub struct Arguments {
    /// The directory of the trail [default: that of the configuration, or of --audit].
    #[arg(value_name = "TRAIL")]
    trail: Option<PathBuf>,
    /// Send what is there, and end.
    #[arg(long)]
    once: bool,
    /// Only to this receiver; can be given more than once.
    #[arg(long = "to", value_name = "NAME")]
    to: Vec<String>,
    /// How many seconds between two looks at the trail.
    #[arg(long, value_name = "SECONDS", default_value_t = 1,
        value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
    /// With --once: after how many seconds without progress a receiver is given up.
    #[arg(long, value_name = "SECONDS", default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(1..=86_400))]
    patience: u64,
}

/// Runs it.
pub(super) fn run(
    arguments: Arguments,
    start: &Start<'_, AuditReviewProgram>,
    out: &mut dyn Write,
) -> Result<(), StartError> {
    let receivers = chosen(&start.config.forward, &arguments.to)?;
    let trail = super::trail(start, arguments.trail);
    // opened before anything is sent: what cannot be recorded is not done
    let audit = Arc::new(stay::open(start, &trail)?);
    let (print, mut prints) = mpsc::channel(1);
    let orders = Orders {
        trail,
        audit: Arc::clone(&audit),
        once: arguments.once,
        findings: false,
        every: Duration::from_secs(arguments.every),
        patience: Duration::from_secs(arguments.patience),
    };
    let fleet = Fleet::launch(&receivers, &orders, start, &print)?;
    // from here on only those that were started print
    drop(print);
    let waited = stay::runtime()?.block_on(until_done(&fleet, &mut prints, out));
    // whoever waits for standard output is told that nobody writes it any more
    drop(prints);
    fleet.stop();
    let ends = fleet.join();
    // whatever happened, the end is recorded
    let closed = audit.close(clock());
    waited?;
    closed?;
    told(&ends)
}

/// Those of `receivers` that get the trail, or those that were asked for.
fn chosen(receivers: &[Receiver], to: &[String]) -> Result<Vec<Receiver>, StartError> {
    let wrong = |said: String| Err(StartError::Arguments(said));
    if let Some(name) = twice(receivers) {
        return wrong(format!(
            "two receivers are called `{name}`: name each otherwise"
        ));
    }
    for name in to {
        let named = |receiver: &&Receiver| receiver.name == *name && !receiver.alerts_only;
        if !receivers.iter().any(|receiver| named(&receiver)) {
            return wrong(format!(
                "--to: there is no receiver `{name}` that gets the trail"
            ));
        }
    }
    let wanted = |receiver: &&Receiver| {
        !receiver.alerts_only && (to.is_empty() || to.contains(&receiver.name))
    };
    let found: Vec<Receiver> = receivers.iter().filter(wanted).cloned().collect();
    if found.is_empty() {
        let said = "there is no receiver: name one in `[[forward]]` of the configuration";
        return wrong(said.to_owned());
    }
    Ok(found)
}

/// Writes what a receiver prints, until all of them ended or a signal comes.
async fn until_done(
    fleet: &Fleet,
    prints: &mut mpsc::Receiver<Print>,
    out: &mut dyn Write,
) -> Result<(), StartError> {
    let mut signals = Signals::listen()?;
    let mut work = std::pin::pin!(async {
        while let Some(asked) = prints.recv().await {
            let written = print(out, asked.text.as_bytes()).await;
            // whoever gave up waiting sends it again
            let _told = asked.done.send(written);
        }
    });
    tokio::select! {
        () = &mut work => {}
        () = signals.any() => fleet.stop(),
    }
    Ok(())
}

/// Writes `text` piece by piece, each once it can be taken, so that a reader that is slow holds up
/// this write and nothing else. No if nobody reads any more.
async fn print(out: &mut dyn Write, text: &[u8]) -> bool {
    for piece in text.chunks(PIECE) {
        while !takes_more() {
            tokio::time::sleep(PAUSE).await;
        }
        if out.write_all(piece).and_then(|()| out.flush()).is_err() {
            return false;
        }
    }
    true
}

/// Whether standard output takes a piece without waiting, or an error is to be met there.
fn takes_more() -> bool {
    let stdout = std::io::stdout();
    let mut watched = [PollFd::new(&stdout, PollFlags::OUT)];
    match rustix::event::poll(&mut watched, Some(&NOW)) {
        Ok(0) | Err(rustix::io::Errno::INTR) => false,
        Ok(_) | Err(_) => true,
    }
}

/// The exit code of what all receivers came to.
fn told(ends: &[(String, End)]) -> Result<(), StartError> {
    let of = |wanted: fn(&End) -> bool| -> Vec<&str> {
        let named = ends.iter().filter(|(_, end)| wanted(end));
        named.map(|(name, _)| name.as_str()).collect()
    };
    let behind = of(|end| matches!(end, End::Behind));
    if !behind.is_empty() {
        return Err(StartError::Found {
            code: found::BEHIND,
            said: format!("not all was taken by: {}", behind.join(", ")),
        });
    }
    let bad = of(|end| matches!(end, End::Done { noticed: true }));
    if !bad.is_empty() {
        return Err(StartError::Found {
            code: found::BROKEN,
            said: "the trail is not what was written: see `verify`".to_owned(),
        });
    }
    Ok(())
}

/// Less than every pipe takes at once when it says that it takes more.
const PIECE: usize = 2048;
const PAUSE: Duration = Duration::from_millis(20);
const NOW: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 0,
};

const HELP: &str = "\
Each receiver gets every line of the trail as it stands there, checkpoints as well, at least once and
in order. How far it got is kept beside the directory of the trail, in `TRAIL.forward.NAME`.

Exit codes beside the usual ones:
  13  a receiver was told of a place that is not what was written, or of lines that are gone
  30  not all was taken: a receiver refuses, or with --once did not answer in time

Examples:
  audit-review forward --config review.toml
      Follow the trail until told to stop.
  audit-review forward --once --to siem --config review.toml
      Send what is there, as from a timer.";
