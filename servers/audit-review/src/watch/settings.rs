//! `[watch]`: the thresholds, each with a default that was measured.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::NaiveDate;
use serde::Deserialize;
use serde::Deserializer;

use guard::config::Bytes;
use guard::config::Limit;
use guard::config::expected;

/// `[watch]`: what counts as unusual.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// Where it is kept what was learned, relative to the configuration file. Without it, a file
    /// beside the directory of the trail.
    pub state: Option<PathBuf>,
    /// The names of the receivers that are sent each finding, beside being told.
    pub alerts: Vec<String>,
    /// How many principals are known at a time, and how many addresses.
    pub principals: Limit<65_536>,
    /// For how long a principal, and a trail, is learned before what is first seen is told.
    pub learning_days: Limit<90>,
    /// For how long the same rule stays silent about the same principal.
    pub cool_down_hours: Limit<720>,
    /// How many findings are written in an hour; what is more is counted and told as one.
    pub findings_an_hour: Limit<10_000>,
    /// `[watch.volume]`: calls, items and bytes in an hour.
    pub volume: VolumeSettings,
    /// `[watch.distinct]`: different resources.
    pub distinct: DistinctSettings,
    /// `[watch.denials]`: refusals within five minutes.
    pub denials: DenialSettings,
    /// `[watch.egress]`: reading, then sending.
    pub egress: EgressSettings,
    /// `[watch.hours]`: when somebody works.
    pub hours: HourSettings,
    /// `[watch.silence]`: who should have written.
    pub silence: SilenceSettings,
}

/// `[watch.volume]`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct VolumeSettings {
    /// The robust z at which it is told.
    pub warn: Score,
    /// The robust z at which it is told as an alert.
    pub alert: Score,
    /// Fewer calls than this in an hour are never told.
    pub floor_calls: Limit<1_000_000>,
    /// Fewer items (rows, files, matches) than this in an hour are never told.
    pub floor_items: Limit<1_000_000_000>,
    /// Fewer bytes than this in an hour are never told.
    pub floor_bytes: Bytes,
    /// Who is not learned yet is told at so many times the floor.
    pub unlearned: Limit<10_000>,
}

/// `[watch.distinct]`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct DistinctSettings {
    /// So many in ten minutes, or more where a principal is known for more.
    pub in_ten_minutes: Limit<4096>,
    /// So many in a day, or more where a principal is known for more.
    pub in_a_day: Limit<20_000>,
}

/// `[watch.denials]`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct DenialSettings {
    /// So many of one principal.
    pub of_a_principal: Limit<1000>,
    /// So many from one address.
    pub of_an_address: Limit<1000>,
}

/// `[watch.egress]`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct EgressSettings {
    /// The levels and categories that must not be followed by a request to an API.
    pub sensitive: BTreeSet<String>,
    /// For how long after the last of them.
    pub minutes: Limit<1440>,
}

/// `[watch.hours]`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct HourSettings {
    /// What is added to UTC for the local time.
    pub utc_offset: Offset,
    /// Days that are as a weekend is.
    pub holidays: BTreeSet<NaiveDate>,
    /// An hour is off if it was active on less than this share of like days.
    pub percent: Limit<50>,
    /// So many calls in such an hour are told.
    pub calls: Limit<10_000>,
    /// Hours of working days that are never off, as `7-20`.
    pub open: Option<Span>,
    /// Principals for whom no hour is off: those on call, and machines.
    pub always_open: BTreeSet<String>,
}

/// `[watch.silence]`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SilenceSettings {
    /// So many hours without a record of a server, in each of which it always wrote.
    pub hours: Limit<24>,
    /// So many hours after its last record a process that did not close is told.
    pub unclosed_hours: Limit<8760>,
}

/// A robust z, from 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score(pub f64);

/// An offset from UTC: `+09:00`, `-03:30`; in seconds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Offset(pub i64);

/// Hours of a day: from the first until before the second.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span(pub u8, pub u8);

impl Default for Settings {
    fn default() -> Self {
        Self {
            state: None,
            alerts: Vec::new(),
            principals: Limit::near(4096),
            learning_days: Limit::near(7),
            cool_down_hours: Limit::near(12),
            findings_an_hour: Limit::near(200),
            volume: VolumeSettings::default(),
            distinct: DistinctSettings::default(),
            denials: DenialSettings::default(),
            egress: EgressSettings::default(),
            hours: HourSettings::default(),
            silence: SilenceSettings::default(),
        }
    }
}

