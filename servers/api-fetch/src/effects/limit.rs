//! How often and how many at once: the limits of one upstream.
//!
//! # Invariants
//!
//! - One principal never uses up the calls of another.
//! - Memory is bounded: who has not called for a while is forgotten, with a full bucket.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use guard::error::Denial;
use guard::principal::Principal;
use tokio::sync::Semaphore;
use tokio::sync::SemaphorePermit;
use tokio::time::Instant;
use tokio::time::timeout;

use super::upstream::Rate;

/// The limits, and what is used of them.
#[derive(Debug)]
pub(super) struct Limit {
    rate: Option<Rate>,
    buckets: Mutex<HashMap<Principal, Bucket>>,
    room: Semaphore,
}

/// Calls that may be made at once, as of an instant.
#[derive(Debug)]
struct Bucket {
    calls: f64,
    at: Instant,
}

impl Limit {
    pub(super) fn new(rate: Option<Rate>, concurrent: usize) -> Self {
        Self {
            rate,
            buckets: Mutex::default(),
            room: Semaphore::new(concurrent.clamp(1, Semaphore::MAX_PERMITS)),
        }
    }

    /// Counts a call of `who` at `now`.
    pub(super) fn count(&self, who: &Principal, now: Instant) -> Result<(), Denial> {
        let Some(rate) = self.rate else {
            return Ok(());
        };
        let (burst, a_second) = (f64::from(rate.burst), f64::from(rate.per_minute) / 60.0);
        let full = |bucket: &Bucket| bucket.calls + a_second * since(bucket.at, now) >= burst;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MANY && !buckets.contains_key(who) {
            buckets.retain(|_, bucket| !full(bucket));
            if buckets.len() >= MOST {
                return Err(Denial::Busy);
            }
        }
        let bucket = buckets.entry(who.clone()).or_insert(Bucket {
            calls: burst,
            at: now,
        });
        bucket.calls = burst.min(bucket.calls + a_second * since(bucket.at, now));
        bucket.at = now;
        if bucket.calls >= 1.0 {
            bucket.calls -= 1.0;
            return Ok(());
        }
        Err(Denial::Quota {
            quota: "calls of this upstream",
            retry_after_s: whole_seconds((1.0 - bucket.calls) / a_second),
        })
    }

    /// A place among those that call at once. Waits a little for one.
    pub(super) async fn enter(&self) -> Result<SemaphorePermit<'_>, Denial> {
        let entered = timeout(PATIENCE, self.room.acquire()).await;
        entered.map_err(|_| Denial::Busy)?.map_err(|_| Denial::Busy)
    }
}

fn since(then: Instant, now: Instant) -> f64 {
    now.saturating_duration_since(then).as_secs_f64()
}

/// Rounded up, and an hour for never.
fn whole_seconds(seconds: f64) -> u32 {
    let wait = Duration::try_from_secs_f64(seconds.ceil()).unwrap_or(NEVER);
    u32::try_from(wait.min(NEVER).as_secs()).unwrap_or(u32::MAX)
}

/// From here on full buckets are looked for and dropped.
const MANY: usize = 1024;
/// Principals that are not at rest.
const MOST: usize = 65536;
const PATIENCE: Duration = Duration::from_secs(1);
const NEVER: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    fn who(subject: &str) -> Principal {
        Principal::new("local", subject).unwrap()
    }

    fn limit(per_minute: u32, burst: u32) -> Limit {
        Limit::new(Some(Rate { per_minute, burst }), 1)
    }

    #[test]
    fn o6_a_burst_is_let_through_and_then_the_rate() {
        let (limit, start) = (limit(60, 3), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        for _ in 0..3 {
            assert!(limit.count(&who("ada"), at(0)).is_ok());
        }
        let denied = limit.count(&who("ada"), at(100)).unwrap_err();
        let Denial::Quota { retry_after_s, .. } = denied else {
            panic!("{denied:?}");
        };
        assert_eq!(retry_after_s, 1);
        assert!(limit.count(&who("ada"), at(1100)).is_ok());
        assert!(limit.count(&who("ada"), at(1200)).is_err());
    }

    #[test]
    fn o6_one_principal_does_not_use_up_anothers_calls() {
        let (limit, now) = (limit(1, 1), Instant::now());
        assert!(limit.count(&who("ada"), now).is_ok());
        assert!(limit.count(&who("ada"), now).is_err());
        assert!(limit.count(&who("bob"), now).is_ok());
    }

    #[test]
    fn principals_at_rest_are_forgotten() {
        let (limit, start) = (limit(60, 1), Instant::now());
        for number in 0..MANY {
            assert!(limit.count(&who(&number.to_string()), start).is_ok());
        }
        let later = start + Duration::from_secs(2);
        assert!(limit.count(&who("ada"), later).is_ok());
        assert_eq!(limit.buckets.lock().unwrap().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_room_hears_so_and_does_not_wait_for_long() {
        let limit = Limit::new(None, 1);
        let inside = limit.enter().await.unwrap();
        assert_eq!(limit.enter().await.unwrap_err(), Denial::Busy);
        drop(inside);
        assert!(limit.enter().await.is_ok());
    }
}
