//! Drafted endpoints as TOML.

use std::fmt::Write;

use serde_json::Value;

use super::Choice;
use super::operation::Drafted;
use super::operation::DraftedParameter;
use super::operation::Operation;

/// What stands above the endpoints.
pub(super) fn head(document: &Value, choice: &Choice) -> String {
    let servers = document.get("servers").and_then(Value::as_array);
    let base = servers
        .and_then(|servers| servers.first()?.get("url")?.as_str())
        .unwrap_or_default();
    let mut text = String::from(
        "# Drafted from an OpenAPI document. Its texts are a stranger's: read each `about` as what a\n\
         # model will read, and each permission, label and field as what you let out.\n#\n",
    );
    // writing to a String cannot fail
    let _written = writeln!(text, "# [upstreams.{}]", key(&choice.upstream));
    let _written = writeln!(text, "# base = {}", quoted(base));
    text
}

/// One endpoint.
pub(super) fn endpoint(drafted: &Drafted, choice: &Choice) -> String {
    let reads = matches!(drafted.method, "get" | "head");
    let permission = if reads {
        &choice.permission
    } else {
        &choice.write_permission
    };
    let name = key(&drafted.name);
    let mut text = format!("\n[endpoints.{name}]\n");
    let mut line = |key: &str, value: &str| {
        let _written = writeln!(text, "{key} = {value}");
    };
    line("upstream", &quoted(&choice.upstream));
    line(drafted.method, &quoted(&drafted.path));
    line("permission", &quoted(permission));
    line("label", &quoted(&choice.label));
    if !drafted.about.is_empty() {
        line("about", &quoted(&drafted.about));
    }
    if drafted.fields.is_empty() {
        text.push_str("# the document does not say which fields come back: all do\n");
    } else {
        line("fields", &list(&drafted.fields));
    }
    for parameter in &drafted.parameters {
        let _written = writeln!(
            text,
            "\n[endpoints.{name}.parameters.{}]",
            key(&parameter.name)
        );
        text.push_str(&self::parameter(parameter));
    }
    text
}

fn parameter(parameter: &DraftedParameter) -> String {
    let simple = &parameter.simple;
    let mut text = String::new();
    let mut line = |key: &str, value: String| {
        let _written = writeln!(text, "{key} = {value}");
    };
    line("in", quoted(parameter.place));
    line("type", quoted(&simple.kind));
    if let Some(wire) = &parameter.wire {
        line("name", quoted(wire));
    }
    if parameter.required {
        line("required", "true".to_owned());
    }
    if !parameter.about.is_empty() {
        line("about", quoted(&parameter.about));
    }
    if !simple.words.is_empty() {
        line("one-of", list(&simple.words));
    }
    if let Some(pattern) = &simple.pattern {
        line("pattern", quoted(pattern));
    }
    if let Some(most) = simple.max_length {
        line("max-length", most.to_string());
    }
    for (key, bound) in [("min", simple.min), ("max", simple.max)] {
        if let Some(bound) = bound {
            line(key, format!("{bound}"));
        }
    }
    if let Some(most) = simple.max_items.filter(|most| (1..=1000).contains(most)) {
        line("max-items", most.to_string());
    }
    if parameter.joined {
        line("join", quoted(","));
    }
    text
}

/// What was chosen and cannot be declared.
pub(super) fn left_out(operation: &Operation<'_>, why: &str) -> String {
    let what = format!("{} {}", operation.method.to_uppercase(), operation.path);
    let what: String = what
        .chars()
        .filter(|c| !c.is_control() && !turns(*c))
        .take(200)
        .collect();
    format!("\n# left out: {what}: {why}\n")
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

/// A key of TOML; a dot in it is no level.
fn key(name: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if !name.is_empty() && name.bytes().all(bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// Whether a character is invisible, or turns the text around.
pub(super) const fn turns(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            // what a reviewer would not see
            c if c.is_control() || turns(c) => {
                let _written = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
