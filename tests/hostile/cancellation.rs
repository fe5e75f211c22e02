//! Requests that are taken back, and too many of them.

use std::time::Duration;
use std::time::Instant;

use harness::World;
use serde_json::json;

use super::finish;
use super::small_read;
use super::world;

/// A world in which a search takes long.
fn slow() -> World {
    let world = World::in_memory();
    world.file("root/small.txt", "small\n");
    let text = "xyzzy some words that are almost found\n".repeat(1 << 19);
    for number in 0..6 {
        world.file(&format!("root/slow-{number}.txt"), &text);
    }
    world
}

#[test]
fn a_cancelled_search_ends_is_recorded_and_is_not_answered() {
    let world = slow();
    let mut raw = world.serve();
    small_read(&mut raw);
    let mut ids = Vec::new();
    for _ in 0..40 {
        ids.push(raw.begin_call("search_text", json!({"pattern": "[x-z]{3}.*[^o][^u]nd$"})));
    }
    for id in &ids {
        let params = json!({"requestId": id, "reason": "changed my mind"});
        let note = json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params});
        raw.send(&note);
    }
    let start = Instant::now();
    small_read(&mut raw);
    assert!(start.elapsed() < Duration::from_secs(3));
    let ended = finish(&world, raw);
    let trail = world.trail();
    for id in ids.iter().map(ToString::to_string) {
        let records = trail.of(&id);
        assert_eq!(records.len(), 1, "{id}");
        if !ended.answered.contains(&id) {
            assert_eq!(records[0]["outcome"], "cancelled", "{}", records[0]);
        }
    }
    assert!(!ended.heard.contains("changed my mind"));
}

#[test]
fn cancelling_what_is_not_there_does_nothing() {
    let world = world();
    let mut raw = world.serve();
    small_read(&mut raw);
    for id in [json!(999), json!("nothing"), json!(null), json!([]), json!(1)] {
        let params = json!({"requestId": id});
        raw.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}));
        small_read(&mut raw);
    }
    finish(&world, raw);
}

#[test]
fn o6_more_requests_than_places_are_told_to_come_back() {
    let world = slow();
    let mut raw = world.serve();
    let ids: Vec<_> = (0..400)
        .map(|_| raw.begin_call("search_text", json!({"pattern": "[x-z]{3}.*[^o][^u]nd$"})))
        .collect();
    for id in &ids {
        let params = json!({"requestId": id});
        raw.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}));
    }
    // slow searches hold all places of searching, and a small read has a place of its own
    small_read(&mut raw);
    let ended = finish(&world, raw);
    assert!(ended.answered.len() < ids.len());
}

#[test]
fn o6_searches_that_fill_every_place_do_not_stall_a_small_read() {
    let world = slow();
    let mut raw = world.serve();
    small_read(&mut raw);
    for _ in 0..30 {
        raw.begin_call("search_text", json!({"pattern": "[x-z]{3}.*[^o][^u]nd$"}));
    }
    for _ in 0..20 {
        let start = Instant::now();
        small_read(&mut raw);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(2), "{took:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    raw.signal(rustix::process::Signal::TERM);
    let ended = raw.end();
    assert_eq!(ended.code, Some(0));
    world.assert_kept(&ended);
}
