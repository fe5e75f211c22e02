//! The units' own commands, started as far as that goes without systemd as the first process: on a
//! socket, with the files, the credentials, the user and the system calls that the unit grants.

use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use harness::Era;
use harness::PATIENCE;
use harness::Raw;
use harness::World;
use harness::bin;
use harness::run;
use harness::until;
use harness::verify;
use serde_json::Value;
use serde_json::json;

use super::cell::Cell;
use super::deployment;
use super::program;
use super::text;
use super::unit::Unit;

/// A handbook, keys as `audit-review keygen` makes them, and a directory for the trail.
pub(super) fn world() -> World {
    let world = World::new();
    world.file("root/welcome.md", "welcome\n");
    world.file("root/hr/pay.csv", "ada,1\n");
    world
        .dir("trail")
        .mode("trail", 0o700)
        .dir("credentials")
        .dir("state");
    world.mode("state", 0o700);
    let made = run(
        &bin("audit-review"),
        &world.arguments(&["keygen", "{dir}/credentials/trail-key"]),
    );
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    world.file("credentials/trail-public", made.stdout);
    for name in ["api-key", "db-password"] {
        world.file(&format!("credentials/{name}"), "not-a-real-one\n");
        world.mode(&format!("credentials/{name}"), 0o400);
    }
    world
}

/// What the unit grants: of the disk, of the network, of the system calls.
fn cell(world: &World, unit: &Unit, instance: &str) -> Option<Cell> {
    let python = Path::new("/usr/bin/python3");
    program("systemd-analyze", "package systemd")?;
    let filter = Command::new(python)
        .arg(harness::workspace().join("tests/deploy/filter.py"))
        .arg(world.file("unit", &unit.text).path("unit"))
        .output()
        .expect("python runs");
    let said = String::from_utf8_lossy(&filter.stderr);
    if said.contains("No module named") {
        assert!(!super::is_set("KEYHOLE_FOREIGN"), "install python3-seccomp");
        harness::loudly("deployments: package python3-seccomp is missing");
        return None;
    }
    assert!(
        filter.status.success() && !filter.stdout.is_empty(),
        "{said}"
    );
    world.file("filter.bpf", filter.stdout);
    let binary = unit.binary();
    let logs = format!(
        "/var/log/{}",
        unit.one("LogsDirectory").replace("%i", instance)
    );
    let mut cell = Cell::new()?
        .libraries()
        .reads(&bin(&binary), &format!("/usr/local/bin/{binary}"))
        .reads(&deployment("systemd/keyhole"), "/etc/keyhole")
        .writes(&world.path("trail"), &logs)
        .environment("CREDENTIALS_DIRECTORY", "/run/credentials")
        .filtered(&world.path("filter.bpf"));
    for handed in unit.words("LoadCredential") {
        let (name, _) = handed.split_once(':').expect("NAME:FILE");
        let from = world.path(&format!("credentials/{name}"));
        cell = cell.reads(&from, &format!("/run/credentials/{name}"));
    }
    for path in unit.words("BindReadOnlyPaths") {
        cell = cell.reads(&world.path("root"), &path);
    }
    for state in unit.words("StateDirectory") {
        let to = format!("/var/lib/{}", state.replace("%i", instance));
        cell = cell.writes(&world.path("state"), &to);
    }
    Some(cell)
}

/// A socket that starts a session for each connection, as the socket unit does.
struct Listener(Child);

