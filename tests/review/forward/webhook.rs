//! Receivers of HTTP that misbehave.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use harness::PATIENCE;
use harness::World;
use harness::until;

use super::LOOK;
use super::Running;
use super::assert_whole;
use super::company;
use super::lines;
use super::once;
use super::receivers::Act;
use super::receivers::Webhook;
use super::seq;
use super::work;

/// A company whose trail is handed on as `tables` say.
fn forwarding(tables: &str) -> World {
    let world = company();
    world.file("hook.key", "a key of thirty-two letters or so\n");
    world.mode("hook.key", 0o600);
    world.file("forward.toml", tables);
    world
}

#[test]
fn l2_a_receiver_that_fails_hangs_up_and_restarts_loses_nothing_while_a_server_writes() {
    let moods = |count: usize, _: &[String]| match count {
        0 => Act::Say("HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n"),
        1 => Act::Close,
        2 => Act::Say("HTTP/1.1 429 X\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n"),
        3 => Act::Slowly(Duration::from_millis(300)),
        5 => Act::Say("garbage\r\n\r\n"),
        _ => Act::Take,
    };
    let hook = Webhook::start(moods);
    let world = forwarding(&hook.table("siem", "batch-bytes = \"4 KiB\""));
    work(&world, 5);
    let running = Running::start(&world);
    work(&world, 60);
    until(PATIENCE * 2, || (hook.lines().len() > 40).then_some(())).expect("it gets on");
    // the sender dies, and is started again
    running.kill();
    let running = Running::start(&world);
    work(&world, 20);
    // the receiver dies, and another one takes its place
    // shared: it may take one batch more while it goes
    let (address, before) = (hook.address, Arc::clone(&hook.taken));
    drop(hook);
    work(&world, 20);
    let hook = Webhook::at(address, |_, _| Act::Take);
    let wanted = lines(&world.path("audit")).len();
    let count = || before.lock().unwrap().len() + hook.lines().len();
    let all = || (count() >= wanted).then_some(());
    until(PATIENCE * 3, all).expect("all is handed on");
    assert_eq!(running.stop(), Some(0));
    assert_eq!(once(&world, 10).code, Some(0));
    let mut taken = before.lock().unwrap().clone();
    taken.extend(hook.lines());
    // all but what it recorded about its own end
    let handed = assert_whole(&taken, &world.path("audit"));
    let left = lines(&world.path("audit")).split_off(handed);
    assert!(left.len() <= 3, "{left:?}");
    let starts = world.trail().actions("forward-start").len();
    assert_eq!(
        (starts, world.trail().actions("forward-stop").len()),
        (3, 2)
    );
}

#[test]
fn a_receiver_that_hangs_holds_up_neither_another_nor_a_server_nor_the_end() {
    let hanging = Webhook::start(|_, _| Act::Hang);
    let hook = Webhook::start(|_, _| Act::Take);
    let tables = hanging.table("hangs", "timeout-seconds = 600") + &hook.table("takes", "");
    let world = forwarding(&tables);
    let running = {
        work(&world, 1);
        Running::start(&world)
    };
    until(PATIENCE, || {
        (!hanging.heads.lock().unwrap().is_empty()).then_some(())
    })
    .expect("it is asked");
    // each call of a client is answered within the patience of the harness
    work(&world, 100);
    let wanted = lines(&world.path("audit")).len();
    until(PATIENCE, || (hook.lines().len() >= wanted).then_some(())).expect("the other gets all");
    assert_eq!(assert_whole(&hook.lines(), &world.path("audit")), wanted);
    let began = Instant::now();
    assert_eq!(running.stop(), Some(0));
    assert!(began.elapsed() < PATIENCE);
    assert!(hanging.lines().is_empty());
}

