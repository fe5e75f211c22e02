//! The second process of servers that connect to something: how it lives and ends, and what it is
//! worth to whoever took over the first.

// Workers and brokers that end, and what is left of them.
mod ends;
// What a broker has, and what it gives away.
mod kept;
// Whoever speaks to a broker and is no worker.
mod forged;

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use harness::Era;
use harness::Raw;
use harness::World;
use harness::bin;
use harness::until;

use crate::api::upstream::Upstream;

/// What no broker ever holds: it is in the environment of its worker.
const KEY: &str = "sk-canary-71c5be02da";

/// The first argument of a broker.
const ARGUMENT: &str = "--as-the-broker-of-a-server";
/// How it logs, and is held down.
const TERMS: [&str; 4] = ["text", "warn", "require", "root-refused"];

/// A world in which `/things` of `upstream` is served, with `credential`.
fn world(upstream: &Upstream, credential: &str) -> World {
    let world = World::new();
    let config = format!(
        "[upstreams.crm]\nbase = \"{}\"\ncredential = {{ bearer = \"{credential}\" }}\n\
         allow-addresses = [\"127.0.0.0/8\"]\ndangerous-plain-http = true\n\
         [endpoints.things]\nupstream = \"crm\"\nget = \"/things\"\nlabel = \"internal\"\n",
        upstream.base()
    );
    world.file("config.toml", config);
    world
}

fn command(world: &World, arguments: &[&str]) -> Command {
    let mut command = Command::new(bin("api-fetch"));
    command.args(world.arguments(arguments));
    command.args(world.arguments(&["--config={dir}/config.toml", "--audit={dir}/audit"]));
    command.env_clear().env("EXTERNAL_API_KEY", KEY);
    command.current_dir(world.path(""));
    command
}

/// What was said on standard error beside how the kernel holds the process down.
fn said(stderr: &str) -> String {
    let lines = stderr.lines();
    lines.filter(|line| !line.contains("sandbox: ")).collect()
}

fn serve(world: &World) -> Raw {
    served(world, &[])
}

/// As [`serve`], for who looks into both processes: what is held down shows itself to root only.
fn serve_to_be_seen(world: &World) -> Raw {
    served(world, &["--sandbox=off"])
}

fn served(world: &World, arguments: &[&str]) -> Raw {
    let mut raw = Raw::spawn(&mut command(world, arguments), Era::Modern);
    raw.listen();
    raw
}

/// The processes that `pid` started.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let all = processes().filter(|(_, status)| of(status, "PPid:") == Some(u64::from(pid)));
    all.map(|(pid, _)| pid).collect()
}

/// The one broker of the worker `pid`.
fn broker_of(pid: u32) -> u32 {
    let find = || {
        let [one] = children(pid)[..] else {
            return None;
        };
        cmdline(one).contains(ARGUMENT).then_some(one)
    };
    until(Duration::from_secs(5), find).expect("a worker has one broker and no other child")
}

/// Whether the process runs: one that only waits for its parent to look does not.
fn runs(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let state = status.lines().find_map(|line| line.strip_prefix("State:"));
    state.is_some_and(|state| !state.trim().starts_with(['Z', 'X']))
}

/// The brokers that run in the directory of `world`.
fn left_in(world: &World) -> Vec<u32> {
    let here = std::fs::canonicalize(world.path("")).expect("there");
    let cwd = |pid: u32| std::fs::read_link(format!("/proc/{pid}/cwd")).ok();
    let all = processes().map(|(pid, _)| pid);
    all.filter(|pid| cwd(*pid).as_deref() == Some(Path::new(&here)))
        .filter(|pid| runs(*pid) && cmdline(*pid).contains(ARGUMENT))
        .collect()
}

fn processes() -> impl Iterator<Item = (u32, String)> {
    let all = std::fs::read_dir("/proc").expect("a /proc").flatten();
    all.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
        Some((pid, status))
    })
}

fn of(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

/// A figure of `/proc/PID/status`.
pub(crate) fn figure(pid: u32, key: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    of(&status, key).expect("a figure")
}

fn cmdline(pid: u32) -> String {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

/// What the descriptors of a process lead to.
fn descriptors(pid: u32) -> Vec<PathBuf> {
    let all = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("ours");
    all.flatten()
        .filter_map(|one| std::fs::read_link(one.path()).ok())
        .collect()
}
