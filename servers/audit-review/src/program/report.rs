//! `audit-review report`.

use std::io::Write;
use std::path::PathBuf;

use guard::program::Start;
use guard::program::StartError;

use super::AuditReviewProgram;
use super::asked::Asked;
use super::cancel::cancellable;
use super::found;
use super::trust::Trusted;
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
    pub(super) trail: Option<PathBuf>,
    /// Which duty it is evidence for.
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// How it is written.
    #[arg(long, value_enum, default_value_t)]
    format: Form,
    #[command(flatten)]
    trusted: Trusted,
    /// A file of checkpoints of the trail that were kept elsewhere; can be given more than once
    /// [default: the anchors of the configuration].
    #[arg(long = "anchor", value_name = "FILE")]
    anchors: Vec<PathBuf>,
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
    let trust = arguments.trusted.trust(&arguments.anchors, start)?;
    let (read, wanted) = (trail.clone(), query.clone());
    let (verified, tally) = cancellable(move || {
        let mut tally = Tally::default();
        let verified = read.verify_sifted(&trust, &wanted.sieve(), |next| match next {
            Sifted::Record { event, .. } if wanted.matches(event) => tally.add(event),
            Sifted::Record { .. } => {}
            Sifted::Bad(_) => tally.add_bad(),
        });
        (verified, tally)
    })?;
    let step = format!("read the trail in {}", trail.dir().display());
    let verdict = match verified.map_err(|trouble| super::failed(&step, &trouble))? {
        // a trail without lines is one that has not begun
        Some(report) if report.lines > 0 || !report.verdict.is_whole() => {
            let caveats = report.caveats();
            let caveats = caveats.iter().map(ToString::to_string);
            std::iter::once(report.verdict.to_string())
                .chain(caveats)
                .collect()
        }
        Some(_) | None => vec!["there is no trail yet".to_owned()],
    };
    let facts = Facts {
        now: start.now(),
        since: query.since,
        until: query.until,
        verdict,
        rights: start.policy.map(|policy| Rights {
            roles: policy.permitted(),
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
