//! How sessions end, and what changes while one runs.

use std::time::Duration;
use std::time::Instant;

use harness::Era;
use harness::PATIENCE;
use harness::until;
use rustix::process::Signal;
use serde_json::json;

use super::POLICY;
use super::subjects;

#[test]
fn i7_the_end_of_input_ends_the_session_quickly() {
    for subject in subjects() {
        for era in [Era::Bare, Era::Modern, Era::Legacy] {
            let mut raw = subject.start(era, &[]);
            if era == Era::Modern {
                raw.ask("tools/list", json!({})).ok();
            }
            if era == Era::Bare {
                // it is up when the start of its session is recorded
                let up = || {
                    subject
                        .world
                        .path("audit/chain.lock")
                        .exists()
                        .then_some(())
                };
                until(PATIENCE, up).expect("it starts");
            }
            let start = Instant::now();
            assert_eq!(raw.close().code, Some(0), "{era:?}");
            assert!(
                start.elapsed() < Duration::from_secs(3),
                "{:?}",
                start.elapsed()
            );
        }
        for record in subject.world.trail().actions("session.end") {
            assert_eq!(record["reason"], "eof");
        }
        assert_eq!(subject.world.trail().actions("session.end").len(), 3);
    }
}

#[test]
fn i7_a_signal_ends_the_session_and_is_recorded() {
    for subject in subjects() {
        for signal in [Signal::TERM, Signal::INT] {
            let mut raw = subject.start(Era::Modern, &[]);
            raw.ask("tools/list", json!({})).ok();
            raw.signal(signal);
            assert_eq!(raw.end().code, Some(0));
        }
        let trail = subject.world.trail();
        let ends = trail.actions("session.end");
        assert_eq!(ends.len(), 2);
        assert!(ends.iter().all(|end| end["reason"] == "signal"), "{ends:?}");
    }
}

#[test]
fn i10_the_end_of_the_last_grant_ends_the_session() {
    for subject in subjects() {
        // building it is not part of the time
        let _built = harness::bin(&subject.name);
        let until = time_in(6);
        let policy = format!(
            "[roles.all]\nclearance = \"confidential+personal\"\n\n[[grants]]\nsubject = \"ada\"\n\
             role = \"all\"\nuntil = {until}\n\n[stdio]\nsubject = \"ada\"\n"
        );
        subject.world.file("policy.toml", policy);
        let start = Instant::now();
        let mut raw = subject.start(Era::Modern, &["--policy={dir}/policy.toml"]);
        raw.ask("tools/list", json!({})).ok();
        let ended = raw.end();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert!(
            start.elapsed() < Duration::from_secs(14),
            "{:?}",
            start.elapsed()
        );
        let trail = subject.world.trail();
        assert_eq!(trail.actions("session.end")[0]["reason"], "expired");
    }
}

/// The instant in so many seconds, as TOML writes it.
fn time_in(seconds: u64) -> String {
    let command = std::process::Command::new("date")
        .args(["-u", "+%Y-%m-%dT%H:%M:%SZ", "-d"])
        .arg(format!("{seconds} seconds"))
        .output();
    let text = String::from_utf8(command.expect("date runs").stdout).unwrap();
    text.trim().to_owned()
}

#[test]
fn a1_a_bad_policy_on_reload_keeps_the_last_good_one_and_is_recorded() {
    for subject in subjects() {
        subject.world.file("policy.toml", POLICY);
        let mut raw = subject.start(Era::Modern, &["--policy={dir}/policy.toml"]);
        raw.ask("tools/list", json!({})).ok();
        subject
            .world
            .file("policy.toml", "[roles.all]\nclearance = \"hunter2\"\n");
        raw.signal(Signal::HUP);
        let logged = || raw.stderr().contains("policy.toml:2:").then_some(());
        until(PATIENCE, logged).expect("the operator is told");
        assert!(!raw.stderr().contains("hunter2"));
        raw.ask("tools/list", json!({})).ok();
        // and a good one is taken, also where an editor renames it: nobody may do anything any more
        let (new, policy) = ("policy.toml~", "policy.toml");
        subject
            .world
            .file(new, "[roles.all]\nclearance = \"internal\"\n");
        std::fs::rename(subject.world.path(new), subject.world.path(policy)).unwrap();
        raw.signal(Signal::HUP);
        let ended = raw.end();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let trail = subject.world.trail();
        let reloads = trail.actions("policy.reload");
        assert_eq!(reloads.len(), 2);
        assert_eq!(reloads[0]["reason"], "refused");
        assert!(reloads[1].get("reason").is_none(), "{}", reloads[1]);
        assert_eq!(trail.actions("session.end")[0]["reason"], "expired");
    }
}

#[test]
fn requests_on_their_way_are_answered_when_the_input_ends() {
    for subject in subjects() {
        let mut raw = subject.start(Era::Modern, &[]);
        let ids: Vec<_> = (0..50)
            .map(|_| raw.begin("tools/list", json!({})))
            .collect();
        let ended = raw.close();
        assert_eq!(ended.code, Some(0));
        let trail = subject.world.trail();
        for id in &ended.answered {
            assert_eq!(trail.of(id).len(), 1, "{id}");
        }
        assert_eq!(ended.answered.len(), ids.len(), "all are answered");
    }
}

#[test]
fn l2_without_a_trail_there_is_no_answer() {
    for subject in subjects() {
        let mut raw = subject.start(Era::Modern, &[]);
        let listed = raw.ask("tools/list", json!({})).ok();
        let name = listed.result()["tools"][0]["name"]
            .as_str()
            .unwrap()
            .to_owned();
        let (there, gone) = (subject.world.path("audit"), subject.world.path("gone"));
        std::fs::rename(there, gone).unwrap();
        for answer in [
            raw.ask("tools/list", json!({})),
            raw.call(&name, json!({})),
            raw.call("no_such", json!({})),
            raw.ask("no/such", json!({})),
        ] {
            assert_eq!(answer.code(), Some("unavailable"), "{}", answer.short());
        }
        // and it says so when it ends
        assert_eq!(raw.close().code, Some(1), "{}", subject.name);
    }
}
