//! The time of a trail, told from its records alone.
//!
//! # Invariants
//!
//! - No single record moves it by more than a long weekend: a clock that is wrong does not turn
//!   windows and baselines over.
//! - Whatever the times are, no record is left out: one that is not believed counts at the time
//!   that is.

use serde::Deserialize;
use serde::Serialize;

/// The time as far as it is known.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Clock {
    now: Option<i64>,
    /// A time that was not believed, and how many records in a row agreed with it.
    other: Option<(i64, u32)>,
}

/// When something happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct At {
    /// Seconds since 1970.
    pub now: i64,
    /// Whether the record's own time is this one.
    pub is_sure: bool,
    /// By how many seconds the time went back, where it did.
    pub back: Option<i64>,
}

impl Clock {
    /// The time, if a record told one.
    #[must_use]
    pub const fn now(&self) -> Option<i64> {
        self.now
    }

    /// The time after a record that says `time`.
    pub fn at(&mut self, time: Option<i64>) -> At {
        let (Some(now), Some(time)) = (self.now, time) else {
            self.now = self.now.or(time);
            return At {
                now: self.now.unwrap_or_default(),
                is_sure: time.is_some(),
                back: None,
            };
        };
        if (now - LATE..=now.saturating_add(QUIET)).contains(&time) {
            self.other = None;
            let now = now.max(time);
            self.now = Some(now);
            return At {
                now,
                is_sure: true,
                back: None,
            };
        }
        let agreed = match self.other {
            Some((other, agreed)) if other.abs_diff(time) <= LATE.unsigned_abs() => agreed + 1,
            _ => 1,
        };
        if agreed < MANY {
            self.other = Some((time, agreed));
            return At {
                now,
                is_sure: false,
                back: None,
            };
        }
        self.other = None;
        self.now = Some(time);
        At {
            now: time,
            is_sure: true,
            back: (time < now).then(|| now - time),
        }
    }
}

/// By how much records may be out of order: a request is recorded when it ends, at the time when
/// it came.
const LATE: i64 = 600;
/// For how long nobody may write without a doubt about the clock.
const QUIET: i64 = 4 * 86_400;
/// So many records in a row are believed against the time that was known.
const MANY: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_777_982_400;
    const YEAR: i64 = 366 * 86_400;

    #[test]
    fn one_wrong_time_is_counted_but_not_believed() {
        let mut clock = Clock::default();
        assert_eq!(clock.at(Some(NOON)).now, NOON);
        for wrong in [NOON + YEAR, NOON - YEAR, i64::MAX, i64::MIN, 0] {
            let at = clock.at(Some(wrong));
            assert_eq!((at.now, at.is_sure), (NOON, false), "{wrong}");
            assert_eq!(clock.at(Some(NOON + 1)).now, NOON + 1);
            clock.now = Some(NOON);
        }
        assert_eq!(clock.at(None).now, NOON);
    }

    #[test]
    fn a_weekend_without_records_is_no_wrong_time() {
        let mut clock = Clock::default();
        clock.at(Some(NOON));
        let monday = NOON + 3 * 86_400;
        assert_eq!(clock.at(Some(monday)).now, monday);
        assert_eq!(
            clock.at(Some(monday - 30)).now,
            monday,
            "a little out of order"
        );
    }

    #[test]
    fn many_records_in_a_row_are_believed_also_backwards() {
        let mut clock = Clock::default();
        clock.at(Some(NOON + 2 * 86_400));
        let ats: Vec<At> = (0..8).map(|at| clock.at(Some(NOON + at))).collect();
        assert!(ats[..7].iter().all(|at| !at.is_sure));
        assert_eq!(ats[7].back, Some(2 * 86_400 - 7));
        assert_eq!(clock.now(), Some(NOON + 7));
    }
}
