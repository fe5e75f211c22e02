//! The promises of the trail, against real files, real processes and real kills.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests do to the files what an attacker would"
)]

mod checkpoints;
mod crash;
mod failure;
mod foreign;
mod measure;
mod memory;
mod proofs;
mod pruning;
mod several;
mod showing;
mod soak;
mod tampering;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Instant;

use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::directory::Directory;
use super::mark::Lock;
use super::*;

/// A directory for one trail.
struct World {
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir }
    }

    /// One in memory, where there is such a place: for what makes many trails.
    fn in_memory() -> Self {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let dir = dir.unwrap();
        Self { dir }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("audit")
    }

    fn settings(&self) -> Settings {
        settings(&self.path())
    }

    fn open(&self) -> Audit {
        Audit::open(self.settings(), origin(), now()).unwrap()
    }

    fn open_on(&self, disk: &Disk) -> Audit {
        Audit::open_on(disk.clone(), self.settings(), origin(), now()).unwrap()
    }

    fn trouble(&self) -> Trouble {
        Audit::open(self.settings(), origin(), now())
            .unwrap_err()
            .trouble()
    }

    fn verify_with(&self, trust: &Trust) -> Report {
        verify(&self.path(), trust).unwrap()
    }

    fn verify(&self) -> Report {
        verify(&self.path(), &Trust::default()).unwrap()
    }

    /// Verified, and every line as JSON.
    fn lines(&self) -> Vec<Value> {
        let report = self.verify();
        assert_eq!(report.verdict, Verdict::OkUnanchored);
        let text: String = self
            .segments()
            .iter()
            .map(|path| fs::read_to_string(path).unwrap())
            .collect();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len() as u64, report.lines);
        lines
    }

    fn segments(&self) -> Vec<PathBuf> {
        let mut found = files(&self.path(), ".jsonl");
        found.sort();
        found
    }

    /// The ids of all records.
    fn ids(&self) -> BTreeSet<String> {
        let lines = self.lines();
        let ids = lines.iter().filter_map(|line| line.get("id"));
        ids.map(|id| id.as_str().unwrap().to_owned()).collect()
    }

    fn actions(&self) -> Vec<String> {
        let lines = self.lines();
        let actions = lines.iter().filter_map(|line| line.get("action"));
        actions
            .map(|action| action.as_str().unwrap().to_owned())
            .collect()
    }
}

fn files(dir: &Path, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.to_str().unwrap().ends_with(end))
        .collect()
}

fn settings(dir: &Path) -> Settings {
    Settings {
        low_water_bytes: 0,
        ..Settings::new(dir)
    }
}

fn origin() -> Origin {
    Origin {
        server_name: "readonly-fs",
        server_version: "0.1.0",
        binary_hash: None,
        policy_hash: Some("abc".to_owned()),
    }
}

fn now() -> DateTime<Utc> {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

fn record() -> Record<'static> {
    let mut record = Record::new(Kind::Request, Uuid::new_v4(), now());
    record.principal_iss = Some("local".into());
    record.principal_id = Some("ada".into());
    record.method = Some("tools/call".into());
    record.tool = Some("read_file".into());
    record.resource = Some("fs://docs/notes/a.md".into());
    record.decision = Some(Decision::Allow);
    record.rule = Some("cleared".into());
    record.outcome = Some(Outcome::Allowed);
    record.bytes = Some(4096);
    record.figures.insert("fs.bytes", 4096);
    record
}

#[tokio::test]
async fn l1_what_is_written_stands_in_the_chain_with_its_fields_in_order() {
    let world = World::new();
    let audit = world.open();
    let record = record();
    let id = record.id;
    audit.write(record).await.unwrap();
    assert!(audit.healthy());
    audit.close(now()).unwrap();

    let types: Vec<Value> = world.lines().iter().map(|line| line["t"].clone()).collect();
    assert_eq!(types, ["head", "event", "event", "event", "ckpt"]);
    assert_eq!(world.actions(), ["open", "close"]);
    let text = fs::read_to_string(&world.segments()[0]).unwrap();
    let line = text.lines().nth(2).unwrap();
    let fields = format!(
        ",\"id\":\"{id}\",\"time\":\"2026-01-02T03:04:05.000000Z\",\"kind\":\"request\",\
         \"server.name\":\"readonly-fs\",\"server.version\":\"0.1.0\",\"server.instance\":"
    );
    assert!(line.contains(&fields), "{line}");
    let fields = ",\"principal.iss\":\"local\",\"principal.id\":\"ada\",\
         \"mcp.method.name\":\"tools/call\",\"gen_ai.tool.name\":\"read_file\",\
         \"mcp.resource.uri\":\"fs://docs/notes/a.md\",\"decision\":\"allow\",\
         \"decision.rule\":\"cleared\",\"policy.hash\":\"abc\",\"outcome\":\"allowed\",\
         \"result.bytes\":4096,\"fs.bytes\":4096,\"hash\":\"";
    assert!(line.contains(fields), "{line}");
}

