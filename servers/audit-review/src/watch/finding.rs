//! What was found: by which rule, about whom, and on which records it rests.
//!
//! # Invariants
//!
//! - What is shown on a terminal is one line without control, bidirectional or invisible
//!   characters (property test).

use std::fmt::Write as _;

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use guard::audit::Kind;
use guard::audit::Marking;
use guard::audit::Record;
use guard::gate::record_id;

/// A rule by which something is unusual.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// More calls in an hour than ever.
    VolumeCalls,
    /// More items in an hour than ever.
    VolumeItems,
    /// More bytes in an hour than ever.
    VolumeBytes,
    /// Many different resources in ten minutes.
    DistinctBurst,
    /// Many different resources in a day.
    DistinctDay,
    /// Work at an hour at which there was none.
    OffHours,
    /// Many refusals of one principal.
    DenialsPrincipal,
    /// Many refusals from one address.
    DenialsAddress,
    /// The first access to data of a category.
    NewCategory,
    /// A request to an API after sensitive data was read.
    ReadThenSend,
    /// One principal from two addresses by turns.
    TwoAddresses,
    /// A server that always wrote at this hour does not.
    SilentServer,
    /// A process that never closed.
    UnclosedProcess,
    /// A place at which the trail is not what was written.
    BrokenTrail,
    /// An effect of which nobody knows how it ended.
    UnknownOutcome,
    /// The trail had to be recovered, or records were lost.
    Recovered,
    /// A record that had to leave out fields.
    CutRecord,
    /// The time went back.
    ClockStep,
    /// More principals or addresses than are kept.
    Crowded,
    /// More findings than are written in an hour.
    Flood,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth a look.
    Warn,
    /// Look now.
    Alert,
}

/// One finding.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// By which rule.
    pub rule: Rule,
    /// How bad it is.
    pub level: Level,
    /// How far it is from what is usual, in percent: 100 is where it is told.
    pub score: u64,
    /// From when to when, in seconds since 1970.
    pub window: (i64, i64),
    /// The first and the last record that it rests on.
    pub records: (u64, u64),
    /// Who vouches for the principal, and who that is.
    pub who: Option<(String, String)>,
    /// The address that it came from.
    pub address: Option<String>,
    /// What was found, in words; those of clients are marked by backticks.
    pub said: String,
    /// The label of the data that it tells of.
    pub label: Option<(String, Vec<String>)>,
}

/// What tells a finding from others: the rule, whom it is about, and the last record.
pub type Key = (String, Option<String>, u64);

impl Finding {
    /// A warning with nothing but a rule, a time and a record.
    #[must_use]
    pub fn new(rule: Rule, now: i64, seq: u64, said: String) -> Self {
        Self {
            rule,
            level: Level::Warn,
            score: 100,
            window: (now, now),
            records: (seq, seq),
            who: None,
            address: None,
            said,
            label: None,
        }
    }

    /// As an alert.
    #[must_use]
    pub fn alert(mut self) -> Self {
        self.level = Level::Alert;
        self
    }

    /// `detect.window`: an interval of ISO 8601.
    #[must_use]
    pub fn window_text(&self) -> String {
        format!("{}/{}", instant(self.window.0), instant(self.window.1))
    }

    /// As a record of the trail, written at `now`.
    #[must_use]
    pub fn record(&self, now: DateTime<Utc>) -> Record<'_> {
        let mut record = Record::new(Kind::Detect, record_id(now), now);
        if let Some((issuer, who)) = &self.who {
            record.principal_iss = Some(issuer.into());
            record.principal_id = Some(who.into());
        }
        record.client_address = self.address.as_deref().map(Into::into);
        record.label = self.label.as_ref().map(|(level, categories)| Marking {
            level,
            categories: categories.iter().map(String::as_str).collect(),
        });
        record.notes = [
            ("detect.rule", self.rule.name().to_owned()),
            ("detect.level", self.level.name().to_owned()),
            ("detect.window", self.window_text()),
            ("detect.said", self.said.clone()),
        ]
        .into();
        record.figures = [
            ("detect.score", self.score),
            ("detect.first", self.records.0),
            ("detect.last", self.records.1),
        ]
        .into();
        record
    }

    /// What tells it from others.
    #[must_use]
    pub fn key(&self) -> Key {
        let who = self.who.as_ref().map(|(_, who)| who.clone());
        (self.rule.name().to_owned(), who, self.records.1)
    }

    /// As one object for machines.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut object = json!({
            "detect.rule": self.rule.name(),
            "detect.level": self.level.name(),
            "detect.score": self.score,
            "detect.window": self.window_text(),
            "detect.said": self.said,
            "detect.first": self.records.0,
            "detect.last": self.records.1,
        });
        let mut put = |key: &str, value: Value| {
            if let Some(object) = object.as_object_mut() {
                object.insert(key.to_owned(), value);
            }
        };
        if let Some((issuer, who)) = &self.who {
            put("principal.iss", json!(issuer));
            put("principal.id", json!(who));
        }
        if let Some(address) = &self.address {
            put("client.address", json!(address));
        }
        if let Some((level, categories)) = &self.label {
            put("label.level", json!(level));
            put("label.categories", json!(categories));
        }
        object
    }

    /// As one line for people.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = format!(
            "{} {:5} {}",
            instant(self.window.1),
            self.level.name(),
            self.rule.name()
        );
        if let Some((issuer, who)) = &self.who {
            // writing to a String cannot fail
            let _written = write!(line, " {}:{}", shown(issuer), shown(who));
        }
        if let Some(address) = &self.address {
            let _written = write!(line, " from {}", shown(address));
        }
        let (first, last) = self.records;
        let _written = write!(line, ": {} (", shown(&self.said));
        let _written = if first == last {
            write!(line, "record {last}")
        } else {
            write!(line, "records {first} to {last}")
        };
        let _written = write!(line, ", score {})", self.score);
        line
    }
}

