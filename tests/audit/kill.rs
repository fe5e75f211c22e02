//! A process that is killed at any moment.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use super::world;

#[test]
fn l2_what_was_answered_before_a_kill_is_recorded_and_the_chain_holds() {
    let world = world();
    let mut answered = 0;
    for round in 0..25_u64 {
        let mut raw = world.serve();
        let first = raw.call("read_file", json!({"path": "docs/small.txt"}));
        assert_eq!(first.ok().text(), "small\n");
        for _ in 0..200 {
            raw.begin_call("read_file", json!({"path": "docs/other.txt"}));
        }
        // moments that differ, without chance
        std::thread::sleep(Duration::from_micros(round * round * 150));
        raw.signal(Signal::KILL);
        let ended = raw.end();
        assert_eq!(ended.code, None);
        answered += ended.answered.len();
        // the next process mends what the kill tore
        let mut next = world.serve();
        next.ask("tools/list", json!({})).ok();
        assert_eq!(next.close().code, Some(0));
        let trail = world.trail();
        let last = ended.answered.iter();
        let session = session_of(&trail.records, round as usize * 2);
        for id in last {
            let same = |r: &&serde_json::Value| {
                r["jsonrpc.request.id"] == **id
                    && r["session.id"] == session
                    && r["phase"] == "outcome"
            };
            let times = trail.records.iter().filter(same).count();
            assert_eq!(times, 1, "round {round}: the answer to {id} has its record");
        }
    }
    assert!(answered > 100, "{answered} answers before the kills");
}

/// The id of the session that started as the one of this number.
fn session_of(records: &[serde_json::Value], number: usize) -> serde_json::Value {
    let starts = records.iter().filter(|r| r["action"] == "session.start");
    starts
        .map(|r| r["session.id"].clone())
        .nth(number)
        .expect("it started")
}

#[test]
fn l2_a_killed_process_is_noticed_by_the_next() {
    let world = world();
    let mut raw = world.serve();
    raw.ask("tools/list", json!({})).ok();
    raw.signal(Signal::KILL);
    assert_eq!(raw.end().code, None);
    assert_eq!(world.serve().close().code, Some(0));
    let trail = world.trail();
    assert_eq!(trail.actions("session.start").len(), 2);
    assert_eq!(trail.actions("session.end").len(), 1);
}

#[test]
fn l3_a_changed_trail_is_noticed_by_a_second_reading() {
    let world = world();
    let mut raw = world.serve();
    for _ in 0..5 {
        raw.call("read_file", json!({"path": "docs/small.txt"}))
            .ok();
    }
    assert_eq!(raw.close().code, Some(0));
    world.trail();
    let segment = std::fs::read_dir(world.path("audit"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|e| e == "jsonl"))
        .unwrap();
    let text = std::fs::read_to_string(&segment).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let join = |lines: Vec<&str>| lines.join("\n") + "\n";
    let without = |at: usize| {
        join(
            lines
                .iter()
                .copied()
                .enumerate()
                .filter(|(n, _)| *n != at)
                .map(|(_, l)| l)
                .collect(),
        )
    };
    let mut swapped = lines.clone();
    swapped.swap(3, 4);
    let mut doubled = lines.clone();
    doubled.insert(4, lines[4]);
    for bent in [
        text.replacen("\"allowed\"", "\"denied\"", 1),
        text.replacen("read_file", "list_roots", 1),
        without(0),
        without(3),
        join(swapped),
        join(doubled),
    ] {
        std::fs::write(&segment, bent).unwrap();
        assert!(harness::verify(&world.path("audit")).is_err());
    }
}
