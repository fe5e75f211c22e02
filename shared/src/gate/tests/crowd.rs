//! Many requests at once, and those that are taken back.

use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::POLICY;
use super::World;

#[tokio::test]
async fn l1_a_cancelled_request_is_recorded_and_never_answered() {
    let mut world = World::new();
    world.act("fine").await;
    let id = world
        .send(
            "tools/call",
            json!({"name": "act", "arguments": {"act": "hang"}}),
        )
        .await;
    let note = json!({
        "jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id},
    });
    world.say(&note.to_string()).await;
    let next = world.act("fine").await;
    assert_eq!(next["result"]["structuredContent"]["done"], "fine");
    let outcomes: Vec<Value> = world
        .records()
        .iter()
        .map(|r| r["outcome"].clone())
        .collect();
    assert!(outcomes.contains(&json!("cancelled")), "{outcomes:?}");
}

#[tokio::test]
async fn a_bounded_number_runs_a_bounded_number_waits_and_the_rest_is_told_so() {
    let mut world = World::with(POLICY, Duration::from_secs(1));
    world.act("fine").await;
    let hang = json!({"name": "act", "arguments": {"act": "hang"}});
    for _ in 0..4 {
        world.send("tools/call", hang.clone()).await;
    }
    let mut codes = Vec::new();
    for _ in 0..4 {
        let code = world.hear().await["result"]["structuredContent"]["code"].clone();
        codes.push(code.as_str().unwrap().to_owned());
    }
    assert_eq!(codes, ["busy", "timed_out", "timed_out", "timed_out"]);
}

#[tokio::test]
async fn a_request_id_in_flight_is_not_taken_twice() {
    let mut world = World::with(POLICY, Duration::from_millis(300));
    world.act("fine").await;
    let hang = json!({"name": "act", "arguments": {"act": "hang"}});
    world.send("tools/call", hang.clone()).await;
    world.next -= 1;
    world.send("tools/call", hang).await;
    let (first, second) = (world.hear().await, world.hear().await);
    assert_eq!(first["error"]["code"], -32600, "{first}");
    assert_eq!(
        second["result"]["structuredContent"]["code"], "timed_out",
        "{second}"
    );
    assert_eq!(world.records().len(), 3);
}

#[tokio::test]
async fn a_request_id_is_free_again_only_once_what_it_named_has_ended() {
    let mut world = World::new();
    world.act("fine").await;
    let id = world.next + 1;
    let hang = json!({"name": "act", "arguments": {"act": "hang"}});
    world.send("tools/call", hang.clone()).await;
    let note = json!({
        "jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id},
    });
    let again = json!({"jsonrpc": "2.0", "id": id, "method": "tools/list"});
    world.say(&format!("{note}\n{again}")).await;
    let heard = world.hear().await;
    assert_eq!(heard["error"]["code"], -32600, "{heard}");
    tokio::time::sleep(Duration::from_millis(100)).await;
    let records = world.records();
    let cancelled = records.iter().filter(|r| r["outcome"] == "cancelled");
    assert_eq!(cancelled.count(), 1, "{records:?}");
    world.next = id - 1;
    let fine = world.act("fine").await;
    assert_eq!(fine["result"]["structuredContent"]["done"], "fine");
}

#[tokio::test]
async fn o6_calls_over_the_quota_are_refused_with_the_time_to_wait() {
    let mut world = World::new();
    for _ in 0..40 {
        assert_eq!(world.act("fine").await["result"]["isError"], json!(false));
    }
    let reply = world.act("fine").await;
    assert_eq!(
        reply["result"]["structuredContent"]["code"], "quota",
        "{reply}"
    );
    assert!(
        reply["result"]["structuredContent"]["retryAfterSeconds"].is_u64(),
        "{reply}"
    );
    let reply = world.ask("tools/list", json!({})).await;
    assert_eq!(reply["error"]["code"], 429, "{reply}");
}
