//! Notices many different resources: within ten minutes, and in a day.
//!
//! # Invariants
//!
//! - What is kept is bounded by the threshold, or by 8192 bits.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use super::Moment;
use super::baseline::Usual;
use crate::watch::settings::DistinctSettings;

/// Which resources a principal went for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Distinct {
    day: i64,
    /// The resources of the last ten minutes, and when each was asked for last.
    recent: BTreeMap<u64, i64>,
    first: u64,
    /// The most that there were at a time today, and on each of the last days.
    peak: u64,
    peaks: Vec<u64>,
    /// The resources of today, by linear counting, and on each of the last days.
    bits: Vec<u64>,
    set: u64,
    totals: Vec<u64>,
    day_first: u64,
    #[serde(skip)]
    limits: Option<(u64, u64)>,
}

/// How many, where it is told, and the first record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Many {
    /// Whether within the day, and not within ten minutes.
    pub in_a_day: bool,
    /// How many.
    pub count: u64,
    /// Where it is told.
    pub limit: u64,
    /// The first record.
    pub first: u64,
}

impl Distinct {
    /// Counts the resource `hash`; `told` hears what is unusual.
    pub fn see(
        &mut self,
        moment: Moment,
        hash: u64,
        settings: &DistinctSettings,
        mut told: impl FnMut(Many),
    ) {
        if self.day != moment.local.day {
            self.turn(moment, settings);
        }
        let (burst, daily) = self.limits(settings);
        if self.recent.is_empty() {
            self.first = moment.seq;
        }
        self.recent.insert(hash, moment.at.now);
        if self.recent.len() as u64 >= burst.min(self.peak + 1) {
            let now = moment.at.now;
            self.recent
                .retain(|_, at| (0..WINDOW).contains(&now.saturating_sub(*at)));
        }
        let count = self.recent.len() as u64;
        self.peak = self.peak.max(count);
        if count >= burst {
            told(Many {
                in_a_day: false,
                count,
                limit: burst,
                first: self.first,
            });
            self.recent.clear();
        }
        if self.mark(hash) {
            let count = counted(self.set);
            if count >= daily {
                told(Many {
                    in_a_day: true,
                    count,
                    limit: daily,
                    first: self.day_first,
                });
            }
        }
    }

    /// How many were asked for of late.
    #[must_use]
    pub fn heat(&self) -> usize {
        self.recent.len()
    }

    /// Notes the resource of today; whether it is new.
    fn mark(&mut self, hash: u64) -> bool {
        if self.bits.is_empty() {
            self.bits = vec![0; WORDS];
        }
        let place = usize::try_from(hash % (WORDS as u64 * 64)).unwrap_or_default();
        let Some(word) = self.bits.get_mut(place / 64) else {
            return false;
        };
        let bit = 1 << (place % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        self.set += u64::from(is_new);
        is_new
    }

    /// Learns a day, no higher than where it would have been told.
    fn turn(&mut self, moment: Moment, settings: &DistinctSettings) {
        if self.set > 0 {
            let (burst, daily) = self.limits(settings);
            for (kept, more, most) in [
                (&mut self.peaks, self.peak, burst),
                (&mut self.totals, counted(self.set), daily),
            ] {
                let is_learned = kept.len() >= LEARNED;
                if kept.len() >= DAYS {
                    kept.remove(0);
                }
                kept.push(if is_learned { more.min(most) } else { more });
            }
        }
        self.day = moment.local.day;
        self.day_first = moment.seq;
        self.bits.clear();
        self.set = 0;
        self.peak = 0;
        self.limits = None;
    }

    fn limits(&mut self, settings: &DistinctSettings) -> (u64, u64) {
        let limit = |days: &[u64], floor: u64, unlearned: u64| {
            if days.len() < LEARNED {
                return floor.saturating_mul(unlearned);
            }
            let most = days.iter().max().copied().unwrap_or_default();
            let usual = Usual::of(days.iter().copied(), 0).at(Z);
            floor.max(usual).max(most + most / 4)
        };
        *self.limits.get_or_insert_with(|| {
            let burst = limit(&self.peaks, settings.in_ten_minutes.get(), 1);
            let daily = limit(&self.totals, settings.in_a_day.get(), UNLEARNED);
            (burst.min(MOST), daily.min(COUNTABLE))
        })
    }
}

/// How many were seen where so many bits are set.
fn counted(set: u64) -> u64 {
    #[expect(clippy::cast_precision_loss, reason = "at most 8192")]
    let (set, bits) = (set as f64, (WORDS * 64) as f64);
    let free = (1.0 - set / bits).max(1.0 / bits);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to 80,000"
    )]
    let count = (-bits * free.ln()).round() as u64;
    count
}

/// Ten minutes.
const WINDOW: i64 = 600;
/// The words of the bits of a day.
const WORDS: usize = 128;
/// So many days are kept.
const DAYS: usize = 28;
/// So many days must be known before more than the least is usual.
const LEARNED: usize = 5;
/// So many times as much is told of a day before.
const UNLEARNED: u64 = 5;
/// The robust z of a day that is told.
const Z: f64 = 5.0;
/// The most that are kept of ten minutes.
const MOST: u64 = 8192;
/// The most that the bits of a day can count well.
const COUNTABLE: u64 = 40_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_count_well_enough() {
        for many in [1_u64, 100, 1000, 10_000, 40_000] {
            let mut distinct = Distinct::default();
            let mut hash = 7_u64;
            for _ in 0..many {
                hash = hash.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                distinct.mark(hash >> 16);
            }
            let counted = counted(distinct.set);
            assert!(counted.abs_diff(many) * 20 <= many, "{many}: {counted}");
        }
    }
}
