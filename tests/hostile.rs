//! What readonly-fs does with disks and clients that mean harm, one class a module.
//!
//! In each: the canary is in no answer, no log and no record; nothing hangs or breaks; a small
//! read beside it is answered at once; memory stays below 64 MB.

mod bombs;
mod cancellation;
mod hard_links;
mod links;
mod mounts;
mod names;
mod protocol;
mod race;
mod sizes;
mod special;
mod traversal;
mod trees;

use std::time::Duration;
use std::time::Instant;

use harness::Answer;
use harness::Ended;
use harness::Raw;
use harness::World;
use serde_json::Value;
use serde_json::json;

/// The most memory that a server may ever take, in KiB.
const PEAK: u64 = 64 * 1024;

/// A world with a small file to read beside whatever else happens.
fn world() -> World {
    let world = World::new();
    world.file("root/small.txt", "small\n");
    world
}

/// Calls a tool while small reads go on beside it; each of them must be answered soon.
fn call_beside(raw: &mut Raw, tool: &str, arguments: Value) -> Answer {
    let id = raw.begin_call(tool, arguments).to_string();
    loop {
        small_read(raw);
        if let Some(answer) = raw.wait_most(&id, Duration::from_millis(50)) {
            return answer;
        }
    }
}

fn small_read(raw: &mut Raw) {
    let start = Instant::now();
    let small = raw.call("read_file", json!({"path": "docs/small.txt"}));
    assert_eq!(small.ok().text(), "small\n");
    let took = start.elapsed();
    assert!(took < Duration::from_secs(4), "a small read took {took:?}");
}

/// Ends the session, and checks what holds for every class.
fn finish(world: &World, raw: Raw) -> Ended {
    let ended = raw.close();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    assert!(ended.peak < PEAK, "{} KiB", ended.peak);
    world.assert_kept(&ended);
    let root = world.path("root").display().to_string();
    let told = ended.heard.replace(&format!("docs{root}"), "").contains(&root);
    assert!(!told, "no path of the host is told");
    let trail = world.trail();
    let recorded: Vec<_> = trail.outcomes().map(|r| &r["jsonrpc.request.id"]).collect();
    for id in &ended.answered {
        let times = recorded.iter().filter(|other| **other == id).count();
        assert_eq!(times, 1, "{id} is recorded once");
    }
    ended
}

/// Asks for `path` in every way there is; none may give anything, and all alike.
fn assert_absent(raw: &mut Raw, path: &str) {
    let batch = json!({"paths": [path]});
    for (tool, arguments) in [
        ("read_file", json!({"path": path})),
        ("read_file", json!({"path": path, "from_byte": 0, "to_byte": 9})),
        ("read_file", json!({"path": path, "tail": 1})),
        ("list_directory", json!({"path": path})),
        ("find_files", json!({"globs": ["**"], "path": path, "hidden": true})),
        ("search_text", json!({"pattern": ".", "path": path, "hidden": true})),
        ("read_file", batch.clone()),
        ("stat_files", batch),
    ] {
        let answer = raw.call(tool, arguments);
        let refused = matches!(
            answer.code(),
            Some("not_found" | "malformed" | "unsuitable" | "too_large")
        );
        let each = &answer.structured()["files"][0]["error"];
        assert!(refused || each.is_string(), "{tool} {path:?}: {}", answer.short());
    }
}
