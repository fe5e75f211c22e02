//! What a trail says of its own tree: in the head of a segment and in checkpoint lines.
//!
//! Both carry the size and the frontier of the tree over all lines before them, so that whoever
//! goes on with the chain reads no further back than to the last of them. A checkpoint line also
//! carries a signed note; a fourth line of the note, if any, is a [`Statement`].

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;

use super::chain::Hash;
use super::chain::Why;
use super::encode::Fields;
use super::encode::push_number;
use super::merkle::Tree;
use super::note::Checkpoint;
use super::note::SigningKey;
use super::note::VerifierKey;

/// What a key says beyond the size and the root: it must not be enough to get a line into the
/// chain, for whoever can write the directory can do that.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Statement {
    /// `rotate KEY`: that key speaks for the chain from now on, too.
    Rotate(VerifierKey),
    /// `prune SEGMENT SIZE ROOT`: the segments before that one may be gone; they held so many
    /// lines, and that is the root over them.
    Prune {
        /// The first segment that is kept.
        segment: u64,
        /// How many lines were before it.
        size: u64,
        /// The root over those.
        root: Hash,
    },
}

/// The fields of a checkpoint line.
#[derive(Clone, Debug)]
pub(super) struct Spoken {
    /// When it was made.
    pub(super) time: DateTime<Utc>,
    /// The note.
    pub(super) checkpoint: Checkpoint,
}

/// The tree before a line, as the line has it.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    #[serde(rename = "tree.size")]
    size: u64,
    #[serde(rename = "tree.frontier")]
    frontier: Vec<Hash>,
}

#[derive(Deserialize)]
struct Body {
    time: DateTime<Utc>,
    #[serde(flatten)]
    tree: Told,
    note: String,
}

impl Statement {
    /// The line of the note.
    fn line(&self) -> String {
        match self {
            Self::Rotate(key) => format!("{ROTATE}{key}"),
            Self::Prune {
                segment,
                size,
                root,
            } => format!("{PRUNE}{segment} {size} {root}"),
        }
    }

    /// Reads the statement of a checkpoint; `None` if it makes none that is known.
    pub(super) fn of(checkpoint: &Checkpoint) -> Option<Self> {
        let line = checkpoint.extension()?;
        if let Some(key) = line.strip_prefix(ROTATE) {
            return key.parse().ok().map(Self::Rotate);
        }
        let mut words = line.strip_prefix(PRUNE)?.split(' ');
        let found = Self::Prune {
            segment: words.next()?.parse().ok()?,
            size: words.next()?.parse().ok()?,
            root: Hash::parse(words.next()?.as_bytes())?,
        };
        (found.line() == line).then_some(found)
    }
}

impl Told {
    /// The tree, if its size and frontier belong together.
    pub(super) fn tree(&self) -> Result<Tree, Why> {
        Tree::restore(self.size, self.frontier.clone()).ok_or(Why::Tree)
    }
}

/// The origin of the notes of `chain`.
pub(super) fn origin(chain: &str) -> String {
    format!("{ORIGIN}{chain}")
}

/// The fields that a head has beyond those of its process.
pub(super) fn head(key: &VerifierKey, tree: &Tree) -> Vec<u8> {
    let mut out = Fields::new();
    out.text("key.id", Some(&key.id()));
    out.text("key", Some(&key.to_string()));
    out.ready_made(&told(tree));
    out.finish()
}

/// The body of the checkpoint line after `tree`.
pub(super) fn body(
    key: &SigningKey,
    chain: &str,
    tree: &Tree,
    statement: Option<&Statement>,
    now: DateTime<Utc>,
) -> Vec<u8> {
    let extension = statement.map(Statement::line);
    let checkpoint = key.checkpoint(&origin(chain), tree, extension.as_deref());
    let mut out = Fields::new();
    out.time("time", now);
    out.ready_made(&told(tree));
    out.address("note", Some(&checkpoint.to_string()));
    out.finish()
}

/// Reads the checkpoint line `bytes`, which stands after `tree` if that is known, and gives the
/// tree that it tells of. Who signed it is not asked here.
pub(super) fn read(bytes: &[u8], chain: &str, tree: Option<&Tree>) -> Result<(Spoken, Tree), Why> {
    let fields: Body = serde_json::from_slice(bytes).map_err(|_| Why::Checkpoint)?;
    let told = fields.tree.tree()?;
    if tree.is_some_and(|tree| *tree != told) {
        return Err(Why::Tree);
    }
    let checkpoint: Checkpoint = fields.note.parse().map_err(|_| Why::Checkpoint)?;
    if checkpoint.origin() != origin(chain) {
        return Err(Why::Checkpoint);
    }
    if checkpoint.size() != told.size() || checkpoint.root() != told.root() {
        return Err(Why::Root);
    }
    let spoken = Spoken {
        time: fields.time,
        checkpoint,
    };
    Ok((spoken, told))
}

fn told(tree: &Tree) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + 67 * tree.frontier().len());
    out.extend_from_slice(b",\"tree.size\":");
    push_number(&mut out, tree.size());
    out.extend_from_slice(b",\"tree.frontier\":[");
    for (index, hash) in tree.frontier().iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"\"" } else { b",\"" });
        hash.push_to(&mut out);
        out.push(b'"');
    }
    out.push(b']');
    out
}

const ORIGIN: &str = "keyhole-audit/";
const ROTATE: &str = "rotate ";
const PRUNE: &str = "prune ";
