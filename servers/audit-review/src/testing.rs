//! Trails made by hand, and somebody who asks a server about them, for tests.

#![expect(
    clippy::disallowed_methods,
    clippy::needless_pass_by_value,
    reason = "tests make the files they look at, and ask in one expression"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use guard::call::Call;
use guard::call::Caller;
use guard::call::Shared;
use guard::cursor::Seal;
use guard::error::Refusal;
use guard::label::Clearance;
use guard::label::Label;
use guard::label::Taxonomy;
use guard::principal::Principal;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Block;
use guard::server::Server;

use crate::AuditReview;
use crate::effects::Trail;
use crate::scope::Scope;
use crate::tools::TOOLS;

/// The chain of every trail here.
const CHAIN: &str = "00112233445566aa";

/// A trail, a server over it, and somebody who asks.
pub(crate) struct World {
    dir: std::path::PathBuf,
    _above: TempDir,
    pub(crate) server: AuditReview,
    shared: Shared,
}

impl World {
    /// A trail whose files hold these records, each the fields after `prev`.
    pub(crate) fn new(files: &[Vec<String>]) -> Self {
        let above = tempfile::tempdir().unwrap();
        let dir = above.path().join("audit");
        std::fs::create_dir(&dir).unwrap();
        write(&dir, files);
        let known = Taxonomy::default();
        let least = known.parse("internal").unwrap();
        Self {
            server: AuditReview::new(Trail::new(&dir), Scope::new(known, least)),
            dir,
            _above: above,
            shared: Shared::new(Seal::new([7; 32], chrono::TimeDelta::seconds(600))),
        }
    }

    /// Replaces a text in the file with this number.
    pub(crate) fn change(&self, number: u32, from: &str, to: &str) {
        let path = self.dir.join(format!("{CHAIN}-{number:06}.jsonl"));
        let text = std::fs::read_to_string(&path).unwrap();
        let changed = text.replacen(from, to, 1);
        assert_ne!(text, changed);
        std::fs::write(path, changed).unwrap();
    }

    /// Takes the trail away.
    pub(crate) fn remove(&self) {
        std::fs::rename(&self.dir, self.dir.with_extension("gone")).unwrap();
    }

    /// A request of somebody cleared for all of `clearances`.
    pub(crate) fn request(&self, clearances: &[&str]) -> Call {
        self.request_that(clearances, CancellationToken::new())
    }

    pub(crate) fn request_that(&self, clearances: &[&str], cancel: CancellationToken) -> Call {
        let up_to = |text: &&str| Clearance::up_to(label(text));
        let caller = Caller {
            principal: Principal::new(Principal::LOCAL, "auditor").unwrap(),
            clearance: clearances
                .iter()
                .map(up_to)
                .fold(Clearance::default(), Clearance::or),
            permissions: ["audit:read".to_owned()].into(),
            ..Caller::default()
        };
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let (id, time) = (uuid::Uuid::nil(), Duration::from_secs(30));
        Call::new(Arc::new(caller), id, now, time, cancel, &self.shared)
    }

    /// Calls a tool as somebody cleared for all of `clearances`.
    pub(crate) fn ask(
        &self,
        clearances: &[&str],
        tool: &str,
        arguments: Value,
    ) -> Result<(Answer, Label), Refusal> {
        self.ask_with(self.request(clearances), tool, arguments)
    }

    pub(crate) fn ask_with(
        &self,
        call: Call,
        tool: &str,
        arguments: Value,
    ) -> Result<(Answer, Label), Refusal> {
        let tool = TOOLS.iter().find(|known| known.name == tool).unwrap();
        let given = arguments.as_object().unwrap().clone();
        let checked = Arguments::check(tool.parameters, given)?;
        let clearance = call.caller().clearance;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        let done = runtime
            .unwrap()
            .block_on(self.server.call(call, tool.name, checked));
        let answer = done?;
        let label = answer.label();
        Ok((answer.release(clearance)?, label))
    }
}

/// The text of an answer.
pub(crate) fn text(answer: &Answer) -> String {
    let texts = answer.blocks.iter().filter_map(|block| match block {
        Block::Text(text) => Some(text.as_str()),
        Block::Image(_) | Block::Audio(_) | Block::Blob { .. } => None,
    });
    texts.collect()
}

/// A label in the built-in words.
pub(crate) fn label(text: &str) -> Label {
    Taxonomy::default().parse(text).unwrap()
}

/// Writes a chain of files that verifies, whatever the records hold.
pub(crate) fn write(dir: &Path, files: &[Vec<String>]) {
    let (mut seq, mut prev) = (0, "0".repeat(64));
    for (at, records) in files.iter().enumerate() {
        let number = at + 1;
        let head = format!(
            ",\"time\":\"2026-05-05T00:00:00Z\",\"chain\":\"{CHAIN}\",\"segment\":{number}"
        );
        let mut text = String::new();
        let heads = [("head", &head)].into_iter();
        for (kind, body) in heads.chain(records.iter().map(|record| ("event", record))) {
            seq += 1;
            let line = format!(r#"{{"v":1,"t":"{kind}","seq":{seq},"prev":"{prev}"{body}"#);
            prev = hash(&line);
            text.push_str(&format!("{line},\"hash\":\"{prev}\"}}\n"));
        }
        std::fs::write(dir.join(format!("{CHAIN}-{number:06}.jsonl")), text).unwrap();
    }
}

fn hash(line: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(b"keyhole-audit/1\n");
    digest.update(line.as_bytes());
    let bytes = digest.finalize();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
