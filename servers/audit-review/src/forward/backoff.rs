//! When a receiver that did not take something is asked again.
//!
//! # Invariants
//!
//! - A wait doubles up to a minute, and never is the same for two senders: half of it is chance.
//! - What the receiver asked for is waited at least, up to an hour.

use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;

/// How often it failed since it last went well.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// How often it failed.
    #[must_use]
    pub const fn failures(self) -> u32 {
        self.failures
    }

    /// For how long to wait after one more failure; `chance` is any number, `asked` what the
    /// receiver said.
    #[must_use]
    pub fn next(&mut self, chance: u16, asked: Option<Duration>) -> Duration {
        let whole = FIRST.saturating_mul(1 << self.failures.min(10)).min(MOST);
        self.failures = self.failures.saturating_add(1);
        let half = whole / 2;
        let own = half + half * u32::from(chance) / u32::from(u16::MAX);
        own.max(asked.unwrap_or_default().min(LONGEST))
    }
}

/// What a header `Retry-After` says (RFC 9110, 10.2.3): seconds, or an instant.
#[must_use]
pub fn retry_after(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(u64::from(seconds)));
    }
    let at = DateTime::parse_from_rfc2822(text).ok()?;
    let left = at.with_timezone(&Utc) - now;
    Some(left.to_std().unwrap_or_default())
}

const FIRST: Duration = Duration::from_millis(500);
const MOST: Duration = Duration::from_secs(60);
/// The longest that a receiver is believed.
const LONGEST: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_doubles_up_to_a_minute_and_half_of_it_is_chance() {
        let mut least = Backoff::default();
        let mut most = Backoff::default();
        let mut last = Duration::ZERO;
        for _ in 0..50 {
            let (low, high) = (least.next(0, None), most.next(u16::MAX, None));
            assert_eq!(low * 2, high);
            assert!(high >= last && high <= MOST);
            last = high;
        }
        assert_eq!((last, most.failures()), (MOST, 50));
    }

    #[test]
    fn what_the_receiver_asks_for_is_waited_within_reason() {
        let mut backoff = Backoff::default();
        let asked = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(backoff.next(0, asked(30)), Duration::from_secs(30));
        assert_eq!(backoff.next(0, asked(1 << 30)), LONGEST);
        let now = "2026-11-06T08:49:30Z".parse().unwrap();
        assert_eq!(retry_after("120", now), asked(120));
        assert_eq!(retry_after("Fri, 06 Nov 2026 08:49:37 GMT", now), asked(7));
        assert_eq!(retry_after("Fri, 06 Nov 2020 08:49:37 GMT", now), asked(0));
        for text in ["", "-1", "soon", "99999999999999999999"] {
            assert_eq!(retry_after(text, now), None, "{text}");
        }
    }
}
