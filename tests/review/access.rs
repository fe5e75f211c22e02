//! Who reads the trail by the commands is in the trail as well, where that is possible without
//! doing anything else to it.

use std::path::Path;
use std::process::Command;

use harness::Era;
use harness::World;
use harness::bin;
use serde_json::Value;
use serde_json::json;

use super::commands::signed;
use super::company;
use super::review;
use super::segments;

/// A trail that its own key signs, and its configuration.
fn written() -> World {
    let world = company();
    let mut raw = world.start(Era::Modern, &["--audit={dir}/audit", "docs={dir}/root"]);
    raw.call("read_file", json!({"path": "docs/plan.md"})).ok();
    assert_eq!(raw.close().code, Some(0));
    world
}

fn bytes(dir: &Path) -> Vec<Vec<u8>> {
    let files = segments(dir).into_iter();
    files.map(|path| std::fs::read(path).unwrap()).collect()
}

/// What people did to the trail, as the trail has it.
fn readings(world: &World) -> Vec<(String, u64)> {
    let text = bytes(&world.path("audit")).concat();
    let text = String::from_utf8(text).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|line: &Value| line["kind"] == "admin" && line["server.name"] == "audit-review")
        .map(|line| {
            let action = line["action"].as_str().unwrap().to_owned();
            (action, line["os.peer_uid"].as_u64().unwrap())
        })
        .collect()
}

#[test]
fn l6_who_reads_the_trail_by_a_command_is_recorded_after_it() {
    let world = written();
    let uid = u64::from(rustix::process::geteuid().as_raw());
    let mut expected = Vec::new();
    for (command, code) in [
        (&["show"][..], 0),
        (&["verify"], 10),
        (&["report"], 0),
        (&["export", "--format=csv"], 0),
        (&["prove", "2"], 0),
        (&["prove", "999999"], 21),
    ] {
        let ran = review(&world, command);
        assert_eq!(ran.code, Some(code), "{command:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("not recorded"), "{}", ran.stderr);
        expected.push((command[0].to_owned(), uid));
        assert_eq!(readings(&world), expected);
    }
    // it shows those of before, and not its own
    let shown = review(&world, &["show", "--kind=admin", "--json"]);
    assert_eq!(shown.stdout.lines().count(), expected.len());
    let verified = review(&world, &["verify"]);
    assert_eq!(verified.code, Some(10), "{}", verified.stdout);
    // what reads no trail leaves nothing in it, and neither does who turned it off
    let before = readings(&world);
    world.file("quiet.toml", "[trail]\nrecord-reading = false\n");
    let ran = review(&world, &["show", "--config={dir}/quiet.toml"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert_eq!(readings(&world), before);
}

#[test]
fn l6_a_trail_of_another_key_is_left_as_it_is_unless_that_is_given() {
    // a configured key signs it, and the reader does not have it
    let (world, _) = signed();
    let audit = world.path("audit");
    let before = bytes(&audit);
    let ran = review(&world, &["show"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("not recorded"), "{}", ran.stderr);
    assert_eq!(bytes(&audit), before);
    assert!(!audit.join("checkpoint.key").exists(), "no key is made");
    // with the key it is recorded
    let ran = review(&world, &["show", "--config={dir}/prune.toml"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(readings(&world).len(), 1);
    assert!(!ran.stderr.contains("not recorded"), "{}", ran.stderr);
}

#[test]
fn l6_on_a_copy_that_is_read_only_an_auditor_works_and_is_told() {
    let world = written();
    let audit = world.path("audit");
    let before = bytes(&audit);
    let root = rustix::process::geteuid().is_root();
    let own = if root { "-m" } else { "-Urm" };
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"";
    for (command, code) in [("show", 0), ("verify", 10), ("report", 0)] {
        let output = Command::new("unshare")
            .args([own, "sh", "-c", script])
            .arg(&audit)
            .arg(bin("audit-review"))
            .arg(command)
            .arg(&audit)
            .env("HOME", world.path("."))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{command}: {said}");
        assert!(said.contains("not recorded"), "{said}");
        assert!(!output.stdout.is_empty());
    }
    assert_eq!(bytes(&audit), before);
}

#[test]
fn l6_a_torn_end_is_evidence_and_no_reader_mends_it() {
    let world = written();
    let audit = world.path("audit");
    let path = segments(&audit).pop().unwrap();
    let mut text = std::fs::read(&path).unwrap();
    text.extend_from_slice(b"{\"v\":1,\"t\":\"eve");
    std::fs::write(&path, text).unwrap();
    let before = bytes(&audit);
    for (command, code) in [("verify", 12), ("show", 0), ("report", 0)] {
        let ran = review(&world, &[command]);
        assert_eq!(ran.code, Some(code), "{command}: {}", ran.stderr);
        assert!(ran.stderr.contains("not recorded"), "{}", ran.stderr);
        assert_eq!(bytes(&audit), before);
    }
}