#[test]
fn after_the_end_nothing_is_written_and_nobody_is_told_otherwise() {
    let world = World::new();
    let audit = world.open();
    audit.close(now()).unwrap();
    assert!(audit.write_blocking(record()).is_err());
    assert!(audit.close(now()).is_err());
    assert!(!audit.healthy());
    assert_eq!(files(&world.path(), ".instance"), [] as [PathBuf; 0]);
}

#[test]
fn a_chain_goes_on_over_restarts_and_rotations_and_its_numbers_never_reset() {
    let world = World::new();
    let small = Settings {
        rotate_bytes: 4096,
        ..world.settings()
    };
    for _ in 0..5 {
        let audit = Audit::open(small.clone(), origin(), now()).unwrap();
        for _ in 0..10 {
            audit.write_blocking(record()).unwrap();
        }
        audit.close(now()).unwrap();
    }
    let segments = world.segments();
    assert!(segments.len() > 5);
    for segment in &segments {
        assert!(
            fs::metadata(segment).unwrap().len() <= 4096 + 2048,
            "with its checkpoint and its tail"
        );
    }
    let lines = world.lines();
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(line["seq"], index + 1);
    }
    let tails = lines.iter().filter(|line| line["t"] == "tail").count();
    assert_eq!(tails, segments.len() - 1, "the last segment goes on");
}

#[test]
fn a_segment_ends_when_it_is_old() {
    let world = World::new();
    let audit = world.open();
    let mut late = record();
    late.time = now() + TimeDelta::hours(25);
    audit.write_blocking(late.clone()).unwrap();
    assert_eq!(world.segments().len(), 2);
    audit.write_blocking(late).unwrap();
    assert_eq!(world.segments().len(), 2);
    assert_eq!(world.verify().records, 3);
}

#[test]
fn i9_a_keyed_hash_is_stable_within_a_directory_and_different_in_another() {
    let (here, there) = (World::new(), World::new());
    let hash = here.open().hmac(&[b"ada@example.com"]);
    assert_eq!(hash.len(), 32);
    assert_eq!(here.open().hmac(&[b"ada@example.com"]), hash);
    assert_ne!(there.open().hmac(&[b"ada@example.com"]), hash);
    let audit = here.open();
    assert_ne!(audit.hmac(&[b"ab", b"c"]), audit.hmac(&[b"a", b"bc"]));
    let key = fs::read(here.path().join("hmac.key")).unwrap();
    assert_eq!(key.len(), 32);
    let head = &here.lines()[0];
    assert_eq!(head["hmac.key.id"].as_str().unwrap().len(), 16);
    assert!(!format!("{audit:?}").contains("key"));
}

