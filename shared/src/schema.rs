//! What a tool takes, declared once: its JSON Schema and the check of every call come from it.
//!
//! # Invariants
//!
//! - A parameter that is not declared is refused, as is one of the wrong type, range or length.
//! - The text of a refusal is the declaration's, never the caller's.

mod kind;

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::Map;
use serde_json::Value;

use crate::error::Denial;

pub use self::kind::Form;
pub use self::kind::Kind;

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
        Denial::Malformed {
            argument: self.name,
            expected: self.kind.expected(),
        }
    }

    fn json(&self) -> Value {
        let mut schema = self.kind.json();
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
    /// Checks `given` against `parameters`. An explicit `null` counts as absent, except where
    /// [`Kind::Scalar`] makes it a value. Inside lists and rows it stays.
    ///
    /// # Errors
    ///
    /// [`Denial::Malformed`] with the first parameter that does not fit.
    pub fn check(parameters: &[Parameter], mut given: Map<String, Value>) -> Result<Self, Denial> {
        match kind::fit(parameters, &mut given) {
            Ok(()) => Ok(Self(given)),
            Err(Some(parameter)) => Err(parameter.malformed()),
            Err(None) => Err(Denial::Malformed {
                argument: "arguments",
                expected: "only names that the schema has",
            }),
        }
    }

    /// The arguments as a `T`.
    ///
    /// # Errors
    ///
    /// [`Denial::Malformed`] if `T` wants more than the declaration does.
    pub fn parse<T: DeserializeOwned>(self) -> Result<T, Denial> {
        T::deserialize(self.0).map_err(|_| MORE)
    }

    /// The same without giving them up.
    ///
    /// # Errors
    ///
    /// As [`Arguments::parse`].
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Denial> {
        T::deserialize(&self.0).map_err(|_| MORE)
    }

    /// The arguments that were given, by name.
    #[must_use]
    pub const fn given(&self) -> &Map<String, Value> {
        &self.0
    }
}

const MORE: Denial = Denial::Malformed {
    argument: "arguments",
    expected: "what the schema describes",
};

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
mod tests;
