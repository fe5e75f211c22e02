//! Common Event Format, version 0: a header of seven fields and an extension of pairs.

use std::fmt::Write;

use guard::audit::Event;

use super::operation;
use super::resource;
use crate::show::label;

/// The record as one line.
pub(super) fn line(event: &Event<'_>) -> String {
    let severity = match (event.text("kind"), event.text("outcome")) {
        (Some("detect"), _) => 7,
        (_, Some("denied")) => 5,
        (_, Some("error" | "unknown")) => 4,
        _ => 2,
    };
    let name = operation(event);
    let id = event
        .text("error.type")
        .or(event.text("outcome"))
        .or(event.text("kind"));
    let header = [
        "Keyhole",
        event.text("server.name").unwrap_or("unknown"),
        event.text("server.version").unwrap_or("0"),
        id.unwrap_or("event"),
        name,
    ];
    let mut out = "CEF:0".to_owned();
    for field in header {
        out.push('|');
        escape(&mut out, field, &['\\', '|']);
    }
    // writing to a String cannot fail
    let _written = write!(out, "|{severity}|");
    let time = event.time().map(|time| time.timestamp_millis().to_string());
    let seq = event.seq().to_string();
    let label = label(event);
    let bytes = event.number("result.bytes").map(|bytes| bytes.to_string());
    let items = event.number("result.items").map(|items| items.to_string());
    let pairs = [
        ("rt", time.as_deref()),
        ("externalId", event.text("id")),
        ("suser", event.text("principal.id")),
        ("sntdom", event.text("principal.iss")),
        ("shost", event.text("client.address")),
        ("requestClientApplication", event.text("client.name")),
        ("act", event.text("decision")),
        ("outcome", event.text("outcome")),
        ("reason", event.text("error.type").or(event.text("reason"))),
        ("request", resource(event)),
        ("out", bytes.as_deref()),
        ("cnt", items.as_deref()),
        ("cs1Label", label.as_ref().map(|_| "label")),
        ("cs1", label.as_deref()),
        ("cs2Label", event.text("session.id").map(|_| "session")),
        ("cs2", event.text("session.id")),
        ("cs3Label", event.text("hash").map(|_| "hash")),
        ("cs3", event.text("hash")),
        ("cn1Label", Some("seq")),
        ("cn1", Some(seq.as_str())),
    ];
    let mut first = true;
    for (key, text) in pairs {
        if let Some(text) = text {
            if !first {
                out.push(' ');
            }
            first = false;
            out.push_str(key);
            out.push('=');
            escape(&mut out, text, &['\\', '=']);
        }
    }
    out
}

/// Control characters and line ends as their escapes, and a backslash before what ends a field.
fn escape(out: &mut String, text: &str, special: &[char]) {
    for letter in text.chars() {
        match letter {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            _ if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') => {
                out.extend(
                    letter
                        .escape_unicode()
                        .map(|l| if l == '\\' { '/' } else { l }),
                );
            }
            _ => {
                if special.contains(&letter) {
                    out.push('\\');
                }
                out.push(letter);
            }
        }
    }
}