impl Default for VolumeSettings {
    fn default() -> Self {
        Self {
            warn: Score(3.5),
            alert: Score(5.0),
            floor_calls: Limit::near(100),
            floor_items: Limit::near(1000),
            floor_bytes: Bytes(8 << 20),
            unlearned: Limit::near(20),
        }
    }
}

impl Default for DistinctSettings {
    fn default() -> Self {
        Self {
            in_ten_minutes: Limit::near(100),
            in_a_day: Limit::near(200),
        }
    }
}

impl Default for DenialSettings {
    fn default() -> Self {
        Self {
            of_a_principal: Limit::near(5),
            of_an_address: Limit::near(20),
        }
    }
}

impl Default for EgressSettings {
    fn default() -> Self {
        let words = ["confidential", "personal"];
        Self {
            sensitive: words.into_iter().map(str::to_owned).collect(),
            minutes: Limit::near(30),
        }
    }
}

impl Default for HourSettings {
    fn default() -> Self {
        Self {
            utc_offset: Offset::default(),
            holidays: BTreeSet::new(),
            percent: Limit::near(5),
            calls: Limit::near(5),
            open: None,
            always_open: BTreeSet::new(),
        }
    }
}

impl Default for SilenceSettings {
    fn default() -> Self {
        Self {
            hours: Limit::near(2),
            unclosed_hours: Limit::near(168),
        }
    }
}

impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match f64::deserialize(from) {
            Ok(score) if (1.0..=100.0).contains(&score) => Ok(Self(score)),
            _ => Err(expected(&"a number from 1.0 to 100.0")),
        }
    }
}

impl<'de> Deserialize<'de> for Offset {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        offset(&text)
            .map(Self)
            .ok_or_else(|| expected(&"an offset from UTC such as \"+02:00\""))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        span(&text).ok_or_else(|| expected(&"hours of a day such as \"7-20\""))
    }
}

fn offset(text: &str) -> Option<i64> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let figure = |text: &str, below: i64| {
        let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let figure: i64 = text.parse().ok().filter(|_| plain)?;
        (figure < below).then_some(figure)
    };
    Some(sign * (figure(hours, 15)? * 3600 + figure(minutes, 60)? * 60))
}

fn span(text: &str) -> Option<Span> {
    let (from, until) = text.split_once('-')?;
    let span = Span(from.parse().ok()?, until.parse().ok()?);
    (span.0 < span.1 && span.1 <= 24).then_some(span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use guard::config::Source;

    fn parse(text: &str) -> Result<Settings, String> {
        let source = Source::new("watch.toml", text);
        source.parse().map_err(|error| error.to_string())
    }

    #[test]
    fn an_empty_table_is_the_defaults() {
        assert_eq!(parse("").unwrap(), Settings::default());
    }

    #[test]
    fn what_is_written_is_read() {
        let settings = parse(
            "principals = 10\n[volume]\nwarn = 4.5\nfloor-bytes = \"1 MiB\"\n[hours]\n\
             utc-offset = \"-03:30\"\nholidays = [\"2026-12-25\"]\nopen = \"7-20\"\n",
        )
        .unwrap();
        assert_eq!(settings.principals.get(), 10);
        assert_eq!(settings.volume.warn, Score(4.5));
        assert_eq!(settings.volume.floor_bytes, Bytes(1 << 20));
        assert_eq!(settings.hours.utc_offset, Offset(-12_600));
        assert_eq!(settings.hours.open, Some(Span(7, 20)));
        assert_eq!(settings.hours.holidays.len(), 1);
    }

    #[test]
    fn what_is_not_known_or_senseless_is_refused_at_its_place() {
        for (text, place) in [
            ("threshold = 1", "watch.toml:1:1"),
            ("[volume]\nwarn = 0.0", "watch.toml:2:8"),
            ("[volume]\nwarn = nan", "watch.toml:2:8"),
            ("[hours]\nutc-offset = \"2\"", "watch.toml:2:14"),
            ("[hours]\nutc-offset = \"+24:00\"", "watch.toml:2:14"),
            ("[hours]\nopen = \"20-7\"", "watch.toml:2:8"),
            ("[hours]\nholidays = [\"soon\"]", "watch.toml:2:"),
            ("principals = 0", "watch.toml:1:14"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(place), "{text}: {error}");
        }
    }
}
