//! Notices one principal at two addresses by turns: a person moves, a copied credential does not.

use std::collections::VecDeque;

use serde::Deserialize;
use serde::Serialize;

use super::Moment;

/// The addresses of a principal.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Places {
    last: Option<u64>,
    /// When the address changed, and the record of it.
    turns: VecDeque<(i64, u64)>,
    /// Addresses: on how many days, and the last of them.
    known: Vec<(u64, u32, i64)>,
}

impl Places {
    /// Notes an address; gives back the first record if there were too many turns between one
    /// that is usual and one that is not.
    pub fn see(&mut self, moment: Moment, address: u64) -> Option<u64> {
        let is_usual = self.note(address, moment.local.day);
        let before = self.last.replace(address);
        let before = before.filter(|before| *before != address)?;
        let now = moment.at.now;
        self.turns
            .retain(|(at, _)| (0..WINDOW).contains(&now.saturating_sub(*at)));
        if self.turns.len() >= TURNS {
            self.turns.pop_front();
        }
        self.turns.push_back((now, moment.seq));
        let was_usual = self
            .known
            .iter()
            .any(|(own, days, _)| *own == before && *days >= USUAL);
        let (_, first) = *self.turns.front()?;
        if self.turns.len() < TURNS || is_usual == was_usual {
            return None;
        }
        self.turns.clear();
        Some(first)
    }

    /// Notes the day; whether the address is usual.
    fn note(&mut self, address: u64, day: i64) -> bool {
        if let Some((_, days, last)) = self.known.iter_mut().find(|(own, ..)| *own == address) {
            if *last != day {
                *days = days.saturating_add(1);
                *last = day;
            }
            return *days >= USUAL;
        }
        if self.known.len() >= MOST {
            let least = self
                .known
                .iter()
                .enumerate()
                .min_by_key(|(_, own)| (own.1, own.2));
            if let Some((at, _)) = least {
                self.known.swap_remove(at);
            }
        }
        self.known.push((address, 1, day));
        false
    }
}

/// Half an hour.
const WINDOW: i64 = 1800;
/// So many changes of address.
const TURNS: usize = 4;
/// So many days make an address usual.
const USUAL: u32 = 3;
/// So many addresses are kept.
const MOST: usize = 8;
