//! Quotes names, strings and numbers: the only text of a caller that is ever passed on.
//!
//! # Invariants
//!
//! - A quoted name or string ends where this module ends it, whatever is in it.
//! - A number has digits, at most one point and one exponent, and nothing else.

use crate::statement::Dialect;

/// `name` in double quotes.
pub(crate) fn quoted(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 2);
    text.push('"');
    for letter in name.chars() {
        match letter {
            '"' => text.push_str("\"\""),
            // no database has a name with it, and it must not end one
            '\0' => text.push('\u{fffd}'),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

/// `value` as a string of `dialect`, or none if it has a NUL.
///
/// PostgreSQL reads a backslash as itself or as an escape, by a setting that the connection may
/// change; `E''` means the same under both.
pub(super) fn string(value: &str, dialect: Dialect) -> Option<String> {
    if value.contains('\0') {
        return None;
    }
    let doubled = value.replace('\'', "''");
    Some(match dialect {
        Dialect::Postgres if doubled.contains('\\') => {
            format!("E'{}'", doubled.replace('\\', "\\\\"))
        }
        Dialect::Postgres | Dialect::Sqlite => format!("'{doubled}'"),
    })
}

/// Whether `text` is a number as every SQL database writes it.
pub(super) fn is_number(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mantissa = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    let exponent = exponent.is_none_or(|part| {
        let part = part.strip_prefix(['+', '-']).unwrap_or(part);
        !part.is_empty() && digits(part)
    });
    mantissa && exponent && text.len() <= 128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_ends_where_we_end_it() {
        let string = |text| string(text, Dialect::Postgres);
        assert_eq!(string("it's").as_deref(), Some("'it''s'"));
        assert_eq!(
            string(r"\' OR 1=1 --").as_deref(),
            Some(r"E'\\'' OR 1=1 --'")
        );
        assert_eq!(string("a\0b"), None);
        assert_eq!(
            super::string(r"a\'b", Dialect::Sqlite).as_deref(),
            Some(r"'a\''b'")
        );
    }

    #[test]
    fn a_name_ends_where_we_end_it() {
        assert_eq!(quoted("a\" b"), "\"a\"\" b\"");
        assert_eq!(quoted("a\0\""), "\"a\u{fffd}\"\"\"");
    }

    #[test]
    fn a_number_is_only_a_number() {
        for good in ["1", "1.", ".5", "1.5e-7", "2E10", "007"] {
            assert!(is_number(good), "{good}");
        }
        for bad in [
            "", ".", "1e", "0x10", "1_000", "1.2.3", "e5", "1;", "-1", "1L",
        ] {
            assert!(!is_number(bad), "{bad}");
        }
    }
}
