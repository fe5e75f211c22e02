//! How much a worker may have under way at once, and how often it may ask.
//!
//! # Invariants
//!
//! - What stands for one request is given back when its thread is done, and not before: a resolver
//!   that hangs counts for as long as it hangs.
//! - One entry of the charter never takes all the room.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// How much at once, and how often.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Requests under way.
    pub(super) at_once: usize,
    /// Of these, for one entry of the charter.
    pub(super) of_one: usize,
    /// Requests after a rest.
    pub(super) burst: f64,
    /// Requests a second, over time.
    pub(super) per_second: f64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            at_once: 64,
            of_one: 32,
            burst: 2000.0,
            per_second: 500.0,
        }
    }
}

/// What is under way.
#[derive(Debug)]
pub(super) struct UnderWay {
    bounds: Bounds,
    all: Mutex<BTreeMap<u32, One>>,
    bucket: Mutex<(f64, Instant)>,
}

#[derive(Debug)]
struct One {
    entry: (u8, u16),
    given_up: Arc<AtomicBool>,
}

/// Leave for one request. Ends with it.
#[derive(Debug)]
pub(super) struct Leave {
    of: Arc<UnderWay>,
    id: u32,
    /// Whether nobody waits for it any more.
    pub(super) given_up: Arc<AtomicBool>,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NoLeave {
    /// For now.
    Full,
    /// A request of this id is under way: no worker of ours asks so.
    Twice,
}

impl UnderWay {
    pub(super) fn new(bounds: Bounds, now: Instant) -> Arc<Self> {
        Arc::new(Self {
            bounds,
            all: Mutex::default(),
            bucket: Mutex::new((bounds.burst, now)),
        })
    }

    /// Leave for the request `id` of an entry.
    pub(super) fn begin(
        self: &Arc<Self>,
        id: u32,
        entry: (u8, u16),
        now: Instant,
    ) -> Result<Leave, NoLeave> {
        let mut all = self.lock();
        if all.contains_key(&id) {
            return Err(NoLeave::Twice);
        }
        let same = all.values().filter(|one| one.entry == entry).count();
        if all.len() >= self.bounds.at_once || same >= self.bounds.of_one || !self.in_time(now) {
            return Err(NoLeave::Full);
        }
        let given_up = Arc::new(AtomicBool::new(false));
        let one = One {
            entry,
            given_up: Arc::clone(&given_up),
        };
        all.insert(id, one);
        drop(all);
        Ok(Leave {
            of: Arc::clone(self),
            id,
            given_up,
        })
    }

    /// Nobody waits for the request `id` any more. It may be over already.
    pub(super) fn give_up(&self, id: u32) {
        if let Some(one) = self.lock().get(&id) {
            one.given_up.store(true, Ordering::Release);
        }
    }

    fn in_time(&self, now: Instant) -> bool {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, since) = *bucket;
        let more = now.saturating_duration_since(since).as_secs_f64() * self.bounds.per_second;
        let left = (left + more).min(self.bounds.burst);
        let enough = left >= 1.0;
        *bucket = (if enough { left - 1.0 } else { left }, now);
        enough
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, One>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.of.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_entry_leaves_room_for_others_and_what_ended_makes_room() {
        let now = Instant::now();
        let bounds = Bounds {
            at_once: 3,
            of_one: 2,
            ..Bounds::default()
        };
        let all = UnderWay::new(bounds, now);
        let first = all.begin(1, (1, 0), now).unwrap();
        let _second = all.begin(2, (1, 0), now).unwrap();
        assert_eq!(all.begin(3, (1, 0), now).unwrap_err(), NoLeave::Full);
        let _other = all.begin(3, (1, 1), now).unwrap();
        assert_eq!(all.begin(4, (1, 2), now).unwrap_err(), NoLeave::Full);
        assert_eq!(all.begin(2, (1, 2), now).unwrap_err(), NoLeave::Twice);
        all.give_up(1);
        assert!(first.given_up.load(Ordering::Acquire));
        drop(first);
        all.begin(4, (1, 0), now).unwrap();
    }

    #[test]
    fn who_asks_too_often_waits() {
        let now = Instant::now();
        let bounds = Bounds {
            burst: 2.0,
            per_second: 1.0,
            ..Bounds::default()
        };
        let all = UnderWay::new(bounds, now);
        let asked = |seconds| {
            let now = now + Duration::from_secs(seconds);
            all.begin(1, (1, 0), now).is_ok()
        };
        assert!(asked(0) && asked(0) && !asked(0));
        assert!(asked(1) && !asked(1));
        assert!(asked(100) && asked(100) && !asked(100));
    }
}
