//! What a tool takes, declared once: its JSON Schema and the check of every call come from it.
//!
//! # Invariants
//!
//! - A parameter that is not declared is refused, as is one of the wrong type, range or length.
//! - The text of a refusal is the declaration's, never the caller's.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::error::Denial;

/// One parameter of a tool.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name, `snake_case`.
    pub name: &'static str,
    /// What it may be.
    pub kind: Kind,
    /// What it is for, for the model; empty where the name says it.
    pub about: &'static str,
    /// Whether a call without it is refused.
    pub required: bool,
}

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
}

impl Parameter {
    /// An optional parameter.
    #[must_use]
    pub const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self {
            name,
            kind,
            about,
            required: false,
        }
    }

    /// The same, but a call without it is refused.
    #[must_use]
    pub const fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }

    fn malformed(&self) -> Denial {
        let expected = match self.kind {
            Kind::Text(_) => "a text within its maximal length",
            Kind::Whole(..) => "a whole number within its range",
            Kind::Flag => "true or false",
            Kind::Choice(_) => "one of the words in the schema",
            Kind::Texts(..) => "a list of texts within its maximal length",
        };
        Denial::Malformed {
            argument: self.name,
            expected,
        }
    }

    fn accepts(&self, value: &Value) -> bool {
        let short = |v: &Value, most: usize| v.as_str().is_some_and(|text| text.len() <= most);
        match self.kind {
            Kind::Text(most) => short(value, most),
            Kind::Whole(from, to) => value.as_i64().is_some_and(|n| from <= n && n <= to),
            Kind::Flag => value.is_boolean(),
            Kind::Choice(words) => value.as_str().is_some_and(|word| words.contains(&word)),
            Kind::Texts(items, most) => value
                .as_array()
                .is_some_and(|list| list.len() <= items && list.iter().all(|v| short(v, most))),
        }
    }

    fn json(&self) -> Value {
        let mut schema = match self.kind {
            // a bound that no honest caller meets is checked, and not paid for in every list
            Kind::Text(WIDE..) => json!({"type": "string"}),
            Kind::Text(most) => json!({"type": "string", "maxLength": most}),
            Kind::Whole(0, i64::MAX) => json!({"type": "integer"}),
            Kind::Whole(from, i64::MAX) => json!({"type": "integer", "minimum": from}),
            Kind::Whole(from, to) => json!({"type": "integer", "minimum": from, "maximum": to}),
            Kind::Flag => json!({"type": "boolean"}),
            Kind::Choice(words) => json!({"type": "string", "enum": words}),
            Kind::Texts(items, WIDE..) => {
                json!({"type": "array", "items": {"type": "string"}, "maxItems": items})
            }
            Kind::Texts(items, most) => {
                json!({"type": "array", "items": {"type": "string", "maxLength": most}, "maxItems": items})
            }
        };
        if let (Some(schema), false) = (schema.as_object_mut(), self.about.is_empty()) {
            schema.insert("description".to_owned(), self.about.into());
        }
        schema
    }
}

/// The JSON Schema (2020-12) of an object with these parameters and no others.
#[must_use]
pub fn json_schema(parameters: &[Parameter]) -> Map<String, Value> {
    let properties: Map<String, Value> = parameters
        .iter()
        .map(|p| (p.name.to_owned(), p.json()))
        .collect();
    let required: Vec<&str> = parameters
        .iter()
        .filter(|p| p.required)
        .map(|p| p.name)
        .collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    schema.insert("additionalProperties".to_owned(), false.into());
    schema
}

/// The arguments of one call, checked against the tool's declaration.
#[derive(Clone, Debug, Default)]
pub struct Arguments(Map<String, Value>);

impl Arguments {
    /// Checks `given` against `parameters`. An explicit `null` counts as absent.
    ///
    /// # Errors
    ///
    /// [`Denial::Malformed`] with the first parameter that does not fit.
    pub fn check(parameters: &[Parameter], mut given: Map<String, Value>) -> Result<Self, Denial> {
        given.retain(|_, value| !value.is_null());
        for parameter in parameters {
            match given.get(parameter.name) {
                Some(value) if !parameter.accepts(value) => return Err(parameter.malformed()),
                None if parameter.required => return Err(parameter.malformed()),
                Some(_) | None => {}
            }
        }
        let known = |name: &String| parameters.iter().any(|p| p.name == name);
        if given.keys().all(known) {
            Ok(Self(given))
        } else {
            Err(Denial::Malformed {
                argument: "arguments",
                expected: "only names that the schema has",
            })
        }
    }

