//! Proofs that need nothing but themselves and a public key: that a line is in the trail, and
//! that a later checkpoint extends an earlier one. No other line is shown.

use std::path::Path;

use serde::Deserialize;
use serde::Serialize;
use serde::Serializer;

use super::chain;
use super::chain::Hash;
use super::chain::Link;
use super::merkle;
use super::merkle::Gatherer;
use super::merkle::Tree;
use super::note::Checkpoint;
use super::note::VerifierKey;
use super::pass;
use super::pass::Seen;
use super::segment::Said;
use super::trouble::Trouble;

/// Why there is no proof, or one does not hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ProofError {
    /// The trail cannot be read, or is not whole.
    #[error("could not read the trail")]
    Trail(#[from] Trouble),
    /// The trail has no such line any more, or not yet.
    #[error("the trail does not hold line {0}: it was pruned, or not written yet")]
    NoLine(u64),
    /// No checkpoint covers it yet.
    #[error("no checkpoint covers line {0} yet")]
    Uncovered(u64),
    /// The trail is another one than the checkpoint speaks of.
    #[error("the checkpoint does not fit the trail")]
    OtherTrail,
    /// It is not the proof that it should be.
    #[error("not a proof in the form of this version")]
    Form,
    /// None of the keys signed its checkpoint.
    #[error("none of the keys signed the checkpoint of the proof")]
    Unsigned,
    /// The hashes do not lead from the line to the checkpoint.
    #[error("the proof does not hold")]
    Wrong,
}

/// That one line is in a trail, at its place. As JSON it stands for itself.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    #[serde(rename = "keyhole-inclusion")]
    version: u8,
    /// The line, byte for byte, without its line feed.
    line: String,
    index: u64,
    size: u64,
    hashes: Vec<Hash>,
    note: String,
}

/// That the trail of one checkpoint is the beginning of the trail of another.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Consistency {
    #[serde(rename = "keyhole-consistency")]
    version: u8,
    hashes: Vec<Hash>,
    old: String,
    new: String,
}

/// Proves that the line with the number `seq` of the trail in `directory` is covered by `under`,
/// or by the last checkpoint of the trail. Reads the trail once or twice, in bounded memory.
///
/// # Errors
///
/// [`ProofError`] if the trail is not whole as far as it is read, or does not hold the line.
pub fn prove_inclusion(
    directory: &Path,
    seq: u64,
    under: Option<&Checkpoint>,
) -> Result<Proof, ProofError> {
    let under = chosen(directory, under)?.ok_or(ProofError::Uncovered(seq))?;
    let index = seq.checked_sub(1).ok_or(ProofError::NoLine(seq))?;
    let gatherer = Gatherer::inclusion(index, under.size()).ok_or(ProofError::Uncovered(seq))?;
    let mut line = None;
    let hashes = gather(directory, gatherer, &under, |seen| {
        if seen.line.link.seq == seq {
            line = str::from_utf8(seen.bytes).ok().map(str::to_owned);
        }
    })?;
    Ok(Proof {
        version: VERSION,
        line: line.ok_or(ProofError::NoLine(seq))?,
        index,
        size: under.size(),
        hashes,
        note: under.to_string(),
    })
}

/// Proves that the trail in `directory` grew from `old` to `new`, or to its last checkpoint.
///
/// # Errors
///
/// [`ProofError`] if the trail is not whole as far as it is read, or is another one.
pub fn prove_consistency(
    directory: &Path,
    old: &Checkpoint,
    new: Option<&Checkpoint>,
) -> Result<Consistency, ProofError> {
    let new = chosen(directory, new)?.ok_or(ProofError::Uncovered(old.size()))?;
    let gatherer = Gatherer::consistency(old.size(), new.size()).ok_or(ProofError::OtherTrail)?;
    let hashes = gather(directory, gatherer, &new, |_| ())?;
    let (before, after) = ((old.size(), old.root()), (new.size(), new.root()));
    if !merkle::extends(before, after, &hashes) {
        return Err(ProofError::OtherTrail);
    }
    let (old, new) = (old.to_string(), new.to_string());
    Ok(Consistency {
        version: VERSION,
        hashes,
        old,
        new,
    })
}