#[test]
fn l5_no_hostile_text_leaves_its_line_its_field_or_its_bound() {
    let world = World::new();
    let audit = world.open();
    let huge = "\u{202e}\r\n\0".repeat(1 << 18);
    let hostile = [
        "\",\"decision\":\"allow\"}\n{\"v\":1",
        "\r\n\u{2028}\u{2029}\u{85}",
        "\u{1b}[2J\u{1b}]0;x\u{7}",
        "=cmd|' /C calc'!A0",
        huge.as_str(),
    ];
    for text in hostile {
        let many = vec![text.to_owned(); 100];
        let mut record = record();
        let cow = || Some(text.to_owned().into());
        record.tool = cow();
        record.resource = cow();
        record.principal_id = cow();
        record.client_name = cow();
        record.request_id = cow();
        record.args_shape = cow();
        record.error_type = cow();
        record.roles = &many;
        record.grants = &many;
        record.notes.insert("db.tables", text.to_owned());
        audit.write_blocking(record).unwrap();
    }
    audit.close(now()).unwrap();
    let lines = world.lines();
    let written: Vec<&Value> = lines
        .iter()
        .filter(|line| line["kind"] == "request")
        .collect();
    assert_eq!(written.len(), hostile.len());
    for (line, text) in written.iter().zip(hostile) {
        assert_eq!(line["decision"], "allow");
        assert_eq!(
            line["outcome"], "allowed",
            "words of ours are never left out"
        );
        let found = line["gen_ai.tool.name"].as_str().unwrap();
        assert!(text.starts_with(found.split('\u{2026}').next().unwrap()));
        assert!(line.to_string().len() < encode::MAX_LINE);
    }
    assert_eq!(written[4]["truncated"], true);
    for segment in world.segments() {
        let bytes = fs::read(segment).unwrap();
        assert!(bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n')));
        assert!(
            bytes
                .split(|&byte| byte == b'\n')
                .all(|line| line.len() <= encode::MAX_LINE)
        );
    }
}

#[tokio::test]
async fn l5_a_note_is_bounded_and_escaped_and_stands_after_the_figures() {
    let world = World::new();
    let audit = world.open();
    let mut record = record();
    record
        .notes
        .insert("db.tables", "sales.\"x\"\r\n\u{202e}".to_owned());
    record.notes.insert("db.columns", "c".repeat(1 << 20));
    audit.write(record).await.unwrap();
    audit.close(now()).unwrap();
    let text = fs::read_to_string(&world.segments()[0]).unwrap();
    let line = text.lines().nth(2).unwrap();
    let found: Value = serde_json::from_str(line).unwrap();
    assert_eq!(found["db.tables"], "sales.\"x\"\r\n\u{202e}");
    assert!(found["db.columns"].as_str().unwrap().len() < 300);
    let at = |key: &str| line.find(key).unwrap();
    assert!(at("fs.bytes") < at("db.columns") && at("db.columns") < at("db.tables"));
    assert_eq!(world.verify().verdict.name(), "ok-unanchored");
}

#[test]
fn l5_notes_are_few_and_take_no_key_twice() {
    let stamp = Stamp::new(origin(), Uuid::nil(), String::new());
    let mut record = record();
    let keys = ["a", "b", "c", "d", "e", "f", "fs.bytes", "hash", "z1", "z2"];
    for key in keys {
        record.notes.insert(key, "x".repeat(1000));
    }
    let body = String::from_utf8(record.encode(&stamp)).unwrap();
    assert_eq!(body.matches("\"fs.bytes\":").count(), 1);
    assert!(!body.contains("\"hash\":") && !body.contains("\"z1\":"));
    assert!(body.ends_with(",\"truncated\":true") && body.len() < encode::MAX_BODY);
}

#[test]
fn no_figure_takes_a_key_of_the_format() {
    let stamp = Stamp::new(origin(), Uuid::nil(), String::new());
    let mut record = record();
    for key in [
        "hash",
        "seq",
        "decision",
        "result.bytes",
        "a\":1,\"b",
        "\u{202e}",
    ] {
        record.figures.insert(key, 1);
    }
    let body = String::from_utf8(record.encode(&stamp)).unwrap();
    assert_eq!(body.matches("\"decision\":").count(), 1);
    assert_eq!(body.matches("\"result.bytes\":").count(), 1);
    assert!(!body.contains("\"b\""), "{body}");
    assert!(!body.contains('\u{202e}'));
    assert!(!body.contains("\"hash\":") && body.ends_with(",\"truncated\":true"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn l5_whatever_is_written_verifies_and_reads_back(
        texts in proptest::collection::vec("\\PC{0,64}|[\\x00-\\x{ffff}]{0,64}", 1..6),
        number: u64,
    ) {
        let world = World::new();
        let audit = world.open();
        for text in &texts {
            let mut record = record();
            record.tool = Some(text.clone().into());
            record.resource = Some(text.clone().into());
            record.duration_us = Some(number);
            audit.write_blocking(record).unwrap();
        }
        audit.close(now()).unwrap();
        let lines = world.lines();
        let tools = lines.iter().filter_map(|line| line.get("gen_ai.tool.name"));
        let uris: Vec<&Value> = lines.iter().filter_map(|line| line.get("mcp.resource.uri")).collect();
        prop_assert_eq!(tools.count(), texts.len());
        for (uri, text) in uris.iter().zip(&texts) {
            prop_assert_eq!(uri.as_str(), Some(text.as_str()));
        }
    }
}
