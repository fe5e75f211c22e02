//! The little of JSON Schema that a declaration can hold: types, bounds, patterns, names of fields.

use serde_json::Value;

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
}

/// What `value` is, with a reference within `document` followed. None for what leads outside, in
/// circles, or nowhere.
pub(super) fn resolve<'a>(document: &'a Value, mut value: &'a Value) -> Option<&'a Value> {
    for _ in 0..16 {
        let Some(reference) = value.get("$ref") else {
            return Some(value);
        };
        let pointer = reference.as_str()?.strip_prefix('#')?;
        value = document.pointer(pointer)?;
    }
    None
}

impl Simple {
    /// What `schema` allows, if a declaration can say it.
    pub(super) fn read(document: &Value, schema: &Value) -> Result<Self, &'static str> {
        let schema = resolve(document, schema).ok_or(ELSEWHERE)?;
        let kind = kind(schema).ok_or("a parameter that is neither text, number, flag nor list")?;
        if kind == "array" {
            let items = schema.get("items").ok_or("a list of anything")?;
            let one = Self::read(document, items)?;
            if one.kind.ends_with("[]") {
                return Err("a list of lists");
            }
            return Ok(Self {
                kind: format!("{}[]", one.kind),
                max_items: schema.get("maxItems").and_then(Value::as_u64),
                ..one
            });
        }
        if kind == "object" {
            return Err("a parameter that is an object");
        }
        let text = kind == "string";
        let figure = |name: &str| schema.get(name).and_then(Value::as_f64);
        let number = |name: &str| {
            let figure = figure(name).filter(|figure| figure.abs() < EXACT)?;
            let fits = kind == "number" || (kind == "integer" && figure.fract() == 0.0);
            fits.then_some(figure)
        };
        let (min, max) = (number("minimum"), number("maximum"));
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            return Err("a range that is empty");
        }
        let words = schema.get("enum").and_then(Value::as_array);
        let words = words.filter(|_| text).into_iter().flatten();
        Ok(Self {
            kind: kind.to_owned(),
            pattern: schema
                .get("pattern")
                .and_then(Value::as_str)
                .filter(|_| text)
                .and_then(anchored),
            words: words.filter_map(Value::as_str).map(str::to_owned).collect(),
            max_length: schema
                .get("maxLength")
                .and_then(Value::as_u64)
                .filter(|most| text && (1..=65_536).contains(most)),
            min,
            max,
            max_items: None,
        })
    }
}

/// The one type of a schema; 3.1 may say `["string", "null"]`.
fn kind(schema: &Value) -> Option<&str> {
    let kinds = match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
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
    let plain = !inner.ends_with('\\') && !inner.contains("\\p") && !inner.contains("(?");
    let fits = plain && inner.len() <= 256 && regex_lite::Regex::new(inner).is_ok();
    fits.then(|| inner.to_owned())
}

/// The fields that a schema names, as dot paths; empty where it does not say.
pub(super) fn fields(document: &Value, schema: &Value) -> Vec<String> {
    let mut all = Vec::new();
    walk(document, schema, String::new(), 0, &mut all);
    all.truncate(MOST);
    all
}

fn walk(document: &Value, schema: &Value, path: String, depth: usize, all: &mut Vec<String>) {
    let Some(schema) = resolve(document, schema) else {
        return;
    };
    if all.len() >= MOST {
        return;
    }
    let members = schema.get("properties").and_then(Value::as_object);
    let parts = schema.get("allOf").and_then(Value::as_array);
    if let Some(items) = schema.get("items").filter(|_| depth < DEEPEST) {
        walk(document, items, format!("{path}[*]"), depth + 1, all);
    } else if members.is_some() || parts.is_some() {
        for part in parts.into_iter().flatten().filter(|_| depth < DEEPEST) {
            walk(document, part, path.clone(), depth + 1, all);
        }
        for (name, member) in members.into_iter().flatten() {
            let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '@');
            if name.is_empty() || !name.chars().all(plain) {
                continue;
            }
            let dot = if path.is_empty() { "" } else { "." };
            let below = format!("{path}{dot}{name}");
            if depth < DEEPEST {
                walk(document, member, below, depth + 1, all);
            }
        }
    } else if !path.is_empty() {
        all.push(path);
    }
}

const ELSEWHERE: &str = "a reference that leads out of the document";
/// 2^53: up to here JSON holds whole numbers exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Fields of one endpoint.
const MOST: usize = 100;
/// Levels of an answer.
const DEEPEST: usize = 6;
