//! What is asked for: which records of a trail. Pure.
//!
//! # Invariants
//!
//! - A question that cannot be answered is refused when it is read, not while it is answered.
//! - An empty question asks for all records.
//! - A [`Sieve`] holds back no line whose record is asked for (property test).

use chrono::DateTime;
use chrono::Utc;
use memchr::memmem::Finder;

use guard::audit::Event;

/// Which records are asked for; all conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Not before this instant.
    pub since: Option<DateTime<Utc>>,
    /// Before this instant.
    pub until: Option<DateTime<Utc>>,
    /// Each a field and what it must match.
    pub wanted: Vec<(Where, Pattern)>,
    /// Whether the intents, which announce what an outcome tells again, are asked for as well.
    pub intents: bool,
}

/// Where a record is looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Where {
    /// Who asked.
    Principal,
    /// What was asked for: a resource, a table, a request to an API.
    Resource,
    /// The tool.
    Tool,
    /// Which server.
    Server,
    /// Which session.
    Session,
    /// What kind of record it is.
    Kind,
    /// How it ended.
    Outcome,
    /// The level or one of the categories of what was accessed.
    Label,
    /// The code of a refusal or a failure.
    Error,
}

/// What of a question shows in the bytes of a line, before they are read as a record.
#[derive(Clone, Debug, Default)]
pub struct Sieve(Vec<Finder<'static>>);

/// A text with `*` for anything.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pattern(Vec<String>);

impl Query {
    /// The conditions of the places for which there is a text.
    pub(crate) fn wanted<'a>(
        asked: impl IntoIterator<Item = (Where, &'a Option<String>)>,
    ) -> Vec<(Where, Pattern)> {
        let asked = asked.into_iter();
        asked
            .filter_map(|(place, text)| Some((place, Pattern::new(text.as_deref()?))))
            .collect()
    }

    /// Whether `event` is asked for.
    #[must_use]
    pub fn matches(&self, event: &Event<'_>) -> bool {
        (self.intents || event.is_outcome())
            && self.is_in_time(event)
            && self
                .wanted
                .iter()
                .all(|(place, pattern)| place.any(event, |text| pattern.matches(text)))
    }

    /// What can be told of a line before it is read.
    #[must_use]
    pub fn sieve(&self) -> Sieve {
        let literals = self.wanted.iter().filter_map(|(_, p)| p.literal());
        Sieve(
            literals
                .map(|text| Finder::new(text).into_owned())
                .collect(),
        )
    }

    /// A record without a time is asked for only where no time is.
    fn is_in_time(&self, event: &Event<'_>) -> bool {
        if self.since.is_none() && self.until.is_none() {
            return true;
        }
        event.time().is_some_and(|time| {
            self.since.is_none_or(|since| time >= since)
                && self.until.is_none_or(|until| time < until)
        })
    }
}

impl Sieve {
    /// Lets through what may hold `text`, which is plain: printable ASCII without `"` and `\`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(vec![Finder::new(text).into_owned()])
    }

    /// Whether the record of `line` may be asked for. One with an escape in it always may: any
    /// text can be spelled with escapes.
    #[must_use]
    pub fn passes(&self, line: &[u8]) -> bool {
        let mut literals = self.0.iter();
        literals.all(|text| text.find(line).is_some()) || memchr::memchr(b'\\', line).is_some()
    }
}

impl Where {
    /// Whether one of the texts there is `wanted`.
    fn any(self, event: &Event<'_>, wanted: impl Fn(&str) -> bool) -> bool {
        let one = |key| event.text(key).is_some_and(&wanted);
        match self {
            Self::Principal => one("principal.id"),
            Self::Resource => {
                // several tables stand in one text
                let words = |key| event.text(key).unwrap_or_default().split(' ');
                RESOURCES.into_iter().any(one) || RESOURCES.into_iter().flat_map(words).any(&wanted)
            }
            Self::Tool => one("gen_ai.tool.name"),
            Self::Server => one("server.name"),
            Self::Session => one("session.id"),
            Self::Kind => one("kind"),
            Self::Outcome => one("outcome"),
            Self::Label => {
                let categories = event.texts("label.categories");
                one("label.level") || categories.iter().any(|category| wanted(category))
            }
            Self::Error => one("error.type"),
        }
    }
}

