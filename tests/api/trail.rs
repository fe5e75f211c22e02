//! What is recorded of a request that leaves, before and after.

use std::time::Duration;
use std::time::Instant;

use serde_json::json;

use super::CUSTOMER;
use super::finish;
use super::serve;
use super::upstream::Upstream;
use super::upstream::hang;
use super::world;

#[test]
fn l1_an_intent_goes_before_each_request_and_an_outcome_follows() {
    let upstream = Upstream::json(&json!({"id": "AB1234"}));
    let world = world(&upstream, CUSTOMER);
    let mut raw = serve(&world, "ada");
    let id = raw.begin_call("fetch-customer-data", json!({"id": "AB1234"}));
    raw.wait(id).ok();
    finish(&world, &upstream, raw);
    let trail = world.trail();
    let wanted = id.to_string();
    let intent = trail
        .records
        .iter()
        .position(|r| r["phase"] == "intent")
        .unwrap();
    let outcome = trail
        .records
        .iter()
        .position(|r| r["jsonrpc.request.id"] == wanted && r["phase"] == "outcome");
    let outcome = outcome.unwrap();
    assert!(intent < outcome);
    let (intent, outcome) = (&trail.records[intent], &trail.records[outcome]);
    assert_eq!(outcome["ref"], intent["id"]);
    assert_eq!(outcome["outcome"], "allowed");
    let resource = "api://crm/fetch-customer-data";
    assert_eq!(outcome["mcp.resource.uri"], resource, "{outcome}");
    let text = outcome.to_string();
    assert!(text.contains("GET /customers/{id}"), "{text}");
    assert!(
        !text.contains("AB1234"),
        "arguments are not recorded: {text}"
    );
    assert!(text.contains("\"api.status\":200"), "{text}");
}

#[test]
fn l2_without_a_trail_nothing_leaves() {
    let upstream = Upstream::json(&json!({"id": "AB1234"}));
    let world = world(&upstream, CUSTOMER);
    let mut raw = serve(&world, "ada");
    raw.call("fetch-customer-data", json!({"id": "AB1234"}))
        .ok();
    let asked = upstream.heard().len();
    std::fs::rename(world.path("audit"), world.path("gone")).unwrap();
    let answer = raw.call("fetch-customer-data", json!({"id": "AB1234"}));
    assert!(!answer.is_ok(), "{}", answer.short());
    assert_eq!(
        upstream.heard().len(),
        asked,
        "no request without its record"
    );
    assert_eq!(raw.close().code, Some(1));
}

#[test]
fn l1_a_cancelled_call_ends_is_recorded_and_hangs_up() {
    let (told, gone) = std::sync::mpsc::channel();
    let told = std::sync::Mutex::new(told);
    let upstream = Upstream::start(move |_, stream| {
        hang(stream);
        told.lock().unwrap().send(()).ok();
    });
    let world = world(&upstream, CUSTOMER);
    let mut raw = serve(&world, "ada");
    let id = raw.begin_call("fetch-customer-data", json!({"id": "AB1234"}));
    let asked = || (!upstream.heard().is_empty()).then_some(());
    harness::until(harness::PATIENCE, asked).expect("it is asked");
    let start = Instant::now();
    let params = json!({"requestId": id, "reason": "changed my mind"});
    raw.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}));
    gone.recv_timeout(Duration::from_secs(5))
        .expect("the connection is closed");
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    raw.ask("tools/list", json!({})).ok();
    let ended = finish(&world, &upstream, raw);
    let trail = world.trail();
    let records = trail.of(&id.to_string());
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["outcome"], "cancelled", "{}", records[0]);
    assert!(records[0]["ref"].is_string(), "it says what was announced");
    assert!(!ended.answered.contains(&id.to_string()));
}
