//! A second reading of the audit trail, from the description of its format alone.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

/// What a verified directory holds.
#[derive(Debug, Default)]
pub struct Trail {
    /// Every event of every chain, in the order of its chain.
    pub records: Vec<Value>,
}

impl Trail {
    /// The outcome records of requests.
    pub fn outcomes(&self) -> impl Iterator<Item = &Value> {
        let records = self.records.iter();
        records.filter(|r| r["kind"] == "request" && r["phase"] == "outcome")
    }

    /// The outcome records of the request with this id.
    #[must_use]
    pub fn of(&self, id: &str) -> Vec<&Value> {
        let same = |r: &&Value| r["jsonrpc.request.id"] == id;
        self.outcomes().filter(same).collect()
    }

    /// The records of session and administration with this action.
    #[must_use]
    pub fn actions(&self, action: &str) -> Vec<&Value> {
        let same = |r: &&Value| r["action"] == action;
        self.records.iter().filter(same).collect()
    }
}

/// Reads all segments of `dir` and checks every link of every chain.
///
/// # Errors
///
/// The first place that does not fit.
pub fn verify(dir: &Path) -> Result<Trail, String> {
    let mut chains: BTreeMap<String, BTreeMap<u64, PathBuf>> = BTreeMap::new();
    for entry in std::fs::read_dir(dir).map_err(|e| e.to_string())? {
        let path = entry.map_err(|e| e.to_string())?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let parts = name.strip_suffix(".jsonl").and_then(|n| n.rsplit_once('-'));
        if let Some((chain, number)) = parts
            && let Ok(number) = number.parse()
        {
            let segments = chains.entry(chain.to_owned()).or_default();
            segments.insert(number, path.clone());
        }
    }
    let mut trail = Trail::default();
    for segments in chains.values() {
        chain(segments, &mut trail)?;
    }
    Ok(trail)
}

fn chain(segments: &BTreeMap<u64, PathBuf>, trail: &mut Trail) -> Result<(), String> {
    let (mut before, mut seq) = ("0".repeat(64), 0);
    for path in segments.values() {
        let file = File::open(path).map_err(|e| e.to_string())?;
        for (at, line) in BufReader::new(file).split(b'\n').enumerate() {
            let line = line.map_err(|e| e.to_string())?;
            let place = || format!("{}:{}", path.display(), at + 1);
            let (hash, record) = link(&line).ok_or_else(|| format!("{}: form", place()))?;
            seq += 1;
            let kind = record["t"].as_str().unwrap_or_default();
            let fits = record["prev"] == *before && record["seq"] == seq;
            if !fits || record["v"] != 1 || (at == 0) != (kind == "head") {
                return Err(format!("{}: {record} does not follow {before}", place()));
            }
            if kind == "event" {
                trail.records.push(record);
            }
            before = hash;
        }
    }
    Ok(())
}

/// The hash of a line, which must be that of its bytes, and what it says.
fn link(line: &[u8]) -> Option<(String, Value)> {
    let text = std::str::from_utf8(line).ok().filter(|t| t.is_ascii())?;
    let (body, end) = text.rsplit_once(",\"hash\":\"")?;
    let mut digest = Sha256::new();
    digest.update(b"keyhole-audit/1\n");
    digest.update(body.as_bytes());
    let hash: String = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let record = serde_json::from_str(text).ok()?;
    (end == format!("{hash}\"}}")).then_some((hash, record))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_changed_byte_is_noticed() {
        let body = "{\"v\":1,\"t\":\"head\",\"seq\":1,\"prev\":\"0\"";
        let mut digest = Sha256::new();
        digest.update(format!("keyhole-audit/1\n{body}"));
        let hash: String = digest
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let line = format!("{body},\"hash\":\"{hash}\"}}");
        assert!(link(line.as_bytes()).is_some());
        assert!(link(line.replace("head", "tail").as_bytes()).is_none());
    }
}
