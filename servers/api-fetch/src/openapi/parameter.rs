//! One parameter of an operation, and what it would be in a declaration.

use guard::text::is_unseen;
use serde_json::Value;

use super::schema::Reader;
use super::schema::Simple;
use super::text::said;
use crate::endpoint::is_name;
use crate::parameters::declare::OWN;
use crate::parameters::is_header_fit;

/// A parameter, or a member of one that is an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Drafted {
    pub(super) name: String,
    /// What the upstream calls it, where that differs.
    pub(super) wire: Option<String>,
    /// `path`, `query`, `header` or `body`; nothing for a member.
    pub(super) place: &'static str,
    pub(super) required: bool,
    pub(super) about: String,
    pub(super) simple: Simple,
    pub(super) joined: bool,
}

impl Drafted {
    /// What the upstream calls it.
    pub(super) fn wire(&self) -> &str {
        self.wire.as_deref().unwrap_or(&self.name)
    }
}

/// The parameter that `given` declares; none for an optional one that may not be opened.
pub(super) fn read<'a>(
    reader: &Reader<'a>,
    given: &'a Value,
) -> Result<Option<Drafted>, &'static str> {
    let given = reader
        .resolve(given)
        .ok_or("a reference that leads nowhere")?;
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    let wire = text("name").ok_or("a parameter without a name")?;
    let required = given.get("required").and_then(Value::as_bool) == Some(true);
    let place = match text("in") {
        Some("path") => "path",
        Some("query") => "query",
        Some("header") if is_header_fit(&wire.to_ascii_lowercase()) => "header",
        Some("header" | "cookie") if !required => return Ok(None),
        Some("header" | "cookie") => return Err("a header or cookie that stays closed"),
        Some(_) | None => return Err("a parameter without a place"),
    };
    let unless_needed = |why| {
        if required || place == "path" {
            Err(why)
        } else {
            Ok(None)
        }
    };
    let Some(schema) = given.get("schema") else {
        return unless_needed("a parameter without a schema");
    };
    let simple = match Simple::read(reader, schema, 0) {
        Ok(simple) => simple,
        Err(why) => return unless_needed(why),
    };
    if simple.kind.starts_with("object") {
        return unless_needed("an object outside of the body");
    }
    let list = simple.kind.ends_with("[]");
    if list && place != "query" {
        return unless_needed("a list outside of the query");
    }
    if place == "path" && !matches!(simple.kind.as_str(), "string" | "integer") {
        return Err("a parameter of the path that is neither text nor a whole number");
    }
    // in a query, `form` with `explode` is what nothing said means
    let explode = given.get("explode").and_then(Value::as_bool) != Some(false);
    let plain = text("style").is_none_or(|style| matches!(style, "form" | "simple"));
    if !plain {
        return unless_needed("a parameter of an unusual style");
    }
    let Some(name) = name_for(wire, place) else {
        return unless_needed("a parameter whose name cannot be one here");
    };
    Ok(Some(Drafted {
        wire: (name != wire).then(|| wire.to_owned()),
        name,
        place,
        required: required && place != "path",
        about: said(given, &["description"]),
        simple,
        joined: list && !explode,
    }))
}

/// A name for the model: the upstream's own, as far as it is one.
pub(super) fn name_for(wire: &str, place: &str) -> Option<String> {
    if place == "path" {
        // the name in the template and that of its parameter are one
        return (is_name(wire) && !OWN.contains(&wire)).then(|| wire.to_owned());
    }
    if !(1..=128).contains(&wire.len()) || wire.chars().any(is_unseen) {
        return None;
    }
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut name: String = wire
        .chars()
        .map(|c| if fine(c) { c } else { '_' })
        .take(60)
        .collect();
    if OWN.contains(&name.as_str()) {
        name = format!("api_{name}");
    }
    is_name(&name).then_some(name)
}
