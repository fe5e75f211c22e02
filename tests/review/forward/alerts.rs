//! The findings of `watch`, sent to a receiver that may not be there.

use std::time::Duration;

use harness::PATIENCE;
use harness::World;
use harness::until;

use super::Running;
use super::company;
use super::lines;
use super::once;
use super::receivers::Act;
use super::receivers::Webhook;
use super::review;

/// A company that watches its trail, and somebody who asks six times for what is not theirs.
fn watched(hook: &Webhook) -> World {
    let world = company();
    world.file("hook.key", "a key of thirty-two letters or so\n");
    world.mode("hook.key", 0o600);
    let table = hook.table("pager", "alerts-only = true");
    world.file(
        "forward.toml",
        format!("[watch]\nalerts = [\"pager\"]\n\n{table}"),
    );
    probe(&world, "stan");
    world
}

fn probe(world: &World, who: &str) {
    let mut raw = super::reader(world, who);
    for _ in 0..6 {
        let _answer = raw.call("read_file", serde_json::json!({"path": "docs/hr/pay.md"}));
    }
    assert_eq!(raw.close().code, Some(0));
}

/// The findings in the trail.
fn findings(world: &World) -> Vec<String> {
    let all = lines(&world.path("audit")).into_iter();
    all.filter(|line| line.contains("\"kind\":\"detect\""))
        .collect()
}

#[test]
fn each_finding_is_sent_as_it_is_recorded_and_nothing_else() {
    let hook = Webhook::start(|_, _| Act::Take);
    let world = watched(&hook);
    let watch = ["watch", "--once", "--config={dir}/forward.toml"];
    let ran = review(&world, &watch);
    assert_eq!(ran.code, Some(10), "{}", ran.stderr);
    let found = findings(&world);
    assert!(!found.is_empty());
    assert_eq!(hook.lines(), found);
    // once each
    let ran = review(&world, &watch);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(hook.lines(), found);
    // the trail itself goes to nobody who gets alerts alone
    let ran = once(&world, 1);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    // a trial writes nothing and sends nothing
    let ran = review(
        &world,
        &["watch", "--replay", "--config={dir}/forward.toml"],
    );
    assert_eq!(ran.code, Some(10), "{}", ran.stderr);
    assert_eq!(hook.lines(), found);
}

#[test]
fn l2_a_finding_waits_for_a_receiver_that_is_away_and_detection_waits_for_nobody() {
    let away = Webhook::start(|_, _| Act::Hang);
    let world = watched(&away);
    let running = Running::of(&world, "watch");
    until(PATIENCE, || (!findings(&world).is_empty()).then_some(())).expect("it is found");
    let asked = || (!away.heads.lock().unwrap().is_empty()).then_some(());
    until(PATIENCE, asked).expect("it is sent, and hangs");
    probe(&world, "arthur");
    let more = || {
        findings(&world)
            .iter()
            .any(|line| line.contains("\"arthur\""))
            .then_some(())
    };
    until(PATIENCE, more).expect("what comes next is found all the same");
    // it dies; later the receiver is there
    running.kill();
    let address = away.address;
    drop(away);
    std::thread::sleep(Duration::from_millis(100));
    let hook = Webhook::at(address, |_, _| Act::Take);
    let running = Running::of(&world, "watch");
    let found = findings(&world);
    until(PATIENCE, || {
        (hook.lines().len() >= found.len()).then_some(())
    })
    .expect("it is sent");
    assert_eq!(running.stop(), Some(0));
    assert!(hook.lines().starts_with(&found), "{:?}", hook.lines());
}

#[test]
fn an_alert_to_nobody_is_refused_at_the_start() {
    let hook = Webhook::start(|_, _| Act::Take);
    let world = watched(&hook);
    for names in ["[\"other\"]", "[\"pager\", \"pager\"]"] {
        let text = world.read("forward.toml").replace("[\"pager\"]", names);
        world.file("wrong.toml", text);
        let ran = review(&world, &["watch", "--once", "--config={dir}/wrong.toml"]);
        assert_eq!(ran.code, Some(2), "{names}: {}", ran.stderr);
    }
}
