//! What comes back, as far as a document says: the fields of a good answer, and what each holds.

use serde_json::Value;

use super::schema::Reader;
use super::schema::kind;
use crate::config::Shape;

/// The fields that a schema names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Named {
    /// As dot paths, each with what it holds; empty where the document does not say.
    pub(super) fields: Vec<(String, Shape)>,
    /// Whether there are more.
    pub(super) more: bool,
}

impl Named {
    /// The fields that `schema` names.
    pub(super) fn read<'a>(reader: &Reader<'a>, schema: &'a Value) -> Self {
        let mut named = Self::default();
        named.walk(reader, schema, String::new(), 0);
        named
    }

    fn walk<'a>(&mut self, reader: &Reader<'a>, schema: &'a Value, path: String, depth: usize) {
        if self.more {
            return;
        }
        let Some(schema) = reader.schema(schema) else {
            return;
        };
        let members = schema.get("properties").and_then(Value::as_object);
        let parts = schema.get("allOf").and_then(Value::as_array);
        if let Some(items) = schema.get("items").filter(|_| depth < DEEPEST) {
            self.walk(reader, items, format!("{path}[*]"), depth + 1);
        } else if members.is_some() || parts.is_some() {
            for part in parts.into_iter().flatten().filter(|_| depth < DEEPEST) {
                self.walk(reader, part, path.clone(), depth + 1);
            }
            for (name, member) in members.into_iter().flatten() {
                let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '@');
                if name.is_empty() || name.len() > LONGEST || !name.chars().all(plain) {
                    continue;
                }
                let dot = if path.is_empty() { "" } else { "." };
                if depth < DEEPEST {
                    self.walk(reader, member, format!("{path}{dot}{name}"), depth + 1);
                }
            }
        } else if !path.is_empty() {
            let shape = match kind(schema) {
                Some("string") => Shape::Text,
                Some("integer") => Shape::Integer,
                Some("number") => Shape::Number,
                Some("boolean") => Shape::Flag,
                Some(_) | None => Shape::Any,
            };
            self.add(path, shape);
        }
    }

    fn add(&mut self, path: String, shape: Shape) {
        let known = self.fields.iter_mut().find(|(own, _)| *own == path);
        if let Some((_, own)) = known {
            // two parts of one object say different things of it
            if *own != shape {
                *own = Shape::Any;
            }
        } else if self.fields.len() < MOST {
            self.fields.push((path, shape));
        } else {
            self.more = true;
        }
    }
}

/// Fields of one endpoint.
const MOST: usize = 100;
/// Levels of an answer.
const DEEPEST: usize = 6;
/// Bytes of one name: six of them are a path within its limit.
const LONGEST: usize = 64;
