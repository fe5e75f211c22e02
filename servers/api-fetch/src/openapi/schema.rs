//! The little of JSON Schema that a declaration can hold: types, bounds, patterns, members.

use std::cell::Cell;

use guard::text::is_unseen;
use serde_json::Value;

use super::body::members;
use super::parameter::Drafted;

/// What is asked of a document for one operation: its references followed, and only so much of it
/// looked at, however it refers to itself.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    document: &'a Value,
    left: Cell<usize>,
}

/// A parameter's schema, as a declaration has it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Simple {
    /// `string`, `integer[]` and so on.
    pub(super) kind: String,
    pub(super) pattern: Option<String>,
    pub(super) words: Vec<String>,
    pub(super) max_length: Option<u64>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) max_items: Option<u64>,
    /// Of an object, or of each object of a list.
    pub(super) members: Vec<Drafted>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(document: &'a Value) -> Self {
        let left = Cell::new(LOOKS);
        Self { document, left }
    }

    /// What `value` is, with a reference within the document followed. None for what leads
    /// outside, in circles, or nowhere, and when enough was looked at.
    pub(super) fn resolve(&self, mut value: &'a Value) -> Option<&'a Value> {
        for _ in 0..16 {
            self.left.set(self.left.get().checked_sub(1)?);
            let Some(reference) = value.get("$ref") else {
                return Some(value);
            };
            let pointer = reference.as_str()?.strip_prefix('#')?;
            value = self.document.pointer(pointer)?;
        }
        None
    }

    /// A schema without what only wraps it: a single `allOf`, and a choice of it or `null`, which
    /// is how 3.0 and 3.1 say that a value may be missing.
    pub(super) fn schema(&self, value: &'a Value) -> Option<&'a Value> {
        let mut schema = self.resolve(value)?;
        for _ in 0..8 {
            if schema.get("type").is_some() || schema.get("properties").is_some() {
                return Some(schema);
            }
            let list = |name: &str| schema.get(name).and_then(Value::as_array);
            let some = |one: &&Value| one.get("type").and_then(Value::as_str) != Some("null");
            let choice = list("oneOf").or_else(|| list("anyOf"));
            let all = list("allOf").filter(|all| all.len() == 1);
            let mut inner = choice.or(all).into_iter().flatten().filter(some);
            schema = match (inner.next(), inner.next()) {
                (Some(only), None) => self.resolve(only)?,
                _ => return Some(schema),
            };
        }
        None
    }

    /// The alternative of `schema` that is a text, where it has alternatives.
    fn text_of(&self, schema: &'a Value) -> Option<&'a Value> {
        let list = |name: &str| schema.get(name).and_then(Value::as_array);
        let all = list("oneOf").or_else(|| list("anyOf"))?;
        let all = all.iter().filter_map(|one| self.resolve(one));
        let mut texts = all.filter(|one| kind(one) == Some("string"));
        texts.next()
    }
}

impl Simple {
    /// What `schema` allows, if a declaration can say it; `depth` levels of objects are around it.
    pub(super) fn read<'a>(
        reader: &Reader<'a>,
        schema: &'a Value,
        depth: usize,
    ) -> Result<Self, &'static str> {
        let schema = reader.schema(schema).ok_or(ELSEWHERE)?;
        // of several forms that of a text is enough to ask with
        let schema = match kind(schema) {
            None => reader.text_of(schema).unwrap_or(schema),
            Some(_) => schema,
        };
        let kind = kind(schema).ok_or("what is neither text, number, flag, list nor object")?;
        match kind {
            "array" => Self::list(reader, schema, depth),
            "object" if depth >= DEEPEST => Err("objects that nest too deep"),
            "object" => Ok(Self {
                kind: kind.to_owned(),
                members: members(reader, schema, depth + 1)?,
                ..Self::default()
            }),
            "string" => Self::text(schema),
            _ => Self::number(schema, kind),
        }
    }

    fn list<'a>(
        reader: &Reader<'a>,
        schema: &'a Value,
        depth: usize,
    ) -> Result<Self, &'static str> {
        let items = schema.get("items").ok_or("a list of anything")?;
        let one = Self::read(reader, items, depth)?;
        if one.kind.ends_with("[]") {
            return Err("a list of lists");
        }
        Ok(Self {
            kind: format!("{}[]", one.kind),
            max_items: schema.get("maxItems").and_then(Value::as_u64),
            ..one
        })
    }

    fn text(schema: &Value) -> Result<Self, &'static str> {
        let word = schema.get("const").and_then(Value::as_str);
        let words = schema.get("enum").and_then(Value::as_array);
        let words = words.into_iter().flatten().filter_map(Value::as_str);
        let words: Vec<String> = words.chain(word).map(str::to_owned).collect();
        // the model reads them
        let plain = |word: &String| word.len() <= 64 && !word.chars().any(is_unseen);
        if words.len() > WORDS || !words.iter().all(plain) {
            return Err("a choice of very many or very odd words");
        }
        Ok(Self {
            kind: "string".to_owned(),
            pattern: schema
                .get("pattern")
                .and_then(Value::as_str)
                .and_then(anchored),
            words,
            max_length: schema
                .get("maxLength")
                .and_then(Value::as_u64)
                .filter(|most| (1..=65_536).contains(most)),
            ..Self::default()
        })
    }

    /// A number or a flag.
    fn number(schema: &Value, kind: &str) -> Result<Self, &'static str> {
        if schema.get("enum").is_some() || schema.get("const").is_some() {
            return Err("a choice of what is no text");
        }
        let numeric = kind != "boolean";
        let (min, max) = if numeric {
            (
                bound(schema, kind, "minimum", "exclusiveMinimum", 1.0)?,
                bound(schema, kind, "maximum", "exclusiveMaximum", -1.0)?,
            )
        } else {
            (None, None)
        };
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            return Err("a range that is empty");
        }
        Ok(Self {
            kind: kind.to_owned(),
            min,
            max,
            ..Self::default()
        })
    }
}