impl Listener {
    fn start(world: &World, cell: &Cell, command: &[String]) -> Option<Self> {
        let activate = program("systemd-socket-activate", "package systemd")?;
        let socket = world.path("socket");
        let mut listener = Command::new(activate);
        listener
            .args(["--accept", "--inetd", "--listen"])
            .arg(&socket);
        listener.args(cell.words(command)).stderr(Stdio::null());
        let child = listener.spawn().expect("it listens");
        until(PATIENCE, || socket.exists().then_some(())).expect("a socket");
        Some(Self(child))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// The connection that `mcp.json` tells a host to make.
fn connect(world: &World, server: &str) -> Raw {
    let host: Value = serde_json::from_str(&text("systemd/mcp.json")).expect("JSON");
    let entry = &host["mcpServers"][server];
    let mut command = Command::new(entry["command"].as_str().unwrap());
    for word in entry["args"].as_array().unwrap() {
        let word = word.as_str().unwrap();
        let socket = world.path("socket").display().to_string();
        let is_socket = word.starts_with("UNIX-CONNECT:/run/keyhole/");
        command.arg(if is_socket {
            format!("UNIX-CONNECT:{socket}")
        } else {
            word.to_owned()
        });
    }
    let mut raw = Raw::spawn(&mut command, Era::Modern);
    raw.listen();
    raw
}

#[test]
fn a_host_reads_the_handbook_over_the_socket_within_what_the_unit_grants() {
    let world = world();
    let unit = Unit::load("keyhole-readonly-fs@.service");
    let Some(cell) = cell(&world, &unit, "") else {
        return;
    };
    if program("socat", "package socat").is_none() {
        return;
    }
    let Some(_listener) = Listener::start(&world, &cell, &unit.command("")) else {
        return;
    };
    for _session in 0..2 {
        let mut raw = connect(&world, "handbook");
        let read = raw.call("read_file", json!({"path": "handbook/welcome.md"}));
        assert_eq!(read.text(), "welcome\n", "{read:?}");
        let pay = raw.call("read_file", json!({"path": "handbook/hr/pay.csv"}));
        assert_eq!(pay.code(), Some("not_found"), "{pay:?}");
        let ended = raw.close();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }
    // each session ends by itself once its connection has
    let trail = until(PATIENCE, || {
        let trail = verify(&world.path("trail")).ok()?;
        (trail.outcomes().count() == 4).then_some(trail)
    });
    let trail = trail.expect("two sessions of two calls");
    for record in trail.outcomes() {
        assert_eq!(record["principal.id"], "support-desk", "{record}");
    }
}

#[test]
fn a_unit_that_allows_too_little_is_noticed_for_its_calls_are_refused() {
    let world = world();
    let unit = Unit::load("keyhole-readonly-fs@.service");
    let less = format!("{}\nSystemCallFilter=~fdatasync fsync\n", unit.text);
    for (text, works) in [(&unit.text, true), (&less, false)] {
        let unit = Unit::parse(&unit.name, text);
        let Some(cell) = cell(&world, &unit, "") else {
            return;
        };
        let command = cell.command(&unit.command(""));
        let output = { command }.stdin(Stdio::null()).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.success(), works, "{said}");
    }
}

#[test]
fn api_fetch_tells_what_it_would_serve_within_what_its_unit_grants() {
    let world = world();
    let unit = Unit::load("keyhole-api-fetch@.service");
    let Some(cell) = cell(&world, &unit, "") else {
        return;
    };
    let mut raw = Raw::spawn(&mut cell.command(&unit.command("")), Era::Modern);
    raw.listen();
    let tools = raw.ask("tools/list", json!({}));
    let listed = tools.result()["tools"].as_array().expect("tools");
    assert_eq!(listed[0]["name"], "fetch-customer");
    // it has no network here: what it answers is that it could not, and the record says so
    let called = raw.call("fetch-customer", json!({"id": "AB1234"}));
    assert_eq!(called.result()["isError"], true, "{called:?}");
    assert_eq!(raw.close().code, Some(0));
    assert_eq!(
        verify(&world.path("trail"))
            .expect("whole")
            .outcomes()
            .count(),
        2
    );
}

#[test]
fn scoped_db_reads_the_configuration_of_its_unit_within_what_that_grants() {
    let world = world();
    let unit = Unit::load("keyhole-scoped-db@.service");
    let Some(cell) = cell(&world, &unit, "") else {
        return;
    };
    let mut command = unit.command("");
    command.insert(1, "grant-sql".to_owned());
    let output = cell.command(&command).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let grants = String::from_utf8_lossy(&output.stdout);
    assert!(
        grants.contains("customers") && grants.contains("crm_reader"),
        "{grants}"
    );
}

#[test]
fn the_trail_is_checked_watched_reviewed_and_pruned_by_the_units_own_commands() {
    let world = world();
    let serving = Unit::load("keyhole-readonly-fs@.service");
    let Some(room) = cell(&world, &serving, "") else {
        return;
    };
    let mut raw = Raw::spawn(&mut room.command(&serving.command("")), Era::Modern);
    raw.listen();
    raw.call("read_file", json!({"path": "handbook/welcome.md"}));
    assert_eq!(raw.close().code, Some(0));
    let ends = |name: &str, more: &[&str]| {
        let unit = Unit::load(name);
        let mut command = unit.command("readonly-fs");
        command.extend(more.iter().map(|&word| word.to_owned()));
        let cell = cell(&world, &unit, "readonly-fs").expect("as before");
        let output = cell.command(&command).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
            said,
        )
    };
    let verified = ends("keyhole-verify@.service", &[]);
    assert_eq!(verified.0, Some(0), "{verified:?}");
    let watched = ends("keyhole-watch@.service", &["--once"]);
    assert!(matches!(watched.0, Some(0 | 10)), "{watched:?}");
    let pruned = ends("keyhole-prune@.service", &[]);
    assert_eq!(pruned.0, Some(0), "{pruned:?}");
    let reviewing = Unit::load("keyhole-audit-review@.service");
    let room = cell(&world, &reviewing, "").expect("as before");
    let mut raw = Raw::spawn(&mut room.command(&reviewing.command("")), Era::Modern);
    raw.listen();
    let found = raw.call("search_records", json!({"principal": "support-desk"}));
    assert!(found.text().contains("welcome.md"), "{found:?}");
    assert_eq!(raw.close().code, Some(0));
    // and one changed byte is a failed unit
    let segments = std::fs::read_dir(world.path("trail")).expect("a trail");
    let names = segments.map(|entry| entry.expect("readable").path());
    let segment = names
        .into_iter()
        .find(|path| path.extension().is_some_and(|end| end == "jsonl"));
    let segment = segment.expect("a segment");
    let forged = std::fs::read_to_string(&segment)
        .expect("text")
        .replace("welcome.md", "welcome.mb");
    std::fs::write(&segment, forged).expect("written");
    let allowed = Unit::load("keyhole-verify@.service").words("SuccessExitStatus");
    let code = ends("keyhole-verify@.service", &[]).0.expect("an end");
    assert!(code != 0 && !allowed.contains(&code.to_string()), "{code}");
}
