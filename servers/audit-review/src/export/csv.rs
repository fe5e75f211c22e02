//! Comma-separated values, RFC 4180, safe to open in a spreadsheet.

use guard::audit::Event;
use guard::audit::Field;

use super::resource;
use crate::show::label;

/// The names of the columns.
pub(super) fn head() -> String {
    COLUMNS.join(",")
}

/// The record as one line.
pub(super) fn line(event: &Event<'_>) -> String {
    let cells = COLUMNS.into_iter().map(|column| {
        let text = match column {
            "label" => label(event),
            "resource" => resource(event).map(str::to_owned),
            _ => event.field(column).map(|field| match field {
                Field::Text(text) => text.clone().into_owned(),
                Field::Texts(texts) => texts.join(" "),
                Field::Number(number) => number.to_string(),
                Field::Flag(flag) => flag.to_string(),
            }),
        };
        cell(&text.unwrap_or_default())
    });
    cells.collect::<Vec<_>>().join(",")
}

/// A cell. What a spreadsheet would compute gets an apostrophe before it (OWASP, CSV injection);
/// line ends and other control characters become spaces, so that a record stays a line.
fn cell(text: &str) -> String {
    let plain = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    let text: String = text
        .chars()
        .map(|letter| if plain(letter) { ' ' } else { letter })
        .collect();
    let formula = text.trim_start().starts_with([
        '=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
    ]);
    let text = if formula { format!("'{text}") } else { text };
    if text.contains(['"', ',', '\'', ' ', ';']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

const COLUMNS: [&str; 24] = [
    "seq",
    "time",
    "kind",
    "phase",
    "server.name",
    "principal.iss",
    "principal.id",
    "principal.roles",
    "grant.id",
    "session.id",
    "client.address",
    "client.name",
    "mcp.method.name",
    "gen_ai.tool.name",
    "resource",
    "label",
    "decision",
    "decision.rule",
    "outcome",
    "error.type",
    "result.items",
    "result.bytes",
    "duration_us",
    "hash",
];
