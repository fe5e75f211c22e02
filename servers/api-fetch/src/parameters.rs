//! What a caller may say: the check of each value, and how it is written for the upstream.
//!
//! # Invariants
//!
//! - A value is refused or taken as it is. Nothing is trimmed, converted or repaired.
//! - No control character goes out, but line breaks where the operator opened a text for them.
//! - An object has its declared members and no others, at each of its levels.
//! - What goes into a path is `[A-Za-z0-9._~-]{1,128}` and the characters that the operator opened,
//!   encoded; no part of it between slashes is `.` or `..`.
//! - The text of a refusal is the declaration's.

pub(crate) mod declare;
mod headers;

use regex_lite::Regex;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use guard::error::Denial;
use guard::schema::Form;

pub use declare::Trouble;
pub use declare::declare;
pub use headers::is_fit as is_header_fit;

/// One thing that a caller may say.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name for the model.
    pub name: String,
    /// Its name for the upstream.
    pub wire: String,
    /// Where it goes.
    pub place: Place,
    /// What it is for.
    pub about: String,
    /// Whether a call without it is refused.
    pub required: bool,
    pub(crate) kind: Kind,
    pub(crate) list: Option<List>,
    pub(crate) expected: String,
}

/// Where a value goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// Into the path.
    Path,
    /// Into the query.
    Query,
    /// Into a header.
    Header,
    /// Into the body.
    Body,
}

/// What one value is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Text(Text),
    Integer(i64, i64),
    Number(f64, f64),
    Flag,
    /// An object with these members and no others, in a body.
    Object(Vec<Parameter>),
}

/// What a text must be.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    /// In characters.
    pub(crate) most: usize,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) words: Vec<String>,
    /// Beside what is unreserved, in a path.
    pub(crate) reserved: String,
    pub(crate) lines: bool,
}

/// A pattern that a whole text must match.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pub(crate) regex: Regex,
    pub(crate) shown: String,
}

/// Several values.
#[derive(Clone, Debug)]
pub(crate) struct List {
    pub(crate) most: usize,
    pub(crate) join: Option<String>,
}

impl Parameter {
    /// The value as texts for the upstream, not yet encoded: one, or one for each item of a list
    /// whose name is repeated.
    ///
    /// # Errors
    ///
    /// [`Denial::Malformed`] if it is not of the declared form.
    pub(crate) fn read(&'static self, value: &Value) -> Result<Vec<String>, Denial> {
        if !Form::accepts(self, value) {
            return Err(self.malformed());
        }
        Ok(match (&self.list, value) {
            (Some(list), Value::Array(items)) => {
                let texts: Vec<String> = items.iter().map(text).collect();
                match &list.join {
                    Some(join) => vec![texts.join(join)],
                    None => texts,
                }
            }
            (_, one) => vec![text(one)],
        })
    }

    /// The value as it goes into a body: under the upstream's names.
    pub(crate) fn written(&self, value: &Value) -> Value {
        match (&self.kind, value) {
            (Kind::Object(_), Value::Array(items)) => {
                items.iter().map(|item| self.written(item)).collect()
            }
            (Kind::Object(members), Value::Object(given)) => {
                let own = members.iter().filter_map(|member| {
                    let value = given.get(&member.name)?;
                    Some((member.wire.clone(), member.written(value)))
                });
                Value::Object(own.collect())
            }
            (_, other) => other.clone(),
        }
    }

    pub(crate) fn malformed(&'static self) -> Denial {
        Denial::Malformed {
            argument: &self.name,
            expected: &self.expected,
        }
    }

    /// Whether one value, not a list, is of the declared form.
    fn one(&self, value: &Value) -> bool {
        match &self.kind {
            Kind::Text(rule) => value
                .as_str()
                .is_some_and(|text| rule.accepts(text, self.place)),
            Kind::Integer(least, most) => value.as_i64().is_some_and(|n| *least <= n && n <= *most),
            Kind::Number(least, most) => value.as_f64().is_some_and(|n| *least <= n && n <= *most),
            Kind::Flag => value.is_boolean(),
            Kind::Object(members) => value.as_object().is_some_and(|given| {
                let known = |name: &String| members.iter().any(|member| member.name == *name);
                given.keys().all(known) && members.iter().all(|member| member.is_met(given))
            }),
        }
    }

    /// Whether an object has this member as it must be. `null` is a value of no form.
    fn is_met(&self, given: &Map<String, Value>) -> bool {
        match given.get(&self.name) {
            Some(value) => Form::accepts(self, value),
            None => !self.required,
        }
    }

