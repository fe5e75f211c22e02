//! What `forward` hands on, to receivers that fail, hang, refuse and come back, while it is written.

mod alerts;
mod receivers;
mod syslog;
mod trail;
mod webhook;

use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use harness::PATIENCE;
use harness::Ran;
use harness::World;
use harness::bin;
use harness::until;
use rustix::process::Pid;
use rustix::process::Signal;
use serde_json::Value;
use serde_json::json;

use super::company;
use super::reader;
use super::review;
use super::segments;

/// A running `forward` or `watch`, ended with the test.
struct Running(Option<Child>);

impl Running {
    /// Starts `forward` with the receivers of `forward.toml`.
    fn start(world: &World) -> Self {
        Self::of(world, "forward")
    }

    /// Starts this command with them.
    fn of(world: &World, name: &str) -> Self {
        let arguments = [name, "--config={dir}/forward.toml", "--audit={dir}/audit"];
        let mut command = Command::new(bin("audit-review"));
        command.args(world.arguments(&arguments)).env_clear();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self(Some(command.spawn().unwrap()))
    }

    /// Tells it to stop; gives its exit code.
    fn stop(mut self) -> Option<i32> {
        let mut child = self.0.take().unwrap();
        rustix::process::kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        let ended = until(PATIENCE, || child.try_wait().unwrap());
        child.kill().ok();
        ended.expect("it ends when it is told to").code()
    }

    /// Kills it, as a machine does that loses its power.
    fn kill(mut self) {
        let mut child = self.0.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// Hands on what is there, and ends.
fn once(world: &World, patience: u64) -> Ran {
    let patience = format!("--patience={patience}");
    review(
        world,
        &[
            "forward",
            "--once",
            "--config={dir}/forward.toml",
            &patience,
        ],
    )
}

/// Reads `count` files through a server, so that the trail grows by as many requests.
fn work(world: &World, count: usize) {
    let mut raw = reader(world, "stan");
    for _ in 0..count {
        raw.call("read_file", json!({"path": "docs/plan.md"})).ok();
    }
    assert_eq!(raw.close().code, Some(0));
}

/// All lines of the trail in `dir`, in their order.
fn lines(dir: &Path) -> Vec<String> {
    let files = segments(dir).into_iter();
    let texts = files.map(|file| std::fs::read_to_string(file).unwrap());
    texts
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// What was handed on is the trail: every line up to the last that came, each first in its order.
fn assert_whole(handed: &[String], dir: &Path) -> usize {
    let mut first: Vec<&String> = Vec::new();
    for line in handed {
        if !first.contains(&line) {
            first.push(line);
        }
    }
    let all = lines(dir);
    for (at, (handed, own)) in first.iter().zip(&all).enumerate() {
        assert_eq!(*handed, own, "line {at}");
    }
    assert!(first.len() <= all.len());
    first.len()
}

fn seq(line: &str) -> u64 {
    let record: Value = serde_json::from_str(line).expect("a record");
    record["seq"].as_u64().unwrap_or(0)
}

/// Long enough for a thread to have looked again.
const LOOK: Duration = Duration::from_millis(1500);
