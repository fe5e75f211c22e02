//! What a parameter may be: the check of a value, and its JSON Schema.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Parameter;
use super::json_schema;

/// What a parameter may be.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text of at most so many bytes.
    Text(usize),
    /// A whole number in a range, both ends included.
    Whole(i64, i64),
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of at most so many texts of at most so many bytes each.
    Texts(usize, usize),
    /// A scalar: `null`, `true` or `false`, a number, or text of at most so many bytes. An
    /// explicit `null` is a value like any other: it counts as given.
    Scalar(usize),
    /// A list of at most so many scalars, with text of at most so many bytes each.
    Scalars(usize, usize),
    /// An object of at most so many scalars, with text of at most so many bytes each. Its names
    /// are the caller's, of at most 128 bytes: no other kind lets names in.
    Row(usize, usize),
    /// A list of at most so many objects, each checked against these parameters like the
    /// arguments of a call.
    Items(usize, &'static [Parameter]),
    /// What only the server knows how to check.
    Form(&'static dyn Form),
}

/// A parameter's values as a server declares them: for servers whose tools the operator writes.
pub trait Form: std::fmt::Debug + Send + Sync {
    /// What a refusal says was expected: text of the declaration, never of a call.
    fn expected(&'static self) -> &'static str;

    /// Whether `value` is one of its values. It is refused or taken as it is.
    fn accepts(&self, value: &Value) -> bool;

    /// Its JSON Schema, an object.
    fn json(&self) -> Value;
}

impl Kind {
    /// What a refusal says was expected.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Text(_) => "a text within its maximal length",
            Self::Whole(..) => "a whole number within its range",
            Self::Flag => "true or false",
            Self::Choice(_) => "one of the words in the schema",
            Self::Texts(..) => "a list of texts within its maximal length",
            Self::Scalar(_) => "null, true or false, a number, or a text within its maximal length",
            Self::Scalars(..) => "a list, within its maximal length, of scalars as in the schema",
            Self::Row(..) => "an object, within its maximal size, of scalars as in the schema",
            Self::Items(..) => "a list, within its maximal length, of objects as in the schema",
            Self::Form(form) => form.expected(),
        }
    }

    /// Whether an explicit `null` is one of its values.
    pub(super) const fn takes_null(self) -> bool {
        matches!(self, Self::Scalar(_))
    }

    /// Whether `value` is one of its values. Brings the objects of [`Kind::Items`] into the form
    /// in which they are given on.
    pub(super) fn accepts(self, value: &mut Value) -> bool {
        match self {
            Self::Text(most) => is_text(value, most),
            Self::Whole(from, to) => value.as_i64().is_some_and(|n| from <= n && n <= to),
            Self::Flag => value.is_boolean(),
            Self::Choice(words) => value.as_str().is_some_and(|word| words.contains(&word)),
            Self::Texts(items, most) => {
                is_list(value, items, |value: &mut Value| is_text(value, most))
            }
            Self::Scalar(most) => is_scalar(value, most),
            Self::Scalars(items, most) => {
                is_list(value, items, |value: &mut Value| is_scalar(value, most))
            }
            Self::Row(fields, most) => value.as_object().is_some_and(|row| {
                row.len() <= fields
                    && row.keys().all(|name| name.len() <= NAME)
                    && row.values().all(|value| is_scalar(value, most))
            }),
            Self::Items(items, parameters) => is_list(value, items, |value: &mut Value| {
                let given = value.as_object_mut();
                given.is_some_and(|given| fit(parameters, given).is_ok())
            }),
            Self::Form(form) => form.accepts(value),
        }
    }

    pub(super) fn json(self) -> Value {
        match self {
            Self::Text(most) => text(&json!("string"), most),
            Self::Whole(0, i64::MAX) => json!({"type": "integer"}),
            Self::Whole(from, i64::MAX) => json!({"type": "integer", "minimum": from}),
            Self::Whole(from, to) => json!({"type": "integer", "minimum": from, "maximum": to}),
            Self::Flag => json!({"type": "boolean"}),
            Self::Choice(words) => json!({"type": "string", "enum": words}),
            Self::Texts(items, most) => list(&Self::Text(most).json(), items),
            Self::Scalar(most) => text(&json!(["null", "boolean", "number", "string"]), most),
            Self::Scalars(items, most) => list(&Self::Scalar(most).json(), items),
            Self::Row(fields, most) => json!({
                "type": "object",
                "additionalProperties": Self::Scalar(most).json(),
                "maxProperties": fields,
            }),
            Self::Items(items, parameters) => list(&json_schema(parameters).into(), items),
            Self::Form(form) => form.json(),
        }
    }
}

/// Checks `given` against `parameters`, and leaves out every `null` that is no value.
///
/// # Errors
///
/// The first parameter that does not fit; `None` if there are names that none has.
pub(super) fn fit<'a>(
    parameters: &'a [Parameter],
    given: &mut Map<String, Value>,
) -> Result<(), Option<&'a Parameter>> {
    let named = |name: &String| parameters.iter().find(|p| p.name == name);
    let is_value = |name: &String| named(name).is_some_and(|p| p.kind.takes_null());
    given.retain(|name, value| !value.is_null() || is_value(name));
    for parameter in parameters {
        let fits = match given.get_mut(parameter.name) {
            Some(value) => parameter.kind.accepts(value),
            None => !parameter.required,
        };
        if !fits {
            return Err(Some(parameter));
        }
    }
    let known = given.keys().all(|name| named(name).is_some());
    known.then_some(()).ok_or(None)
}

fn is_text(value: &Value, most: usize) -> bool {
    value.as_str().is_some_and(|text| text.len() <= most)
}

fn is_scalar(value: &Value, most: usize) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => text.len() <= most,
        Value::Array(_) | Value::Object(_) => false,
    }
}

fn is_list(value: &mut Value, most: usize, fits: impl Fn(&mut Value) -> bool) -> bool {
    let list = value.as_array_mut();
    list.is_some_and(|list| list.len() <= most && list.iter_mut().all(fits))
}

/// A bound that no honest caller meets is checked, and not paid for in every list.
fn text(of: &Value, most: usize) -> Value {
    if most < WIDE {
        json!({"type": of, "maxLength": most})
    } else {
        json!({"type": of})
    }
}

fn list(items: &Value, most: usize) -> Value {
    json!({"type": "array", "items": items, "maxItems": most})
}

/// From this length on, the bound of a text is not written into the schema.
const WIDE: usize = 4096;
/// The most bytes of a name in a [`Kind::Row`].
const NAME: usize = 128;
