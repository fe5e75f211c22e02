//! Several servers with one trail.

use std::thread;

use rustix::process::Signal;
use serde_json::json;

use super::world;

#[test]
fn servers_that_share_a_directory_write_one_chain() {
    let world = world();
    let sessions = 4;
    let calls = 100;
    thread::scope(|scope| {
        for _ in 0..sessions {
            scope.spawn(|| {
                let mut raw = world.serve();
                let ids: Vec<_> = (0..calls)
                    .map(|_| raw.begin_call("read_file", json!({"path": "docs/small.txt"})))
                    .collect();
                for id in ids {
                    raw.wait(id).ok();
                }
                assert_eq!(raw.close().code, Some(0));
            });
        }
    });
    let trail = world.trail();
    assert_eq!(trail.outcomes().count(), sessions * calls);
    assert_eq!(trail.actions("session.end").len(), sessions);
}

#[test]
fn l2_a_kill_of_one_does_not_stop_the_others() {
    let world = world();
    let mut stays = world.serve();
    for _ in 0..8 {
        let mut goes = world.serve();
        for _ in 0..50 {
            goes.begin_call("read_file", json!({"path": "docs/small.txt"}));
            stays.begin_call("read_file", json!({"path": "docs/other.txt"}));
        }
        goes.signal(Signal::KILL);
        assert_eq!(goes.end().code, None);
        let after = stays.call("read_file", json!({"path": "docs/other.txt"}));
        assert_eq!(after.ok().text(), "other\n");
    }
    let ended = stays.close();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    world.trail();
}

#[test]
fn rotation_keeps_one_chain() {
    let world = world();
    world.file("config.toml", "[guard.audit]\nrotate-bytes = 20000\n");
    let arguments = [
        "--audit={dir}/audit",
        "--config={dir}/config.toml",
        "docs={dir}/root",
    ];
    let mut raw = world.start(harness::Era::Modern, &arguments);
    for _ in 0..200 {
        raw.call("read_file", json!({"path": "docs/small.txt"}))
            .ok();
    }
    assert_eq!(raw.close().code, Some(0));
    let segments = std::fs::read_dir(world.path("audit")).unwrap();
    let segments = segments.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".jsonl")
    });
    assert!(segments.count() > 3);
    assert_eq!(world.trail().outcomes().count(), 200);
}
