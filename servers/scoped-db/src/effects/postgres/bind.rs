//! What is bound to the placeholders of a statement: texts, which the server reads as whatever
//! type it found for the place.
//!
//! # Invariants
//!
//! - A value reaches the server as a parameter or, for settings, as a literal in which every
//!   character but letters and digits is escaped. Neither can end what it stands in.

use std::error::Error;
use std::fmt;

use serde_json::Value;
use tokio_postgres::types::Format;
use tokio_postgres::types::IsNull;
use tokio_postgres::types::ToSql;
use tokio_postgres::types::Type;
use tokio_postgres::types::private::BytesMut;

use crate::grant::quoted;

/// One value in text form, or null. `Debug` does not show it: the client library would log it.
#[derive(Hash)]
pub(super) struct Bound(Option<String>);

impl Bound {
    pub(super) fn of(value: &Value) -> Self {
        Self(match value {
            Value::Null => None,
            Value::Array(items) => Some(array(items)),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Some(text(value))
            }
        })
    }

    pub(super) fn number(number: u64) -> Self {
        Self(Some(i64::try_from(number).unwrap_or(i64::MAX).to_string()))
    }
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bound")
    }
}

impl ToSql for Bound {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let Some(text) = &self.0 else {
            return Ok(IsNull::Yes);
        };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    fn to_sql_checked(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.to_sql(kind, out)
    }
}

fn text(value: &Value) -> String {
    let string = value.as_str().map(str::to_owned);
    string.unwrap_or_else(|| value.to_string())
}

/// `{"a","b"}`: each quoted, so that a comma, a brace or the word `null` in one is only text.
fn array(items: &[Value]) -> String {
    let mut literal = String::from("{");
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            literal.push(',');
        }
        if item.is_null() {
            literal.push_str("NULL");
            continue;
        }
        literal.push('"');
        for c in text(item).chars() {
            if matches!(c, '"' | '\\') {
                literal.push('\\');
            }
            literal.push(c);
        }
        literal.push('"');
    }
    literal.push('}');
    literal
}

/// A string literal for `SET LOCAL`, which takes no parameters.
pub(super) fn literal(text: &str) -> String {
    let mut literal = String::from("U&'");
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            literal.push(c);
        } else {
            literal.push_str(&format!("\\+{:06X}", u32::from(c)));
        }
    }
    literal.push('\'');
    literal
}

/// The name of a setting, part by part in quotes.
pub(super) fn setting(name: &str) -> String {
    let parts = name.split('.').map(quoted);
    parts.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_bound_as_their_text() {
        let bound = |value| Bound::of(&value).0;
        assert_eq!(bound(json!(null)), None);
        assert_eq!(bound(json!(true)).as_deref(), Some("true"));
        assert_eq!(bound(json!(-1.5)).as_deref(), Some("-1.5"));
        assert_eq!(bound(json!("a'b")).as_deref(), Some("a'b"));
        assert_eq!(
            bound(json!(["a,b", "NULL", "\"\\{}", null])).as_deref(),
            Some(r#"{"a,b","NULL","\"\\{}",NULL}"#)
        );
        assert_eq!(bound(json!([])).as_deref(), Some("{}"));
    }

    proptest! {
        #[test]
        fn a_literal_has_no_character_that_could_end_it(text in ".*") {
            let literal = literal(&text);
            let inner = literal.strip_prefix("U&'").unwrap().strip_suffix('\'').unwrap();
            prop_assert!(inner.chars().all(|c| c.is_ascii_alphanumeric() || "\\+".contains(c)));
        }
    }
}