    /// Whether a text from a path, already decoded, is one of its values.
    pub(crate) fn accepts_text(&self, text: &str) -> bool {
        match &self.kind {
            Kind::Text(rule) => rule.accepts(text, self.place),
            Kind::Integer(least, most) => {
                let read = text.parse::<i64>().ok();
                // one spelling of each number: the one that is sent
                read.is_some_and(|n| *least <= n && n <= *most && n.to_string() == text)
            }
            Kind::Number(..) | Kind::Flag | Kind::Object(_) => false,
        }
    }
}

impl Form for Parameter {
    fn expected(&'static self) -> &'static str {
        &self.expected
    }

    fn accepts(&self, value: &Value) -> bool {
        match (&self.list, value) {
            (Some(list), Value::Array(items)) => {
                items.len() <= list.most
                    && items.iter().all(|item| self.one(item) && list.keeps(item))
            }
            (Some(_), _) => false,
            (None, one) => self.one(one),
        }
    }

    fn json(&self) -> Value {
        let one = self.kind.json();
        match &self.list {
            Some(list) => json!({"type": "array", "items": one, "maxItems": list.most}),
            None => one,
        }
    }
}

impl List {
    /// Whether an item stays one item when the list is written.
    fn keeps(&self, item: &Value) -> bool {
        let join = self.join.as_deref();
        join.is_none_or(|join| item.as_str().is_none_or(|text| !text.contains(join)))
    }
}

impl Text {
    fn accepts(&self, text: &str, place: Place) -> bool {
        let fits = match place {
            Place::Path => {
                let fine = |c: char| is_unreserved(c) || self.reserved.contains(c);
                let dots = |part: &str| matches!(part, "." | "..");
                !text.is_empty() && text.chars().all(fine) && !text.split(['/', '\\']).any(dots)
            }
            Place::Header => {
                let fine = |c: char| matches!(c, ' '..='~');
                text.chars().all(fine) && text.trim() == text && !text.is_empty()
            }
            Place::Query | Place::Body => text
                .chars()
                .all(|c| !c.is_control() || (self.lines && matches!(c, '\n' | '\t'))),
        };
        fits && text.chars().count() <= self.most
            && (self.words.is_empty() || self.words.iter().any(|word| word == text))
            && self
                .pattern
                .as_ref()
                .is_none_or(|pattern| pattern.regex.is_match(text))
    }
}

impl Kind {
    fn json(&self) -> Value {
        match self {
            Self::Text(rule) if !rule.words.is_empty() => {
                json!({"type": "string", "enum": rule.words})
            }
            Self::Text(rule) => {
                let mut schema = json!({"type": "string", "maxLength": rule.most});
                if let (Some(pattern), Some(schema)) = (&rule.pattern, schema.as_object_mut()) {
                    schema.insert("pattern".to_owned(), pattern.shown.clone().into());
                }
                schema
            }
            Self::Integer(least, most) => match (*least, *most) {
                (i64::MIN, i64::MAX) => json!({"type": "integer"}),
                (least, i64::MAX) => json!({"type": "integer", "minimum": least}),
                (i64::MIN, most) => json!({"type": "integer", "maximum": most}),
                (least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
            },
            Self::Number(least, most) => {
                let mut schema = json!({"type": "number"});
                if let Some(schema) = schema.as_object_mut() {
                    if *least > f64::MIN {
                        schema.insert("minimum".to_owned(), (*least).into());
                    }
                    if *most < f64::MAX {
                        schema.insert("maximum".to_owned(), (*most).into());
                    }
                }
                schema
            }
            Self::Flag => json!({"type": "boolean"}),
            Self::Object(members) => object(members),
        }
    }
}

/// The schema of an object with `members` and no others.
fn object(members: &[Parameter]) -> Value {
    let mut properties = Map::new();
    for member in members {
        let mut schema = Form::json(member);
        if let (Some(schema), false) = (schema.as_object_mut(), member.about.is_empty()) {
            schema.insert("description".to_owned(), member.about.clone().into());
        }
        properties.insert(member.name.clone(), schema);
    }
    let required = members.iter().filter(|member| member.required);
    let required: Vec<&str> = required.map(|member| member.name.as_str()).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// A value that was accepted, as text.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

/// Percent-encodes everything that is not unreserved: for a segment of a path, and for the names
/// and values of a query.
#[must_use]
pub fn encoded(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if is_unreserved(c) {
            out.push(c);
        } else {
            // writing to a String cannot fail
            let _written = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// What percent-encoding stands for; none where it is not whole, or not UTF-8.
#[must_use]
pub fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

const fn is_unreserved(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '~' | '-')
}

#[cfg(test)]
mod objects;
#[cfg(test)]
mod tests;
