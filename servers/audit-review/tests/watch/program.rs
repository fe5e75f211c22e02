//! The binary over a trail.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use guard::audit::Trust;
use guard::audit::Verdict;
use guard::audit::verify;
use serde_json::Value;
use tempfile::TempDir;

use crate::act::Act;
use crate::trail;

/// A trail in a directory of its own.
struct Bed(TempDir);

/// Some days ago, so that nothing is of the future.
const THEN: i64 = 1_777_982_400;

impl Bed {
    fn new() -> Self {
        let shm = Path::new("/dev/shm");
        let parent = if shm.is_dir() {
            shm.to_owned()
        } else {
            std::env::temp_dir()
        };
        Self(TempDir::with_prefix_in("keyhole-", parent).unwrap())
    }

    fn audit(&self) -> PathBuf {
        self.0.path().join("audit")
    }

    fn state(&self) -> PathBuf {
        self.0.path().join("audit.watch")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_audit-review"));
        command
            .env_clear()
            .arg("watch")
            .arg(self.audit())
            .args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.code(), text(stdout), text(stderr))
    }

    fn probe(&self, who: &str, from: i64) {
        let acts: Vec<Act> = (0..6)
            .map(|at| Act {
                time: from + at,
                kind: "request",
                who: Some(who.to_owned()),
                address: "10.0.0.1".to_owned(),
                outcome: "denied",
                error: "not_cleared",
                ..Act::default()
            })
            .collect();
        trail::write(&self.audit(), &acts);
    }

    /// The findings in the trail, which must verify.
    fn recorded(&self) -> Vec<Value> {
        let report = verify(&self.audit(), &Trust::default()).unwrap();
        assert_eq!(report.verdict, Verdict::OkUnanchored);
        let mut found = Vec::new();
        for entry in fs::read_dir(self.audit()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ext| ext == "jsonl") {
                let text = fs::read_to_string(path).unwrap();
                let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
                found.extend(lines.filter(|line: &Value| line["kind"] == "detect"));
            }
        }
        found
    }
}

/// The names and contents of all files of `dir`.
fn bytes(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    all.sort();
    all
}

#[test]
fn a_finding_is_told_recorded_and_not_repeated() {
    let bed = Bed::new();
    bed.probe("mallory", THEN);
    let (code, out, said) = bed.run(&["--once"]);
    assert_eq!(code, Some(10), "{out}{said}");
    assert!(
        out.contains("alert denials-principal https://id.example:mallory: 5 refusals"),
        "{out}"
    );
    assert!(said.contains("1 findings"), "{said}");
    let recorded = bed.recorded();
    assert_eq!(recorded.len(), 1);
    let finding = &recorded[0];
    assert_eq!(finding["detect.rule"], "denials-principal");
    assert_eq!(finding["detect.level"], "alert");
    assert_eq!(finding["principal.id"], "mallory");
    assert_eq!(finding["server.name"], "audit-review");
    assert_eq!(
        finding["detect.window"],
        "2026-05-05T11:55:04Z/2026-05-05T12:00:04Z"
    );
    assert!(finding["detect.first"].as_u64() < finding["detect.last"].as_u64());
    assert!(finding["detect.score"].as_u64() >= Some(100));
    let (code, out, _) = bed.run(&["--once"]);
    assert_eq!((code, out.as_str()), (Some(0), ""));
    assert_eq!(bed.recorded().len(), 1);
}

#[test]
fn a_crash_before_the_state_was_saved_repeats_nothing() {
    let bed = Bed::new();
    bed.probe("ada", THEN);
    assert_eq!(bed.run(&["--once"]).0, Some(10));
    let old = fs::read(bed.state()).unwrap();
    bed.probe("bob", THEN + 60);
    assert_eq!(bed.run(&["--once"]).0, Some(10));
    fs::write(bed.state(), old).unwrap();
    let (code, out, _) = bed.run(&["--once"]);
    assert_eq!((code, out.as_str()), (Some(0), ""));
    // and not even when all that was learned is lost
    fs::remove_file(bed.state()).unwrap();
    assert_eq!(bed.run(&["--once"]).0, Some(0));
    assert_eq!(bed.recorded().len(), 2);
}

