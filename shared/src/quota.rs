//! How much a principal may use: calls, bytes and distinct resources, each in a window of time.
//!
//! # Invariants
//!
//! - What is over a quota is refused before it is given, never after.
//! - A principal that uses much never uses up another's quota.
//! - Memory is bounded by the quotas: a ledger holds no more than it allows.

use std::collections::HashMap;
use std::collections::HashSet;
use std::hash::BuildHasher;
use std::hash::RandomState;
use std::sync::Mutex;
use std::sync::PoisonError;

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;

use crate::call::Caller;
use crate::config::Bytes;
use crate::error::Denial;
use crate::principal::Principal;

/// The most that one principal may use. The defaults are wide: they stop runaway loops.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Quota {
    /// Calls a minute.
    pub calls_per_minute: u32,
    /// Bytes of answers an hour.
    pub bytes_per_hour: Bytes,
    /// Rows, files or other items an hour.
    pub rows_per_hour: u32,
    /// Different resources an hour.
    pub resources_per_hour: u32,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            calls_per_minute: 600_000,
            bytes_per_hour: Bytes(64 << 30),
            rows_per_hour: 1_000_000_000,
            resources_per_hour: 1_000_000,
        }
    }
}

impl Quota {
    /// The quota of whom no role names.
    pub const NOTHING: Self = Self {
        calls_per_minute: 0,
        bytes_per_hour: Bytes(0),
        rows_per_hour: 0,
        resources_per_hour: 0,
    };

    /// The wider of each figure, for a caller with several roles.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            calls_per_minute: self.calls_per_minute.max(other.calls_per_minute),
            bytes_per_hour: self.bytes_per_hour.max(other.bytes_per_hour),
            rows_per_hour: self.rows_per_hour.max(other.rows_per_hour),
            resources_per_hour: self.resources_per_hour.max(other.resources_per_hour),
        }
    }
}

/// What each principal has used up.
#[derive(Debug)]
pub struct Ledger {
    accounts: Mutex<HashMap<Principal, Account>>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Account {
    calls: Window,
    bytes: Window,
    rows: Window,
    resources: Window,
    seen: HashSet<u64>,
}

/// A fixed window of time and what was used in it.
#[derive(Debug, Default)]
struct Window {
    number: i64,
    used: u64,
}

impl Window {
    /// Whether a new window of `seconds` has begun; then the count starts anew. A clock that is
    /// set back begins no new one, so nobody gains by it.
    fn turn(&mut self, now: DateTime<Utc>, seconds: i64) -> bool {
        let number = now.timestamp().div_euclid(seconds);
        let turned = number > self.number;
        if turned {
            *self = Self { number, used: 0 };
        }
        turned
    }

    fn take(&mut self, amount: u64, most: u64) -> bool {
        let fits = self.used.checked_add(amount).is_some_and(|sum| sum <= most);
        if fits {
            self.used += amount;
        }
        fits
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            accounts: Mutex::default(),
            hasher: RandomState::new(),
        }
    }
}

impl Ledger {
    /// Counts one call.
    ///
    /// # Errors
    ///
    /// [`Denial::Quota`] if there were too many in this minute.
    pub fn call(&self, caller: &Caller, now: DateTime<Utc>) -> Result<(), Denial> {
        let most = u64::from(caller.quota.calls_per_minute);
        self.with(caller, |account| {
            account.calls.turn(now, MINUTE);
            account.calls.take(1, most)
        })
        .then_some(())
        .ok_or_else(|| over("calls-per-minute", now, MINUTE))
    }

    /// Counts the rows and bytes of an answer that is about to leave.
    ///
    /// # Errors
    ///
    /// [`Denial::Quota`] if there were too many in this hour; then none is counted.
    pub fn answer(
        &self,
        caller: &Caller,
        rows: u64,
        bytes: u64,
        now: DateTime<Utc>,
    ) -> Result<(), Denial> {
        let (most_rows, most_bytes) = (caller.quota.rows_per_hour, caller.quota.bytes_per_hour);
        self.with(caller, |account| {
            account.bytes.turn(now, HOUR);
            account.rows.turn(now, HOUR);
            if !account.rows.take(rows, u64::from(most_rows)) {
                return Err(over("rows-per-hour", now, HOUR));
            }
            if !account.bytes.take(bytes, most_bytes.0) {
                account.rows.used -= rows;
                return Err(over("bytes-per-hour", now, HOUR));
            }
            Ok(())
        })
    }