/// A bound that belongs to the range. 3.0 has a flag that takes it out, 3.1 a second bound.
fn bound(
    schema: &Value,
    kind: &str,
    name: &str,
    exclusive: &str,
    step: f64,
) -> Result<Option<f64>, &'static str> {
    let figure = |name: &str| schema.get(name).and_then(Value::as_f64);
    let (plain, other) = (figure(name), figure(exclusive));
    let taken_out = schema.get(exclusive).and_then(Value::as_bool) == Some(true);
    let shut = if taken_out { plain } else { other };
    let open = if taken_out { None } else { plain };
    let shut = match shut {
        // the next whole number inside
        Some(figure) if kind == "integer" && step > 0.0 => Some(figure.floor() + step),
        Some(figure) if kind == "integer" => Some(figure.ceil() + step),
        Some(_) => return Err("a bound that is outside of its range"),
        None => None,
    };
    let open = open.map(|figure| match kind {
        "integer" if step > 0.0 => figure.ceil(),
        "integer" => figure.floor(),
        _ => figure,
    });
    let tighter = if step > 0.0 { f64::max } else { f64::min };
    let both = open.zip(shut).map(|(open, shut)| tighter(open, shut));
    Ok(both.or(open).or(shut).filter(|figure| figure.abs() < EXACT))
}

/// The one type of a schema; 3.1 may say `["string", "null"]`.
pub(super) fn kind(schema: &Value) -> Option<&str> {
    let kinds = match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        None if schema.get("properties").is_some() => vec!["object"],
        Some(_) | None => Vec::new(),
    };
    let mut kinds = kinds.into_iter().filter(|kind| *kind != "null");
    let first = kinds.next();
    let known = ["string", "integer", "number", "boolean", "array", "object"];
    first.filter(|kind| kinds.next().is_none() && known.contains(kind))
}

/// A pattern of JSON Schema, which may match anywhere, as one of the whole text.
fn anchored(pattern: &str) -> Option<String> {
    let inner = pattern.strip_prefix('^')?.strip_suffix('$')?;
    // whatever the engine here does not take, or reads in another way, is for the reviewer
    let plain = inner.bytes().all(|b| matches!(b, b' '..=b'~'))
        && !inner.ends_with('\\')
        && !inner.contains("\\p")
        && !inner.contains("(?");
    let fits = plain && inner.len() <= 256 && regex_lite::Regex::new(inner).is_ok();
    fits.then(|| inner.to_owned())
}

const ELSEWHERE: &str = "a reference that leads out of the document, or in circles";
/// 2^53: up to here JSON holds whole numbers exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Objects inside of objects, with the body itself.
const DEEPEST: usize = 4;
/// Words that a text may be one of.
const WORDS: usize = 200;
/// Places of a document that are looked at for one operation.
const LOOKS: usize = 5_000;
