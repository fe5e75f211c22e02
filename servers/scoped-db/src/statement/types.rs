//! The types that a value may be cast to. A type that is not here does not exist: a cast to
//! another can run code, look names up, or tell whether a table is there.

use sqlparser::ast::ArrayElemTypeDef;
use sqlparser::ast::CharacterLength;
use sqlparser::ast::DataType;
use sqlparser::ast::ExactNumberInfo;
use sqlparser::ast::IntervalFields;
use sqlparser::ast::TimezoneInfo;

use crate::statement::Dialect;
use crate::statement::name;

/// What PostgreSQL's own types are called in `pg_type`, without `pg_catalog`.
pub(super) const TYPES: &[&str] = &[
    "bool",
    "bpchar",
    "bytea",
    "cidr",
    "date",
    "daterange",
    "float4",
    "float8",
    "inet",
    "int2",
    "int4",
    "int4range",
    "int8",
    "int8range",
    "interval",
    "json",
    "jsonb",
    "jsonpath",
    "macaddr",
    "numeric",
    "numrange",
    "text",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "tsrange",
    "tstzrange",
    "uuid",
    "varchar",
];

/// The type as it is printed, or none if it is not available.
pub(super) fn printed(kind: &DataType, dialect: Dialect) -> Option<String> {
    match dialect {
        Dialect::Postgres => postgres(kind),
        Dialect::Sqlite => sqlite(kind).map(str::to_owned),
    }
}

/// The type of a column, by its name in `pg_type`, as it is printed in a cast.
pub(super) fn of_column(kind: &str) -> Option<String> {
    if let Some(element) = kind.strip_prefix('_') {
        return known(element).map(|element| format!("pg_catalog.{element}[]"));
    }
    known(kind).map(|kind| format!("pg_catalog.{kind}"))
}

/// Whether comparing values of a column of this type with any others cannot fail.
///
/// A type that is not the database's own may be cast by code of somebody's. To compare a `numeric`
/// with a float makes a float of it, which fails for a large one.
pub(super) fn compares(kind: &str) -> bool {
    let element = kind.strip_prefix('_').unwrap_or(kind);
    known(element).is_some() && !element.starts_with("float")
}

fn known(name: &str) -> Option<&'static str> {
    TYPES.iter().find(|known| **known == name).copied()
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the list is of what is let through"
)]
fn postgres(kind: &DataType) -> Option<String> {
    let (name, modifiers) = match kind {
        DataType::SmallInt(None) | DataType::Int2(None) => ("int2", None),
        DataType::Int(None) | DataType::Integer(None) | DataType::Int4(None) => ("int4", None),
        DataType::BigInt(None) | DataType::Int8(None) => ("int8", None),
        DataType::Real | DataType::Float4 => ("float4", None),
        DataType::Float(ExactNumberInfo::None)
        | DataType::Double(ExactNumberInfo::None)
        | DataType::DoublePrecision
        | DataType::Float8 => ("float8", None),
        DataType::Numeric(info) | DataType::Decimal(info) | DataType::Dec(info) => {
            ("numeric", digits(*info))
        }
        DataType::Text => ("text", None),
        DataType::Varchar(length)
        | DataType::CharacterVarying(length)
        | DataType::CharVarying(length) => ("varchar", characters(*length)?),
        // SQL: one character where no length is given
        DataType::Char(None) | DataType::Character(None) => ("bpchar", Some("(1)".to_owned())),
        DataType::Char(length) | DataType::Character(length) => ("bpchar", characters(*length)?),
        DataType::Bool | DataType::Boolean => ("bool", None),
        DataType::Date => ("date", None),
        DataType::Time(precision, zone) => {
            let name = if zoned(*zone) { "timetz" } else { "time" };
            (name, fraction(*precision)?)
        }
        DataType::Timestamp(precision, zone) => {
            let name = if zoned(*zone) {
                "timestamptz"
            } else {
                "timestamp"
            };
            (name, fraction(*precision)?)
        }
        DataType::Interval {
            fields: None,
            precision,
        } => ("interval", fraction(*precision)?),
        DataType::Interval {
            fields: Some(fields),
            precision: None,
        } => return Some(format!("interval {}", interval_fields(fields))),
        DataType::Uuid => ("uuid", None),
        DataType::JSON => ("json", None),
        DataType::JSONB => ("jsonb", None),
        DataType::Bytea => ("bytea", None),
        DataType::Array(ArrayElemTypeDef::SquareBracket(element, None)) => {
            let element = postgres(element)?;
            let flat = !element.ends_with(']') && !element.starts_with("interval ");
            return flat.then(|| format!("{element}[]"));
        }
        DataType::Custom(name, modifiers) if modifiers.is_empty() => {
            let parts = name::parts(name).ok()?;
            let name = match parts.as_slice() {
                [one] => one,
                [schema, one] if name::folded(schema, Dialect::Postgres).ok()? == "pg_catalog" => {
                    one
                }
                _ => return None,
            };
            (known(&name::folded(name, Dialect::Postgres).ok()?)?, None)
        }
        _ => return None,
    };
    let modifiers = modifiers.unwrap_or_default();
    Some(format!("pg_catalog.{}{modifiers}", known(name)?))
}

