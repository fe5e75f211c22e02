//! What somebody can do who writes to the trail only through servers, by names, addresses and
//! requests of their choice; and what a wrong clock does.

use std::collections::BTreeSet;

use audit_review::watch::Known;
use audit_review::watch::Watch;
use audit_review::watch::finding::Finding;
use audit_review::watch::finding::Rule;
use audit_review::watch::settings::Settings;

use crate::act::Act;
use crate::injected::Class;
use crate::trial;
use crate::trial::World;

pub(crate) const NOON: i64 = 1_777_982_400;
const YEAR: i64 = 366 * 86_400;

pub(crate) fn act(who: &str, time: i64) -> Act {
    Act {
        time,
        kind: "request",
        server: "readonly-fs",
        instance: "i".to_owned(),
        who: Some(who.to_owned()),
        address: "10.0.0.1".to_owned(),
        resource: Some("fs://docs/a".to_owned()),
        level: Some("internal"),
        outcome: "allowed",
        items: 1,
        bytes: 100,
        ..Act::default()
    }
}

pub(crate) fn denied(who: &str, time: i64) -> Act {
    Act {
        outcome: "denied",
        error: "not_cleared",
        ..act(who, time)
    }
}

/// Looks at records one by one.
pub(crate) struct Looking(pub(crate) Watch, u64, pub(crate) Vec<Finding>);

impl Looking {
    pub(crate) fn new(settings: Settings) -> Self {
        Self(Watch::new(settings, Known::default()), 0, Vec::new())
    }

    pub(crate) fn see(&mut self, act: &Act) {
        self.1 += 1;
        self.0.see(&act.seen(self.1), &mut self.2);
    }

    pub(crate) fn rules(&self, who: &str) -> BTreeSet<Rule> {
        let own = self
            .2
            .iter()
            .filter(|f| f.who.as_ref().is_some_and(|(_, own)| own == who));
        own.map(|finding| finding.rule).collect()
    }

    fn state_bytes(&self) -> usize {
        serde_json::to_vec(self.0.known()).unwrap().len()
    }
}

#[test]
fn a_flood_of_names_hides_no_burst_and_forgets_nobody_who_is_known() {
    let mut watch = Looking::new(Settings::default());
    // somebody with a history
    for day in 0..20 {
        for at in 0..9 {
            for call in 0..12 {
                watch.see(&act(
                    "regular",
                    NOON + day * 86_400 + at * 3600 + call * 200,
                ));
            }
        }
    }
    let now = NOON + 20 * 86_400;
    for at in 0..5 {
        watch.see(&denied("prober", now + at * 50));
        // between two refusals: more names than are kept
        for name in 0..5000 {
            let mut noise = act(&format!("noise-{at}-{name}"), now + at * 50);
            noise.address = format!("2001:db8::{at}:{name:x}");
            watch.see(&noise);
        }
    }
    assert!(watch.rules("prober").contains(&Rule::DenialsPrincipal));
    assert!(
        watch.2.iter().any(|f| f.rule == Rule::Crowded),
        "it is told"
    );
    for call in 0..400 {
        watch.see(&act("regular", now + 300 + call * 5));
    }
    let rules = watch.rules("regular");
    assert!(
        rules.contains(&Rule::VolumeCalls),
        "what was learned is there: {rules:?}"
    );
}

#[test]
fn what_is_kept_is_bounded_whatever_the_names_are() {
    let settings = Settings {
        principals: guard::config::Limit::near(256),
        ..Settings::default()
    };
    let mut watch = Looking::new(settings);
    let long = "\u{1f600}".repeat(300);
    for at in 0..5000_i64 {
        let mut act = act(&format!("{at}{long}"), NOON + at);
        act.address = format!("{at}{long}");
        act.resource = Some(format!("fs://{at}/{long}"));
        act.instance = format!("{}{long}", at % 700);
        act.request = Some(format!("POST /{at}"));
        act.level = Some("confidential");
        watch.see(&act);
    }
    let first = watch.state_bytes();
    for at in 5000..12_000_i64 {
        watch.see(&denied(&format!("{at}{long}"), NOON + at));
    }
    let second = watch.state_bytes();
    assert!(first.max(second) < 4 << 20, "{first} {second}");
    assert!(watch.2.len() < 16 * 202, "{} findings", watch.2.len());
}

#[test]
fn one_name_cannot_grow_without_a_bound() {
    let mut watch = Looking::new(Settings::default());
    for at in 0..20_000_i64 {
        let mut act = act("busy", NOON + at * 30);
        act.resource = Some(format!("fs://docs/{at}"));
        act.request = Some(format!("POST /{at}"));
        act.address = format!("10.0.{}.{}", at / 256 % 256, at % 256);
        act.level = Some("confidential");
        watch.see(&act);
    }
    // addresses are bounded by their own number
    let bytes = serde_json::to_vec(watch.0.known()).unwrap().len();
    assert!(bytes < 2 << 20, "{bytes}");
}

#[test]
fn a_flood_of_findings_is_bounded_and_told() {
    let mut watch = Looking::new(Settings::default());
    for name in 0..2000 {
        for at in 0..5 {
            let mut act = denied(&format!("n{name}"), NOON + at);
            act.address = format!("10.0.{}.{}", name / 256, name % 256);
            watch.see(&act);
        }
    }
    assert_eq!(watch.2.len(), 201);
    assert!(watch.2.iter().any(|f| f.rule == Rule::Flood));
    for at in 0..5 {
        watch.see(&denied("later", NOON + 7200 + at));
    }
    let told = watch
        .2
        .iter()
        .rev()
        .find(|f| f.rule == Rule::Flood)
        .unwrap();
    assert_eq!(told.said, "1800 findings were left out");
}

