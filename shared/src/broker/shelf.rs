//! Reads certificates where they are kept, and says why something was not read.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::Document;
use super::Policy;
use crate::secret::SecretError;

/// Why something was not read. For the operator: it names a reference or a file and the remedy,
/// never what is in it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{said}")]
pub struct NotLoaded {
    said: String,
}

impl NotLoaded {
    /// For the operator, in one line.
    pub fn new(said: impl Into<String>) -> Self {
        Self { said: said.into() }
    }

    /// What a broker said, if it is a line of text.
    pub(super) fn heard(bytes: Vec<u8>) -> Self {
        let text = String::from_utf8(bytes).ok();
        let text = text.filter(|text| !text.contains(char::is_control));
        Self::new(text.unwrap_or_else(|| "cannot be read".to_owned()))
    }
}

impl From<SecretError> for NotLoaded {
    fn from(error: SecretError) -> Self {
        Self::new(error.to_string())
    }
}

/// A document, as it is now. May block.
pub(super) fn document<P: Policy>(document: &Document) -> Result<Vec<u8>, NotLoaded> {
    match document {
        Document::Roots => {
            let mut all = Vec::new();
            for one in P::roots() {
                if let Ok(length) = u32::try_from(one.len()) {
                    all.extend_from_slice(&length.to_le_bytes());
                    all.extend_from_slice(&one);
                }
            }
            Ok(all)
        }
        Document::File(path) => read(path),
        Document::Key(path) => {
            private(path)?;
            read(path)
        }
    }
}

/// Takes [`Document::Roots`] apart: certificates, each as DER.
pub fn certificates(roots: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut left = roots;
    std::iter::from_fn(move || {
        let (length, rest) = left.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (one, rest) = rest.split_at_checked(length)?;
        left = rest;
        Some(one)
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "certificates are files that the operator names"
)]
fn read(path: &Path) -> Result<Vec<u8>, NotLoaded> {
    let read = std::fs::read(path);
    let read = read.map_err(|error| NotLoaded::new(format!("{}: {error}", path.display())))?;
    if read.len() > super::wire::MOST_BYTES {
        let why = format!("{}: more than any certificate has", path.display());
        return Err(NotLoaded::new(why));
    }
    Ok(read)
}

/// As libpq has it: nobody else may read the key, but for a group that root lets.
#[expect(
    clippy::disallowed_methods,
    reason = "certificates are files that the operator names"
)]
fn private(key: &Path) -> Result<(), NotLoaded> {
    let about = std::fs::metadata(key);
    let about = about.map_err(|error| NotLoaded::new(format!("{}: {error}", key.display())))?;
    let open = if about.uid() == 0 { 0o037 } else { 0o077 };
    if about.mode() & open == 0 {
        return Ok(());
    }
    let why = format!("{}: others may read it; chmod 600 it", key.display());
    Err(NotLoaded::new(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_come_apart_as_they_were_put_together() {
        let bytes = [&[2, 0, 0, 0, 7, 8][..], &[0, 0, 0, 0], &[1, 0, 0, 0, 9]].concat();
        let all: Vec<&[u8]> = certificates(&bytes).collect();
        assert_eq!(all, [&[7, 8][..], &[], &[9]]);
        // a length that leads beyond the end ends it
        assert_eq!(certificates(&[9, 0, 0, 0, 1]).count(), 0);
        assert_eq!(certificates(&[1, 0]).count(), 0);
    }

    #[test]
    fn o4_what_a_broker_says_cannot_command_a_terminal() {
        assert_eq!(
            NotLoaded::heard(b"a\x1b[2J".to_vec()).to_string(),
            "cannot be read"
        );
        assert_eq!(
            NotLoaded::heard(b"\xff".to_vec()).to_string(),
            "cannot be read"
        );
        assert_eq!(
            NotLoaded::heard(b"env:A: not set".to_vec()).to_string(),
            "env:A: not set"
        );
    }
}
