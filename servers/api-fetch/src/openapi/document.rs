//! From the bytes of a document to its tree, within limits: JSON, and YAML with the feature `yaml`.
//!
//! # Invariants
//!
//! - What nests too deep or weighs too much is refused before a tree is made of it.
//! - A key that stands twice is refused: two readers may take two of its values.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde::de::Deserializer;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::Map;
use serde_json::Value;

use super::Trouble;
use crate::select::measure;

/// The tree of `text`, if that is an OpenAPI document of a version that is known here.
pub(super) fn read(text: &[u8]) -> Result<Value, Trouble> {
    if text.len() > LARGEST {
        return Err(Trouble::Large);
    }
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    let document = match first {
        Some(b'{' | b'[') => json(text)?,
        Some(_) | None => yaml(text)?,
    };
    let version = document.get("openapi").and_then(Value::as_str);
    let known = version.is_some_and(|v| v.starts_with("3.0.") || v.starts_with("3.1."));
    known.then_some(document).ok_or(Trouble::Version)
}

fn json(text: &[u8]) -> Result<Value, Trouble> {
    let measure = measure(text);
    if measure.depth > DEEPEST {
        return Err(Trouble::Deep);
    }
    if measure.weight > HEAVIEST {
        return Err(Trouble::Large);
    }
    let once: Once = serde_json::from_slice(text).map_err(|error| {
        if error.is_data() {
            Trouble::Twice
        } else {
            Trouble::NotJson
        }
    })?;
    Ok(once.0)
}

#[cfg(feature = "yaml")]
fn yaml(text: &[u8]) -> Result<Value, Trouble> {
    super::yaml::read(text)
}

#[cfg(not(feature = "yaml"))]
const fn yaml(_: &[u8]) -> Result<Value, Trouble> {
    Err(Trouble::NoYaml)
}

/// JSON in which no object has a key twice.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Tree.deserialize(from).map(Self)
    }
}

#[derive(Clone, Copy)]
struct Tree;

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = from.next_element_seed(self)? {
            all.push(one);
        }
        Ok(all.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = from.next_key::<String>()? {
            let value = from.next_value_seed(self)?;
            if all.insert(key, value).is_some() {
                return Err(Error::custom("a key stands twice"));
            }
        }
        Ok(all.into())
    }
}

/// Bytes of a document: more than the largest public ones.
pub const LARGEST: usize = 32 << 20;
/// Levels that a document may nest: the parser of JSON itself takes 128.
pub(super) const DEEPEST: usize = 100;
/// Bytes that a tree may take, roughly.
const HEAVIEST: usize = 512 << 20;
