//! Turns the values of a row into JSON.
//!
//! | type                              | becomes                                               |
//! |-----------------------------------|-------------------------------------------------------|
//! | `bool`                            | `true`, `false`                                       |
//! | `int2`, `int4`, `oid`             | a number                                              |
//! | `int8`, `numeric`                 | a number up to 2^53 without a fraction, else its text |
//! | `float4`, `float8`                | a number, or the texts `NaN`, `Infinity`, `-Infinity` |
//! | `date`, `time`, `timestamp`, `timestamptz` | ISO 8601 in UTC, as [`super::time`] writes it |
//! | `uuid`                            | its text                                              |
//! | all else, arrays and JSON too     | the text that the server writes, cut where too long   |
//!
//! # Invariants
//!
//! - No number loses a digit by becoming JSON.
//! - Bytes that are not of the announced form are a fault, never a panic.

use std::error::Error;

use serde_json::Number;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use tokio_postgres::types::Type;

use super::time;

/// How the values of one column come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Uuid,
    Date,
    Time,
    Timestamp,
    Timestamptz,
    /// As text, a number where it is exact.
    Numeric,
    /// As text.
    Text,
}

/// What the values of a row come to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Bytes of values.
    pub(super) bytes: u64,
    /// Values that were cut.
    pub(super) cut: u64,
}

impl Form {
    pub(super) fn of(kind: &Type) -> Self {
        match *kind {
            Type::BOOL => Self::Bool,
            Type::INT2 => Self::Int2,
            Type::INT4 => Self::Int4,
            Type::INT8 => Self::Int8,
            Type::OID => Self::Oid,
            Type::FLOAT4 => Self::Float4,
            Type::FLOAT8 => Self::Float8,
            Type::UUID => Self::Uuid,
            Type::DATE => Self::Date,
            Type::TIME => Self::Time,
            Type::TIMESTAMP => Self::Timestamp,
            Type::TIMESTAMPTZ => Self::Timestamptz,
            Type::NUMERIC => Self::Numeric,
            _ => Self::Text,
        }
    }

    /// Whether the server is asked for a text, cut where it is too long.
    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Numeric)
    }

    fn value(self, raw: &[u8], cell: u64, tally: &mut Tally) -> Option<Value> {
        Some(match self {
            Self::Bool => Value::Bool(*raw.first()? != 0),
            Self::Int2 => Value::from(i16::from_be_bytes(raw.try_into().ok()?)),
            Self::Int4 => Value::from(i32::from_be_bytes(raw.try_into().ok()?)),
            Self::Int8 => integer(i64::from_be_bytes(raw.try_into().ok()?)),
            Self::Oid => Value::from(u32::from_be_bytes(raw.try_into().ok()?)),
            Self::Float4 => float4(f32::from_be_bytes(raw.try_into().ok()?)),
            Self::Float8 => float(f64::from_be_bytes(raw.try_into().ok()?)),
            Self::Uuid => Value::String(uuid(raw.try_into().ok()?)),
            Self::Date => Value::String(time::date(i32::from_be_bytes(raw.try_into().ok()?))),
            Self::Time => Value::String(time::time(i64::from_be_bytes(raw.try_into().ok()?))),
            Self::Timestamp => {
                let micros = i64::from_be_bytes(raw.try_into().ok()?);
                Value::String(time::timestamp(micros, ""))
            }
            Self::Timestamptz => {
                let micros = i64::from_be_bytes(raw.try_into().ok()?);
                Value::String(time::timestamp(micros, "Z"))
            }
            Self::Numeric => numeric(std::str::from_utf8(raw).ok()?, cell, tally),
            // A database of `SQL_ASCII` holds any bytes.
            Self::Text => Value::String(text(&String::from_utf8_lossy(raw), cell, tally)),
        })
    }
}

/// The values of a row, if they have the forms that were announced. Values of more than `cell`
/// characters are cut and end in an ellipsis.
pub(super) fn row(row: &Row, forms: &[Form], cell: u64, tally: &mut Tally) -> Option<Vec<Value>> {
    let mut values = Vec::with_capacity(forms.len());
    for (at, form) in forms.iter().enumerate() {
        values.push(match row.try_get::<_, Option<Raw<'_>>>(at).ok()? {
            None => {
                tally.bytes += LEAST;
                Value::Null
            }
            Some(Raw(raw)) => {
                tally.bytes += (raw.len() as u64).max(LEAST);
                form.value(raw, cell, tally)?
            }
        });
    }
    Some(values)
}

/// Bytes that each value counts at least: it takes room however short it is.
const LEAST: u64 = 8;

