//! YAML as far as it is JSON in other clothes: the core schema of YAML 1.2 and nothing beside.
//!
//! # Invariants
//!
//! - A tree is made of events, within limits of depth and weight; an alias weighs what it stands for.
//! - What readers of YAML read in different ways is refused: keys that stand twice, merge keys, keys
//!   that are no texts, tags, several documents in one. `yes`, `no`, `on` and `off` are texts.

use std::collections::BTreeMap;

use saphyr_parser::Event;
use saphyr_parser::Parser;
use saphyr_parser::ScalarStyle;
use serde_json::Map;
use serde_json::Number;
use serde_json::Value;

use super::Trouble;
use super::document::DEEPEST;

/// The tree of the one document in `text`.
pub(super) fn read(text: &[u8]) -> Result<Value, Trouble> {
    let text = std::str::from_utf8(text).map_err(|_| Trouble::NotYaml)?;
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|_| Trouble::NotYaml)?;
        builder.take(event)?;
    }
    builder
        .document
        .map(|one| one.value)
        .ok_or(Trouble::NotYaml)
}

/// A value, and roughly the bytes that it takes.
#[derive(Clone, Debug)]
struct Weighed {
    value: Value,
    weight: usize,
}

/// A list or an object of which the end has not come yet.
#[derive(Debug)]
struct Open {
    anchor: usize,
    weight: usize,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    List(Vec<Value>),
    /// With the key whose value comes next.
    Object(Map<String, Value>, Option<String>),
}

#[derive(Debug, Default)]
struct Builder {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Weighed>,
    document: Option<Weighed>,
    /// Of all that was made, anchors included.
    weight: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>) -> Result<(), Trouble> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if tag.is_some() {
                    return Err(Trouble::Unusual("a tag"));
                }
                let plain = style == ScalarStyle::Plain;
                if self.wants_key() {
                    // a key is its text, so that `200` and `"200"` are one
                    if anchor != 0 {
                        return Err(Trouble::Unusual("a key with an anchor"));
                    }
                    if plain && text == "<<" {
                        return Err(Trouble::Unusual("a merge key"));
                    }
                    return self.key(text.into_owned());
                }
                let weight = NODE + text.len();
                let value = if plain {
                    plain_value(&text)
                } else {
                    text.into_owned().into()
                };
                self.done(anchor, Weighed { value, weight })
            }
            Event::SequenceStart(anchor, tag) => {
                self.start(anchor, tag.is_some(), Kind::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.start(anchor, tag.is_some(), Kind::Object(Map::new(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else {
                    return Err(Trouble::NotYaml);
                };
                let value = match open.kind {
                    Kind::List(values) => values.into(),
                    Kind::Object(members, _) => members.into(),
                };
                let weight = open.weight;
                self.done(open.anchor, Weighed { value, weight })
            }
            Event::Alias(anchor) => {
                if self.wants_key() {
                    return Err(Trouble::Unusual("a key that is an alias"));
                }
                // what is still open has no value yet: no tree holds itself
                let one = self.anchors.get(&anchor);
                let one = one.ok_or(Trouble::Unusual("an alias of what it is in"))?;
                // weighed before it is copied
                if self.weight.saturating_add(one.weight) > HEAVIEST {
                    return Err(Trouble::Large);
                }
                if depth(&one.value) + self.open.len() > DEEPEST {
                    return Err(Trouble::Deep);
                }
                self.done(0, one.clone())
            }
            Event::DocumentStart(_) if self.document.is_some() => {
                Err(Trouble::Unusual("a second document"))
            }
            Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::StreamStart
            | Event::StreamEnd
            | Event::Nothing => Ok(()),
        }
    }

    fn wants_key(&self) -> bool {
        let last = self.open.last().map(|open| &open.kind);
        matches!(last, Some(Kind::Object(_, None)))
    }

    fn key(&mut self, text: String) -> Result<(), Trouble> {
        self.weigh(NODE + text.len())?;
        if let Some(open) = self.open.last_mut() {
            open.weight += NODE + text.len();
            if let Kind::Object(members, key) = &mut open.kind {
                if members.contains_key(&text) {
                    return Err(Trouble::Twice);
                }
                *key = Some(text);
            }
        }
        Ok(())
    }

    fn start(&mut self, anchor: usize, tagged: bool, kind: Kind) -> Result<(), Trouble> {
        if tagged {
            return Err(Trouble::Unusual("a tag"));
        }
        if self.wants_key() {
            return Err(Trouble::Unusual("a key that is no text"));
        }
        if self.open.len() >= DEEPEST {
            return Err(Trouble::Deep);
        }
        self.weigh(NODE)?;
        let weight = NODE;
        self.open.push(Open {
            anchor,
            weight,
            kind,
        });
        Ok(())
    }

    fn weigh(&mut self, more: usize) -> Result<(), Trouble> {
        self.weight = self.weight.saturating_add(more);
        (self.weight <= HEAVIEST)
            .then_some(())
            .ok_or(Trouble::Large)
    }

    /// Puts a value that is whole where it belongs.
    fn done(&mut self, anchor: usize, one: Weighed) -> Result<(), Trouble> {
        self.weigh(one.weight)?;
        if anchor != 0 {
            self.weigh(one.weight)?;
            self.anchors.insert(anchor, one.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.document = Some(one);
            return Ok(());
        };
        open.weight = open.weight.saturating_add(one.weight);
        match &mut open.kind {
            Kind::List(values) => values.push(one.value),
            Kind::Object(members, key) => {
                if let Some(key) = key.take() {
                    members.insert(key, one.value);
                }
            }
        }
        Ok(())
    }
}

/// Levels of a value that is itself within the limit.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// What a scalar without quotes is, by the core schema (YAML 1.2.2, 10.3.2).
fn plain_value(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return true.into(),
        "false" | "False" | "FALSE" => return false.into(),
        _ => {}
    }
    number(text).map_or_else(|| text.into(), Value::Number)
}

fn number(text: &str) -> Option<Number> {
    let whole = |digits: &str, base| {
        let fine = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_alphanumeric());
        let figure = fine.then(|| u64::from_str_radix(digits, base).ok())?;
        figure.map(Number::from)
    };
    if let Some(digits) = text.strip_prefix("0o") {
        return whole(digits, 8);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return whole(digits, 16);
    }
    // `inf`, `nan` and `_` are no part of it
    let fine = |b: u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
    if !text.bytes().all(fine) || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    if let Ok(figure) = unsigned.parse::<i64>() {
        return Some(figure.into());
    }
    if let Ok(figure) = unsigned.parse::<u64>() {
        return Some(figure.into());
    }
    unsigned.parse::<f64>().ok().and_then(Number::from_f64)
}

/// What a node takes beside its text, as in an object of few members.
const NODE: usize = 96;
/// Bytes that a tree and all that is kept of its parts may take.
const HEAVIEST: usize = 256 << 20;

#[cfg(test)]
mod tests;
