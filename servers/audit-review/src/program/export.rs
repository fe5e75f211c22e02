//! `audit-review export`.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;

use guard::program::Start;
use guard::program::StartError;

use super::AuditReviewProgram;
use super::asked::Asked;
use super::found;
use crate::effects::Sifted;
use crate::export::Format;

/// What it is run with.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The directory of the trail [default: that of --audit].
    #[arg(value_name = "TRAIL")]
    pub(super) trail: Option<PathBuf>,
    /// In which format.
    #[arg(long, value_enum)]
    format: Format,
    #[command(flatten)]
    asked: Asked,
}

/// Runs it.
pub(super) fn run(
    arguments: Arguments,
    start: &Start<'_, AuditReviewProgram>,
    out: &mut dyn Write,
) -> Result<(), StartError> {
    let trail = super::trail(start, arguments.trail);
    let query = arguments.asked.query();
    let format = arguments.format;
    let mut written = Ok(());
    let mut bad = 0_u64;
    if let Some(head) = format.head() {
        written = writeln!(out, "{head}");
    }
    let walked = trail.sift_since(query.since, &query.sieve(), |next| {
        match next {
            Sifted::Record { line, event, .. } if query.matches(event) => {
                written = writeln!(out, "{}", format.line(event, line));
            }
            Sifted::Record { .. } => {}
            Sifted::Bad(place) => {
                bad += 1;
                tracing::warn!(%place, "the trail is not what was written");
            }
        }
        if written.is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    });
    walked.map_err(|cause| StartError::step("read the trail", cause))?;
    match written.and_then(|()| out.flush()) {
        // whoever reads only the first lines does nothing wrong
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
        written => written.map_err(|cause| StartError::step("write to standard output", cause))?,
    }
    if bad == 0 {
        return Ok(());
    }
    Err(StartError::Found {
        code: found::BROKEN,
        said: format!("{bad} places of the trail are not what was written: see `verify`"),
    })
}
