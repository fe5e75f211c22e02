//! Each rule at its threshold, and just below.

use audit_review::watch::finding::Level;
use audit_review::watch::finding::Rule;
use audit_review::watch::settings::Settings;

use crate::act::Act;
use crate::hostile::Looking;
use crate::hostile::NOON;
use crate::hostile::act;
use crate::hostile::denied;

const DAY: i64 = 86_400;

fn look(acts: &[Act]) -> Looking {
    let mut watch = Looking::new(Settings::default());
    for act in acts {
        watch.see(act);
    }
    watch
}

/// Whether `rule` speaks about "a".
fn fires(rule: Rule, acts: &[Act]) -> bool {
    look(acts).rules("a").contains(&rule)
}

#[test]
fn refusals_are_told_from_the_fifth_on_and_names_that_are_not_there_from_the_fifteenth() {
    let many = |count: i64, step: i64, error: &'static str| {
        let one = |at| Act {
            error,
            ..denied("a", NOON + at * step)
        };
        (0..count).map(one).collect::<Vec<_>>()
    };
    for (count, step, error, told) in [
        (4, 1, "not_cleared", false),
        (5, 1, "not_cleared", true),
        (5, 74, "not_cleared", true),
        (20, 75, "not_cleared", false),
        (14, 1, "not_found", false),
        (15, 1, "not_found", true),
        (100, 1, "malformed", false),
        (100, 1, "quota", false),
    ] {
        let acts = many(count, step, error);
        let fired = fires(Rule::DenialsPrincipal, &acts);
        assert_eq!(fired, told, "{count} {step} {error}");
    }
}

#[test]
fn different_resources_are_told_from_the_hundredth_on() {
    let read = |count: i64, step: i64| {
        let one = |at| Act {
            resource: Some(format!("fs://docs/{at}")),
            ..act("a", NOON + at * step)
        };
        (0..count).map(one).collect::<Vec<_>>()
    };
    assert!(!fires(Rule::DistinctBurst, &read(99, 1)));
    assert!(fires(Rule::DistinctBurst, &read(100, 1)));
    assert!(!fires(Rule::DistinctBurst, &read(300, 7)), "slower");
}

#[test]
fn a_category_is_told_after_a_week_and_once() {
    let read = |day: i64| Act {
        categories: vec!["health"],
        ..act("a", NOON + day * DAY)
    };
    let plain = |day: i64| act("a", NOON + day * DAY);
    assert!(!fires(Rule::NewCategory, &[plain(0), read(6)]), "learning");
    assert!(fires(Rule::NewCategory, &[plain(0), plain(4), read(7)]));
    let known = [read(0), plain(4), read(8)];
    assert!(!fires(Rule::NewCategory, &known));
}

#[test]
fn sending_after_reading_is_told_unless_it_is_a_habit() {
    let read = |day: i64| Act {
        level: Some("confidential"),
        ..act("a", NOON + day * DAY)
    };
    let send = |day: i64, later: i64, what: &str| Act {
        resource: None,
        request: Some(what.to_owned()),
        ..act("a", NOON + day * DAY + later)
    };
    let start = [act("a", NOON), act("a", NOON + 4 * DAY)];
    let then = |more: &[Act]| look(&[&start[..], more].concat());
    let sent = then(&[read(8), send(8, 1799, "POST /x")]);
    let finding = sent
        .2
        .iter()
        .find(|f| f.rule == Rule::ReadThenSend)
        .unwrap();
    assert_eq!((finding.level, finding.records), (Level::Alert, (3, 4)));
    let got = then(&[read(8), send(8, 60, "GET /x")]);
    assert_eq!(got.2[0].level, Level::Warn);
    assert!(then(&[read(8), send(8, 1800, "POST /x")]).2.is_empty());
    assert!(then(&[send(8, 60, "POST /x")]).2.is_empty());
    let day = |day| [read(day), send(day, 60, "POST /x")];
    let days = |days: &[i64]| then(&days.iter().flat_map(|at| day(*at)).collect::<Vec<_>>());
    let told = |watch: &Looking| {
        watch
            .2
            .iter()
            .filter(|f| f.rule == Rule::ReadThenSend)
            .count()
    };
    assert_eq!(told(&days(&[8, 9, 10])), 3);
    assert_eq!(told(&days(&[8, 9, 10, 11, 12])), 3, "a habit by then");
}

#[test]
fn what_the_trail_says_of_itself_is_told() {
    let log = |action| Act {
        kind: "log",
        action,
        who: None,
        ..act("a", NOON)
    };
    let unknown = Act {
        outcome: "unknown",
        ..act("a", NOON)
    };
    for (record, rule) in [
        (log("recover"), Some(Rule::Recovered)),
        (log("resume"), Some(Rule::Recovered)),
        (log("open"), None),
        (log("close"), None),
        (unknown, Some(Rule::UnknownOutcome)),
    ] {
        let found = look(std::slice::from_ref(&record)).2;
        assert_eq!(found.first().map(|f| f.rule), rule, "{record:?}");
    }
}

/// A server that writes at each working hour of three weeks.
fn at_work() -> Looking {
    let mut watch = Looking::new(Settings::default());
    let begin = NOON - NOON.rem_euclid(DAY);
    for day in (0..21).filter(|day| (begin / DAY + day + 3) % 7 < 5) {
        for hour in 8..18 {
            watch.see(&act("a", begin + day * DAY + hour * 3600));
        }
    }
    watch
}

#[test]
fn a_server_that_always_wrote_is_missed_after_two_hours() {
    let begin = NOON - NOON.rem_euclid(DAY) + 21 * DAY;
    let mut watch = at_work();
    watch.see(&act("a", begin + 8 * 3600));
    let count = watch.2.len();
    for (hour, told) in [(9, 0), (10, 0), (11, 1), (12, 1)] {
        watch.0.idle(begin + hour * 3600 + 60, &mut watch.2);
        assert_eq!(watch.2.len() - count, told, "at {hour}");
    }
    assert_eq!(watch.2[count].rule, Rule::SilentServer);
    // and nothing is missed in the night
    let mut watch = at_work();
    watch.see(&act("a", begin + 17 * 3600));
    let count = watch.2.len();
    watch.0.idle(begin + 23 * 3600, &mut watch.2);
    assert_eq!(watch.2.len(), count);
}

#[test]
fn a_process_that_does_not_close_is_told_after_a_week() {
    let open = Act {
        kind: "log",
        action: "open",
        who: None,
        ..act("a", NOON)
    };
    let close = Act {
        action: "close",
        ..open.clone()
    };
    let later = |days: i64| Act {
        instance: "other".to_owned(),
        ..act("a", NOON + days * DAY)
    };
    let told = |acts: &[Act]| look(acts).2.iter().any(|f| f.rule == Rule::UnclosedProcess);
    assert!(!told(&[open.clone(), later(3), later(6)]));
    assert!(told(&[open.clone(), later(3), later(7)]));
    assert!(!told(&[open, close, later(3), later(7)]));
}
