//! A record as it is read back: its fields, in the order in which they were written.
//!
//! # Invariants
//!
//! - Nothing is interpreted: a key that this version does not know is kept as it is.
//! - A key that stands twice, or a value of another form than a record has, is no event.

use std::borrow::Cow;
use std::fmt;

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::Visitor;

/// One record of a trail.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    fields: Vec<(Cow<'a, str>, Field<'a>)>,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Field<'a> {
    /// A text; it may hold any character.
    Text(Cow<'a, str>),
    /// A number.
    Number(u64),
    /// Yes or no.
    Flag(bool),
    /// Texts.
    Texts(Vec<Cow<'a, str>>),
}

impl<'a> Event<'a> {
    /// Reads a whole line, as it stands in a segment.
    ///
    /// # Errors
    ///
    /// If it is not a flat JSON object of the values that a record has.
    pub fn parse(line: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(line)
    }

    /// All fields, `v`, `t`, `seq`, `prev` and `hash` included.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Field<'a>)> {
        self.fields.iter().map(|(key, field)| (&**key, field))
    }

    /// The field `key`.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&Field<'a>> {
        let mut fields = self.fields.iter();
        fields.find(|(own, _)| own == key).map(|(_, field)| field)
    }

    /// The field `key`, where it is a text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.field(key)? {
            Field::Text(text) => Some(text),
            Field::Number(_) | Field::Flag(_) | Field::Texts(_) => None,
        }
    }

    /// The field `key`, where it is a number.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<u64> {
        match self.field(key)? {
            Field::Number(number) => Some(*number),
            Field::Text(_) | Field::Flag(_) | Field::Texts(_) => None,
        }
    }

    /// The field `key`, where it is a list; empty where there is none.
    #[must_use]
    pub fn texts(&self, key: &str) -> &[Cow<'a, str>] {
        match self.field(key) {
            Some(Field::Texts(texts)) => texts,
            Some(Field::Text(_) | Field::Number(_) | Field::Flag(_)) | None => &[],
        }
    }

    /// `seq`: the position of its line.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.number("seq").unwrap_or_default()
    }

    /// `time`, where it is one.
    #[must_use]
    pub fn time(&self) -> Option<DateTime<Utc>> {
        self.text("time")?.parse().ok()
    }

    /// Whether it is the outcome of a request, or of what else has only an outcome. Counting
    /// these counts each request once, and leaves out the intents.
    #[must_use]
    pub fn is_outcome(&self) -> bool {
        self.text("phase") != Some("intent")
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Event<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Event<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a record")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Event<'de>, M::Error> {
                let mut fields: Vec<(Cow<'de, str>, Field<'de>)> = Vec::with_capacity(USUAL);
                while let Some(Text(key)) = map.next_key()? {
                    if fields.iter().any(|(known, _)| *known == key) {
                        return Err(M::Error::custom("a key stands twice"));
                    }
                    fields.push((key, map.next_value()?));
                }
                Ok(Event { fields })
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Value;

        impl<'de> Visitor<'de> for Value {
            type Value = Field<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, a flag or a list of texts")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Field<'de>, E> {
                Ok(Field::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Field<'de>, E> {
                Ok(Field::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Field<'de>, E> {
                Ok(Field::Number(number))
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Field<'de>, E> {
                Ok(Field::Flag(flag))
            }

            fn visit_seq<S: serde::de::SeqAccess<'de>>(
                self,
                mut list: S,
            ) -> Result<Field<'de>, S::Error> {
                let mut texts = Vec::new();
                while let Some(Text(text)) = list.next_element()? {
                    texts.push(text);
                }
                Ok(Field::Texts(texts))
            }
        }

        deserializer.deserialize_any(Value)
    }
}

/// A text that is borrowed where it holds no escapes; `Cow` alone always copies.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Field::deserialize(deserializer)? {
            Field::Text(text) => Ok(Self(text)),
            Field::Number(_) | Field::Flag(_) | Field::Texts(_) => {
                Err(D::Error::custom("expected a text"))
            }
        }
    }
}

/// How many fields most records have.
const USUAL: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_come_back_as_they_were_written() {
        let line = br#"{"v":1,"t":"event","seq":7,"time":"2026-01-02T03:04:05.000006Z","principal.id":"a\u0022b","principal.roles":["x","y\u00e9"],"result.truncated":false,"fs.bytes":12}"#;
        let event = Event::parse(line).unwrap();
        assert_eq!(event.seq(), 7);
        assert_eq!(event.text("principal.id"), Some("a\"b"));
        assert_eq!(event.texts("principal.roles"), ["x", "y\u{e9}"]);
        assert_eq!(event.field("result.truncated"), Some(&Field::Flag(false)));
        assert_eq!(event.number("fs.bytes"), Some(12));
        assert_eq!(event.number("principal.id"), None);
        assert_eq!(event.time().unwrap().timestamp_subsec_micros(), 6);
        let keys: Vec<&str> = event.fields().map(|(key, _)| key).collect();
        assert_eq!(keys.first(), Some(&"v"));
        assert_eq!(keys.len(), 8);
    }

    #[test]
    fn what_has_a_key_twice_or_another_form_is_no_event() {
        for line in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1}}"#,
            r#"{"a":null}"#,
            r#"{"a":-1}"#,
            r#"{"a":[1]}"#,
            r#"{"a":[["x"]]}"#,
            r#"[1]"#,
            r#"{"a":1"#,
        ] {
            assert!(Event::parse(line.as_bytes()).is_err(), "{line}");
        }
    }
}
