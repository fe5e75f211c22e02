//! `audit-review prove`: that one record is in the trail, shown without the others.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;

use guard::audit::Event;
use guard::audit::Proof;
use guard::audit::ProofError;
use guard::program::Start;
use guard::program::StartError;

use super::AuditReviewProgram;
use super::found;
use super::trust::Trusted;
use super::trust::anchors_in;
use crate::effects::Sifted;
use crate::effects::Trail;
use crate::effects::files;
use crate::query::Sieve;
use crate::show;

/// What it is run with.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The record: its number in the trail, or its id.
    #[arg(value_name = "SEQ|ID", required_unless_present = "check")]
    record: Option<String>,
    /// The directory of the trail [default: the configured one, else that of --audit].
    #[arg(value_name = "TRAIL")]
    pub(super) trail: Option<PathBuf>,
    /// Check the proof in this file, with nothing but the key.
    #[arg(long, value_name = "FILE", conflicts_with = "record")]
    pub(super) check: Option<PathBuf>,
    #[command(flatten)]
    trusted: Trusted,
    /// Prove it under the checkpoint in this file, in place of the last one of the trail.
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    under: Option<PathBuf>,
}

/// Runs it.
pub(super) fn run(
    arguments: Arguments,
    start: &Start<'_, AuditReviewProgram>,
    out: &mut dyn Write,
) -> Result<(), StartError> {
    if let Some(file) = &arguments.check {
        return check(file, &arguments, start, out);
    }
    let trail = super::trail(start, arguments.trail);
    let record = arguments.record.unwrap_or_default();
    let step = format!("prove a record of the trail in {}", trail.dir().display());
    let seq = seq(&trail, &record, &step)?;
    let under = arguments.under.as_deref().map(anchors_in).transpose()?;
    let under = under.unwrap_or_default();
    let proof = guard::audit::prove_inclusion(trail.dir(), seq, under.first());
    let proof = proof.map_err(|error| match error {
        ProofError::Trail(trouble) => super::failed(&step, &trouble),
        ProofError::NoLine(_)
        | ProofError::Uncovered(_)
        | ProofError::OtherTrail
        | ProofError::Form
        | ProofError::Unsigned
        | ProofError::Wrong => StartError::Found {
            code: found::UNPROVABLE,
            said: error.to_string(),
        },
    })?;
    super::print(out, &format!("{}\n", proof.to_json()))
}

/// The number of the line that `record` names.
fn seq(trail: &Trail, record: &str, step: &str) -> Result<u64, StartError> {
    if let Ok(seq) = record.trim_start_matches('#').parse() {
        return Ok(seq);
    }
    let is_id = !record.is_empty() && record.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if !is_id {
        let error = "expected the number of a record, or its id".to_owned();
        return Err(StartError::Arguments(error));
    }
    let mut seq = None;
    let walked = trail.sift_since(None, &Sieve::of(record), |sifted| match sifted {
        Sifted::Record { event, link, .. } if event.text("id") == Some(record) => {
            seq = Some(link.seq);
            ControlFlow::Break(())
        }
        Sifted::Record { .. } | Sifted::Bad(_) => ControlFlow::Continue(()),
    });
    walked.map_err(|trouble| super::failed(step, &trouble))?;
    seq.ok_or_else(|| StartError::Found {
        code: found::UNPROVABLE,
        said: "the trail has no record with this id".to_owned(),
    })
}

fn check(
    file: &std::path::Path,
    arguments: &Arguments,
    start: &Start<'_, AuditReviewProgram>,
    out: &mut dyn Write,
) -> Result<(), StartError> {
    let keys = arguments.trusted.keys(start)?;
    if keys.is_empty() {
        let error = "a proof is checked with a key: give --key";
        return Err(StartError::Arguments(error.to_owned()));
    }
    let text = files::read(file)
        .map_err(|cause| StartError::step(format!("read the proof {}", file.display()), cause))?;
    let unproven = |error: ProofError| StartError::Found {
        code: found::UNPROVEN,
        said: error.to_string(),
    };
    let proof = Proof::parse(&text).map_err(unproven)?;
    let checkpoint = proof.verify(&keys).map_err(unproven)?;
    let mut signers = keys.iter().filter(|key| checkpoint.is_signed_by(key));
    let mut told = String::from("proven: this line is in the trail ");
    show::escape(&mut told, checkpoint.origin());
    told.push_str(&format!(
        ", as {} signed over its first {} lines\n",
        signers.next().map_or("nobody", |key| key.name()),
        checkpoint.size(),
    ));
    match Event::parse(proof.line().as_bytes()) {
        Ok(event) => show::fields(&mut told, &event, "  "),
        // a line of the trail itself: printable ASCII, as all of them
        Err(_) => {
            show::escape(&mut told, proof.line());
            told.push('\n');
        }
    }
    super::print(out, &told)
}
