//! Takes one text out of a JSON document that may be full of secrets.
//!
//! serde hands strings with escapes over from a buffer that it frees as it is. So the document is
//! read as slices of itself, and the one text that is wanted is unescaped here.
//!
//! # Invariants
//!
//! - Nothing of a value is copied but into a [`Buffer`].

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::buffer::Buffer;

/// A JSON object whose values are slices of the document.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Object<'a> {
    #[serde(borrow)]
    members: BTreeMap<String, &'a RawValue>,
}

/// Why there is no text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NoText {
    /// The document is no JSON, or no object where one was expected.
    Malformed,
    /// No such member, or it is null.
    Absent,
    /// A number, a list, a table.
    OtherKind,
}

impl<'a> Object<'a> {
    /// The document, as an object.
    pub(super) fn parse(document: &'a [u8]) -> Result<Self, NoText> {
        // The error may repeat what it found, so it ends here.
        serde_json::from_slice(document).map_err(|_| NoText::Malformed)
    }

    /// The object that a member is.
    pub(super) fn object(&self, name: &str) -> Result<Self, NoText> {
        Self::parse(self.member(name)?.as_bytes())
    }

    /// The text that a member is, unescaped.
    pub(super) fn text(&self, name: &str) -> Result<Buffer, NoText> {
        let raw = self.member(name)?;
        let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
        unescape(inner.ok_or(NoText::OtherKind)?)
    }

    /// The whole number that a member is.
    pub(super) fn number(&self, name: &str) -> Result<u64, NoText> {
        self.member(name)?.parse().map_err(|_| NoText::OtherKind)
    }

    /// Whether a member is `true`.
    pub(super) fn is_true(&self, name: &str) -> bool {
        self.member(name) == Ok("true")
    }

    /// Whether there is a member that is not null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.member(name).is_ok()
    }

    fn member(&self, name: &str) -> Result<&'a str, NoText> {
        let found = self.members.get(name).ok_or(NoText::Absent)?;
        match found.get() {
            "null" => Err(NoText::Absent),
            raw => Ok(raw),
        }
    }
}

/// Writes a text as JSON has it, quotes and all.
pub(super) fn quote(into: &mut Buffer, text: &str) {
    into.push(b"\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                into.push(b"\\");
                into.push_char(c);
            }
            '\0'..' ' => {
                let code = u32::from(c);
                into.push(format!("\\u{code:04x}").as_bytes());
            }
            _ => into.push_char(c),
        }
    }
    into.push(b"\"");
}

/// A JSON object of texts.
pub(super) fn object(members: &[(&str, &str)]) -> Buffer {
    let mut document = Buffer::default();
    for (index, (name, text)) in members.iter().enumerate() {
        document.push(if index == 0 { b"{" } else { b"," });
        quote(&mut document, name);
        document.push(b":");
        quote(&mut document, text);
    }
    document.push(b"}");
    document
}

/// What stands between the quotes, as RFC 8259 section 7 has it.
fn unescape(raw: &str) -> Result<Buffer, NoText> {
    let mut text = Buffer::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        text.push(plain.as_bytes());
        let mut chars = escaped.chars();
        let c = match chars.next().ok_or(NoText::Malformed)? {
            c @ ('"' | '\\' | '/') => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => unicode(&mut chars)?,
            _ => return Err(NoText::Malformed),
        };
        text.push_char(c);
        rest = chars.as_str();
    }
    text.push(rest.as_bytes());
    Ok(text)
}

/// Four digits, or two times four that are one character.
fn unicode(chars: &mut std::str::Chars<'_>) -> Result<char, NoText> {
    let first = digits(chars)?;
    let code = match first {
        0xD800..0xDC00 => {
            let escape = (chars.next(), chars.next());
            let second = digits(chars)?;
            if escape != (Some('\\'), Some('u')) || !(0xDC00..0xE000).contains(&second) {
                return Err(NoText::Malformed);
            }
            0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
        }
        code => code,
    };
    char::from_u32(code).ok_or(NoText::Malformed)
}

fn digits(chars: &mut std::str::Chars<'_>) -> Result<u32, NoText> {
    let mut code = 0;
    for _ in 0..4 {
        let digit = chars.next().and_then(|c| c.to_digit(16));
        code = (code << 4) | digit.ok_or(NoText::Malformed)?;
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(document: &str, name: &str) -> Result<String, NoText> {
        let found = Object::parse(document.as_bytes())?.text(name)?;
        Ok(String::from_utf8(found.into_bytes()).unwrap())
    }

    #[test]
    fn a_text_is_found_below_objects_and_other_kinds_are_told_apart() {
        let document = br#"{"data": {"data": {"pw": "a\n\u00fc\ud83d\ude00\"", "n": 7}}, "x": null, "t": true}"#;
        let outer = Object::parse(document).unwrap();
        let inner = outer.object("data").unwrap().object("data").unwrap();
        assert_eq!(&*inner.text("pw").unwrap(), "a\nü😀\"".as_bytes());
        assert_eq!(inner.number("n"), Ok(7));
        assert_eq!(inner.text("n").unwrap_err(), NoText::OtherKind);
        assert_eq!(inner.text("absent").unwrap_err(), NoText::Absent);
        assert_eq!(outer.text("x").unwrap_err(), NoText::Absent);
        assert!(outer.is_true("t") && !outer.has("x"));
    }

    #[test]
    fn what_is_no_object_or_half_a_character_is_refused() {
        for document in ["", "[]", "\"pw\"", "{", "{\"a\": \"b\"} x", "\u{feff}{}"] {
            assert_eq!(text(document, "a"), Err(NoText::Malformed), "{document}");
        }
        for half in [
            r#"{"a": "\ud800"}"#,
            r#"{"a": "\ud800\u0041"}"#,
            r#"{"a": "\udc00"}"#,
        ] {
            assert_eq!(text(half, "a"), Err(NoText::Malformed), "{half}");
        }
    }

    proptest! {
        #[test]
        fn every_text_reads_as_serde_reads_it(value in any::<String>()) {
            let document = serde_json::json!({ "pw": value }).to_string();
            prop_assert_eq!(text(&document, "pw"), Ok(value));
        }

        #[test]
        fn what_is_written_reads_as_it_was(one in any::<String>(), other in any::<String>()) {
            let document = object(&[("a", &one), ("b", &other)]);
            let document = String::from_utf8(document.into_bytes()).unwrap();
            let serde: serde_json::Value = serde_json::from_str(&document).unwrap();
            prop_assert_eq!(&serde, &serde_json::json!({"a": one, "b": other}));
            prop_assert_eq!(text(&document, "b"), Ok(other));
        }

        #[test]
        fn what_serde_refuses_is_refused(inner in "[\\\\a-fu0-9\"n]{0,12}") {
            let document = format!("{{\"pw\":\"{inner}\"}}");
            let serde = serde_json::from_str::<serde_json::Value>(&document);
            let serde = serde.ok().and_then(|value| value["pw"].as_str().map(str::to_owned));
            prop_assert_eq!(text(&document, "pw").ok(), serde);
        }
    }
}
