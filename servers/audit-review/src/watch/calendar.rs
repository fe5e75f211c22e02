//! Which day and hour it is where people work, and which days are alike.

use serde::Deserialize;
use serde::Serialize;

use super::settings::HourSettings;

/// A kind of day; hours are compared with those of like days.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Days {
    /// Monday to Friday.
    Work,
    /// Weekends and holidays.
    Rest,
}

/// A local time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Local {
    /// Days since 1970.
    pub day: i64,
    /// The hour of the day.
    pub hour: u8,
    /// The kind of day.
    pub days: Days,
}

impl Local {
    /// The local time at `now`, in seconds since 1970.
    #[must_use]
    pub fn at(now: i64, settings: &HourSettings) -> Self {
        let local = now.saturating_add(settings.utc_offset.0);
        let day = local.div_euclid(DAY);
        Self {
            day,
            hour: u8::try_from(local.rem_euclid(DAY) / 3600).unwrap_or_default(),
            days: Days::of(day, settings),
        }
    }

    /// Hours since 1970.
    #[must_use]
    pub fn hours(self) -> i64 {
        self.day
            .saturating_mul(24)
            .saturating_add(i64::from(self.hour))
    }

    /// The local time at the beginning of an hour since 1970.
    #[must_use]
    pub fn at_hour(hours: i64, settings: &HourSettings) -> Self {
        let day = hours.div_euclid(24);
        Self {
            day,
            hour: u8::try_from(hours.rem_euclid(24)).unwrap_or_default(),
            days: Days::of(day, settings),
        }
    }
}

impl Days {
    /// The kind of a day, which is counted from 1970, a Thursday.
    #[must_use]
    pub fn of(day: i64, settings: &HourSettings) -> Self {
        let is_weekend = (day + 3).rem_euclid(7) >= 5;
        let date = chrono::DateTime::from_timestamp(day.saturating_mul(DAY), 0);
        let is_holiday = || date.is_some_and(|at| settings.holidays.contains(&at.date_naive()));
        if is_weekend || is_holiday() {
            Self::Rest
        } else {
            Self::Work
        }
    }

    /// For arrays of both.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Work => 0,
            Self::Rest => 1,
        }
    }
}

/// The seconds of a day.
pub const DAY: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::settings::Offset;

    #[test]
    fn a_day_is_what_the_calendar_says_of_it() {
        let settings = HourSettings {
            utc_offset: Offset(9 * 3600),
            holidays: ["2026-05-05".parse().unwrap()].into(),
            ..HourSettings::default()
        };
        for (time, hour, days) in [
            ("2026-05-04T00:00:00Z", 9, Days::Work),
            ("2026-05-04T14:59:59Z", 23, Days::Work),
            ("2026-05-04T15:00:00Z", 0, Days::Rest),
            ("2026-05-08T14:59:59Z", 23, Days::Work),
            ("2026-05-08T15:00:00Z", 0, Days::Rest),
            ("2026-05-10T15:00:00Z", 0, Days::Work),
        ] {
            let at: chrono::DateTime<chrono::Utc> = time.parse().unwrap();
            let local = Local::at(at.timestamp(), &settings);
            assert_eq!((local.hour, local.days), (hour, days), "{time}");
            assert_eq!(Local::at_hour(local.hours(), &settings), local);
        }
    }
}
