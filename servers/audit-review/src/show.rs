//! How a record is written where people and models read it: one line, or all of its fields.
//!
//! # Invariants
//!
//! - No control, bidi or zero-width character of a record passes unescaped, so that nothing in
//!   it redraws a screen, ends a line or turns around text (property test).
//! - A column holds no space unless it is quoted, so that no text is taken for two columns.

use std::fmt::Write;

use guard::audit::Event;
use guard::audit::Field;
use guard::text::is_unseen;

use crate::query::RESOURCES;

/// How lines look.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Style {
    /// With the colours of a terminal.
    pub colours: bool,
    /// With columns below each other.
    pub aligned: bool,
}

/// Appends `event` to `out` as one line, without the line feed: `handle`, time, principal, tool
/// or method, resource, label, outcome, amount. What is absent is `-`.
pub fn line(out: &mut String, event: &Event<'_>, handle: &str, style: Style) {
    let mut to = Columns { out, style };
    to.plain(handle, 8);
    to.text(event.text("time"), 27);
    to.text(event.text("principal.id"), 14);
    to.text(what(event), 16);
    to.text(resource(event), 32);
    to.text(label(event).as_deref(), 12);
    let outcome = outcome(event);
    let colour = match event.text("outcome") {
        Some("allowed") => Some(GREEN),
        Some("denied") => Some(YELLOW),
        Some("error" | "unknown") => Some(RED),
        Some(_) | None => None,
    };
    to.coloured(&outcome, colour.filter(|_| style.colours), 8);
    let mut amount = String::new();
    for (key, unit) in [("result.items", "items"), ("result.bytes", "bytes")] {
        if let Some(number) = event.number(key) {
            let comma = if amount.is_empty() { "" } else { "," };
            write_or_drop(&mut amount, format_args!("{comma}{number}-{unit}"));
        }
    }
    to.text(Some(amount.as_str()).filter(|text| !text.is_empty()), 0);
    let end = out.trim_end().len();
    out.truncate(end);
}

/// Appends all fields of `event`, one a line, each after `indent`.
pub fn fields(out: &mut String, event: &Event<'_>, indent: &str) {
    for (key, field) in event.fields() {
        out.push_str(indent);
        let start = out.len();
        escape(out, key);
        let width = out.len() - start;
        out.extend(std::iter::repeat_n(' ', 24_usize.saturating_sub(width) + 1));
        out.push_str(&value(field));
        out.push('\n');
    }
}

/// A field as one line of text.
#[must_use]
pub fn value(field: &Field<'_>) -> String {
    let mut out = String::new();
    match field {
        Field::Text(text) => escape(&mut out, text),
        Field::Number(number) => out.push_str(&number.to_string()),
        Field::Flag(flag) => out.push_str(&flag.to_string()),
        Field::Texts(texts) => {
            for (at, text) in texts.iter().enumerate() {
                if at > 0 {
                    out.push(' ');
                }
                quoted(&mut out, text);
            }
        }
    }
    out
}

/// What was done: a tool, else a method, else what a process did of itself.
#[must_use]
pub fn what<'a>(event: &'a Event<'_>) -> Option<&'a str> {
    ["gen_ai.tool.name", "mcp.method.name", "action", "kind"]
        .into_iter()
        .find_map(|key| event.text(key))
}

/// What was accessed, else why something happened.
#[must_use]
pub fn resource<'a>(event: &'a Event<'_>) -> Option<&'a str> {
    let mut keys = RESOURCES.into_iter().chain(["reason"]);
    keys.find_map(|key| event.text(key))
}

/// The label of what was accessed, as it was recorded.
#[must_use]
pub fn label(event: &Event<'_>) -> Option<String> {
    let mut label = event.text("label.level")?.to_owned();
    for category in event.texts("label.categories") {
        label.push('+');
        label.push_str(category);
    }
    Some(label)
}

/// How it ended, and where it was not allowed why.
fn outcome(event: &Event<'_>) -> String {
    let ended = event.text("outcome");
    let ended = ended.or_else(|| event.text("phase").filter(|phase| *phase == "intent"));
    match (ended, event.text("error.type")) {
        (Some(ended), Some(error)) => format!("{ended}:{error}"),
        (Some(ended), None) => ended.to_owned(),
        (None, _) => String::new(),
    }
}

