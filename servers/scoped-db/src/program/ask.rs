//! `query`: one statement, as a principal of the policy would ask it.

use std::io::Write;

use guard::program::Start;
use guard::program::StartError;
use guard::text::is_unseen;
use serde_json::Value;
use serde_json::json;

use super::Arguments;
use super::ScopedDbProgram;
use super::open;
use super::say;

/// Runs one statement through the gate and prints its rows.
pub(super) fn query(
    start: &Start<'_, ScopedDbProgram>,
    arguments: &Arguments,
    sql: &str,
    params: &[String],
    json: bool,
    out: &mut dyn Write,
) -> Result<(), StartError> {
    let server = open::serve(start, arguments)?;
    let asked = json!({"sql": sql, "params": params});
    let result = start.ask(server, "query_rows", &asked)?;
    let told = result.get("structuredContent").unwrap_or(&Value::Null);
    if result.get("isError").and_then(Value::as_bool) == Some(true) {
        let message = told.get("message").and_then(Value::as_str);
        let message = message.unwrap_or("refused").to_owned();
        return Err(StartError::step("query", message));
    }
    if json {
        return say(out, &format!("{told}\n"));
    }
    let empty = Vec::new();
    let list = |key: &str| told.get(key).and_then(Value::as_array).unwrap_or(&empty);
    let heads = list("columns").iter().map(|column| {
        let name = column.get("name").and_then(Value::as_str);
        name.unwrap_or_default().to_owned()
    });
    let mut lines: Vec<Vec<String>> = vec![heads.collect()];
    for row in list("rows") {
        let cells = row.as_array().unwrap_or(&empty).iter().map(cell);
        lines.push(cells.collect());
    }
    say(out, &table(&lines))?;
    let count = lines.len().saturating_sub(1);
    let more = told.get("truncated").and_then(Value::as_bool) == Some(true);
    let more = if more { ", and there are more" } else { "" };
    let label = label(result.pointer("/_meta/dev.keyhole~1security-label"));
    say(out, &format!("({count} rows{more}; label {label})\n"))
}

/// The label of a result, as a configuration would write it.
fn label(own: Option<&Value>) -> String {
    let level = own.and_then(|own| own.get("level")).and_then(Value::as_str);
    let categories = own.and_then(|own| own.get("categories"));
    let categories = categories.and_then(Value::as_array).into_iter().flatten();
    let words = level
        .into_iter()
        .chain(categories.filter_map(Value::as_str));
    words.collect::<Vec<_>>().join("+")
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.chars().map(plain).collect(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// A value must not move the cursor, colour the screen or turn the text around.
fn plain(c: char) -> char {
    if is_unseen(c) { '\u{fffd}' } else { c }
}

fn table(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| {
        let cells = lines.iter().filter_map(|line| line.get(at));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        let padded = line.iter().zip(&widths).map(|(cell, width)| {
            let missing = width.saturating_sub(cell.chars().count());
            format!("{cell}{}", " ".repeat(missing))
        });
        let padded = padded.collect::<Vec<_>>().join("  ");
        text.push_str(padded.trim_end());
        text.push('\n');
        if number == 0 {
            let rule = widths.iter().map(|width| "-".repeat(*width));
            text.push_str(&rule.collect::<Vec<_>>().join("  "));
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o4_a_value_cannot_command_the_terminal() {
        let line = vec![cell(&json!("a\u{1b}[2Jb\u{202e}c\nd"))];
        let shown = table(&[vec!["name".to_owned()], line]);
        assert_eq!(shown, "name\n----------\na\u{fffd}[2Jb\u{fffd}c\u{fffd}d\n");
    }
}
