//! A trail that is written while it is read.

use std::io::BufRead;
use std::io::BufReader;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use harness::PATIENCE;
use harness::World;
use harness::bin;
use harness::until;
use rustix::process::Pid;
use rustix::process::Signal;
use serde_json::Value;
use serde_json::json;

use super::auditor;
use super::company;
use super::reader;
use super::review;
use super::segments;

/// Interrupts a process when the test ends, however it does.
struct Interrupts(std::process::Child);

impl Drop for Interrupts {
    fn drop(&mut self) {
        rustix::process::kill_process(Pid::from_child(&self.0), Signal::INT).ok();
        self.0.wait().ok();
    }
}

/// Starts `show --follow --json` with more arguments.
fn follow(world: &World, more: &[&str]) -> std::process::Child {
    let mut arguments = vec!["show", "--follow", "--json", "--audit={dir}/audit"];
    arguments.extend(more);
    let mut command = Command::new(bin("audit-review"));
    command.args(world.arguments(&arguments)).env_clear();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn two_servers_write_while_it_is_followed_and_searched() {
    let world = company();
    let text = world.read("config.toml");
    world.file(
        "config.toml",
        format!("{text}\n[guard.audit]\nrotate-bytes = 65536\n"),
    );
    let calls = 300;
    let mut follower = follow(
        &world,
        &["--tool=read_file", "--since=2020-01-01T00:00:00Z"],
    );
    let out = follower.stdout.take().unwrap();
    std::thread::scope(|scope| {
        let interrupts = Interrupts(follower);
        let following = scope.spawn(move || {
            let lines = BufReader::new(out).lines();
            let mut seen: Vec<u64> = Vec::new();
            for line in lines {
                let record: Value = serde_json::from_str(&line.unwrap()).unwrap();
                seen.push(record["seq"].as_u64().unwrap());
                if seen.len() == 2 * calls {
                    break;
                }
            }
            seen
        });
        for who in ["stan", "hanna"] {
            let world = &world;
            scope.spawn(move || {
                let mut raw = reader(world, who);
                for _ in 0..calls {
                    raw.call("read_file", json!({"path": "docs/plan.md"})).ok();
                }
                assert_eq!(raw.close().code, Some(0));
            });
        }
        let mut chief = auditor(&world, "charlotte");
        for _ in 0..10 {
            let found = chief
                .call("search_records", json!({"order": "newest"}))
                .ok();
            assert!(!found.text().contains("not whole"), "{}", found.text());
            chief.call("count_access", json!({})).ok();
            let verdict = chief.call("verify_trail", json!({})).ok();
            assert_eq!(verdict.structured()["verdict"], "ok-unanchored");
            let ran = review(&world, &["show", "--last", "5"]);
            assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        }
        let done = || following.is_finished().then_some(());
        let ended = until(PATIENCE * 3, done);
        drop(interrupts);
        let seen = following.join().unwrap();
        ended.expect("the follower is shown everything");
        // each once, in order
        assert!(seen.is_sorted_by(|a, b| a < b));
        assert_eq!(seen.len(), 2 * calls);
    });
    assert!(segments(&world.path("audit")).len() > 3, "it was rotated");
    assert_eq!(
        world
            .trail()
            .outcomes()
            .filter(|r| r["gen_ai.tool.name"] == "read_file")
            .count(),
        2 * calls
    );
}

#[test]
fn a_follower_ends_when_nobody_reads_it_or_when_it_is_told_to() {
    let world = company();
    assert_eq!(reader(&world, "stan").close().code, Some(0));
    let ended = |child: &mut std::process::Child| {
        let end = until(PATIENCE, || child.try_wait().unwrap());
        child.kill().ok();
        end.expect("it ends")
    };
    // the other end of its output is closed, and nothing more is written
    let mut child = follow(&world, &[]);
    let mut first = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut first).unwrap();
    assert!(first.contains("\"seq\""), "{first}");
    drop(out);
    assert_eq!(ended(&mut child).code(), Some(0));
    let mut child = follow(&world, &[]);
    std::thread::sleep(Duration::from_millis(300));
    rustix::process::kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert!(!ended(&mut child).success());
}

#[test]
fn a_follower_waits_for_a_trail_that_is_not_there_yet() {
    let world = company();
    let mut child = follow(&world, &[]);
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "it waits");
    assert_eq!(reader(&world, "stan").close().code, Some(0));
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    assert!(first.contains("\"seq\""), "{first}");
    child.kill().ok();
    child.wait().unwrap();
}