    /// The arguments as a `T`.
    ///
    /// # Errors
    ///
    /// [`Denial::Malformed`] if `T` wants more than the declaration does.
    pub fn parse<T: DeserializeOwned>(self) -> Result<T, Denial> {
        T::deserialize(Value::Object(self.0)).map_err(|_| Denial::Malformed {
            argument: "arguments",
            expected: "what the schema describes",
        })
    }

    /// The arguments that were given, by name.
    #[must_use]
    pub const fn given(&self) -> &Map<String, Value> {
        &self.0
    }
}

/// Names and JSON types of `given`, for the audit: `limit:number path:string`. Names that the
/// declaration lacks are counted, not shown.
#[must_use]
pub fn shape(parameters: &[Parameter], given: &Map<String, Value>) -> String {
    let mut words: Vec<Cow<'static, str>> = Vec::new();
    for parameter in parameters {
        if let Some(value) = given.get(parameter.name) {
            words.push(format!("{}:{}", parameter.name, type_name(value)).into());
        }
    }
    let strangers = given.len().saturating_sub(words.len());
    if strangers > 0 {
        words.push(format!("+{strangers} unknown").into());
    }
    words.join(" ")
}

/// From this length on, the bound of a text is not written into the schema.
const WIDE: usize = 4096;

const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PARAMETERS: &[Parameter] = &[
        Parameter::new("path", Kind::Text(8), "where").required(),
        Parameter::new("depth", Kind::Whole(1, 8), ""),
        Parameter::new("hidden", Kind::Flag, ""),
        Parameter::new("sort", Kind::Choice(&["name", "size"]), ""),
        Parameter::new("globs", Kind::Texts(2, 4), ""),
    ];

    fn check(given: &Value) -> Result<Arguments, Denial> {
        Arguments::check(PARAMETERS, given.as_object().unwrap().clone())
    }

    #[test]
    fn o1_what_is_not_declared_or_does_not_fit_is_refused() {
        let fits =
            json!({"path": "a", "depth": 8, "hidden": true, "sort": "size", "globs": ["*.md"]});
        assert!(check(&fits).is_ok());
        assert!(check(&json!({"path": "a", "depth": null})).is_ok());
        for wrong in [
            json!({}),
            json!({"path": 1}),
            json!({"path": "123456789"}),
            json!({"path": "a", "depth": 0}),
            json!({"path": "a", "depth": 9}),
            json!({"path": "a", "depth": 1.5}),
            json!({"path": "a", "depth": "1"}),
            json!({"path": "a", "depth": 1e99}),
            json!({"path": "a", "hidden": "true"}),
            json!({"path": "a", "sort": "Name"}),
            json!({"path": "a", "globs": ["a", "b", "c"]}),
            json!({"path": "a", "globs": ["12345"]}),
            json!({"path": "a", "globs": [["a"]]}),
            json!({"path": "a", "Path": "b"}),
        ] {
            assert_eq!(check(&wrong).unwrap_err().code(), "malformed", "{wrong}");
        }
    }

    #[test]
    fn the_schema_is_closed_and_names_what_is_required() {
        let schema = json_schema(PARAMETERS);
        assert_eq!(schema["additionalProperties"], json!(false));
        assert_eq!(schema["required"], json!(["path"]));
        assert_eq!(schema["properties"]["depth"]["maximum"], json!(8));
    }

    proptest! {
        #[test]
        fn o5_neither_a_refusal_nor_a_shape_repeats_the_callers_text(name in "[a-z]{12}", value in "[A-Z]{12}") {
            let given = json!({"path": "a", &name: &value});
            let denial = check(&given).unwrap_err().to_string();
            let shape = shape(PARAMETERS, given.as_object().unwrap());
            prop_assert!(!denial.contains(&name) && !denial.contains(&value));
            prop_assert_eq!(shape, "path:string +1 unknown");
        }
    }
}
