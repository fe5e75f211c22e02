//! What the servers recorded, and what becomes of a record that is changed.

#![expect(
    clippy::disallowed_methods,
    reason = "this is a client: it reads the trail as an operator would"
)]

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use guard::audit::Report;
use guard::audit::Trust;
use guard::audit::verify;
use serde_json::Value;

use crate::screen::Screen;
use crate::stage::CANARY;
use crate::stage::HARMLESS;
use crate::stage::Stage;

/// Shows the records of the tour, verifies them, and tampers with copies.
///
/// # Errors
///
/// If the trail cannot be read.
pub fn show(screen: &mut Screen, stage: &Stage) -> io::Result<()> {
    screen.heading("7. What was recorded");
    let segment = segment(&stage.trail())?;
    let text = fs::read_to_string(&segment)?;
    let records: Vec<Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let is = |record: &&Value, key: &str, value: &str| word(record, key) == value;
    let calls = || {
        records
            .iter()
            .filter(|r| is(r, "mcp.method.name", "tools/call"))
    };
    screen
        .say("\nEvery request is one line, durable before its answer leaves. The first of them:\n");
    for record in calls().take(14) {
        screen.quote(&row(record), 1);
    }
    screen.say("\nThe record knows what the caller may not: why it was refused.");
    let rule = |rule: &str| calls().filter(|r| is(r, "decision.rule", rule)).count();
    let rules = format!(
        "not_cleared: {}, out_of_scope: {}, not_found: {}",
        rule("not_cleared"),
        rule("out_of_scope"),
        rule("not_found"),
    );
    screen.quote(&rules, 1);
    screen.promise(
        rule("not_cleared") > 0 && rule("out_of_scope") > 0 && rule("not_found") > 0,
        "forbidden, outside and absent are told apart in the record",
    );
    // letters: digits could stand in a hash by chance
    let leaked = ["Rao,Engineer", "four percent", HARMLESS, CANARY];
    screen.promise(
        !leaked.iter().any(|words| text.contains(words)),
        "no content of any file and no text that was searched for is in it",
    );

    screen.heading("8. The record cannot be changed unnoticed");
    let report = verified(&stage.trail())?;
    let counted = format!(
        "{}: {} lines, {} records, last hash {}",
        report.verdict,
        report.lines,
        report.records,
        report
            .last
            .map_or_else(String::new, |last| last.hash.to_string()),
    );
    screen.say("");
    screen.quote(&counted, 1);
    screen.promise(
        report.verdict.name() == "ok-unanchored",
        "the trail is whole",
    );

    let changed = stage.copy_of_trail("changed")?;
    let line = make_smaller(&self::segment(&changed)?)?;
    let report = verified(&changed)?;
    screen.say(&format!(
        "\nOne digit of a size in line {line} of a copy is changed:"
    ));
    screen.quote(&report.verdict.to_string(), 1);
    screen.promise(
        report.verdict.to_string().contains(&format!(":{line}: ")),
        "it is found, with its line",
    );

    let shortened = stage.copy_of_trail("shortened")?;
    cut_last_line(&self::segment(&shortened)?)?;
    let report = verified(&shortened)?;
    screen.say("\nThe last line of another copy is cut off:");
    screen.quote(&report.verdict.to_string(), 1);
    screen.promise(
        report.verdict.name() == "truncated",
        "that is found as well",
    );
    Ok(())
}

/// Changes one digit of how much the largest answer held; says in which line.
fn make_smaller(segment: &Path) -> io::Result<usize> {
    const KEY: &str = "\"result.bytes\":";
    let mut bytes = fs::read(segment)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut start = 0;
    for (number, line) in text.lines().enumerate() {
        let personal = line.contains("\"label.categories\":[\"personal\"]");
        let digit = line.find(KEY).map(|at| start + at + KEY.len());
        if let (true, Some(digit)) = (personal, digit.and_then(|at| bytes.get_mut(at))) {
            *digit = if *digit == b'1' { b'2' } else { b'1' };
            fs::write(segment, &bytes)?;
            return Ok(number + 1);
        }
        start += line.len() + 1;
    }
    Err(io::Error::other("no record of personal data"))
}

fn cut_last_line(segment: &Path) -> io::Result<()> {
    let bytes = fs::read(segment)?;
    let whole = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let end = whole.iter().rposition(|byte| *byte == b'\n');
    let kept = whole.get(..=end.unwrap_or(0)).unwrap_or_default();
    fs::write(segment, kept)
}

/// The newest file of the trail in `dir`.
pub(crate) fn segment(dir: &Path) -> io::Result<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        files.push(entry?.path());
    }
    files.retain(|file| file.extension().is_some_and(|end| end == "jsonl"));
    files.sort();
    files.pop().ok_or_else(|| io::Error::other("no trail"))
}

pub(crate) fn verified(dir: &Path) -> io::Result<Report> {
    verify(dir, &Trust::default()).map_err(io::Error::other)
}

fn row(record: &Value) -> String {
    let categories = record.get("label.categories").and_then(Value::as_array);
    let categories = categories.into_iter().flatten().filter_map(Value::as_str);
    let label = [word(record, "label.level")].into_iter().chain(categories);
    let resource = match word(record, "mcp.resource.uri") {
        "" => "-",
        uri => uri,
    };
    format!(
        "{:>3}  {:<12}  {:<14}  {:<5}  {:<12}  {:<21}  {resource}",
        record
            .get("seq")
            .and_then(Value::as_u64)
            .unwrap_or_default(),
        word(record, "principal.id"),
        word(record, "gen_ai.tool.name"),
        word(record, "decision"),
        word(record, "decision.rule"),
        label.collect::<Vec<_>>().join("+"),
    )
}

pub(crate) fn word<'a>(record: &'a Value, key: &str) -> &'a str {
    record.get(key).and_then(Value::as_str).unwrap_or_default()
}
