//! Notices many refusals within five minutes.
//!
//! # Invariants
//!
//! - A mistake in an argument, or a limit of load, is no refusal; a name that is not there counts a
//!   third, for models guess names.
//! - No more is kept than is needed to reach the threshold.

use std::collections::VecDeque;

use serde::Deserialize;
use serde::Serialize;

use super::Moment;

/// The refusals of late.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Denials {
    /// When, which record, and how much it counts.
    recent: VecDeque<(i64, u64, u32)>,
}

impl Denials {
    /// Counts a refusal that weighs `weight`; gives back the first record and how many thirds if
    /// there are `limit` or more.
    pub fn see(&mut self, moment: Moment, weight: u32, limit: u64) -> Option<(u64, u64)> {
        if weight == 0 {
            return None;
        }
        let now = moment.at.now;
        self.expire(now);
        self.recent.push_back((now, moment.seq, weight));
        let thirds: u64 = self.recent.iter().map(|(_, _, w)| u64::from(*w)).sum();
        if thirds < limit.saturating_mul(3) {
            return None;
        }
        let first = self.recent.front().map_or(moment.seq, |(_, seq, _)| *seq);
        self.recent.clear();
        Some((first, thirds))
    }

    /// How much is counted at `now`.
    #[must_use]
    pub fn heat(&self, now: i64) -> u32 {
        let recent = self.recent.iter();
        let recent = recent.filter(|(at, _, _)| now.saturating_sub(*at) < WINDOW);
        recent.map(|(_, _, weight)| *weight).sum()
    }

    fn expire(&mut self, now: i64) {
        while self
            .recent
            .front()
            .is_some_and(|(at, _, _)| now.saturating_sub(*at) >= WINDOW)
        {
            self.recent.pop_front();
        }
        // where the time went back, what is to come was now
        for (at, _, _) in &mut self.recent {
            *at = (*at).min(now);
        }
    }
}

/// How many thirds of a refusal a record counts.
#[must_use]
pub fn weight(kind: &str, outcome: &str, error: &str) -> u32 {
    if outcome != "denied" || !matches!(kind, "request" | "auth") {
        return 0;
    }
    match error {
        "malformed" | "invalid_request" | "unknown_method" | "stale_cursor" | "unsuitable"
        | "too_large" | "quota" | "busy" | "timed_out" | "cancelled" => 0,
        "not_found" | "statement" => 1,
        _ => 3,
    }
}

/// Five minutes.
const WINDOW: i64 = 300;
