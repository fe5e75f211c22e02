//! Notices a request to an API soon after sensitive data was read, where that is no habit.
//!
//! # Invariants
//!
//! - A habit is what was done on three earlier days, and no two principals share one; three
//!   principals with the habit make it one of the house.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;

use super::Moment;
use crate::watch::settings::EgressSettings;

/// What a principal read, and where they send.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Egress {
    /// When sensitive data was read last: the time, the first record of the window, its label.
    read: Option<(i64, u64, String)>,
    /// Endpoints: on how many days, and the last of them.
    habits: Vec<(u64, u32, i64)>,
}

/// Endpoints that several principals send to after reading sensitive data.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct House(BTreeMap<u64, Vec<u64>>);

/// What is unusual.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sent {
    /// The first record that read sensitive data.
    pub first: u64,
    /// When.
    pub since: i64,
    /// The label of it.
    pub label: String,
}

impl Egress {
    /// Notes that sensitive data was read.
    pub fn read(&mut self, moment: Moment, label: &str, settings: &EgressSettings) {
        let now = moment.at.now;
        match &mut self.read {
            Some((at, _, known)) if is_within(*at, now, settings) => {
                *at = now;
                if known != label {
                    label.clone_into(known);
                }
            }
            read => *read = Some((now, moment.seq, label.to_owned())),
        }
    }

    /// Notes a request of `who` to `endpoint`; says whether it is unusual.
    pub fn send(
        &mut self,
        moment: Moment,
        (who, endpoint): (u64, u64),
        house: &mut House,
        settings: &EgressSettings,
    ) -> Option<Sent> {
        let (since, first, label) = self.read.clone()?;
        if !is_within(since, moment.at.now, settings) {
            return None;
        }
        if self.is_habit(endpoint, moment.local.day) {
            house.note(endpoint, who);
            return None;
        }
        (!house.has(endpoint)).then_some(Sent {
            first,
            since,
            label,
        })
    }

    /// Whether it was done on enough days before; notes today.
    fn is_habit(&mut self, endpoint: u64, day: i64) -> bool {
        if let Some((_, days, last)) = self.habits.iter_mut().find(|(own, ..)| *own == endpoint) {
            if *last != day {
                *days = days.saturating_add(1);
                *last = day;
            }
            return *days > HABIT;
        }
        if self.habits.len() >= MOST {
            // the least of the habits, never a firm one for a new one where there is another
            let least = self
                .habits
                .iter()
                .enumerate()
                .min_by_key(|(_, own)| (own.1, own.2));
            if let Some((at, _)) = least {
                self.habits.swap_remove(at);
            }
        }
        self.habits.push((endpoint, 1, day));
        false
    }
}

impl House {
    fn note(&mut self, endpoint: u64, who: u64) {
        if self.0.len() >= ENDPOINTS && !self.0.contains_key(&endpoint) {
            return;
        }
        let known = self.0.entry(endpoint).or_default();
        if known.len() < PEOPLE && !known.contains(&who) {
            known.push(who);
        }
    }

    fn has(&self, endpoint: u64) -> bool {
        self.0.get(&endpoint).is_some_and(|who| who.len() >= PEOPLE)
    }
}

fn is_within(at: i64, now: i64, settings: &EgressSettings) -> bool {
    let minutes = i64::try_from(settings.minutes.get()).unwrap_or(i64::MAX);
    now.saturating_sub(at) < minutes.saturating_mul(60)
}

/// So many days before make a habit.
const HABIT: u32 = 3;
/// So many principals make it one of the house.
const PEOPLE: usize = 3;
/// So many endpoints of a principal are kept.
const MOST: usize = 64;
/// So many endpoints of the house are kept.
const ENDPOINTS: usize = 4096;
