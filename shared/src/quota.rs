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
use crate::error::Denial;
use crate::principal::Principal;

/// The most that one principal may use. The defaults are wide: they stop runaway loops.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Quota {
    /// Calls a minute.
    pub calls_per_minute: u32,
    /// Bytes of answers an hour.
    pub bytes_per_hour: u64,
    /// Different resources an hour.
    pub resources_per_hour: u32,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            calls_per_minute: 600_000,
            bytes_per_hour: 64 << 30,
            resources_per_hour: 1_000_000,
        }
    }
}

impl Quota {
    /// The smaller of each figure: a limit is configurable downwards only.
    #[must_use]
    pub const fn lowered_by(self, other: Self) -> Self {
        const fn least(a: u64, b: u64) -> u64 {
            if a < b { a } else { b }
        }
        const fn least32(a: u32, b: u32) -> u32 {
            if a < b { a } else { b }
        }
        Self {
            calls_per_minute: least32(self.calls_per_minute, other.calls_per_minute),
            bytes_per_hour: least(self.bytes_per_hour, other.bytes_per_hour),
            resources_per_hour: least32(self.resources_per_hour, other.resources_per_hour),
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

    /// Counts the bytes of an answer that is about to leave.
    ///
    /// # Errors
    ///
    /// [`Denial::Quota`] if there were too many in this hour.
    pub fn bytes(&self, caller: &Caller, bytes: u64, now: DateTime<Utc>) -> Result<(), Denial> {
        let most = caller.quota.bytes_per_hour;
        self.with(caller, |account| {
            account.bytes.turn(now, HOUR);
            account.bytes.take(bytes, most)
        })
        .then_some(())
        .ok_or_else(|| over("bytes-per-hour", now, HOUR))
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
            bytes_per_hour: 100,
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

        assert!(ledger.bytes(&ada, 100, at(0)).is_ok());
        assert!(ledger.bytes(&ada, 1, at(0)).is_err());
        assert!(ledger.bytes(&ada, u64::MAX, at(3600)).is_err());
        assert!(ledger.bytes(&ada, 100, at(3600)).is_ok());
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
        assert!(ledger.bytes(&ada, 100, at(7200)).is_ok());
        assert!(ledger.bytes(&ada, 1, at(10)).is_err());
    }
}
