//! Workers and brokers that end: neither outlives the other, and nothing is unrecorded.

use std::time::Duration;

use harness::BOSS;
use harness::until;
use rustix::process::Pid;
use rustix::process::Signal;
use rustix::process::kill_process;
use serde_json::json;

use super::broker_of;
use super::command;
use super::left_in;
use super::runs;
use super::said;
use super::serve;
use super::world;
use crate::api::upstream::Upstream;
use crate::api::upstream::respond;
use crate::db::bed::Bed;
use crate::db::bed::Variant;
use crate::db::bed::cluster;

const CREDENTIAL: &str = "env:EXTERNAL_API_KEY";

fn pid(broker: u32) -> Pid {
    Pid::from_raw(i32::try_from(broker).expect("a pid")).expect("a pid")
}

#[test]
fn a_worker_that_is_killed_takes_its_broker_along() {
    let upstream = Upstream::json(&json!({"a": 1}));
    for ask in [false, true] {
        let world = world(&upstream, CREDENTIAL);
        let mut raw = serve(&world);
        if ask {
            raw.call("things", json!({})).ok();
        }
        let broker = broker_of(raw.pid());
        raw.signal(Signal::KILL);
        let gone = until(Duration::from_secs(1), || (!runs(broker)).then_some(()));
        assert_eq!(gone, Some(()), "the broker goes on");
        assert_eq!(raw.end().code, None);
    }
}

#[test]
fn a_session_that_ends_leaves_no_broker_behind_and_waits_for_none() {
    let upstream = Upstream::json(&json!({"a": 1}));
    let world = world(&upstream, CREDENTIAL);
    let mut raw = serve(&world);
    raw.call("things", json!({})).ok();
    let broker = broker_of(raw.pid());
    let ended = raw.close();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!runs(broker));
    assert_eq!(said(&ended.stderr), "");
}

#[test]
fn a_signal_to_the_terminal_ends_the_worker_in_its_own_time() {
    let upstream = Upstream::json(&json!({"a": 1}));
    let world = world(&upstream, CREDENTIAL);
    let mut raw = serve(&world);
    raw.call("things", json!({})).ok();
    let broker = broker_of(raw.pid());
    let group = |pid: u32| rustix::process::getpgid(Some(self::pid(pid))).expect("it runs");
    assert_ne!(
        group(broker),
        group(raw.pid()),
        "a terminal signals its group"
    );
    raw.signal(Signal::INT);
    let ended = raw.end();
    assert_eq!((ended.code, said(&ended.stderr).as_str()), (Some(0), ""));
    assert!(!runs(broker));
}

#[test]
fn l2_without_its_broker_a_server_refuses_records_and_ends_cleanly() {
    let upstream = Upstream::start(|_, stream| {
        respond(stream, 200, "connection: close\r\n", "{\"a\": 1}");
    });
    let world = world(&upstream, CREDENTIAL);
    let mut raw = serve(&world);
    raw.call("things", json!({})).ok();
    kill_process(pid(broker_of(raw.pid())), Signal::KILL).unwrap();
    for _ in 0..3 {
        let answer = raw.call("things", json!({}));
        assert_eq!(answer.code(), Some("failed"), "{}", answer.short());
        assert!(
            !answer.0.to_string().contains("broker"),
            "{}",
            answer.short()
        );
    }
    let ended = raw.close();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("start the server again"),
        "{}",
        ended.stderr
    );
    assert_eq!(upstream.heard().len(), 1, "nothing leaves any more");
    let trail = world.trail();
    for id in &ended.answered {
        assert_eq!(trail.of(id).len(), 1, "{id} is recorded once");
    }
    assert_eq!(trail.actions("session.end").len(), 1);
}

#[test]
fn l2_a_call_that_is_under_way_learns_at_once_that_its_broker_is_gone() {
    // nobody lets it in, and nobody turns it away
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut inside = Vec::new();
    let short = Duration::from_millis(200);
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, short) {
        inside.push(stream);
    }
    let upstream = Upstream::json(&json!({}));
    let world = world(&upstream, CREDENTIAL);
    let config = world.read("config.toml");
    let full = format!("http://{address}/v1");
    world.file("config.toml", config.replace(&upstream.base(), &full));
    let mut raw = serve(&world);
    let broker = broker_of(raw.pid());
    let id = raw.begin_call("things", json!({}));
    std::thread::sleep(Duration::from_millis(300));
    kill_process(pid(broker), Signal::KILL).unwrap();
    let answer = raw.wait_most(&id.to_string(), Duration::from_secs(2));
    assert_eq!(answer.expect("at once").code(), Some("failed"));
    assert_eq!(raw.close().code, Some(0));
}

#[test]
fn commands_for_people_leave_no_broker_behind() {
    let upstream = Upstream::json(&json!({"a": 1}));
    let world = world(&upstream, CREDENTIAL);
    let all: [&[&str]; 4] = [
        &["--describe"],
        &["check"],
        &["check", "--online"],
        &["call", "things"],
    ];
    for arguments in all {
        let output = command(&world, arguments).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
        let gone = until(Duration::from_secs(1), || {
            left_in(&world).is_empty().then_some(())
        });
        assert_eq!(gone, Some(()), "{arguments:?}: {:?}", left_in(&world));
    }
}

#[test]
fn l2_a_database_is_out_of_reach_without_the_broker_and_the_trail_is_whole() {
    let Some(cluster) = cluster() else { return };
    let bed = Bed::new(cluster, Variant::A, BOSS);
    let mut raw = bed.serve("ann");
    let ask = json!({"sql": "SELECT count(*) FROM customers"});
    raw.call("query_rows", ask.clone()).ok();
    kill_process(pid(broker_of(raw.pid())), Signal::KILL).unwrap();
    // the connection that is there goes on; once the database ends it there is no other
    bed.boss.run(
        "select pg_terminate_backend(pid) from pg_stat_activity \
         where application_name like 'keyhole%' and datname = current_database()",
    );
    for _ in 0..2 {
        let answer = raw.call("query_rows", ask.clone());
        assert_eq!(answer.code(), Some("failed"), "{}", answer.short());
    }
    let ended = raw.close();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let trail = bed.world.trail();
    for id in &ended.answered {
        assert_eq!(trail.of(id).len(), 1, "{id} is recorded once");
    }
}