    /// Counts a resource, once an hour however often it is read.
    ///
    /// # Errors
    ///
    /// [`Denial::Quota`] if there were too many different ones in this hour.
    pub fn resource(&self, caller: &Caller, name: &str, now: DateTime<Utc>) -> Result<(), Denial> {
        let most = u64::from(caller.quota.resources_per_hour);
        let mark = self.hasher.hash_one(name);
        self.with(caller, |account| {
            if account.resources.turn(now, HOUR) {
                account.seen.clear();
            }
            if account.seen.contains(&mark) {
                return true;
            }
            let fits = account.resources.take(1, most);
            if fits {
                account.seen.insert(mark);
            }
            fits
        })
        .then_some(())
        .ok_or_else(|| over("resources-per-hour", now, HOUR))
    }

    /// Forgets what `principal` did, when nothing of theirs runs any more.
    pub fn forget(&self, principal: &Principal) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.remove(principal);
    }

    fn with<T>(&self, caller: &Caller, take: impl FnOnce(&mut Account) -> T) -> T {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = accounts.get_mut(&caller.principal) {
            return take(account);
        }
        take(accounts.entry(caller.principal.clone()).or_default())
    }
}

fn over(quota: &'static str, now: DateTime<Utc>, seconds: i64) -> Denial {
    let rest = seconds - now.timestamp().rem_euclid(seconds);
    Denial::Quota {
        quota,
        retry_after_s: u32::try_from(rest).unwrap_or(u32::MAX),
    }
}

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn caller(subject: &str) -> Caller {
        let quota = Quota {
            calls_per_minute: 2,
            bytes_per_hour: Bytes(100),
            rows_per_hour: 10,
            resources_per_hour: 2,
        };
        let principal = Principal::new("local", subject).unwrap();
        Caller {
            principal,
            quota,
            ..Caller::default()
        }
    }

    #[test]
    fn o6_each_quota_ends_and_begins_again_with_its_window() {
        let (ledger, ada) = (Ledger::default(), caller("ada"));
        assert!(ledger.call(&ada, at(0)).is_ok() && ledger.call(&ada, at(59)).is_ok());
        let denial = ledger.call(&ada, at(59)).unwrap_err();
        let wanted = Denial::Quota {
            quota: "calls-per-minute",
            retry_after_s: 1,
        };
        assert_eq!(denial, wanted);
        assert!(ledger.call(&ada, at(60)).is_ok());

        assert!(ledger.answer(&ada, 1, 100, at(0)).is_ok());
        assert!(ledger.answer(&ada, 0, 1, at(0)).is_err());
        assert!(ledger.answer(&ada, 10, u64::MAX, at(3600)).is_err());
        assert!(ledger.answer(&ada, 10, 100, at(3600)).is_ok());
        assert!(ledger.answer(&ada, 1, 0, at(3600)).is_err());
    }

    #[test]
    fn o6_a_resource_counts_once_and_one_principal_is_not_anothers() {
        let (ledger, ada) = (Ledger::default(), caller("ada"));
        for name in ["a", "b", "a", "b"] {
            assert!(ledger.resource(&ada, name, at(5)).is_ok());
        }
        assert!(ledger.resource(&ada, "c", at(5)).is_err());
        assert!(ledger.resource(&caller("bob"), "c", at(5)).is_ok());
        assert!(ledger.resource(&ada, "c", at(3605)).is_ok());
    }

    #[test]
    fn a_clock_that_is_set_back_gives_nothing_back() {
        let (ledger, ada) = (Ledger::default(), caller("ada"));
        assert!(ledger.answer(&ada, 0, 100, at(7200)).is_ok());
        assert!(ledger.answer(&ada, 0, 1, at(10)).is_err());
    }
}
