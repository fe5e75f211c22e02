//! How well the detectors do on eight simulated weeks: recall by class, false findings by rule.

use std::collections::BTreeMap;

use audit_review::watch::Known;
use audit_review::watch::Watch;
use audit_review::watch::finding::Finding;
use audit_review::watch::finding::Rule;
use audit_review::watch::settings::Settings;

use crate::act::Act;
use crate::honest;
use crate::injected;
use crate::injected::CLASSES;
use crate::injected::Class;
use crate::injected::Injection;
use crate::random::Random;

/// Eight weeks.
pub(crate) struct World {
    pub(crate) acts: Vec<Act>,
    pub(crate) injections: Vec<Injection>,
    pub(crate) principals: usize,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let people = honest::people(&mut random);
        let mut acts = Vec::new();
        for who in &people {
            honest::live(who, &mut random, &mut acts);
        }
        honest::servers(&mut random, &mut acts);
        let injections = injected::inject(&people, &mut random, &mut acts);
        acts.sort_by_key(|act| act.time);
        Self {
            acts,
            injections,
            principals: people.len(),
        }
    }
}

/// The settings of an operator who wrote down the one holiday that was known.
pub(crate) fn settings() -> Settings {
    let mut settings = Settings::default();
    let day = chrono::DateTime::from_timestamp(honest::HOLIDAYS[0] * 86_400, 0).unwrap();
    settings.hours.holidays = [day.date_naive()].into();
    settings.hours.always_open = ["batch-*".to_owned()].into();
    settings
}

pub(crate) fn watch(acts: &[Act], settings: Settings) -> Vec<Finding> {
    let mut watch = Watch::new(settings, Known::default());
    watch.seed("a hash of the trail");
    let mut found = Vec::new();
    for (seq, act) in acts.iter().enumerate() {
        watch.see(&act.seen(seq as u64 + 1), &mut found);
    }
    found
}

/// What came of one or several worlds.
#[derive(Debug, Default)]
pub(crate) struct Score {
    pub(crate) found: BTreeMap<Class, (u32, u32)>,
    pub(crate) wrong: BTreeMap<Rule, u32>,
    pub(crate) weeks: f64,
    pub(crate) records: usize,
}

impl Score {
    pub(crate) fn add(&mut self, world: &World, findings: &[Finding]) {
        for injection in &world.injections {
            let (found, all) = self.found.entry(injection.class).or_default();
            let mut own = findings.iter();
            let is_found = if injection.class.must_be_missed() {
                // whatever points at it: only what its own records caused
                own.any(|f| {
                    let caused = world.acts.get(f.records.1 as usize - 1);
                    caused.is_some_and(|act| {
                        act.injected
                            .is_some_and(|at| world.injections[at].class == injection.class)
                    }) && injection.touches(f)
                })
            } else {
                own.any(|f| injection.is_met_by(f))
            };
            *all += 1;
            *found += u32::from(is_found);
        }
        for finding in findings {
            if !world
                .injections
                .iter()
                .any(|i| i.touches(finding) && (i.who.is_some() || i.is_met_by(finding)))
            {
                *self.wrong.entry(finding.rule).or_default() += 1;
            }
        }
        self.weeks += world.principals as f64 * 8.0;
        self.records += world.acts.len();
    }

    pub(crate) fn recall(&self, class: Class) -> f64 {
        let (found, all) = self.found[&class];
        f64::from(found) / f64::from(all)
    }

    /// False findings a principal and week.
    pub(crate) fn false_rate(&self) -> f64 {
        f64::from(self.wrong.values().sum::<u32>()) / self.weeks
    }

    /// The tables of `DETECTION.md`.
    pub(crate) fn table(&self) -> String {
        let mut table = String::from("| injected | found | of | recall |\n|---|---|---|---|\n");
        for class in CLASSES {
            let (found, all) = self.found[&class];
            let recall = self.recall(class);
            let must = if class.must_be_missed() {
                " (cannot be found)"
            } else {
                ""
            };
            table.push_str(&format!(
                "| {class:?}{must} | {found} | {all} | {recall:.2} |\n"
            ));
        }
        table.push_str("\n| rule | false findings | a principal and week |\n|---|---|---|\n");
        for (rule, count) in &self.wrong {
            let rate = f64::from(*count) / self.weeks;
            table.push_str(&format!("| `{}` | {count} | {rate:.4} |\n", rule.name()));
        }
        let all: u32 = self.wrong.values().sum();
        table.push_str(&format!("| all | {all} | {:.4} |\n", self.false_rate()));
        table
    }
}
