//! Drafted endpoints as TOML.

use std::fmt::Write;

use guard::text::is_unseen;
use serde_json::Value;

use super::Choice;
use super::operation::Endpoint;
use super::operation::Operation;
use super::parameter::Drafted;
use crate::config::Shape;

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
pub(super) fn endpoint(drafted: &Endpoint, choice: &Choice) -> String {
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
    let answer = &drafted.answer;
    if answer.fields.is_empty() {
        text.push_str("# the document does not say which fields come back: all do\n");
    } else {
        let fields: Vec<String> = answer.fields.iter().map(|(path, _)| path.clone()).collect();
        line("fields", &list(&fields));
        if answer.more {
            text.push_str("# the document names more fields than these\n");
        }
        text.push_str(&returns(&answer.fields));
    }
    let above = format!("endpoints.{name}.parameters");
    parameters(&mut text, &above, &drafted.parameters);
    text
}

/// What the fields hold, for a reviewer who trusts the document in that.
fn returns(fields: &[(String, Shape)]) -> String {
    let known = fields.iter().filter(|(_, shape)| *shape != Shape::Any);
    let known: Vec<String> = known
        .map(|(path, shape)| format!("{} = {}", quoted(path), quoted(word(*shape))))
        .collect();
    if known.is_empty() {
        return String::new();
    }
    format!("# returns = {{ {} }}\n", known.join(", "))
}

const fn word(shape: Shape) -> &'static str {
    match shape {
        Shape::Text => "string",
        Shape::Integer => "integer",
        Shape::Number => "number",
        Shape::Flag => "boolean",
        Shape::Any => "any",
    }
}

fn parameters(text: &mut String, above: &str, all: &[Drafted]) {
    for one in all {
        let here = format!("{above}.{}", key(&one.name));
        let _written = writeln!(text, "\n[{here}]");
        text.push_str(&parameter(one));
        parameters(text, &format!("{here}.members"), &one.simple.members);
    }
}

fn parameter(parameter: &Drafted) -> String {
    let simple = &parameter.simple;
    let mut text = String::new();
    let mut line = |key: &str, value: String| {
        let _written = writeln!(text, "{key} = {value}");
    };
    if !parameter.place.is_empty() {
        line("in", quoted(parameter.place));
    }
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
    format!("\n# left out: {}: {why}\n", operation.form())
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

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            // what a reviewer would not see
            c if is_unseen(c) => {
                let _written = write!(out, "\\U{:08X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
