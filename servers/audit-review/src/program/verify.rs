//! `audit-review verify`: whether the trail is what was written, and what that does not exclude.

use std::io::Write;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use guard::audit::Report;
use guard::audit::Verdict;
use guard::program::Start;
use guard::program::StartError;

use super::AuditReviewProgram;
use super::cancel::cancellable;
use super::trust::Trusted;

/// What it is run with.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The directory of the trail [default: the configured one, else that of --audit].
    #[arg(value_name = "TRAIL")]
    pub(super) trail: Option<PathBuf>,
    #[command(flatten)]
    trusted: Trusted,
    /// A file of checkpoints of the trail that were kept elsewhere; can be given more than once
    /// [default: the anchors of the configuration].
    #[arg(long = "anchor", value_name = "FILE")]
    anchors: Vec<PathBuf>,
    /// As one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub(super) fn run(
    arguments: Arguments,
    start: &Start<'_, AuditReviewProgram>,
    out: &mut dyn Write,
) -> Result<(), StartError> {
    let trust = arguments.trusted.trust(&arguments.anchors, start)?;
    let trail = super::trail(start, arguments.trail);
    let step = format!("verify the trail in {}", trail.dir().display());
    let report = cancellable(move || guard::audit::verify(trail.dir(), &trust))?;
    let report = report.map_err(|trouble| super::failed(&step, &trouble))?;
    if report.lines == 0 && report.verdict.is_whole() {
        return Err(StartError::step(step, "there is none"));
    }
    let text = if arguments.json {
        format!("{}\n", as_json(&report))
    } else {
        as_text(&report)
    };
    super::print(out, &text)?;
    match report.verdict.exit_code() {
        0 => Ok(()),
        code => Err(StartError::Found {
            code,
            said: report.verdict.to_string(),
        }),
    }
}

fn as_text(report: &Report) -> String {
    let mut text = format!(
        "{}\n  files        {}\n  lines        {}\n  records      {}\n  checkpoints  {}\n",
        report.verdict, report.segments, report.lines, report.records, report.checkpoints,
    );
    if let (Some(first), Some(last)) = (report.first, report.last) {
        text.push_str(&format!(
            "  from         #{}\n  to           #{} {}\n",
            first.seq, last.seq, last.hash
        ));
    }
    if report.pruned > 0 {
        text.push_str(&format!("  pruned       {} lines\n", report.pruned));
    }
    if report.keyed {
        text.push_str(&format!("  signed to    #{}\n", report.covered));
    }
    if report.anchored > 0 {
        text.push_str(&format!("  anchored to  #{}\n", report.anchored));
    }
    let caveats = report.caveats();
    if !caveats.is_empty() {
        text.push_str("not excluded:\n");
    }
    for caveat in caveats {
        text.push_str(&format!("  - {caveat}\n"));
    }
    if !report.verdict.is_whole() {
        text.push_str("nothing is said of what comes after that place\n");
    }
    text
}

/// The report as a program reads it.
pub(crate) fn as_json(report: &Report) -> Value {
    let caveats = report.caveats();
    let caveats: Vec<String> = caveats.iter().map(ToString::to_string).collect();
    json!({
        "verdict": report.verdict.name(),
        "exit_code": report.verdict.exit_code(),
        "place": place(&report.verdict),
        "files": report.segments,
        "lines": report.lines,
        "records": report.records,
        "checkpoints": report.checkpoints,
        "first_seq": report.first.map(|link| link.seq),
        "last_seq": report.last.map(|link| link.seq),
        "last_hash": report.last.map(|link| link.hash.to_string()),
        "marked": report.marked,
        "pruned_lines": report.pruned,
        "keyed": report.keyed,
        "signed_to": report.covered,
        "anchored_to": report.anchored,
        "uncovered_records": report.uncovered,
        "not_excluded": caveats,
    })
}

/// Where a trail is not whole.
fn place(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Ok | Verdict::OkUnanchored | Verdict::PrunedOk => Value::Null,
        Verdict::TornTail { file, line, bytes } => {
            json!({"file": file, "line": line, "bytes": bytes})
        }
        Verdict::Broken { file, line, why } => {
            json!({"file": file, "line": line, "why": why.to_string()})
        }
        Verdict::Truncated { file, line } | Verdict::Forked { file, line } => {
            json!({"file": file, "line": line})
        }
    }
}
