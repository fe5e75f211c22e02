//! Notices more calls, items or bytes in an hour than is usual for the hour and for the principal.
//!
//! # Invariants
//!
//! - An hour is learned no higher than where it would have been told: whoever wants to shift what
//!   is usual needs many days for it.
//! - Less than the floor is never told.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use super::Moment;
use super::baseline::Usual;
use crate::watch::calendar::Local;
use crate::watch::finding::Level;
use crate::watch::settings::VolumeSettings;

/// What is known of how much a principal does.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Volume {
    /// The hour that is counted, where it is.
    hour: Option<i64>,
    counts: [u64; 3],
    first: u64,
    /// From how many on it is told in this hour; computed when the hour begins.
    #[serde(skip)]
    limits: Option<[Limits; 3]>,
    /// How the last hours ended in which there was anything.
    active: Vec<[u64; 3]>,
    /// By hour of the day and kind of day: on which day how many.
    like: BTreeMap<u8, Vec<(i64, [u64; 3])>>,
    /// The last days on which there was anything, by kind of day.
    days: [Vec<i64>; 2],
}

/// Where an hour is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Limits {
    warn: u64,
    alert: u64,
    is_learned: bool,
}

/// What is unusual of an hour.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Much {
    /// Which count: 0 calls, 1 items, 2 bytes.
    pub which: usize,
    /// How many.
    pub count: u64,
    /// Where it is told.
    pub limit: u64,
    /// How bad.
    pub level: Level,
    /// The first record of the hour.
    pub first: u64,
    /// The hour, since 1970, local.
    pub hour: i64,
}

impl Volume {
    /// Counts a request of so many items and bytes; `told` hears what is unusual.
    pub fn see(
        &mut self,
        moment: Moment,
        amount: (u64, u64),
        settings: &VolumeSettings,
        mut told: impl FnMut(Much),
    ) {
        let hour = moment.local.hours();
        if self.hour != Some(hour) {
            self.close(settings);
            self.open(moment);
        }
        let limits = *self
            .limits
            .get_or_insert_with(|| limits(&self.active, &self.like, &self.days, moment, settings));
        let more = [1, amount.0, amount.1];
        let each = self.counts.iter_mut().zip(more).zip(limits).enumerate();
        for (which, ((count, more), limits)) in each {
            *count = count.saturating_add(more);
            let level = if *count >= limits.alert {
                Level::Alert
            } else if *count >= limits.warn {
                Level::Warn
            } else {
                continue;
            };
            told(Much {
                which,
                count: *count,
                limit: limits.warn,
                level,
                first: self.first,
                hour,
            });
        }
    }

    fn open(&mut self, moment: Moment) {
        let local = moment.local;
        self.hour = Some(local.hours());
        self.first = moment.seq;
        self.counts = [0; 3];
        self.limits = None;
        // a clock that was ahead has left days that are to come
        for cell in self.like.values_mut() {
            cell.retain(|(day, _)| *day <= local.day);
        }
        let Some(days) = self.days.get_mut(local.days.index()) else {
            return;
        };
        days.retain(|day| *day <= local.day);
        if days.last() != Some(&local.day) {
            keep(days, local.day);
        }
    }

    /// Learns the hour that was counted.
    fn close(&mut self, settings: &VolumeSettings) {
        let Some(hour) = self.hour else { return };
        let mut counts = self.counts;
        if let Some(limits) = self.limits.or_else(|| self.limits_again(settings)) {
            for (count, limits) in counts.iter_mut().zip(limits) {
                if limits.is_learned {
                    *count = (*count).min(limits.warn);
                }
            }
        }
        let (day, of_day) = (hour.div_euclid(24), hour.rem_euclid(24));
        let work = self.days.first().is_some_and(|days| days.contains(&day));
        let cell = u8::try_from(of_day + if work { 0 } else { 24 }).unwrap_or_default();
        keep(self.like.entry(cell).or_default(), (day, counts));
        if self.active.len() >= ACTIVE {
            self.active.remove(0);
        }
        self.active.push(counts);
    }

