//! Who hears of changes, in both eras of the protocol.

use std::time::Duration;

use harness::Era;
use harness::Raw;
use harness::World;
use serde_json::Value;
use serde_json::json;

const SOON: Duration = Duration::from_secs(6);
const QUIET: Duration = Duration::from_millis(600);

fn world() -> World {
    let world = World::new();
    world.file("root/watched.txt", "one\n");
    world.file("root/other.txt", "one\n");
    world
}

fn legacy(world: &World) -> Raw {
    world.start(Era::Legacy, &["--audit={dir}/audit", "docs={dir}/root"])
}

fn listen(raw: &mut Raw, uris: &[&str]) -> u64 {
    let id = raw.begin(
        "subscriptions/listen",
        json!({"notifications": {"resourceSubscriptions": uris}}),
    );
    let first = raw.note(SOON).expect("it is acknowledged");
    assert_eq!(
        first["method"], "notifications/subscriptions/acknowledged",
        "{first}"
    );
    id
}

/// The resource that the next notification is about.
fn changed(raw: &mut Raw, limit: Duration) -> Option<Value> {
    let note = raw.note(limit)?;
    assert_eq!(note["method"], "notifications/resources/updated", "{note}");
    Some(note["params"]["uri"].clone())
}

#[test]
fn a_change_is_told_to_who_subscribed_in_the_older_era() {
    let world = world();
    let mut raw = legacy(&world);
    raw.ask(
        "resources/subscribe",
        json!({"uri": "fs://docs/watched.txt"}),
    )
    .ok();
    world.file("root/other.txt", "two\n");
    assert_eq!(changed(&mut raw, QUIET), None);
    world.file("root/watched.txt", "two\n");
    assert_eq!(
        changed(&mut raw, SOON),
        Some("fs://docs/watched.txt".into())
    );
    raw.ask(
        "resources/unsubscribe",
        json!({"uri": "fs://docs/watched.txt"}),
    )
    .ok();
    while raw.note(QUIET).is_some() {}
    world.file("root/watched.txt", "three\n");
    assert_eq!(changed(&mut raw, QUIET), None);
    assert_eq!(raw.close().code, Some(0));
}

#[test]
fn a_change_is_told_to_who_listens_in_the_newer_era() {
    let world = world();
    let mut raw = world.serve();
    let id = listen(
        &mut raw,
        &[
            "fs://docs/watched.txt",
            "fs://docs/none.txt",
            "fs://../x",
            "nonsense",
        ],
    );
    world.file("root/other.txt", "two\n");
    assert_eq!(changed(&mut raw, QUIET), None);
    world.file("root/watched.txt", "two\n");
    assert_eq!(
        changed(&mut raw, SOON),
        Some("fs://docs/watched.txt".into())
    );
    // other requests go on beside it
    raw.call("read_file", json!({"path": "docs/watched.txt"}))
        .ok();
    raw.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}));
    while raw.note(QUIET).is_some() {}
    world.file("root/watched.txt", "three\n");
    assert_eq!(changed(&mut raw, QUIET), None);
    assert_eq!(raw.close().code, Some(0));
    assert_eq!(world.trail().of(&id.to_string()).len(), 1);
}

#[test]
fn a_file_that_is_replaced_is_still_watched() {
    let world = world();
    let mut raw = legacy(&world);
    raw.ask(
        "resources/subscribe",
        json!({"uri": "fs://docs/watched.txt"}),
    )
    .ok();
    for round in 0..3 {
        world.file("root/new.txt", format!("round {round}\n"));
        std::fs::rename(world.path("root/new.txt"), world.path("root/watched.txt")).unwrap();
        let uri = changed(&mut raw, SOON);
        assert_eq!(uri, Some("fs://docs/watched.txt".into()), "round {round}");
        while raw.note(QUIET).is_some() {}
    }
}

#[test]
fn a_file_that_becomes_a_link_out_is_silent() {
    let world = world();
    let mut raw = legacy(&world);
    raw.ask(
        "resources/subscribe",
        json!({"uri": "fs://docs/watched.txt"}),
    )
    .ok();
    std::fs::remove_file(world.path("root/watched.txt")).unwrap();
    world.link("root/watched.txt", "../outside/secret.txt");
    while raw.note(QUIET).is_some() {}
    world.file("outside/secret.txt", harness::CANARY);
    assert_eq!(changed(&mut raw, QUIET), None);
    let ended = raw.close();
    world.assert_kept(&ended);
}

#[test]
fn many_changes_are_few_notifications() {
    let world = world();
    let mut raw = legacy(&world);
    raw.ask(
        "resources/subscribe",
        json!({"uri": "fs://docs/watched.txt"}),
    )
    .ok();
    for number in 0..2000 {
        world.file("root/watched.txt", number.to_string());
    }
    let mut notes = 0;
    while raw.note(QUIET).is_some() {
        notes += 1;
    }
    assert!((1..200).contains(&notes), "{notes}");
    let ended = raw.close();
    assert_eq!(ended.code, Some(0));
    assert!(ended.peak < 64 * 1024);
}

#[test]
fn o6_subscriptions_have_an_end() {
    let world = world();
    let mut raw = legacy(&world);
    for number in 0..300 {
        world.file(&format!("root/{number}.txt"), "x");
    }
    let mut taken = 0;
    for number in 0..300 {
        let uri = format!("fs://docs/{number}.txt");
        let answer = raw.ask("resources/subscribe", json!({"uri": uri}));
        taken += usize::from(answer.is_ok());
    }
    assert!((1..=128).contains(&taken), "{taken}");
    assert!(raw.peak() < 64 * 1024);
    assert_eq!(raw.close().code, Some(0));
    let mut raw = world.serve();
    let uris: Vec<_> = (0..300).map(|n| format!("fs://docs/{n}.txt")).collect();
    for _ in 0..100 {
        raw.begin(
            "subscriptions/listen",
            json!({"notifications": {"resourceSubscriptions": uris}}),
        );
    }
    raw.call("read_file", json!({"path": "docs/watched.txt"}))
        .ok();
    assert!(raw.peak() < 64 * 1024, "{} KiB", raw.peak());
    assert_eq!(raw.close().code, Some(0));
}

#[test]
fn i7_a_subscription_ends_with_its_session() {
    let world = world();
    let mut raw = world.serve();
    let id = listen(&mut raw, &["fs://docs/watched.txt"]);
    raw.signal(rustix::process::Signal::TERM);
    let ended = raw.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(world.trail().of(&id.to_string()).len(), 1);
}
