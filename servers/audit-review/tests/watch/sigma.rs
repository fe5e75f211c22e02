//! The Sigma rules: valid by pySigma, and right about simulated records.
//!
//! `tests/foreign/setup` installs pySigma. Where it is missing the test says so and passes, unless
//! `KEYHOLE_FOREIGN` is set: then it fails.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value;
use serde_json::json;

use crate::honest::BEGIN;
use crate::injected::Class;
use crate::trial::World;

/// Rules, and the injection that each must find; the others are bases of these.
const RULES: [(&str, Class); 7] = [
    ("denied_burst_principal", Class::DeniedProbing),
    ("bulk_read", Class::BulkRead),
    ("many_resources", Class::BulkRead),
    ("night_access", Class::NightAccess),
    ("unexpected_address", Class::StolenCredential),
    ("guarded_category", Class::NewCategory),
    ("read_then_send", Class::ReadThenSend),
];

/// What a rule fires on that no simulated server writes.
fn made(seq: u64) -> [(&'static str, Value); 5] {
    let record = |more: Value| {
        let mut record = json!({"seq": seq, "time": "2026-05-05T12:00:00Z"});
        let more = more.as_object().unwrap().clone();
        record.as_object_mut().unwrap().extend(more);
        record
    };
    [
        (
            "trail_trouble",
            record(json!({"kind": "log", "action": "recover"})),
        ),
        (
            "trail_trouble",
            record(json!({"kind": "log", "action": "resume"})),
        ),
        (
            "trail_trouble",
            record(json!({"kind": "request", "outcome": "unknown"})),
        ),
        (
            "trail_trouble",
            record(json!({"kind": "request", "outcome": "error", "truncated": true})),
        ),
        (
            "watch_alert",
            record(json!({"kind": "detect", "detect.level": "alert"})),
        ),
    ]
}

#[test]
fn the_sigma_rules_are_valid_and_fire_on_what_is_injected_alone() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = here.join("../../tests/foreign/venv/bin/python");
    let has = |python: &Path| {
        let asked = Command::new(python)
            .args(["-c", "import sigma.collection"])
            .output();
        asked.is_ok_and(|output| output.status.success())
    };
    if !has(&python) {
        let set = std::env::var("KEYHOLE_FOREIGN").unwrap_or_default();
        assert!(
            matches!(&*set, "" | "0" | "false"),
            "pySigma is missing: run tests/foreign/setup"
        );
        eprintln!("pySigma is missing; run tests/foreign/setup");
        return;
    }
    let world = World::new(5);
    let days = (BEGIN + 30) * 86_400..(BEGIN + 48) * 86_400;
    let all = world.acts.iter().enumerate();
    let acts: BTreeMap<u64, _> = all
        .map(|(at, act)| (at as u64 + 1, act))
        .filter(|(_, act)| days.contains(&act.time))
        .collect();
    let made = made(1_000_000);
    let mut judge = Command::new(python)
        .arg(here.join("tests/watch/judge_rules.py"))
        .arg(here.join("sigma"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = judge.stdin.take().unwrap();
    let mut text = String::new();
    for (seq, act) in &acts {
        text.push_str(&act.json(*seq).to_string());
        text.push('\n');
    }
    for (at, (_, record)) in made.iter().enumerate() {
        let mut record = record.clone();
        record["seq"] = json!(1_000_000 + at);
        text.push_str(&record.to_string());
        text.push('\n');
    }
    // one address, many principals
    for at in 0..20 {
        let record = json!({
            "seq": 2_000_000 + at, "time": format!("2026-05-05T13:00:{at:02}Z"),
            "kind": "request", "outcome": "denied", "error.type": "not_cleared",
            "principal.id": format!("p{at}"), "client.address": "10.9.9.9",
        });
        text.push_str(&record.to_string());
        text.push('\n');
    }
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()).unwrap());
    let output = judge.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "pySigma takes the rules");
    let judged: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&judged["errors"], &judged["issues"]),
        (&json!([]), &json!([]))
    );
    assert!(judged["checks"].as_u64() > Some(10));
    let fired = |rule: &str| -> Vec<Vec<u64>> {
        serde_json::from_value(judged["fired"][rule].clone()).unwrap()
    };
    let class = |seq: &u64| {
        let injected = acts.get(seq).and_then(|act| act.injected);
        injected.map(|at| world.injections[at].class)
    };
    for (rule, expected) in RULES {
        let windows = fired(rule);
        let hits = |window: &Vec<u64>| window.iter().any(|seq| class(seq) == Some(expected));
        assert!(windows.iter().any(hits), "{rule} misses {expected:?}");
        for window in &windows {
            let honest = window.iter().all(|seq| class(seq).is_none());
            assert!(
                !honest,
                "{rule} fires on honest work: {:?}",
                acts.get(&window[0])
            );
        }
    }
    for (at, (rule, record)) in made.iter().enumerate() {
        let seq = 1_000_000 + at as u64;
        assert!(fired(rule).contains(&vec![seq]), "{rule} misses {record}");
    }
    let address: Vec<u64> = (2_000_000..2_000_020).collect();
    assert_eq!(fired("denied_burst_address"), [address]);
    let honest = |rule: &str| fired(rule).iter().filter(|w| w[0] < 1_000_000).count();
    assert_eq!((honest("trail_trouble"), honest("watch_alert")), (0, 0));
    let files = std::fs::read_dir(here.join("sigma")).unwrap().count();
    // the four bases have no injection of their own
    assert_eq!(files, RULES.len() + 3 + 4, "each rule is proven");
}
