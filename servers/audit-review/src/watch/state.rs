//! Keeps what was learned in a file, so that it outlives the process.
//!
//! # Invariants
//!
//! - The file is replaced as a whole, belongs to nobody else (mode 0600), and is no larger than
//!   [`MOST`].
//! - A file that is not whole, of another version, or open to others is refused, with what to do.
//! - One process at a time holds it.

use std::io;
use std::path::Path;

use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;

use guard::audit::Event;
use guard::audit::Position;

use super::Known;
use crate::effects::kept::KeptFile;
use crate::effects::kept::Trouble;

/// The file, held.
#[derive(Debug)]
pub struct StateFile(KeptFile);

/// What is kept in a file of this kind.
pub trait Saved: Serialize + DeserializeOwned {
    /// Whose file it is and in which form, as `NAME/1`: another name is damage, another number is told.
    const VERSION: &'static str;
}

/// Where in the trail a watch is, and what it learned.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The place before the next line.
    pub place: Place,
    /// What was learned.
    pub known: Known,
}

impl Saved for State {
    const VERSION: &'static str = "keyhole-watch/1";
}

/// A place between two lines.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    chain: String,
    segment: u64,
    byte: u64,
    /// Position and hash of the last record before it.
    last: Option<(u64, String)>,
}

/// Why a state was not taken.
#[derive(Debug, thiserror::Error)]
pub enum StateTrouble {
    /// The system refused.
    #[error("could not {0}: {1}")]
    System(&'static str, io::ErrorKind),
    /// Another process has it.
    #[error("another process holds it: stop that one, or give this one a `--state` of its own")]
    Held,
    /// It can be read or changed by others.
    #[error(
        "it is open to other users, or no regular file: `chmod 600` it, or remove it to learn anew"
    )]
    Open,
    /// It is not what was written.
    #[error("it is damaged: restore it, or remove it to learn the trail anew from its beginning")]
    Damaged,
    /// It is of another version of this program.
    #[error("it is of another version: remove it to learn the trail anew from its beginning")]
    Version,
}

impl StateFile {
    /// Holds the file at `path`, whether it is there or not.
    ///
    /// # Errors
    ///
    /// [`StateTrouble::Held`] if another process does.
    pub fn hold(path: &Path) -> Result<Self, StateTrouble> {
        Ok(Self(KeptFile::hold(path)?))
    }

    /// What is in the file, `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`StateTrouble`] if it is not whole and ours.
    pub fn load<T: Saved>(&self) -> Result<Option<T>, StateTrouble> {
        match self.0.load(MOST)? {
            Some(bytes) => parse(&bytes).map(Some),
            None => Ok(None),
        }
    }

    /// Replaces the file.
    ///
    /// # Errors
    ///
    /// [`StateTrouble::System`] if it cannot be written.
    pub fn save<T: Saved>(&self, state: &T) -> Result<(), StateTrouble> {
        Ok(self.0.save(&print(state)?)?)
    }
}

impl From<Trouble> for StateTrouble {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::System(step, kind) => Self::System(step, kind),
            Trouble::Held => Self::Held,
            Trouble::Open => Self::Open,
            Trouble::Large => Self::Damaged,
        }
    }
}

impl Place {
    /// The place `at`, after the record `last`.
    #[must_use]
    pub fn new(at: &Position, last: Option<(u64, String)>) -> Self {
        Self {
            chain: at.chain.clone(),
            segment: at.segment,
            byte: at.byte,
            last,
        }
    }

    /// Where to go on.
    #[must_use]
    pub fn position(&self) -> Position {
        Position {
            chain: self.chain.clone(),
            segment: self.segment,
            byte: self.byte,
            last: None,
        }
    }

    /// Position and hash of the last record before it.
    #[must_use]
    pub fn last(&self) -> Option<&(u64, String)> {
        self.last.as_ref()
    }
}

