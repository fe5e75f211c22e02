//! What changes something is announced before it begins, or does not begin.
#![expect(clippy::disallowed_methods, reason = "tests break the trail")]

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::World;

const WRITER: &str = "
    [roles.clerk]
    clearance = \"internal\"
    permissions = [\"fixture:write\"]
    [stdio]
    roles = [\"clerk\"]
";

fn world() -> World {
    World::with(WRITER, Duration::from_millis(300))
}

fn intents(records: &[Value]) -> usize {
    records.iter().filter(|r| r["phase"] == "intent").count()
}

#[tokio::test]
async fn l1_a_change_is_announced_before_it_begins_and_its_outcome_refers_to_that() {
    let mut world = world();
    let reply = world.change("fine").await;
    assert_eq!(reply["result"]["structuredContent"]["done"], "fine");
    assert_eq!(
        *world.changes.lock().unwrap(),
        [1],
        "announced when it began"
    );
    let records = world.records();
    let [intent, outcome] = records.as_slice() else {
        panic!("{records:?}");
    };
    assert_eq!(intent["phase"], "intent");
    assert_eq!(outcome["phase"], "outcome");
    assert_eq!(outcome["ref"], intent["id"]);
    assert_ne!(outcome["id"], intent["id"]);
    assert_eq!(outcome["outcome"], "allowed");
    for absent in ["outcome", "ref", "result.items", "label.level"] {
        assert!(intent.get(absent).is_none(), "{intent}");
    }
    let same = [
        "principal.id",
        "principal.roles",
        "session.id",
        "mcp.method.name",
        "gen_ai.tool.name",
        "args.shape",
        "args.hmac",
        "jsonrpc.request.id",
        "policy.hash",
        "decision",
    ];
    for key in same {
        assert!(intent.get(key).is_some(), "{key}: {intent}");
        assert_eq!(intent[key], outcome[key], "{key}");
    }
}

#[tokio::test]
async fn l1_an_allowed_call_names_the_permission_that_it_needed_and_a_refused_one_its_code() {
    let mut world = world();
    world.change("fine").await;
    world.change("absent").await;
    world.act("fine").await;
    let records = world.records();
    let outcomes = records.iter().filter(|r| r["phase"] == "outcome");
    let rules: Vec<&Value> = outcomes.map(|r| &r["decision.rule"]).collect();
    assert_eq!(
        rules,
        ["fixture:write".into(), "not_found".into(), Value::Null].each_ref()
    );
}

#[tokio::test]
async fn l1_what_only_reads_is_not_announced() {
    let mut world = world();
    world.act("fine").await;
    world.ask("tools/list", json!({})).await;
    let records = world.records();
    assert_eq!((records.len(), intents(&records)), (2, 0));
    assert!(records.iter().all(|r| r.get("ref").is_none()));
}

#[tokio::test]
async fn l1_what_is_refused_before_it_begins_is_not_announced() {
    let mut without = World::new();
    let denied = without.change("fine").await;
    assert!(denied["error"].is_object(), "{denied}");
    let mut world = world();
    let malformed = world.change(&"x".repeat(21)).await;
    assert_eq!(
        malformed["result"]["structuredContent"]["code"],
        "malformed"
    );
    for world in [without, world] {
        let records = world.records();
        assert_eq!((records.len(), intents(&records)), (1, 0));
        assert!(world.changes.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn l2_what_cannot_be_announced_is_not_begun() {
    let mut world = world();
    world.act("fine").await;
    let trail = world.dir.path().join("audit");
    std::fs::rename(&trail, world.dir.path().join("gone")).unwrap();
    let reply = world.change("fine").await;
    assert_eq!(reply["result"]["isError"], true, "{reply}");
    assert!(!reply.to_string().contains("canary"), "{reply}");
    assert!(world.changes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn l1_a_change_that_was_given_up_is_unknown_and_one_that_failed_is_not() {
    let mut world = world();
    for (act, outcome) in [
        ("absent", "denied"),
        ("fault", "error"),
        ("hang", "unknown"),
        ("panic", "unknown"),
        // it was done, but its answer is above the caller's clearance
        ("personal", "unknown"),
    ] {
        let reply = world.change(act).await;
        assert_eq!(reply["result"]["isError"], true, "{reply}");
        let records = world.records();
        let last = records.last().unwrap();
        let intent = &records[records.len() - 2];
        assert_eq!(intent["phase"], "intent", "{act}");
        assert_eq!(last["ref"], intent["id"], "{act}");
        assert_eq!(last["outcome"], outcome, "{act}");
    }
    assert_eq!(world.changes.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn l1_what_reaches_beyond_the_machine_is_announced_even_if_it_only_reads() {
    let mut world = world();
    let fetch = |act: &str| json!({"name": "fetch_act", "arguments": {"act": act}});
    world.ask("tools/call", fetch("fine")).await;
    assert_eq!(*world.changes.lock().unwrap(), [1]);
    // nothing was changed, so how it ended is never in doubt
    for (act, outcome) in [
        ("hang", "cancelled"),
        ("panic", "error"),
        ("personal", "denied"),
    ] {
        world.ask("tools/call", fetch(act)).await;
        let records = world.records();
        let [.., intent, last] = records.as_slice() else {
            panic!("{records:?}");
        };
        assert_eq!(intent["phase"], "intent", "{act}");
        assert_eq!(last["ref"], intent["id"], "{act}");
        assert_eq!(last["outcome"], outcome, "{act}");
    }
    world.ask("tools/call", fetch(&"x".repeat(21))).await;
    let records = world.records();
    assert_eq!(intents(&records), 4, "what is malformed never leaves");
    let trail = world.dir.path().join("audit");
    std::fs::rename(&trail, world.dir.path().join("gone")).unwrap();
    let reply = world.ask("tools/call", fetch("fine")).await;
    assert_eq!(reply["result"]["isError"], true, "{reply}");
    assert_eq!(world.changes.lock().unwrap().len(), 4);
}
