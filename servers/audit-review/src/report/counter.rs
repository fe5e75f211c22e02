//! Counts by names, for a bounded number of them.
//!
//! # Invariants
//!
//! - A name that has a place is counted fully; for the others together it is known how much there
//!   was of them.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;

/// How much there was of something.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Amount {
    /// How often.
    pub(super) calls: u64,
    /// How many things were returned.
    pub(super) items: u64,
    /// How many bytes.
    pub(super) bytes: u64,
    /// When first.
    pub(super) first: Option<DateTime<Utc>>,
    /// When last.
    pub(super) last: Option<DateTime<Utc>>,
}

/// Counts by a name of `N` parts.
#[derive(Clone, Debug)]
pub(super) struct Counter<const N: usize> {
    counts: HashMap<String, Amount>,
    /// What had no place.
    rest: Amount,
    /// Where a name is put together.
    name: String,
}

impl<const N: usize> Default for Counter<N> {
    fn default() -> Self {
        Self {
            counts: HashMap::new(),
            rest: Amount::default(),
            name: String::new(),
        }
    }
}

impl Amount {
    pub(super) fn add(&mut self, more: Self) {
        self.calls = self.calls.saturating_add(more.calls);
        self.items = self.items.saturating_add(more.items);
        self.bytes = self.bytes.saturating_add(more.bytes);
        self.first = [self.first, more.first].into_iter().flatten().min();
        self.last = [self.last, more.last].into_iter().flatten().max();
    }
}

impl<const N: usize> Counter<N> {
    /// Adds `amount` under the name of these parts.
    pub(super) fn add(&mut self, parts: [&str; N], amount: Amount) {
        put_together(&mut self.name, parts);
        if let Some(count) = self.counts.get_mut(&self.name) {
            count.add(amount);
        } else if self.counts.len() < MOST {
            self.counts.insert(self.name.clone(), amount);
        } else {
            self.rest.add(amount);
        }
    }

    /// The parts and amounts, the largest first, and of equal ones by name.
    pub(super) fn sorted(&self) -> Vec<([&str; N], Amount)> {
        let mut all: Vec<_> = self
            .counts
            .iter()
            .map(|(name, amount)| {
                let mut parts = name.split(BETWEEN);
                (
                    std::array::from_fn(|_| parts.next().unwrap_or_default()),
                    *amount,
                )
            })
            .collect();
        all.sort_by(|(a, x), (b, y)| y.calls.cmp(&x.calls).then_with(|| a.cmp(b)));
        all
    }

    /// What had no place.
    pub(super) const fn rest(&self) -> Amount {
        self.rest
    }

    /// Whether there was anything of this name; `None` if that is not known any more.
    pub(super) fn has(&self, parts: [&str; N]) -> Option<bool> {
        let mut name = String::new();
        put_together(&mut name, parts);
        let found = self.counts.contains_key(&name);
        // what had no place may have been it
        (found || self.rest == Amount::default()).then_some(found)
    }
}

/// Writes the name of these parts.
fn put_together<const N: usize>(name: &mut String, parts: [&str; N]) {
    name.clear();
    for part in parts {
        // a part cannot hold what stands between two
        name.extend(part.chars().filter(|letter| *letter != BETWEEN));
        name.push(BETWEEN);
    }
}

/// How many names have a place.
pub(super) const MOST: usize = 20_000;
const BETWEEN: char = '\u{1f}';