#[test]
fn a_record_that_is_refused_is_told_and_never_passed_over() {
    const REFUSED: &str = "HTTP/1.1 422 X\r\ncontent-length: 0\r\n\r\n";
    let picky = Webhook::start(|_, lines| {
        if lines.iter().any(|line| line.contains("\"list_directory\"")) {
            Act::Say(REFUSED)
        } else {
            Act::Take
        }
    });
    let world = forwarding(&picky.table("siem", ""));
    work(&world, 10);
    let mut raw = super::reader(&world, "stan");
    let _answer = raw.call("list_directory", serde_json::json!({"path": "docs"}));
    assert_eq!(raw.close().code, Some(0));
    work(&world, 10);
    let ran = once(&world, 5);
    assert_eq!(ran.code, Some(30), "{}", ran.stderr);
    // everything before it came, and it is named by the one before it
    let all = lines(&world.path("audit"));
    let at = all
        .iter()
        .position(|line| line.contains("\"list_directory\""))
        .unwrap();
    assert_eq!(assert_whole(&picky.lines(), &world.path("audit")), at);
    let refused = &world.trail().actions("forward-refused")[0].clone();
    assert_eq!(refused["forward.seq"], seq(&all[at]) - 1);
    assert!(
        refused["reason"].as_str().unwrap().contains("422"),
        "{refused}"
    );
    // once the receiver takes it, all the rest comes
    let address = picky.address;
    let mut taken = picky.lines();
    drop(picky);
    let hook = Webhook::at(address, |_, _| Act::Take);
    let ran = once(&world, 5);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    taken.extend(hook.lines());
    assert!(assert_whole(&taken, &world.path("audit")) > at + 10);
}

#[test]
fn a_batch_that_is_sent_again_has_the_same_id() {
    let hook = Webhook::start(|count, _| match count {
        0 => Act::Say("HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n"),
        _ => Act::Take,
    });
    let world = forwarding(&hook.table("siem", ""));
    work(&world, 3);
    assert_eq!(once(&world, 10).code, Some(0));
    let ids: Vec<String> = hook
        .heads
        .lock()
        .unwrap()
        .iter()
        .map(|head| {
            let line = head.lines().find(|line| line.starts_with("webhook-id: "));
            line.unwrap().to_owned()
        })
        .collect();
    assert!(ids.len() >= 2);
    assert_eq!(ids[0], ids[1]);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len() - 1);
}

#[test]
fn o2_what_a_receiver_says_is_told_to_nobody() {
    const LOUD: &str =
        "HTTP/1.1 403 canary-4b1d\r\nx: canary-4b1d\r\ncontent-length: 11\r\n\r\ncanary-4b1d";
    let hook = Webhook::start(|_, _| Act::Say(LOUD));
    let world = forwarding(&hook.table("siem", ""));
    work(&world, 1);
    let ran = once(&world, 5);
    assert_eq!(ran.code, Some(30));
    assert!(ran.stderr.contains("403"), "{}", ran.stderr);
    let trail = lines(&world.path("audit")).concat();
    for text in [&ran.stderr, &ran.stdout, &trail] {
        assert!(!text.contains("canary-4b1d") && !text.contains("thirty-two"));
    }
}

#[test]
fn a_receiver_that_begins_now_gets_what_is_written_from_then_on() {
    let hook = Webhook::start(|_, _| Act::Take);
    let world = forwarding(&hook.table("siem", "from = \"now\""));
    work(&world, 10);
    let running = Running::start(&world);
    std::thread::sleep(LOOK);
    let before = lines(&world.path("audit")).len();
    work(&world, 10);
    let wanted = lines(&world.path("audit")).len();
    let last = || {
        hook.lines()
            .iter()
            .any(|line| seq(line) as usize == wanted)
            .then_some(())
    };
    until(PATIENCE, last).expect("what is new comes");
    assert_eq!(running.stop(), Some(0));
    let first = seq(&hook.lines()[0]) as usize;
    assert!(first > 10 && first <= before, "{first} of {before}");
}

#[test]
fn two_that_send_to_one_receiver_are_one_too_many() {
    let hook = Webhook::start(|_, _| Act::Take);
    let world = forwarding(&hook.table("siem", ""));
    work(&world, 1);
    let running = Running::start(&world);
    until(PATIENCE, || (!hook.lines().is_empty()).then_some(())).expect("it sends");
    let ran = once(&world, 5);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("another process sends"),
        "{}",
        ran.stderr
    );
    assert_eq!(running.stop(), Some(0));
    // nor is a position taken for that of another receiver
    let text = world.read("forward.toml").replace("/hook\"", "/other\"");
    world.file("forward.toml", text);
    let ran = once(&world, 5);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("another address"), "{}", ran.stderr);
}
