//! Notices what is not written: a server silent at hours at which it always wrote, a process that
//! never closed.

use serde::Deserialize;
use serde::Serialize;

use super::Moment;
use super::hours::Hours;
use crate::watch::calendar::Local;
use crate::watch::kept::Worth;
use crate::watch::settings::HourSettings;
use crate::watch::settings::SilenceSettings;

/// What is known of a server: all processes of one name.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Rhythm {
    hours: Hours,
    /// The last record: when, which, in which hour.
    last: Option<(i64, u64, i64)>,
    /// Whether its silence was told.
    told: bool,
}

/// What is known of a process.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Process {
    /// The name of the server.
    pub server: String,
    /// When it wrote last.
    pub last: i64,
    /// What it wrote last.
    pub seq: u64,
}

/// A silence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Silence {
    /// When the last record was.
    pub since: i64,
    /// Which.
    pub seq: u64,
    /// In how many hours it should have written.
    pub hours: u64,
}

impl Rhythm {
    /// Notes a record; gives back the silence before it, if that was not told yet.
    pub fn see(
        &mut self,
        moment: Moment,
        hours: &HourSettings,
        settings: &SilenceSettings,
    ) -> Option<Silence> {
        let silence = self.silence(moment.local, hours, settings);
        // hours of rest say nothing of a server that serves people at work
        let _odd = self.hours.see(moment, hours);
        self.last = Some((moment.at.now, moment.seq, moment.local.hours()));
        self.told = false;
        silence
    }

    /// The silence until `local`, if it is too long and was not told yet.
    pub fn silence(
        &mut self,
        local: Local,
        hours: &HourSettings,
        settings: &SilenceSettings,
    ) -> Option<Silence> {
        let (since, seq, last) = self.last?;
        let from = last
            .saturating_add(1)
            .max(local.hours().saturating_sub(LONGEST));
        if self.told || from >= local.hours() {
            return None;
        }
        let usual = (from..local.hours()).filter(|hour| {
            let share = self.hours.share(Local::at_hour(*hour, hours), 0);
            share.is_some_and(|(active, known)| active * 100 >= known * ALWAYS)
        });
        let missed = usual.count() as u64;
        if missed < settings.hours.get() {
            return None;
        }
        self.told = true;
        Some(Silence {
            since,
            seq,
            hours: missed,
        })
    }
}

impl Worth for Rhythm {
    fn worth(&self, _now: i64) -> (u32, i64) {
        (0, self.last.map_or(i64::MIN, |(at, ..)| at))
    }
}

impl Worth for Process {
    fn worth(&self, _now: i64) -> (u32, i64) {
        (0, self.last)
    }
}

/// An hour was always active if it was on so many percent of like days.
const ALWAYS: u32 = 95;
/// So many hours back are looked at: the time of a day, and of a weekend.
const LONGEST: i64 = 96;