/// Whether `event` can come after the record at `last`. Lines between them that are no records are held
/// against each other when the trail is verified.
pub fn follows(event: &Event<'_>, last: Option<&(u64, String)>) -> bool {
    last.is_none_or(|(seq, hash)| {
        if event.seq() == seq + 1 {
            event.text("prev") == Some(hash)
        } else {
            event.seq() > *seq
        }
    })
}

fn print<T: Saved>(state: &T) -> Result<Vec<u8>, StateTrouble> {
    let body = serde_json::to_vec(state).map_err(|_| StateTrouble::Damaged)?;
    let mut bytes = format!("{} {:016x}\n", T::VERSION, checksum(&body)).into_bytes();
    bytes.extend(body);
    Ok(bytes)
}

fn parse<T: Saved>(bytes: &[u8]) -> Result<T, StateTrouble> {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (head, body) = bytes.split_at(end.ok_or(StateTrouble::Damaged)?);
    let body = body.get(1..).unwrap_or_default();
    let head = str::from_utf8(head).map_err(|_| StateTrouble::Damaged)?;
    let (version, sum) = head.split_once(' ').ok_or(StateTrouble::Damaged)?;
    if version != T::VERSION {
        let kind = |version: &str| version.split_once('/').map(|(kind, _)| kind.to_owned());
        return Err(if kind(version) == kind(T::VERSION) {
            StateTrouble::Version
        } else {
            StateTrouble::Damaged
        });
    }
    if sum != format!("{:016x}", checksum(body)) {
        return Err(StateTrouble::Damaged);
    }
    serde_json::from_slice(body).map_err(|_| StateTrouble::Damaged)
}

/// FNV-1a: notices damage, and nobody who may write the file.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The largest file.
pub const MOST: u64 = 1 << 30;

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test tampers with the file")]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::os::unix::fs::MetadataExt;

    fn state() -> State {
        let at = Position {
            chain: "c".to_owned(),
            segment: 2,
            byte: 300,
            last: None,
        };
        State {
            place: Place::new(&at, Some((9, "ab".to_owned()))),
            known: Known::default(),
        }
    }

    #[test]
    fn what_was_saved_is_loaded_and_only_by_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("watch");
        let file = StateFile::hold(&path).unwrap();
        assert!(file.load::<State>().unwrap().is_none());
        assert!(matches!(StateFile::hold(&path), Err(StateTrouble::Held)));
        for _ in 0..2 {
            file.save(&state()).unwrap();
            assert_eq!(file.load::<State>().unwrap().unwrap().place, state().place);
        }
        let mode = std::fs::metadata(&path).unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(file);
        StateFile::hold(&path).unwrap();
    }

    #[test]
    fn what_others_can_write_or_made_of_a_link_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("watch");
        let file = StateFile::hold(&path).unwrap();
        std::fs::write(&path, print(&state()).unwrap()).unwrap();
        assert!(matches!(file.load::<State>(), Err(StateTrouble::Open)));
        std::fs::remove_file(&path).unwrap();
        file.save(&state()).unwrap();
        let other = dir.path().join("other");
        std::fs::rename(&path, &other).unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        assert!(matches!(file.load::<State>(), Err(StateTrouble::Open)));
    }

    #[test]
    fn another_version_is_told_from_damage() {
        let text = String::from_utf8(print(&state()).unwrap()).unwrap();
        let newer = text.replacen("watch/1", "watch/2", 1);
        assert!(matches!(
            parse::<State>(newer.as_bytes()),
            Err(StateTrouble::Version)
        ));
        assert!(matches!(parse::<State>(b""), Err(StateTrouble::Damaged)));
        let more = text.replacen("{", "{\"x\":1,", 1);
        assert!(matches!(
            parse::<State>(more.as_bytes()),
            Err(StateTrouble::Damaged)
        ));
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_never_taken(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let mut bytes = print(&state()).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(parse::<State>(&bytes).is_err());
        }
    }
}
