//! Every statement of `tests/db/honest`: it works, and gives what plain SQL gives.
//!
//! The plain SQL is run by the superuser in a copy of the database in which views of the same
//! names hold exactly what the caller may see, written by hand.

use harness::BOSS;
use harness::Row;
use serde_json::Value;

use super::bed::Bed;
use super::bed::Variant;
use super::bed::attacked;
use super::bed::cluster;
use super::bed::data;
use super::collection::Entry;
use super::collection::collection;

#[test]
fn what_analysts_ask_gives_what_plain_sql_gives() {
    let Some(cluster) = cluster() else { return };
    let bed = Bed::new(cluster, Variant::A, "scoped");
    let truth = cluster.connect(BOSS, &attacked(cluster, Variant::A));
    truth.run(&data("truth.sql"));
    let path = "public, sales, \"Ünï \"\"côde\"\"\"";
    truth.run(&format!(
        "set search_path = {path}; set time zone 'UTC'; \
         set intervalstyle = 'iso_8601'"
    ));
    let mut raw = bed.serve("ann");
    let mut faults = Vec::new();
    for entry in collection("honest").into_iter().flatten() {
        let answer = raw.call("query_rows", entry.arguments());
        if !answer.is_ok() {
            faults.push(format!("{entry}\n    refused: {}", answer.short()));
            continue;
        }
        let expected = truth.ask(&plain(&entry)).expect("plain SQL works");
        assert!(!expected.is_empty(), "{entry} gives nothing");
        let given = answer.structured();
        let rows = given["rows"].as_array().expect("rows");
        if rows.len() != expected.len() || !rows.iter().zip(&expected).all(same) {
            let text = format!("{entry}\n    gives {given}\n    not   {expected:?}");
            faults.push(text.chars().take(2000).collect());
        }
        assert_eq!(given["truncated"], false, "{entry}");
    }
    let ended = raw.close();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}

/// The statement with its parameters written into it, as the superuser runs it.
pub(super) fn plain(entry: &Entry) -> String {
    let mut sql = entry.sql.clone();
    let params = entry.params.as_ref().and_then(Value::as_array);
    let params = params.map_or(&[][..], Vec::as_slice);
    for (at, value) in params.iter().enumerate().rev() {
        let text = match value {
            Value::String(text) => format!("'{}'", text.replace('\'', "''")),
            other => other.to_string(),
        };
        sql = sql.replace(&format!("${}", at + 1), &text);
    }
    sql
}

/// Whether a row of JSON says what a row of text says.
fn same((given, expected): (&Value, &Row)) -> bool {
    let cells = given.as_array().expect("a row");
    let pairs = cells.iter().zip(expected);
    cells.len() == expected.len()
        && pairs.into_iter().all(|(given, expected)| {
            let Some(expected) = expected else {
                return given.is_null();
            };
            match given {
                Value::Null => false,
                Value::Bool(given) => expected == if *given { "t" } else { "f" },
                Value::Number(given) => {
                    let text = given.to_string();
                    text == *expected || near(&text, expected)
                }
                // a time is written with its `T`
                Value::String(given) => {
                    given == expected || given.replacen('T', " ", 1) == *expected
                }
                Value::Array(_) | Value::Object(_) => false,
            }
        })
}

/// Whether two numbers are the same, but for the last digit that a reader of JSON may lose.
fn near(given: &str, expected: &str) -> bool {
    match (given.parse::<f64>(), expected.parse::<f64>()) {
        (Ok(given), Ok(expected)) => (given - expected).abs() <= expected.abs() * 1e-14,
        _ => false,
    }
}
