//! Keeps what is known of so many names, and forgets the least of them for new ones.
//!
//! # Invariants
//!
//! - There are never more than the bound.
//! - Whoever is in the midst of something outlives whoever is not, and whoever is known for long
//!   outlives both: a flood of new names pushes out new names.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

/// What is worth keeping.
pub trait Worth {
    /// How much it is worth at `now`; the least is forgotten first.
    fn worth(&self, now: i64) -> (u32, i64);
}

/// Names and what is known of them.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Kept<V>(BTreeMap<String, V>);

impl<V> Default for Kept<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<V: Worth> Kept<V> {
    /// What is known of `name`, made by `new` if nothing is; and how many others were forgotten
    /// for it.
    pub fn entry(
        &mut self,
        name: &str,
        bound: usize,
        now: i64,
        new: impl FnOnce() -> V,
    ) -> (&mut V, usize) {
        let mut forgotten = 0;
        if self.0.len() >= bound && !self.0.contains_key(name) {
            forgotten = self.forget(bound, now);
        }
        let known = self.0.entry(name.to_owned()).or_insert_with(new);
        (known, forgotten)
    }

    /// What is known of `name`.
    #[must_use]
    pub fn known(&self, name: &str) -> Option<&V> {
        self.0.get(name)
    }

    /// Forgets `name`.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        self.0.remove(name)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&String, &mut V)> {
        self.0.iter_mut()
    }

    /// Keeps only those for which `keep` is true.
    pub fn retain(&mut self, keep: impl FnMut(&String, &mut V) -> bool) {
        self.0.retain(keep);
    }

    /// Forgets a quarter at once, so that a flood costs no search for each.
    fn forget(&mut self, bound: usize, now: i64) -> usize {
        let mut order: Vec<((u32, i64), &String)> = Vec::with_capacity(self.0.len());
        order.extend(self.0.iter().map(|(name, known)| (known.worth(now), name)));
        order.sort_unstable();
        let count = self.0.len() + 1 - bound + bound / 4;
        let names = order.into_iter().take(count);
        let names: Vec<String> = names.map(|(_, name)| name.clone()).collect();
        for name in &names {
            self.0.remove(name);
        }
        names.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Heat(u32, i64);

    impl Worth for Heat {
        fn worth(&self, _: i64) -> (u32, i64) {
            (self.0, self.1)
        }
    }

    #[test]
    fn a_flood_pushes_out_the_new_and_neither_the_busy_nor_the_old() {
        let mut kept = Kept::default();
        kept.entry("old", 100, 0, || Heat(1000, 0));
        kept.entry("busy", 100, 0, || Heat(10, 0));
        let mut forgotten = 0;
        for at in 0..100_000 {
            forgotten += kept.entry(&format!("n{at}"), 100, at, || Heat(0, at)).1;
            assert!(kept.len() <= 100);
        }
        assert!(forgotten > 99_000);
        assert!(kept.known("old").is_some() && kept.known("busy").is_some());
        assert!(kept.known("n99999").is_some());
    }
}
