//! Carries values across: parameters into a statement, cells out of it.
//!
//! # Invariants
//!
//! - No cell is longer than [`RowLimits::cell`] characters, but for the mark of the cut.
//! - A number is a JSON number only if JSON holds it exactly.

use guard::error::Fault;
use guard::error::fault;
use rusqlite::types::Value as Bound;
use rusqlite::types::ValueRef;
use serde_json::Number;
use serde_json::Value;

use crate::permit::RowLimits;

/// What is bound for `value`.
pub(super) fn bound(value: &Value) -> Result<Bound, Fault> {
    Ok(match value {
        Value::Null => Bound::Null,
        Value::Bool(value) => Bound::Integer(i64::from(*value)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Bound::Integer(integer),
            (None, Some(real)) => Bound::Real(real),
            (None, None) => Bound::Text(number.to_string()),
        },
        Value::String(text) => Bound::Text(text.clone()),
        // as `json_each` reads it
        Value::Array(_) => Bound::Text(value.to_string()),
        Value::Object(_) => return Err(fault("bind a value")("an object")),
    })
}

/// What SQLite calls the type of a value, where the column has none.
pub(super) fn kind(value: ValueRef<'_>) -> Option<&'static str> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(_) => Some("INTEGER"),
        ValueRef::Real(_) => Some("REAL"),
        ValueRef::Text(_) => Some("TEXT"),
        ValueRef::Blob(_) => Some("BLOB"),
    }
}

/// Takes cells, and keeps count.
#[derive(Debug)]
pub(super) struct Cells {
    most: usize,
    /// How many were cut.
    pub(super) cut: u64,
    /// How long all of them are.
    pub(super) bytes: u64,
}

impl Cells {
    pub(super) fn new(limits: &RowLimits) -> Self {
        Self {
            most: usize::try_from(limits.cell).unwrap_or(usize::MAX),
            cut: 0,
            bytes: 0,
        }
    }

    pub(super) fn take(&mut self, value: ValueRef<'_>) -> Value {
        let value = match value {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(integer) if integer.unsigned_abs() <= EXACT => integer.into(),
            ValueRef::Integer(integer) => integer.to_string().into(),
            ValueRef::Real(real) => {
                Number::from_f64(real).map_or_else(|| infinity(real), Value::Number)
            }
            ValueRef::Text(text) => self.text(text),
            ValueRef::Blob(blob) => self.blob(blob),
        };
        self.bytes += match &value {
            Value::String(text) => text.len() as u64,
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => FIXED,
        };
        value
    }

    fn text(&mut self, text: &[u8]) -> Value {
        // no more is copied than could be shown
        let head = text.get(..self.most.saturating_mul(4)).unwrap_or(text);
        let shown = String::from_utf8_lossy(head);
        let end = shown.char_indices().nth(self.most).map(|(at, _)| at);
        match end {
            None if head.len() == text.len() => Value::String(shown.into_owned()),
            end => {
                let end = end.unwrap_or(shown.len());
                self.shortened(shown.get(..end).unwrap_or_default().to_owned())
            }
        }
    }

    fn blob(&mut self, blob: &[u8]) -> Value {
        let most = self.most.saturating_sub(PREFIX.len()) / 2;
        let head = blob.get(..most).unwrap_or(blob);
        let mut text = String::with_capacity(PREFIX.len() + 2 * head.len());
        text.push_str(PREFIX);
        text.extend(head.iter().flat_map(|byte| hex(*byte)));
        if head.len() < blob.len() {
            self.shortened(text)
        } else {
            Value::String(text)
        }
    }

    fn shortened(&mut self, mut text: String) -> Value {
        self.cut += 1;
        text.push(MARK);
        Value::String(text)
    }
}

/// Two digits.
pub(super) fn hex(byte: u8) -> [char; 2] {
    [byte >> 4, byte & 15].map(|half| char::from_digit(u32::from(half), 16).unwrap_or('0'))
}

fn infinity(real: f64) -> Value {
    if real.is_nan() {
        "NaN".into()
    } else if real > 0.0 {
        "Infinity".into()
    } else {
        "-Infinity".into()
    }
}

/// The greatest integer below which every one is a JSON number everywhere: 2^53.
const EXACT: u64 = 1 << 53;
/// What a value that is not a text counts.
const FIXED: u64 = 8;
const PREFIX: &str = "\\x";
/// Stands where a value was cut.
const MARK: char = '…';

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn cells(cell: u64) -> Cells {
        Cells::new(&RowLimits {
            rows: 10,
            bytes: 1000,
            cell,
            time: Duration::from_secs(1),
            cost: None,
        })
    }

    #[test]
    fn integers_that_json_cannot_hold_are_text() {
        let mut cells = cells(10);
        assert_eq!(cells.take(ValueRef::Integer(1 << 53)), 1_i64 << 53);
        assert_eq!(
            cells.take(ValueRef::Integer(i64::MIN)),
            i64::MIN.to_string()
        );
        assert_eq!(cells.take(ValueRef::Real(f64::INFINITY)), "Infinity");
        assert_eq!(cells.take(ValueRef::Real(0.5)), 0.5);
    }

    #[test]
    fn a_text_is_cut_between_characters_and_marked() {
        let mut cells = cells(3);
        assert_eq!(cells.take(ValueRef::Text("äöü".as_bytes())), "äöü");
        assert_eq!(cells.cut, 0);
        assert_eq!(cells.take(ValueRef::Text("äöüß".as_bytes())), "äöü…");
        assert_eq!(cells.take(ValueRef::Text("😀😀😀😀".as_bytes())), "😀😀😀…");
        assert_eq!(cells.take(ValueRef::Text(b"a\xff")), "a\u{fffd}");
        assert_eq!(cells.cut, 2);
        assert_eq!(cells.bytes, 6 + 9 + 15 + 4);
    }

    #[test]
    fn a_blob_is_hex_and_cut_between_bytes() {
        let mut cells = cells(6);
        assert_eq!(cells.take(ValueRef::Blob(&[0, 255])), "\\x00ff");
        assert_eq!(cells.take(ValueRef::Blob(&[0, 255, 1])), "\\x00ff…");
        assert_eq!(cells.cut, 1);
    }

    #[test]
    fn a_list_is_bound_as_json_and_an_object_not_at_all() {
        let list = bound(&serde_json::json!(["a", "b\""])).unwrap();
        assert_eq!(list, Bound::Text("[\"a\",\"b\\\"\"]".to_owned()));
        assert!(bound(&serde_json::json!({})).is_err());
    }
}
