//! What is injected into honest work: what must be found, and what cannot be.

use audit_review::watch::finding::Finding;
use audit_review::watch::finding::Rule;

use crate::act::Act;
use crate::honest::BEGIN;
use crate::honest::DAYS;
use crate::honest::Habit;
use crate::honest::Somebody;
use crate::honest::is_rest;
use crate::random::Random;

/// A class of injections.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Class {
    BulkRead,
    SlowScrape,
    NightAccess,
    DeniedProbing,
    NewCategory,
    ReadThenSend,
    SilencedLog,
    StolenCredential,
    /// Must be missed: a record a day, below every floor.
    OneADay,
    /// Must be missed: a little more of what somebody reads anyway.
    WithinHabits,
    /// Must be missed: refusals, ten minutes apart.
    SlowProbing,
}

pub(crate) const CLASSES: [Class; 11] = [
    Class::BulkRead,
    Class::SlowScrape,
    Class::NightAccess,
    Class::DeniedProbing,
    Class::NewCategory,
    Class::ReadThenSend,
    Class::SilencedLog,
    Class::StolenCredential,
    Class::OneADay,
    Class::WithinHabits,
    Class::SlowProbing,
];

/// One injection.
#[derive(Clone, Debug)]
pub(crate) struct Injection {
    pub(crate) class: Class,
    pub(crate) who: Option<String>,
    pub(crate) from: i64,
    pub(crate) until: i64,
}

impl Class {
    pub(crate) fn must_be_missed(self) -> bool {
        matches!(self, Self::OneADay | Self::WithinHabits | Self::SlowProbing)
    }

    /// The rules that say what it is.
    fn rules(self) -> &'static [Rule] {
        match self {
            Self::BulkRead => &[
                Rule::VolumeCalls,
                Rule::VolumeItems,
                Rule::VolumeBytes,
                Rule::DistinctBurst,
                Rule::DistinctDay,
            ],
            Self::SlowScrape => &[Rule::VolumeCalls, Rule::VolumeBytes, Rule::DistinctDay],
            Self::NightAccess => &[Rule::OffHours],
            Self::DeniedProbing => &[Rule::DenialsPrincipal],
            Self::NewCategory => &[Rule::NewCategory],
            Self::ReadThenSend => &[Rule::ReadThenSend],
            Self::SilencedLog => &[Rule::SilentServer],
            Self::StolenCredential => &[Rule::TwoAddresses],
            Self::OneADay | Self::WithinHabits | Self::SlowProbing => &[],
        }
    }
}

impl Injection {
    /// Whether `finding` is about it.
    pub(crate) fn is_met_by(&self, finding: &Finding) -> bool {
        let who = finding.who.as_ref().map(|(_, who)| who);
        self.touches(finding)
            && self.class.rules().contains(&finding.rule)
            && who == self.who.as_ref()
    }

    /// Whether `finding` came of it, whatever it says.
    pub(crate) fn touches(&self, finding: &Finding) -> bool {
        let who = finding.who.as_ref().map(|(_, who)| who);
        let is_in_time = finding.window.1 >= self.from && finding.window.0 <= self.until + 3600;
        is_in_time && (who == self.who.as_ref() || who.is_none())
    }
}

/// Injects some of each class, in the second half of the time.
pub(crate) fn inject(
    people: &[Somebody],
    random: &mut Random,
    acts: &mut Vec<Act>,
) -> Vec<Injection> {
    let mut injections = Vec::new();
    let office: Vec<&Somebody> = people.iter().filter(|p| p.habit == Habit::Office).collect();
    let personnel: Vec<&Somebody> = people
        .iter()
        .filter(|p| p.habit == Habit::Personnel)
        .collect();
    for class in CLASSES {
        let times = if class == Class::SilencedLog { 1 } else { 4 };
        for _ in 0..times {
            let group = if class == Class::WithinHabits {
                &personnel
            } else {
                &office
            };
            let who = *random.pick(group);
            let day = loop {
                let day = BEGIN + random.between(30, DAYS - 3);
                if !is_rest(day) && !is_rest(day + 1) {
                    break day;
                }
            };
            let (first, number) = (acts.len(), injections.len());
            let times = one(class, who, day * 86_400, random, acts);
            for act in acts.iter_mut().skip(first) {
                act.injected = Some(number);
            }
            let own = acts.iter().skip(first).map(|act| act.time);
            let (from, until) =
                times.unwrap_or_else(|| (own.clone().min().unwrap(), own.max().unwrap()));
            injections.push(Injection {
                class,
                who: (class != Class::SilencedLog).then(|| who.name.clone()),
                from,
                until,
            });
        }
    }
    injections
}

