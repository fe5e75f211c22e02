//! Knows at which hours of which days somebody works, and notices others.

use serde::Deserialize;
use serde::Serialize;

use super::Moment;
use crate::watch::calendar::Days;
use crate::watch::calendar::Local;
use crate::watch::settings::HourSettings;

/// At which hours somebody was active, on the last days of each kind.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Hours {
    day: Option<i64>,
    /// A bit for each hour of the day that is not over.
    today: u32,
    /// By kind of day and hour a bit for each of the last days, the last one lowest.
    active: [[u32; 24]; 2],
    /// How many days of each kind are known.
    known: [u32; 2],
    /// The hour that is counted, and how many calls were in it.
    hour: i64,
    calls: u64,
    first: u64,
    /// Since which hour somebody works without a break, and until when; begun at a usual hour.
    shift: Option<(i64, i64)>,
}

/// What is unusual.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Odd {
    /// How many calls in this hour.
    pub calls: u64,
    /// On how many of so many like days the hour, or one near it, was active.
    pub share: (u32, u32),
    /// The first record of the hour.
    pub first: u64,
}

impl Hours {
    /// Notes that somebody is active; says whether that is unusual.
    pub fn see(&mut self, moment: Moment, settings: &HourSettings) -> Option<Odd> {
        if !moment.at.is_sure {
            return None;
        }
        let local = moment.local;
        self.turn(local, settings);
        let hour = local.hours();
        if self.hour != hour {
            (self.hour, self.calls, self.first) = (hour, 0, moment.seq);
        }
        self.calls += 1;
        self.today |= 1 << local.hour;
        let is_open = local.days == Days::Work
            && settings
                .open
                .is_some_and(|open| (open.0..open.1).contains(&local.hour));
        let is_odd = |(share, known): (u32, u32)| {
            // a share of nothing is odd; one day of twenty is not yet
            u64::from(share) * 100 < settings.percent.get() * u64::from(known)
        };
        let found = self.share(local, SLACK);
        let goes_on = self.shift.is_some_and(|(from, until)| {
            (until..=until + 1).contains(&hour) && hour - from <= LONGEST_SHIFT
        });
        if is_open || goes_on || !found.is_some_and(is_odd) {
            // who came at a usual hour may stay late
            let from = self
                .shift
                .filter(|_| goes_on)
                .map_or(hour, |(from, _)| from);
            self.shift = Some((from, hour));
            return None;
        }
        let (share, known) = found?;
        let at_work = Local {
            days: Days::Work,
            ..local
        };
        let is_a_day_off = local.days == Days::Rest
            && self
                .share(at_work, SLACK)
                .is_some_and(|share| !is_odd(share));
        let least = settings.calls.get() * if is_a_day_off { DAY_OFF } else { 1 };
        (self.calls >= least).then_some(Odd {
            calls: self.calls,
            share: (share, known),
            first: self.first,
        })
    }

    /// On how many of so many like days the hour was active, or one that is at most `slack` hours
    /// away. `None` while too little is known.
    #[must_use]
    pub fn share(&self, local: Local, slack: u8) -> Option<(u32, u32)> {
        let known = self.known.get(local.days.index()).copied()?;
        let enough = match local.days {
            Days::Work => LEARNED_WORK,
            Days::Rest => LEARNED_REST,
        };
        if known < enough {
            return None;
        }
        let hours = self.active.get(local.days.index())?;
        let near = |hour: usize| {
            let away = hour.abs_diff(usize::from(local.hour));
            away.min(24 - away) <= usize::from(slack)
        };
        let days = hours.iter().enumerate().filter(|(hour, _)| near(*hour));
        let days = days.fold(0, |all, (_, days)| all | days);
        Some((days.count_ones(), known.min(KEPT)))
    }

    /// Ends the days that are over. A working day without anything tells nothing (a vacation, a
    /// part-time week); a day of rest does.
    pub fn turn(&mut self, local: Local, settings: &HourSettings) {
        let Some(day) = self.day else {
            self.day = Some(local.day);
            return;
        };
        if day == local.day {
            return;
        }
        self.end(Days::of(day, settings));
        // when the time goes back the days are not counted again
        let skipped = (day + 1).max(local.day.saturating_sub(LONGEST))..local.day;
        for day in skipped {
            if Days::of(day, settings) == Days::Rest {
                self.end(Days::Rest);
            }
        }
        self.day = Some(local.day);
    }

    fn end(&mut self, days: Days) {
        let today = std::mem::take(&mut self.today);
        if let (Some(hours), Some(known)) = (
            self.active.get_mut(days.index()),
            self.known.get_mut(days.index()),
        ) {
            for (hour, active) in hours.iter_mut().enumerate() {
                *active = (*active << 1 | (today >> hour & 1)) & ((1 << KEPT) - 1);
            }
            *known = known.saturating_add(1);
        }
    }
}

/// So many days of a kind are kept: more than four weeks of working days, a quarter of weekends.
const KEPT: u32 = 28;
/// So many days must be known.
const LEARNED_WORK: u32 = 10;
const LEARNED_REST: u32 = 6;
/// Whoever works until six may work until eight.
const SLACK: u8 = 2;
/// So many hours without a break are one piece of work.
const LONGEST_SHIFT: i64 = 16;
/// On a day off, at an hour at which they work on others, it takes so many times as many calls.
const DAY_OFF: u64 = 4;
/// So many days without anything are looked at, at most.
const LONGEST: i64 = 90;
