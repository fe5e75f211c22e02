//! Trails that real servers signed, before a verifier that knows the format alone.

use std::process::Command;

use harness::Era;
use harness::World;
use harness::bin;
use harness::loudly;
use harness::run;
use harness::workspace;
use rustix::process::Signal;
use serde_json::json;

use super::world;

/// The example of golang.org/x/mod/sumdb/note: nobody's secret.
const PRIVATE: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const ARGUMENTS: [&str; 3] = [
    "--audit={dir}/audit",
    "--config={dir}/config.toml",
    "docs={dir}/root",
];

fn signed_by(key: &str) -> World {
    let world = world();
    world
        .file("signing.key", format!("{key}\n"))
        .mode("signing.key", 0o600);
    world.file(
        "config.toml",
        "[guard.audit]\nsigning-key = \"file:{dir}/signing.key\"\nrotate-bytes = 20000\n",
    );
    world
}

/// The verdict of the second verifier, or none and a loud word.
fn second_opinion(world: &World, key: Option<&str>) -> Option<String> {
    let script = workspace().join("tests/audit/verify.py");
    let mut command = Command::new("python3");
    command.arg(script);
    if let Some(key) = key {
        command.args(["--key", key]);
    }
    let Ok(output) = command.arg(world.path("audit")).output() else {
        let must = std::env::var("KEYHOLE_FOREIGN");
        let must = must.is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
        assert!(!must, "python3 is missing");
        loudly("the second verifier was not asked: python3 is missing");
        return None;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[test]
fn l3_a_configured_key_covers_all_that_a_server_recorded() {
    let world = signed_by(PRIVATE);
    let mut raw = world.start(Era::Modern, &ARGUMENTS);
    for _ in 0..60 {
        raw.call("read_file", json!({"path": "docs/small.txt"}))
            .ok();
    }
    assert_eq!(raw.close().code, Some(0));
    assert_eq!(world.trail().outcomes().count(), 60);
    let public = world.read("audit/checkpoint.pub");
    assert_eq!(public.trim_end(), PUBLIC);
    assert!(!world.path("audit/checkpoint.key").exists());
    if let Some(verdict) = second_opinion(&world, Some(PUBLIC)) {
        assert_eq!(verdict, "ok");
    }
    // killed: what was answered since is there, and nobody signed for it
    let mut raw = world.start(Era::Modern, &ARGUMENTS);
    raw.call("read_file", json!({"path": "docs/small.txt"}))
        .ok();
    raw.signal(Signal::KILL);
    assert_eq!(raw.end().code, None);
    if let Some(verdict) = second_opinion(&world, Some(PUBLIC)) {
        assert_eq!(verdict, "ok-unanchored");
    }
    // the next one signs for both
    assert_eq!(world.start(Era::Modern, &ARGUMENTS).close().code, Some(0));
    if let Some(verdict) = second_opinion(&world, Some(PUBLIC)) {
        assert_eq!(verdict, "ok");
    }
}

#[test]
fn without_a_configured_key_one_is_made_and_hands_over_later() {
    let world = signed_by(PRIVATE);
    assert_eq!(world.serve().close().code, Some(0));
    let made = world.read("audit/checkpoint.pub").trim_end().to_owned();
    assert!(world.path("audit/checkpoint.key").exists());
    assert_eq!(world.start(Era::Modern, &ARGUMENTS).close().code, Some(0));
    assert_eq!(world.trail().actions("rotate").len(), 1);
    for key in [&made, PUBLIC] {
        if let Some(verdict) = second_opinion(&world, Some(key)) {
            assert_eq!(verdict, "ok", "{key}");
        }
    }
}

#[test]
fn l4_a_text_that_is_no_key_stops_the_start_and_is_not_repeated() {
    let text = "PRIVATE+KEY+PeterNeumann+c74f20a3+CANARYCANARYCANARY";
    let world = signed_by(text);
    let ran = run(&bin("readonly-fs"), &world.arguments(&ARGUMENTS));
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("signing key"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("CANARY"));
    assert!(!world.path("audit").exists(), "nothing is begun");
}