impl Rule {
    /// As it stands in a record.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::VolumeCalls => "volume-calls",
            Self::VolumeItems => "volume-items",
            Self::VolumeBytes => "volume-bytes",
            Self::DistinctBurst => "distinct-burst",
            Self::DistinctDay => "distinct-day",
            Self::OffHours => "off-hours",
            Self::DenialsPrincipal => "denials-principal",
            Self::DenialsAddress => "denials-address",
            Self::NewCategory => "new-category",
            Self::ReadThenSend => "read-then-send",
            Self::TwoAddresses => "two-addresses",
            Self::SilentServer => "silent-server",
            Self::UnclosedProcess => "unclosed-process",
            Self::BrokenTrail => "broken-trail",
            Self::UnknownOutcome => "unknown-outcome",
            Self::Recovered => "recovered",
            Self::CutRecord => "cut-record",
            Self::ClockStep => "clock-step",
            Self::Crowded => "crowded",
            Self::Flood => "flood",
        }
    }
}

impl Level {
    /// As it stands in a record.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Alert => "alert",
        }
    }
}

/// `text` as it can be shown: letters of Latin and what is printable in ASCII; all else escaped.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        let is_plain = matches!(letter, ' '..='~') && letter != '\\';
        if is_plain || (letter.is_alphabetic() && ('\u{c0}'..='\u{24f}').contains(&letter)) {
            shown.push(letter);
        } else {
            shown.extend(letter.escape_unicode());
        }
    }
    shown
}

fn instant(seconds: i64) -> String {
    let time = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finding(who: &str) -> Finding {
        Finding {
            who: Some(("local".to_owned(), who.to_owned())),
            window: (1_777_982_400, 1_777_982_700),
            records: (3, 9),
            ..Finding::new(Rule::OffHours, 0, 0, format!("`{who}` was here"))
        }
    }

    #[test]
    fn a_finding_is_told_in_one_line() {
        assert_eq!(
            finding("ada").line(),
            "2026-05-05T12:05:00Z warn  off-hours local:ada: `ada` was here (records 3 to 9, score 100)"
        );
        assert_eq!(
            finding("a\u{1b}[2J\u{202e}b")
                .line()
                .matches("\\u{")
                .count(),
            4
        );
    }

    #[test]
    fn a_record_holds_all_that_the_object_does() {
        let finding = finding("ada");
        let now = DateTime::from_timestamp(1_777_982_701, 0).unwrap();
        let record = finding.record(now);
        assert_eq!(record.kind, Kind::Detect);
        assert_eq!(record.principal_id.as_deref(), Some("ada"));
        assert_eq!(record.notes["detect.rule"], "off-hours");
        assert_eq!(
            record.notes["detect.window"],
            "2026-05-05T12:00:00Z/2026-05-05T12:05:00Z"
        );
        assert_eq!(record.figures["detect.last"], 9);
        let json = finding.json();
        assert_eq!(json["detect.said"], "`ada` was here");
        assert_eq!(json["principal.id"], "ada");
    }

    proptest! {
        #[test]
        fn l5_whatever_a_client_calls_itself_a_line_stays_a_line(who in any::<String>()) {
            let line = finding(&who).line();
            prop_assert!(!line.chars().any(char::is_control));
            let hidden = ['\u{202e}', '\u{2066}', '\u{200b}', '\u{2028}', '\u{feff}'];
            prop_assert!(!line.contains(hidden));
        }
    }
}
