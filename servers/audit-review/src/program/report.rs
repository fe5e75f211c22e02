//! `audit-review report`.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;

use guard::audit::Trust;
use guard::program::Start;
use guard::program::StartError;

use super::AuditReviewProgram;
use super::asked::Asked;
use super::found;
use crate::effects::Sifted;
use crate::report::Document;
use crate::report::Facts;
use crate::report::Form;
use crate::report::Profile;
use crate::report::Rights;
use crate::report::Tally;

/// What it is run with.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The directory of the trail [default: that of --audit].
    #[arg(value_name = "TRAIL")]
    trail: Option<PathBuf>,
    /// Which duty it is evidence for.
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// How it is written.
    #[arg(long, value_enum, default_value_t)]
    format: Form,
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
    let mut query = arguments.asked.query();
    // an effect that was announced and never concluded is a part of the report
    query.intents = true;
    let mut tally = Tally::default();
    let walked = trail.sift_since(query.since, &query.sieve(), |next| {
        match next {
            Sifted::Record { event, .. } if query.matches(event) => tally.add(event),
            Sifted::Record { .. } => {}
            Sifted::Bad(_) => tally.add_bad(),
        }
        ControlFlow::Continue(())
    });
    let found = walked.map_err(|cause| StartError::step("read the trail", cause))?;
    let verdict = match found {
        None => vec!["there is no trail yet".to_owned()],
        Some(_) => {
            let report = guard::audit::verify(trail.dir(), &Trust::default())
                .map_err(|cause| StartError::step("verify the trail", cause))?;
            let caveats = report.caveats();
            let caveats = caveats.iter().map(ToString::to_string);
            std::iter::once(report.verdict.to_string())
                .chain(caveats)
                .collect()
        }
    };
    let facts = Facts {
        now: start.now(),
        since: query.since,
        until: query.until,
        verdict,
        rights: start.policy.map(|policy| Rights {
            roles: policy.roles(),
            grants: policy.granted(),
        }),
    };
    let text = Document::new(&tally, &facts, arguments.profile).write(arguments.format);
    super::print(out, &text)?;
    if tally.is_whole() {
        return Ok(());
    }
    Err(StartError::Found {
        code: found::BROKEN,
        said: "the trail is not what was written: see `verify`".to_owned(),
    })
}
