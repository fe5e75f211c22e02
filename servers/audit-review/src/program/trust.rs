//! What a trail or a proof is held against: the keys and anchors of the command line.

use std::path::Path;
use std::path::PathBuf;

use guard::audit::Checkpoint;
use guard::audit::Event;
use guard::audit::NotACheckpoint;
use guard::audit::Trust;
use guard::audit::VerifierKey;
use guard::program::Start;
use guard::program::StartError;

use super::AuditReviewProgram;
use crate::effects::files;

/// What is trusted.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Trusted {
    /// A key that may sign the trail, or a file with such keys, one a line; can be given more
    /// than once [default: the keys of the configuration].
    #[arg(long = "key", value_name = "KEY|FILE")]
    keys: Vec<String>,
}

impl Trusted {
    /// The keys that were given, else those of the configuration.
    pub(super) fn keys(
        &self,
        start: &Start<'_, AuditReviewProgram>,
    ) -> Result<Vec<VerifierKey>, StartError> {
        if self.keys.is_empty() {
            return Ok(start.config.trail.keys.clone());
        }
        let mut keys = Vec::new();
        for given in &self.keys {
            match given.parse() {
                Ok(key) => keys.push(key),
                Err(_) => keys.extend(from_file(given)?),
            }
        }
        Ok(keys)
    }

    /// The same, with the checkpoints in `anchors`, else those of the configuration.
    pub(super) fn trust(
        &self,
        anchors: &[PathBuf],
        start: &Start<'_, AuditReviewProgram>,
    ) -> Result<Trust, StartError> {
        let configured = start.config.trail.anchors.iter();
        let configured = configured.map(|path| match start.source {
            Some(source) => source.resolve(path),
            None => path.clone(),
        });
        let files: Vec<PathBuf> = match anchors {
            [] => configured.collect(),
            given => given.to_vec(),
        };
        let mut trust = Trust {
            keys: self.keys(start)?,
            anchors: Vec::new(),
        };
        for file in &files {
            trust.anchors.extend(anchors_in(file)?);
        }
        Ok(trust)
    }
}

/// The checkpoints in a file.
pub(super) fn anchors_in(path: &Path) -> Result<Vec<Checkpoint>, StartError> {
    let step = || format!("read the anchor {}", path.display());
    let text = files::read(path).map_err(|cause| StartError::step(step(), cause))?;
    checkpoints(&text).map_err(|cause| StartError::step(step(), cause))
}

/// The keys in a file, one a line; `#` begins a remark.
fn from_file(path: &str) -> Result<Vec<VerifierKey>, StartError> {
    let step = || format!("read the keys in {path}");
    let text = files::read(path.as_ref()).map_err(|cause| StartError::step(step(), cause))?;
    let lines = text.lines().map(str::trim);
    let keys: Result<Vec<VerifierKey>, _> = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::parse)
        .collect();
    let keys = keys.map_err(|cause| StartError::step(step(), cause))?;
    if keys.is_empty() {
        return Err(StartError::step(step(), "there is none in it"));
    }
    Ok(keys)
}

/// The notes of a text, one after the other: each ends with its signatures. Where the text is lines
/// of a trail as a receiver was handed them, the notes of their checkpoints.
fn checkpoints(text: &str) -> Result<Vec<Checkpoint>, NotACheckpoint> {
    if let Some(found) = handed_on(text) {
        return found;
    }
    let mut notes = vec![String::new()];
    let mut signed = false;
    for line in text.split_inclusive('\n') {
        let signature = line.starts_with(SIGNATURE);
        if signed && !signature {
            notes.push(String::new());
        }
        signed = signature;
        if let Some(note) = notes.last_mut() {
            // empty lines between two notes belong to neither
            if !(note.is_empty() && line.trim().is_empty()) {
                note.push_str(line);
            }
        }
    }
    notes.retain(|note| !note.is_empty());
    if notes.is_empty() {
        return Err(NotACheckpoint);
    }
    notes.iter().map(|note| note.parse()).collect()
}

/// The checkpoints among the lines of a trail, each perhaps behind the header of a message; `None`
/// if there is none such line.
fn handed_on(text: &str) -> Option<Result<Vec<Checkpoint>, NotACheckpoint>> {
    let mut found = Vec::new();
    for line in text.lines() {
        let Some(at) = line.find(LINE) else { continue };
        let line = line.get(at..).unwrap_or_default();
        let note = Event::parse(line.trim_end().as_bytes()).ok();
        let note = note.as_ref().and_then(|event| event.text("note"));
        found.push(note.ok_or(NotACheckpoint).and_then(str::parse));
    }
    (!found.is_empty()).then(|| found.into_iter().collect())
}

/// How the line of a checkpoint begins.
const LINE: &str = "{\"v\":1,\"t\":\"ckpt\",";

/// How the signatures of a note begin (C2SP signed-note).
const SIGNATURE: &str = "\u{2014} ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_checkpoint_is_no_anchor() {
        for text in ["", "\n", "x\n", "x\n1\nAAAA\n\n\u{2014} k AAAA\n"] {
            assert!(checkpoints(text).is_err(), "{text:?}");
        }
    }
}