/// Adds the records of one injection; its time where it has no records.
fn one(
    class: Class,
    who: &Somebody,
    day: i64,
    random: &mut Random,
    acts: &mut Vec<Act>,
) -> Option<(i64, i64)> {
    let hour = |hour: i64| day + hour * 3600;
    let read = |random: &mut Random, time: i64| Act {
        outcome: "allowed",
        error: "",
        level: Some("internal"),
        items: 1,
        bytes: (6000.0 * random.factor(1.5)).min(1_048_576.0) as u64,
        ..who.read(random, time, who.address.clone())
    };
    let fresh = |random: &mut Random| Some(format!("fs://docs/all/{}", random.bits() % 100_000));
    match class {
        Class::BulkRead => {
            let (start, count) = (hour(random.between(10, 16)), random.between(200, 1500));
            for at in 0..count {
                let mut act = read(random, start + at * 3000 / count);
                act.resource = fresh(random);
                acts.push(act);
            }
        }
        Class::SlowScrape => {
            let each = random.between(25, 50);
            for at in 9..18 {
                for _ in 0..each {
                    let time = hour(at) + random.between(0, 3600);
                    let mut act = read(random, time);
                    act.resource = fresh(random);
                    acts.push(act);
                }
            }
        }
        Class::NightAccess => {
            let start = hour(random.between(1, 4));
            for _ in 0..random.between(5, 30) {
                let time = start + random.between(0, 1800);
                acts.push(read(random, time));
            }
        }
        Class::DeniedProbing | Class::SlowProbing => {
            let is_slow = class == Class::SlowProbing;
            let (count, step) = if is_slow {
                (8, 660)
            } else {
                (random.between(6, 40), random.between(2, 40))
            };
            let start = hour(random.between(10, 16));
            for at in 0..count {
                let mut act = read(random, start + at * step);
                let errors = ["not_cleared", "out_of_scope", "not_permitted"];
                (act.outcome, act.error, act.level) = ("denied", *random.pick(&errors), None);
                acts.push(act);
            }
        }
        Class::NewCategory => {
            let time = hour(random.between(10, 16));
            let mut act = read(random, time);
            act.level = Some("confidential");
            act.categories = vec!["health"];
            acts.push(act);
        }
        Class::ReadThenSend => {
            let start = hour(random.between(10, 16));
            for at in 0..3 {
                let mut act = read(random, start + at * 30);
                act.level = Some("confidential");
                acts.push(act);
            }
            let later = random.between(120, 1500);
            let mut act = read(random, start + later);
            act.server = "api-fetch";
            act.resource = None;
            let path = random.pick(&["POST /pastes", "PUT /uploads/{id}", "GET /search"]);
            act.request = Some((*path).to_owned());
            acts.push(act);
        }
        Class::SilencedLog => {
            let (from, until) = (hour(10), hour(15));
            acts.retain(|act| act.server != "scoped-db" || !(from..until).contains(&act.time));
            return Some((from, until));
        }
        Class::StolenCredential => {
            let start = hour(random.between(10, 15));
            // the owner works, the thief as well
            for at in 0..random.between(10, 20) {
                let mut act = read(random, start + at * 150);
                if at % 2 == 1 {
                    act.address = "203.0.113.66".to_owned();
                }
                acts.push(act);
            }
        }
        Class::OneADay => {
            for at in 0..3 {
                let mut act = read(random, hour(11) + at * 86_400);
                act.resource = fresh(random);
                acts.push(act);
            }
        }
        Class::WithinHabits => {
            for _ in 0..10 {
                let time = hour(11) + random.between(0, 7200);
                let mut act = read(random, time);
                act.level = Some("confidential");
                act.categories = vec!["personal"];
                acts.push(act);
            }
        }
    }
    None
}
