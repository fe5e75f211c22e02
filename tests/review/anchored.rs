//! What a checkpoint that was kept elsewhere shows of a trail whose writers hold the key; and a
//! verification that is told to stop.

use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use harness::Era;
use harness::World;
use harness::bin;
use rustix::fs::FlockOperation;
use rustix::process::Pid;
use rustix::process::Signal;
use serde_json::Value;
use serde_json::json;

use super::auditor;
use super::commands::signed;
use super::review;
use super::segments;

/// Reads a file so many times, in a session that ends in order.
fn read(world: &World, times: usize) {
    let arguments = [
        "--audit={dir}/audit",
        "--config={dir}/config.toml",
        "--policy={dir}/policy.toml",
        "--subject=stan",
    ];
    let mut raw = world.start(Era::Modern, &arguments);
    for _ in 0..times {
        raw.call("read_file", json!({"path": "docs/plan.md"})).ok();
    }
    assert_eq!(raw.close().code, Some(0));
}

/// The last checkpoint of the trail, as a line of it has it.
fn checkpoint(world: &World) -> String {
    let mut notes = Vec::new();
    for file in segments(&world.path("audit")) {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            notes.extend(line["note"].as_str().map(str::to_owned));
        }
    }
    notes.pop().expect("a checkpoint")
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.unwrap().success());
}

/// The exit codes of `verify` with the key alone, with the anchor as well, and with both from the
/// configuration.
fn verdicts(world: &World, key: &str) -> [Option<i32>; 3] {
    let key = format!("--key={key}");
    let config = "--config={dir}/review.toml";
    [
        review(world, &["verify", &key]).code,
        review(world, &["verify", &key, "--anchor={dir}/anchor.txt"]).code,
        review(world, &["verify", config]).code,
    ]
}

#[test]
fn l3_an_anchor_finds_what_was_cut_off_and_written_anew_with_the_key() {
    let (world, key) = signed();
    let (audit, early) = (world.path("audit"), world.path("early"));
    copy(&audit, &early);
    read(&world, 50);
    world.file("anchor.txt", checkpoint(&world));
    world.file(
        "review.toml",
        format!("[trail]\nlabel = \"internal\"\nkeys = [\"{key}\"]\nanchors = [\"anchor.txt\"]\n"),
    );
    assert_eq!(verdicts(&world, &key), [Some(0); 3]);
    // the trail goes on, and the anchor is still of it
    read(&world, 50);
    assert_eq!(verdicts(&world, &key), [Some(0); 3]);
    let whole = review(&world, &["verify", "--json", "--config={dir}/review.toml"]);
    let whole: Value = serde_json::from_str(&whole.stdout).unwrap();
    assert!(whole["anchored_to"].as_u64() > Some(200), "{whole}");

    // who can write the directory puts an earlier state of it back: nothing in it says so
    std::fs::remove_dir_all(&audit).unwrap();
    copy(&early, &audit);
    assert_eq!(verdicts(&world, &key), [Some(0), Some(14), Some(14)]);
    // and who has the key as well goes on from there, past the place of the anchor
    read(&world, 120);
    assert_eq!(verdicts(&world, &key), [Some(0), Some(15), Some(15)]);
    let told = review(&world, &["report", "--config={dir}/review.toml"]);
    assert!(told.stdout.contains("forked"), "{}", told.stdout);

    // the server of the auditors holds the trail against the same
    let mut charlotte = auditor(&world, "charlotte");
    let verdict = charlotte.call("verify_trail", json!({}));
    assert_eq!(verdict.structured()["verdict"], "forked");
    assert_eq!(charlotte.close().code, Some(0));
}

#[test]
fn an_anchor_of_the_configuration_that_cannot_be_read_stops_the_start() {
    let (world, key) = signed();
    world.file(
        "review.toml",
        format!("[trail]\nkeys = [\"{key}\"]\nanchors = [\"anchor.txt\"]\n"),
    );
    for text in [None, Some("no checkpoint\n")] {
        if let Some(text) = text {
            world.file("anchor.txt", text);
        }
        for command in [&["verify"][..], &["report"], &[]] {
            let arguments = [command, &["--config={dir}/review.toml"]].concat();
            let ran = review(&world, &arguments);
            assert_eq!(ran.code, Some(3), "{command:?}: {}", ran.stderr);
            assert!(ran.stderr.contains("anchor.txt"), "{}", ran.stderr);
        }
    }
}

#[test]
fn a_verification_ends_at_once_when_it_is_told_to_and_says_nothing() {
    let (world, _) = signed();
    // whoever holds the chain keeps a verification waiting: it cannot be done before the signal
    let lock = std::fs::File::open(world.path("audit/chain.lock")).unwrap();
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).unwrap();
    let before = sizes(&world);
    for command in ["verify", "report"] {
        for signal in [Signal::INT, Signal::TERM] {
            let mut child = Command::new(bin("audit-review"))
                .arg(command)
                .arg(world.path("audit"))
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let pid = Pid::from_child(&child);
            let until = Instant::now() + Duration::from_secs(30);
            while !listens(child.id()) {
                assert!(Instant::now() < until, "it never listens to signals");
                assert_eq!(child.try_wait().unwrap(), None);
                std::thread::sleep(Duration::from_millis(5));
            }
            let told = Instant::now();
            rustix::process::kill_process(pid, signal).unwrap();
            let output = child.wait_with_output().unwrap();
            assert!(told.elapsed() < Duration::from_secs(5), "{command}");
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(22), "{command}: {said}");
            assert!(said.contains("cancelled"), "{said}");
            assert!(output.stdout.is_empty(), "{:?}", output.stdout);
        }
    }
    drop(lock);
    assert_eq!(sizes(&world), before);
}

/// Whether the process catches both signals already.
fn listens(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let both = (1 << (Signal::INT.as_raw() - 1)) | (1 << (Signal::TERM.as_raw() - 1));
    caught.is_some_and(|mask| mask & both == both)
}

fn sizes(world: &World) -> Vec<u64> {
    let files = segments(&world.path("audit")).into_iter();
    files.map(|path| path.metadata().unwrap().len()).collect()
}