impl Proof {
    /// Reads a proof from JSON.
    ///
    /// # Errors
    ///
    /// [`ProofError::Form`].
    pub fn parse(json: &str) -> Result<Self, ProofError> {
        let read: Self = serde_json::from_str(json).map_err(|_| ProofError::Form)?;
        versioned(read.version).map(|()| read)
    }

    /// The proof as JSON, of one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The line that it proves.
    #[must_use]
    pub fn line(&self) -> &str {
        &self.line
    }

    /// Whether the line is in the trail at its place, as one of `keys` signed; then the
    /// checkpoint that says so.
    ///
    /// # Errors
    ///
    /// [`ProofError`] if not.
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<Checkpoint, ProofError> {
        let checkpoint = signed(&self.note, keys)?;
        let opened = chain::open(self.line.as_bytes()).map_err(|_| ProofError::Wrong)?;
        let Link { seq, hash } = opened.link;
        let (size, root) = (checkpoint.size(), checkpoint.root());
        let placed = self.index.checked_add(1) == Some(seq) && self.size == size;
        if placed && merkle::includes(hash, self.index, size, &self.hashes, root) {
            Ok(checkpoint)
        } else {
            Err(ProofError::Wrong)
        }
    }
}

impl Consistency {
    /// Reads a proof from JSON.
    ///
    /// # Errors
    ///
    /// [`ProofError::Form`].
    pub fn parse(json: &str) -> Result<Self, ProofError> {
        let read: Self = serde_json::from_str(json).map_err(|_| ProofError::Form)?;
        versioned(read.version).map(|()| read)
    }

    /// The proof as JSON, of one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether the new checkpoint extends the old one, both signed by one of `keys`; then both.
    ///
    /// # Errors
    ///
    /// [`ProofError`] if not.
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<(Checkpoint, Checkpoint), ProofError> {
        let (old, new) = (signed(&self.old, keys)?, signed(&self.new, keys)?);
        let (before, after) = ((old.size(), old.root()), (new.size(), new.root()));
        if old.origin() == new.origin() && merkle::extends(before, after, &self.hashes) {
            Ok((old, new))
        } else {
            Err(ProofError::Wrong)
        }
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// The checkpoint that was asked for, or the last one of the trail.
fn chosen(directory: &Path, given: Option<&Checkpoint>) -> Result<Option<Checkpoint>, ProofError> {
    if let Some(given) = given {
        return Ok(Some(given.clone()));
    }
    let mut last = None;
    pass::over(directory, |seen| {
        if let Some(Said::Checkpoint(spoken)) = seen.said {
            last = Some(spoken.checkpoint.clone());
        }
    })?;
    Ok(last)
}

/// Lets the lines go by, as far as `under` speaks of them.
fn gather(
    directory: &Path,
    mut gatherer: Gatherer,
    under: &Checkpoint,
    mut each: impl FnMut(&Seen<'_>),
) -> Result<Vec<Hash>, ProofError> {
    let pivot = gatherer.pivot();
    let mut turned = None;
    let mut fits = false;
    let mut held = |gatherer: &mut Gatherer, tree: &Tree| {
        if tree.size() == pivot {
            gatherer.turn(tree);
            turned = Some(());
        }
        fits |= tree.size() == under.size() && tree.root() == under.root();
    };
    let whole = pass::over(directory, |seen| {
        held(&mut gatherer, seen.tree);
        if (pivot..under.size()).contains(&seen.tree.size()) {
            gatherer.push(seen.tree.size(), seen.line.link.hash);
        }
        each(seen);
    })?;
    if let Some(tree) = whole {
        held(&mut gatherer, &tree);
    }
    if turned.is_none() {
        return Err(ProofError::NoLine(pivot.saturating_add(1)));
    }
    if !fits {
        return Err(ProofError::OtherTrail);
    }
    gatherer.finish().ok_or(ProofError::OtherTrail)
}

fn signed(note: &str, keys: &[VerifierKey]) -> Result<Checkpoint, ProofError> {
    let checkpoint: Checkpoint = note.parse().map_err(|_| ProofError::Form)?;
    if keys.iter().any(|key| checkpoint.is_signed_by(key)) {
        Ok(checkpoint)
    } else {
        Err(ProofError::Unsigned)
    }
}

const fn versioned(version: u8) -> Result<(), ProofError> {
    if version == VERSION {
        Ok(())
    } else {
        Err(ProofError::Form)
    }
}

const VERSION: u8 = 1;