/// The bytes of a value, whatever its type.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The text of a value as the server sent it, for statements of our own.
pub(super) fn raw_text(row: &Row, at: usize) -> Option<&str> {
    let raw = row.try_get::<_, Option<Raw<'_>>>(at).ok()??;
    std::str::from_utf8(raw.0).ok()
}

fn text(text: &str, cell: u64, tally: &mut Tally) -> String {
    if text.len() as u64 <= cell {
        return text.to_owned();
    }
    let cell = usize::try_from(cell).unwrap_or(usize::MAX);
    match text.char_indices().nth(cell) {
        None => text.to_owned(),
        Some((end, _)) => {
            tally.cut += 1;
            let kept = text.get(..end).unwrap_or_default();
            format!("{kept}…")
        }
    }
}

fn numeric(digits: &str, cell: u64, tally: &mut Tally) -> Value {
    match digits.parse() {
        Ok(whole) => integer(whole),
        Err(_) => Value::String(text(digits, cell, tally)),
    }
}

fn integer(whole: i64) -> Value {
    if whole.unsigned_abs() <= EXACT {
        Value::from(whole)
    } else {
        Value::String(whole.to_string())
    }
}

fn float4(single: f32) -> Value {
    // By way of its shortest text: 0.1 stays 0.1.
    single.to_string().parse().map_or(Value::Null, float)
}

fn float(double: f64) -> Value {
    let spelled = if double.is_nan() {
        "NaN"
    } else if double > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    Number::from_f64(double).map_or_else(|| Value::String(spelled.to_owned()), Value::Number)
}

fn uuid(bytes: [u8; 16]) -> String {
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    let mut text = String::with_capacity(36);
    for (at, digit) in digits.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

/// Every whole number up to this one is exact in JSON as most readers take it.
const EXACT: u64 = 1 << 53;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn value(form: Form, raw: &[u8]) -> Option<Value> {
        form.value(raw, 4, &mut Tally::default())
    }

    #[test]
    fn whole_numbers_are_numbers_as_long_as_json_holds_them_exactly() {
        let int8 = |n: i64| value(Form::Int8, &n.to_be_bytes()).unwrap();
        assert_eq!(
            int8(9_007_199_254_740_992),
            json!(9_007_199_254_740_992_i64)
        );
        assert_eq!(int8(9_007_199_254_740_993), json!("9007199254740993"));
        assert_eq!(int8(i64::MIN), json!("-9223372036854775808"));
        assert_eq!(value(Form::Numeric, b"12").unwrap(), json!(12));
        assert_eq!(value(Form::Numeric, b"1.50").unwrap(), json!("1.50"));
        assert_eq!(value(Form::Numeric, b"NaN").unwrap(), json!("NaN"));
    }

    #[test]
    fn what_is_no_number_is_its_text() {
        let float8 = |n: f64| value(Form::Float8, &n.to_be_bytes()).unwrap();
        assert_eq!(float8(0.1), json!(0.1));
        assert_eq!(float8(f64::NAN), json!("NaN"));
        assert_eq!(float8(f64::NEG_INFINITY), json!("-Infinity"));
        assert_eq!(
            value(Form::Float4, &0.1f32.to_be_bytes()).unwrap(),
            json!(0.1)
        );
        assert_eq!(
            value(Form::Float4, &f32::INFINITY.to_be_bytes()).unwrap(),
            json!("Infinity")
        );
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_counted() {
        let mut tally = Tally::default();
        let cut = |text: &str, tally: &mut Tally| Form::Text.value(text.as_bytes(), 4, tally);
        assert_eq!(cut("äöüß", &mut tally), Some(json!("äöüß")));
        assert_eq!(tally.cut, 0);
        assert_eq!(cut("äöüßx", &mut tally), Some(json!("äöüß…")));
        assert_eq!(tally.cut, 1);
    }

    #[test]
    fn a_uuid_has_its_dashes() {
        let raw: Vec<u8> = (0..16).collect();
        let text = "00010203-0405-0607-0809-0a0b0c0d0e0f";
        assert_eq!(value(Form::Uuid, &raw).unwrap(), json!(text));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(raw in prop::collection::vec(any::<u8>(), 0..20)) {
            for form in [
                Form::Bool, Form::Int2, Form::Int4, Form::Int8, Form::Oid, Form::Float4,
                Form::Float8, Form::Uuid, Form::Date, Form::Time, Form::Timestamp,
                Form::Timestamptz, Form::Numeric, Form::Text,
            ] {
                drop(value(form, &raw));
            }
        }
    }
}
