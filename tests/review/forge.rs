//! Trails that no server would write, whose hashes fit all the same.

use std::path::Path;

use sha2::Digest;
use sha2::Sha256;

/// The chain of every forged trail.
pub(crate) const CHAIN: &str = "00112233445566aa";

/// A file of a trail in the making.
#[derive(Debug)]
pub(crate) struct Forged {
    text: Vec<u8>,
    pub(crate) seq: u64,
    prev: String,
}

impl Forged {
    /// With a head.
    pub(crate) fn new() -> Self {
        let mut forged = Self {
            text: Vec::new(),
            seq: 0,
            prev: "0".repeat(64),
        };
        forged.line(
            "head",
            &format!(",\"time\":\"2026-05-05T00:00:00Z\",\"chain\":\"{CHAIN}\",\"segment\":1"),
        );
        forged
    }

    /// A line with these fields, whose hash fits.
    pub(crate) fn line(&mut self, kind: &str, fields: &str) -> &mut Self {
        self.seq = self.seq.wrapping_add(1);
        let (seq, prev) = (self.seq, &self.prev);
        let line = format!("{{\"v\":1,\"t\":\"{kind}\",\"seq\":{seq},\"prev\":\"{prev}\"{fields}");
        let mut digest = Sha256::new();
        digest.update(b"keyhole-audit/1\n");
        digest.update(line.as_bytes());
        let hash = digest.finalize();
        self.prev = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        self.bytes(format!("{line},\"hash\":\"{}\"}}\n", self.prev).as_bytes())
    }

    /// A record of a request with these fields.
    pub(crate) fn record(&mut self, fields: &str) -> &mut Self {
        let id = format!(
            "019df804-5a00-7000-8000-{:012x}",
            self.seq & 0xffff_ffff_ffff
        );
        self.line(
            "event",
            &format!(
                ",\"id\":\"{id}\",\"time\":\"2026-05-05T12:00:00Z\",\"kind\":\"request\"{fields}"
            ),
        )
    }

    /// Bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.text.extend_from_slice(bytes);
        self
    }

    /// Writes it as the first file of a trail.
    pub(crate) fn write(&self, dir: &Path) {
        std::fs::create_dir_all(dir).unwrap();
        std::fs::write(dir.join(format!("{CHAIN}-000001.jsonl")), &self.text).unwrap();
    }
}