fn digits(info: ExactNumberInfo) -> Option<String> {
    match info {
        ExactNumberInfo::None => None,
        ExactNumberInfo::Precision(all) => Some(format!("({all})")),
        ExactNumberInfo::PrecisionAndScale(all, scale) => Some(format!("({all}, {scale})")),
    }
}

#[expect(
    clippy::option_option,
    reason = "none: not available; some none: without a length"
)]
fn characters(length: Option<CharacterLength>) -> Option<Option<String>> {
    match length {
        None => Some(None),
        Some(CharacterLength::IntegerLength { length, unit: None }) => {
            Some(Some(format!("({length})")))
        }
        Some(CharacterLength::IntegerLength { .. } | CharacterLength::Max) => None,
    }
}

#[expect(
    clippy::option_option,
    reason = "none: not available; some none: without a precision"
)]
fn fraction(precision: Option<u64>) -> Option<Option<String>> {
    match precision {
        None => Some(None),
        Some(digits) if digits <= 6 => Some(Some(format!("({digits})"))),
        Some(_) => None,
    }
}

fn zoned(zone: TimezoneInfo) -> bool {
    match zone {
        TimezoneInfo::WithTimeZone | TimezoneInfo::Tz => true,
        TimezoneInfo::None | TimezoneInfo::WithoutTimeZone => false,
    }
}

/// As the grammar has it: `interval` with fields is a keyword, and always the database's own type.
pub(super) fn interval_fields(fields: &IntervalFields) -> &'static str {
    match fields {
        IntervalFields::Year => "year",
        IntervalFields::Month => "month",
        IntervalFields::Day => "day",
        IntervalFields::Hour => "hour",
        IntervalFields::Minute => "minute",
        IntervalFields::Second => "second",
        IntervalFields::YearToMonth => "year to month",
        IntervalFields::DayToHour => "day to hour",
        IntervalFields::DayToMinute => "day to minute",
        IntervalFields::DayToSecond => "day to second",
        IntervalFields::HourToMinute => "hour to minute",
        IntervalFields::HourToSecond => "hour to second",
        IntervalFields::MinuteToSecond => "minute to second",
    }
}

/// SQLite knows four; the names of others are read for what they say.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the list is of what is let through"
)]
fn sqlite(kind: &DataType) -> Option<&'static str> {
    Some(match kind {
        DataType::SmallInt(None)
        | DataType::Int(None)
        | DataType::Integer(None)
        | DataType::BigInt(None)
        | DataType::Bool
        | DataType::Boolean => "INTEGER",
        DataType::Real
        | DataType::Float(ExactNumberInfo::None)
        | DataType::Double(ExactNumberInfo::None)
        | DataType::DoublePrecision => "REAL",
        DataType::Numeric(_) | DataType::Decimal(_) => "NUMERIC",
        DataType::Text | DataType::Varchar(_) | DataType::Char(_) | DataType::Character(_) => {
            "TEXT"
        }
        DataType::Blob(None) => "BLOB",
        DataType::Custom(name, _) => {
            let word = name::single(name).ok()?;
            match word.value.to_ascii_lowercase().as_str() {
                "int" | "integer" | "bigint" => "INTEGER",
                "real" | "double" | "float" => "REAL",
                "numeric" | "decimal" => "NUMERIC",
                "text" | "varchar" | "char" => "TEXT",
                "blob" => "BLOB",
                _ => return None,
            }
        }
        _ => return None,
    })
}