    /// After a restart in the midst of an hour.
    fn limits_again(&self, settings: &VolumeSettings) -> Option<[Limits; 3]> {
        let hour = self.hour?;
        let (day, of_day) = (hour.div_euclid(24), hour.rem_euclid(24));
        let days = if self.days.first()?.contains(&day) {
            crate::watch::calendar::Days::Work
        } else {
            crate::watch::calendar::Days::Rest
        };
        let local = Local {
            day,
            hour: u8::try_from(of_day).unwrap_or_default(),
            days,
        };
        Some(limits_at(
            &self.active,
            &self.like,
            &self.days,
            local,
            settings,
        ))
    }
}

fn limits(
    active: &[[u64; 3]],
    like: &BTreeMap<u8, Vec<(i64, [u64; 3])>>,
    days: &[Vec<i64>; 2],
    moment: Moment,
    settings: &VolumeSettings,
) -> [Limits; 3] {
    limits_at(active, like, days, moment.local, settings)
}

/// Where the hour `local` is told: far above the same hour of like days, and far above all hours
/// in which there was anything. An hour that is only unusual for its time is no great amount, and
/// another detector's.
fn limits_at(
    active: &[[u64; 3]],
    like: &BTreeMap<u8, Vec<(i64, [u64; 3])>>,
    days: &[Vec<i64>; 2],
    local: Local,
    settings: &VolumeSettings,
) -> [Limits; 3] {
    let floors = [
        settings.floor_calls.get(),
        settings.floor_items.get(),
        settings.floor_bytes.0,
    ];
    let offset = if local.days.index() == 0 { 0 } else { 24 };
    let cell = like
        .get(&(local.hour + offset))
        .map_or(&[][..], Vec::as_slice);
    let like_days = days.get(local.days.index()).map_or(0, Vec::len);
    let known_days: usize = days.iter().map(Vec::len).sum();
    let is_learned = active.len() >= LEARNED_HOURS && known_days >= LEARNED_DAYS;
    let mut which = 0;
    floors.map(|floor| {
        let at = which;
        which += 1;
        if !is_learned {
            let warn = floor.saturating_mul(settings.unlearned.get());
            return Limits {
                warn,
                alert: warn.saturating_mul(4),
                is_learned,
            };
        }
        let count = |counts: &[u64; 3]| counts.get(at).copied().unwrap_or_default();
        let all = Usual::of(active.iter().map(count), 0);
        // the day itself is among the days, and not among what is known of the hour
        let zeros = like_days.saturating_sub(1).saturating_sub(cell.len());
        let hour = Usual::of(cell.iter().map(|(_, counts)| count(counts)), zeros);
        // the most that there was, twice: few large files make a rare, large hour
        let most = active.iter().map(count).max().unwrap_or_default();
        let limit = |z: f64| {
            let hour = if like_days > LEARNED_DAYS {
                hour.at(z)
            } else {
                0
            };
            all.at(z).max(hour).max(floor)
        };
        let warn = limit(settings.warn.0).max(most.saturating_add(most / 4));
        let alert = limit(settings.alert.0).max(most.saturating_mul(2));
        Limits {
            warn,
            alert: alert.max(warn),
            is_learned,
        }
    })
}

/// Adds to what is kept of like days, and forgets the oldest.
fn keep<T>(kept: &mut Vec<T>, more: T) {
    if kept.len() >= DAYS {
        kept.remove(0);
    }
    kept.push(more);
}

/// So many like days are kept: four weeks of them, or more.
const DAYS: usize = 28;
/// So many hours are kept in which there was anything.
const ACTIVE: usize = 120;
/// So many hours, on so many days, must be known.
const LEARNED_HOURS: usize = 20;
const LEARNED_DAYS: usize = 5;