#[test]
fn a_replay_says_the_same_each_time_and_writes_nothing() {
    let bed = Bed::new();
    bed.probe("ada", THEN);
    let before = bytes(&bed.audit());
    let first = bed.run(&["--replay", "--once", "--json"]);
    assert_eq!(first.0, Some(10));
    let finding: Value = serde_json::from_str(&first.1).unwrap();
    assert_eq!(finding["detect.rule"], "denials-principal");
    assert_eq!(bed.run(&["--replay", "--once", "--json"]), first);
    assert_eq!(bytes(&bed.audit()), before);
    assert!(!bed.state().exists());
}

#[test]
fn a_damaged_state_is_refused_before_anything_is_written() {
    let bed = Bed::new();
    bed.probe("ada", THEN);
    assert_eq!(bed.run(&["--once"]).0, Some(10));
    let mut state = fs::read(bed.state()).unwrap();
    let middle = state.len() / 2;
    state[middle] ^= 1;
    fs::write(bed.state(), &state).unwrap();
    let before = bytes(&bed.audit());
    let (code, _, said) = bed.run(&["--once"]);
    assert_eq!(code, Some(3));
    assert!(
        said.contains("it is damaged: restore it, or remove it"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1);
    assert_eq!(bytes(&bed.audit()), before);
    assert_eq!(fs::read(bed.state()).unwrap(), state);
}

#[test]
fn l3_a_changed_record_is_found_also_where_the_last_run_ended() {
    let bed = Bed::new();
    bed.probe("ada", THEN);
    let segment = bytes(&bed.audit())
        .into_iter()
        .find(|(path, _)| path.extension().is_some_and(|ext| ext == "jsonl"));
    let (path, content) = segment.unwrap();
    let text = String::from_utf8(content).unwrap();
    fs::write(&path, text.replacen("\"ada\"", "\"bob\"", 1)).unwrap();
    let (code, out, _) = bed.run(&["--replay"]);
    assert_eq!(code, Some(10));
    assert!(out.contains("alert broken-trail"), "{out}");
}

#[test]
fn l5_a_name_cannot_steer_the_terminal() {
    let bed = Bed::new();
    bed.probe("\u{1b}[2J\u{202e}x\r\n\u{9b}0m", THEN);
    let (_, out, _) = bed.run(&["--replay"]);
    assert_eq!(out.lines().count(), 1);
    assert!(
        out.contains("\\u{1b}[2J\\u{202e}x\\u{d}\\u{a}\\u{9b}0m"),
        "{out}"
    );
}

#[test]
fn it_follows_the_trail_alone_and_ends_in_order_when_told_to() {
    let bed = Bed::new();
    bed.probe("ada", THEN);
    let mut command = bed.command(&["--every", "1"]);
    let mut watching = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains(":ada:"));
    let (code, _, said) = bed.run(&["--once"]);
    assert_eq!(code, Some(3));
    assert!(said.contains("another process holds it"), "{said}");
    bed.probe("bob", THEN + 60);
    assert!(lines.next().unwrap().unwrap().contains(":bob:"));
    let pid = watching.id().to_string();
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    assert_eq!(watching.wait().unwrap().code(), Some(0));
    assert_eq!(bed.recorded().len(), 2);
    assert_eq!(bed.run(&["--once"]).0, Some(0));
}

#[test]
fn a_threshold_of_the_configuration_is_in_force() {
    let bed = Bed::new();
    bed.probe("ada", THEN);
    let config = bed.0.path().join("config.toml");
    fs::write(&config, "[watch.denials]\nof-a-principal = 7\n").unwrap();
    let run = |config: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_audit-review"));
        command
            .arg("watch")
            .arg("--config")
            .arg(config)
            .arg(bed.audit());
        command.arg("--replay").output().unwrap()
    };
    assert_eq!(run(&config).status.code(), Some(0));
    fs::write(&config, "[watch.denials]\nof-a-principle = 7\n").unwrap();
    let output = run(&config);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("config.toml:2:1"), "{said}");
}
