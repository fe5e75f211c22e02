//! What the servers of the database recorded: who read which columns, and no values.

#![expect(
    clippy::disallowed_methods,
    reason = "this is a client: it reads the trail as an operator would"
)]

use std::fs;
use std::io;

use serde_json::Value;

use crate::crm::Crm;
use crate::crm::SECRET;
use crate::screen::Screen;
use crate::trail;
use crate::trail::word;

/// Shows the records of the database's chapter, and verifies them.
///
/// # Errors
///
/// If the trail cannot be read.
pub fn show(screen: &mut Screen, crm: &Crm) -> io::Result<()> {
    screen.heading("13. Who read which columns");
    let text = fs::read_to_string(trail::segment(&crm.trail())?)?;
    let records = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let records: Vec<_> = records.collect();
    let of = |record: &&Value| word(record, "gen_ai.tool.name") == "query_rows";
    let queries: Vec<_> = records.iter().filter(of).collect();
    screen.say("\nThe statements, each by the columns that it touched:\n");
    let allowed = |record: &&&Value| word(record, "decision") == "allow";
    for record in queries.iter().filter(allowed).take(6) {
        screen.quote(&row(record), 1);
    }
    let denied: Vec<_> = queries.iter().filter(|r| !allowed(r)).collect();
    screen.say("\nAnd those that were refused:\n");
    for record in denied.iter().take(6) {
        screen.quote(&row(record), 1);
    }
    let read = |who: &str, column: &str| {
        queries.iter().filter(allowed).any(|record| {
            let columns = word(record, "db.columns");
            word(record, "principal.id") == who && columns.split(' ').any(|name| name == column)
        })
    };
    screen.promise(
        read("support-desk", "customers.email") && read("auditor", "customers.email"),
        "who read which column is in the record",
    );
    screen.promise(denied.len() >= 8, "so is every refusal, with its rule");
    let leaked = [
        "orchard",
        "divorce",
        "door code",
        "field-desk",
        SECRET,
        "SELECT",
    ];
    screen.promise(
        !leaked.iter().any(|words| text.contains(words)),
        "no value and no statement is in it",
    );
    let report = trail::verified(&crm.trail())?;
    let counted = format!("{}: {} records", report.verdict, report.records);
    screen.quote(&counted, 1);
    screen.promise(
        report.verdict.name() == "ok-unanchored",
        "the trail is whole",
    );
    Ok(())
}

fn row(record: &Value) -> String {
    let read = ["db.columns", "db.tables"].map(|key| word(record, key));
    let read = read.into_iter().find(|names| !names.is_empty());
    let read = read.unwrap_or("-");
    format!(
        "{:>3}  {:<12}  {:<5}  {:<12}  {read}",
        record
            .get("seq")
            .and_then(Value::as_u64)
            .unwrap_or_default(),
        word(record, "principal.id"),
        word(record, "decision"),
        word(record, "decision.rule"),
    )
}
