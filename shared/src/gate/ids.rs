//! The ids of records.

use std::sync::Mutex;
use std::sync::PoisonError;

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

/// A version 7 UUID of the instant `now`.
#[must_use]
pub fn record_id(now: DateTime<Utc>) -> Uuid {
    static POOL: Mutex<Pool> = Mutex::new(Pool::EMPTY);
    let random = POOL.lock().unwrap_or_else(PoisonError::into_inner).take();
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    let Some(random) = random else {
        let nanos = now.timestamp_subsec_nanos();
        return Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos));
    };
    let millis = seconds.saturating_mul(1000) + u64::from(now.timestamp_subsec_millis());
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// Random bytes for ids, many at a time: to ask for them is a system call. An id names a record
/// and proves nothing, so that the next ones are in memory tells nobody anything.
struct Pool {
    bytes: [u8; 10 * IDS],
    left: usize,
}

impl Pool {
    const EMPTY: Self = Self {
        bytes: [0; 10 * IDS],
        left: 0,
    };

    /// Ten bytes that nobody had before; nothing if the system gives none.
    fn take(&mut self) -> Option<[u8; 10]> {
        if self.left == 0 {
            getrandom::fill(&mut self.bytes).ok()?;
            self.left = self.bytes.len();
        }
        self.left = self.left.saturating_sub(10);
        self.bytes.get(self.left..)?.first_chunk().copied()
    }
}

/// How many ids are drawn at a time.
const IDS: usize = 64;