#[test]
fn clocks_that_are_wrong_at_times_blind_nobody() {
    let world = World::new(7);
    let calm = trial::watch(&world.acts, trial::settings());
    let mut shaken = world.acts.clone();
    for (at, act) in shaken.iter_mut().enumerate() {
        // one record in fifty, of those that nobody injected
        if at % 50 == 0 && act.injected.is_none() {
            act.time += [YEAR, -YEAR, 30 * 86_400, i64::MAX / 4][at / 50 % 4];
        }
    }
    let shaken = trial::watch(&shaken, trial::settings());
    let missed: Vec<_> = world
        .injections
        .iter()
        .filter(|injection| calm.iter().any(|f| injection.is_met_by(f)))
        .filter(|injection| !shaken.iter().any(|f| injection.is_met_by(f)))
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
    let (before, after) = (calm.len(), shaken.len());
    assert!(after < before * 2, "{before} findings became {after}");
}

#[test]
fn a_clock_that_goes_ahead_for_a_day_and_back_leaves_no_gap() {
    let mut watch = Looking::new(Settings::default());
    for at in 0..100 {
        watch.see(&act("a", NOON + at * 60));
    }
    for at in 0..100 {
        watch.see(&act("a", NOON + YEAR + at * 60));
    }
    // back: the first records are not believed, and count all the same
    for at in 0..5 {
        watch.see(&denied("b", NOON + 6000 + at * 10));
    }
    assert!(watch.rules("b").contains(&Rule::DenialsPrincipal));
    for at in 0..10 {
        watch.see(&act("a", NOON + 6100 + at * 10));
    }
    assert!(watch.2.iter().any(|f| f.rule == Rule::ClockStep));
    for at in 0..5 {
        watch.see(&denied("a", NOON + 6300 + at * 10));
    }
    assert!(watch.rules("a").contains(&Rule::DenialsPrincipal));
}

#[test]
fn a_record_that_comes_twice_is_told_once() {
    let mut watch = Looking::new(Settings::default());
    for _ in 0..100 {
        for at in 0..5 {
            watch.see(&denied("b", NOON + at));
        }
    }
    let own = watch.2.iter().filter(|f| f.rule == Rule::DenialsPrincipal);
    assert_eq!(own.count(), 1);
}

#[test]
fn its_own_findings_are_no_input() {
    let mut watch = Looking::new(Settings::default());
    for at in 0..1000 {
        let mut own = denied("b", NOON + at);
        own.kind = "detect";
        watch.see(&own);
    }
    assert!(watch.2.is_empty());
}

/// Each day so much more that it is just not told: after how many days are `calls` in an hour
/// usual?
fn days_to_shift(calls: u64) -> i64 {
    let mut watch = Looking::new(Settings::default());
    let mut each = 12_u64;
    for day in 0..365 {
        if (NOON / 86_400 + day + 3) % 7 >= 5 {
            continue;
        }
        let before = watch.2.len();
        let try_now = |watch: &Looking, calls: u64| {
            let mut trial = Looking(watch.0.clone(), watch.1, Vec::new());
            for at in 0..calls {
                trial.see(&act("p", NOON + day * 86_400 + (at * 3000 / calls) as i64));
            }
            trial.2.iter().all(|f| f.rule != Rule::VolumeCalls)
        };
        if day > 10 && try_now(&watch, calls) {
            return day;
        }
        if day > 10 {
            while try_now(&watch, each + each / 10 + 1) {
                each += each / 10 + 1;
            }
        }
        for hour in 0..8 {
            for at in 0..each {
                let time = NOON + day * 86_400 + hour * 3600 + (at * 3000 / each) as i64;
                watch.see(&act("p", time));
            }
        }
        let told = watch.2[before..]
            .iter()
            .any(|f| f.rule == Rule::VolumeCalls);
        assert!(!told || day < 10, "day {day}: {each}");
    }
    365
}

#[test]
fn to_shift_what_is_usual_takes_days_of_work_that_is_recorded() {
    // from 12 calls an hour to 1000, with every hour just below what is told
    let days = days_to_shift(1000);
    println!("{days} days");
    assert!((20..365).contains(&days), "{days} days");
}

#[test]
fn a_restart_at_any_place_changes_no_finding() {
    let world = World::new(11);
    let middle = world.acts.len() / 2;
    let acts = &world.acts[middle..middle + 40_000];
    let whole = trial::watch(acts, trial::settings());
    let mut known = Known::default();
    let mut found = Vec::new();
    for (part, acts) in acts.chunks(4999).enumerate() {
        let mut watch = Watch::new(trial::settings(), known);
        watch.seed("a hash of the trail");
        for (at, act) in acts.iter().enumerate() {
            watch.see(&act.seen((part * 4999 + at) as u64 + 1), &mut found);
        }
        let saved = serde_json::to_vec(watch.known()).unwrap();
        known = serde_json::from_slice(&saved).unwrap();
    }
    assert_eq!(whole, found);
    assert!(whole.len() > 5);
}

#[test]
fn a_record_says_the_same_as_line_and_as_what_is_simulated() {
    let world = World::new(3);
    for (at, act) in world.acts.iter().enumerate().step_by(997) {
        let seq = at as u64 + 1;
        let line = act.json(seq).to_string();
        let event = guard::audit::Event::parse(line.as_bytes()).unwrap();
        let seen = audit_review::watch::seen::Seen::of(&event);
        let mut own = act.seen(seq);
        if own.outcome != "allowed" {
            (own.items, own.bytes) = (0, 0);
        }
        assert_eq!(seen, own);
    }
    assert!(world.injections.iter().any(|i| i.class == Class::BulkRead));
}
