//! For which values the planner found a statement cheap enough.
//!
//! What a statement costs depends on its values: one key is one row, another is half a table. So
//! the verdict on some values says nothing of others, and the planner is asked again for those.
//!
//! # Invariants
//!
//! - Of values only a hash is kept, under a key of this process.
//! - At most [`MOST`] verdicts are kept for a statement; only favourable ones are.

use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::hash::RandomState;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use super::bind::Bound;

/// The verdicts on one statement.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    key: RandomState,
    under: Mutex<VecDeque<u64>>,
}

impl Verdicts {
    /// Whether the planner found it under `ceiling` with these values before.
    pub(super) fn is_under(&self, ceiling: u64, values: &[Bound]) -> bool {
        let asked = self.key.hash_one((ceiling, values));
        self.under().contains(&asked)
    }

    /// Keeps that the planner found it under `ceiling` with these values.
    pub(super) fn set_under(&self, ceiling: u64, values: &[Bound]) {
        let asked = self.key.hash_one((ceiling, values));
        let mut under = self.under();
        if under.len() >= MOST {
            under.pop_front();
        }
        under.push_back(asked);
    }

    fn under(&self) -> MutexGuard<'_, VecDeque<u64>> {
        self.under.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many are kept for a statement.
const MOST: usize = 64;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_verdict_holds_for_its_values_and_its_ceiling_alone() {
        let verdicts = Verdicts::default();
        let values = |n: u64| [Bound::number(n), Bound::of(&json!("x"))];
        assert!(!verdicts.is_under(10, &values(1)));
        verdicts.set_under(10, &values(1));
        assert!(verdicts.is_under(10, &values(1)));
        assert!(!verdicts.is_under(10, &values(2)));
        assert!(!verdicts.is_under(9, &values(1)));
        assert!(!verdicts.is_under(10, &[]));
    }

    #[test]
    fn the_oldest_verdict_goes_where_there_are_too_many() {
        let verdicts = Verdicts::default();
        for n in 0..=MOST as u64 {
            verdicts.set_under(10, &[Bound::number(n)]);
        }
        assert!(!verdicts.is_under(10, &[Bound::number(0)]));
        assert!(verdicts.is_under(10, &[Bound::number(1)]));
        assert_eq!(verdicts.under().len(), MOST);
    }
}