/// Appends `text` to `out` so that it stays one line of visible characters.
pub fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            _ if is_unseen(c) => {
                write_or_drop(out, format_args!("\\u{{{:x}}}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
}

/// As [`escape`], in quotes where it would else not be one word.
pub fn quoted(out: &mut String, text: &str) {
    let is_word =
        !text.is_empty() && text != "-" && !text.chars().any(|c| c.is_whitespace() || c == '"');
    if is_word {
        return escape(out, text);
    }
    out.push('"');
    for (at, part) in text.split('"').enumerate() {
        if at > 0 {
            out.push_str("\\\"");
        }
        escape(out, part);
    }
    out.push('"');
}

/// The columns of a line.
struct Columns<'a> {
    out: &'a mut String,
    style: Style,
}

impl Columns<'_> {
    fn text(&mut self, text: Option<&str>, width: usize) {
        let mut column = String::new();
        match text {
            Some(text) => quoted(&mut column, text),
            None => column.push('-'),
        }
        self.plain(&column, width);
    }

    fn coloured(&mut self, text: &str, colour: Option<&str>, width: usize) {
        let Some(colour) = colour else {
            return self.text(Some(text).filter(|text| !text.is_empty()), width);
        };
        self.out.push_str(colour);
        self.text(Some(text), width);
        self.out.push_str(RESET);
    }

    fn plain(&mut self, column: &str, width: usize) {
        self.out.push_str(column);
        self.out.push(' ');
        if self.style.aligned {
            let missing = width.saturating_sub(column.chars().count());
            self.out.extend(std::iter::repeat_n(' ', missing));
        }
    }
}

fn write_or_drop(out: &mut String, text: std::fmt::Arguments<'_>) {
    // writing to a String cannot fail
    let _written = out.write_fmt(text);
}

const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";
const RESET: &str = "\x1b[0m";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_tells_who_did_what_to_which_and_how_it_ended() {
        for (record, expected) in [
            (
                r#"{"time":"2026-05-05T12:00:00.000001Z","principal.id":"ada","gen_ai.tool.name":"read_file","mcp.method.name":"tools/call","mcp.resource.uri":"fs://docs/pay.csv","label.level":"confidential","label.categories":["personal"],"outcome":"allowed","result.items":1,"result.bytes":256}"#,
                "#7 2026-05-05T12:00:00.000001Z ada read_file fs://docs/pay.csv confidential+personal allowed 1-items,256-bytes",
            ),
            (
                r#"{"principal.id":"ada lovelace","mcp.method.name":"tools/call","outcome":"denied","error.type":"quota"}"#,
                r#"#7 - "ada lovelace" tools/call - - denied:quota -"#,
            ),
            (
                r#"{"principal.id":"-","action":"session.end","reason":"say \"eof\""}"#,
                r#"#7 - "-" session.end "say \"eof\"" - - -"#,
            ),
            (
                r#"{"phase":"intent","kind":"request"}"#,
                "#7 - - request - - intent -",
            ),
        ] {
            let mut out = String::new();
            let event = Event::parse(record.as_bytes()).unwrap();
            line(&mut out, &event, "#7", Style::default());
            assert_eq!(out, expected);
        }
    }

    proptest! {
        #[test]
        fn l5_no_text_of_a_record_redraws_a_screen_or_forges_a_column(
            texts in prop::collection::vec("[\\x00-\\x{ffff} \"\\\\\\x1b\u{202e}\u{200b}]{0,12}", 5),
            aligned: bool,
        ) {
            let record = serde_json::json!({
                "time": texts[0], "principal.id": texts[1], "action": texts[2],
                "mcp.resource.uri": texts[3], "outcome": texts[4],
            }).to_string();
            let event = Event::parse(record.as_bytes()).unwrap();
            let mut out = String::new();
            line(&mut out, &event, "#1", Style { colours: false, aligned });
            prop_assert!(!out.chars().any(|c| c.is_control() || is_unseen(c)), "{out:?}");
            // columns are counted as a reader of quotes would
            let (mut inside, mut escaped, mut count, mut between) = (false, false, 0, true);
            for c in out.chars() {
                if !inside && c == ' ' {
                    between = true;
                    continue;
                }
                count += usize::from(between);
                between = false;
                inside ^= c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
            }
            prop_assert!(!inside);
            prop_assert_eq!(count, 8, "{}", out);
            let mut long = String::new();
            fields(&mut long, &event, "");
            prop_assert_eq!(long.lines().count(), 5);
            prop_assert!(!long.chars().any(|c| c != '\n' && is_unseen(c)));
        }
    }
}