impl Pattern {
    /// Reads a pattern; `*` stands for any text, also for none.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.split('*').map(str::to_owned).collect())
    }

    /// The longest part that stands in a line as it is, unless the line has escapes.
    fn literal(&self) -> Option<&str> {
        let plain = |part: &&str| {
            let mut bytes = part.bytes();
            !part.is_empty() && bytes.all(|b| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\')
        };
        let parts = self.0.iter().map(String::as_str);
        parts.filter(plain).max_by_key(|part| part.len())
    }

    /// Whether `text` is one that it stands for. Takes no more than the product of both lengths.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let Some((first, others)) = self.0.split_first() else {
            return text.is_empty();
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        let Some((last, middle)) = others.split_last() else {
            return rest.is_empty();
        };
        for part in middle {
            let Some((_, after)) = rest.split_once(part.as_str()) else {
                return false;
            };
            rest = after;
        }
        rest.ends_with(last.as_str())
    }
}

/// The fields in which servers say what was accessed.
pub const RESOURCES: [&str; 3] = ["mcp.resource.uri", "db.tables", "api.request"];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "abc", true),
            ("a*b*c", "a.b.b.c", true),
            ("a*b", "ab", true),
            ("a*a", "a", false),
            ("*a*a*", "aa", true),
            ("*a*a*", "a", false),
            ("abc", "abcd", false),
        ] {
            assert_eq!(
                Pattern::new(pattern).matches(text),
                expected,
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn all_conditions_must_hold() {
        let line = br#"{"time":"2026-05-05T12:00:00Z","phase":"outcome","principal.id":"ada","mcp.resource.uri":"file:///docs/pay.csv","label.level":"confidential","label.categories":["personal"]}"#;
        let event = Event::parse(line).unwrap();
        let query = |wanted: &[(Where, &str)]| Query {
            wanted: wanted
                .iter()
                .map(|(place, text)| (*place, Pattern::new(text)))
                .collect(),
            ..Query::default()
        };
        assert!(Query::default().matches(&event));
        assert!(query(&[(Where::Principal, "ada"), (Where::Label, "personal")]).matches(&event));
        assert!(query(&[(Where::Resource, "*/docs/*")]).matches(&event));
        assert!(!query(&[(Where::Principal, "bob"), (Where::Label, "personal")]).matches(&event));
        assert!(
            !query(&[(Where::Tool, "*")]).matches(&event),
            "there is none"
        );
        let noon = event.time();
        let since = Query {
            since: noon,
            ..Query::default()
        };
        let until = Query {
            until: noon,
            ..Query::default()
        };
        assert!(since.matches(&event) && !until.matches(&event));
    }

    #[test]
    fn a_sieve_lets_through_what_is_spelled_with_escapes() {
        let query = Query {
            wanted: vec![(Where::Principal, Pattern::new("ad*"))],
            ..Query::default()
        };
        for (line, passes) in [
            (r#"{"principal.id":"ada"}"#, true),
            (r#"{"principal.id":"\u0061da"}"#, true),
            (r#"{"principal.id":"bob"}"#, false),
        ] {
            let event = Event::parse(line.as_bytes()).unwrap();
            assert_eq!(query.matches(&event), passes, "{line}");
            assert_eq!(query.sieve().passes(line.as_bytes()), passes, "{line}");
        }
    }

    proptest! {
        #[test]
        fn a_sieve_holds_back_nothing_that_is_asked_for(
            who in "[ab\"\\\\é ]{0,4}", tables in "[ab. ]{0,6}", level in "[ab]{0,2}",
            category in "[ab\n]{0,2}", pattern in "[ab\"\\\\é *]{0,4}", place in 0_usize..3,
            escape: bool,
        ) {
            let place = [Where::Principal, Where::Resource, Where::Label][place];
            let quoted = |text: &str| serde_json::to_string(text).unwrap();
            let mut line = format!(
                r#"{{"principal.id":{},"db.tables":{},"label.level":{},"label.categories":[{}]}}"#,
                quoted(&who), quoted(&tables), quoted(&level), quoted(&category),
            );
            if escape {
                // as nobody writes it, and as it may be read all the same
                line = line.replacen(":\"a", ":\"\\u0061", 1);
            }
            let query = Query { wanted: vec![(place, Pattern::new(&pattern))], ..Query::default() };
            let event = Event::parse(line.as_bytes()).unwrap();
            prop_assert!(!query.matches(&event) || query.sieve().passes(line.as_bytes()));
        }
    }
}
