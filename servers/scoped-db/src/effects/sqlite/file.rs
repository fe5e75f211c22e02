//! Names the file: a regular one, by no link, and the same one each time it is opened.
//!
//! # Invariants
//!
//! - The path that SQLite gets is absolute, so that it cannot be read as a `file:` address with
//!   options, and has no links in it, so that SQLite can be told to refuse them.

#![expect(
    clippy::disallowed_methods,
    reason = "resolves the directory once, at start, by the operator's leave"
)]

use std::fs::Metadata;
use std::path::Path;
use std::path::PathBuf;

use super::trouble::OpenTrouble;

/// A file that was there at start.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    identity: Identity,
}

/// What tells one file from another of the same name.
#[derive(Debug, Eq, PartialEq)]
struct Identity(u64, u64);

impl File {
    /// The regular file at `path`.
    pub(super) fn find(path: &Path) -> Result<Self, OpenTrouble> {
        let name = path.file_name().ok_or(OpenTrouble::NotAFile)?;
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let parent = std::fs::canonicalize(parent).map_err(OpenTrouble::Missing)?;
        let path = parent.join(name);
        let identity = Identity::at(&path)?;
        Ok(Self { path, identity })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the path still leads to the file that was there at start.
    pub(super) fn is_there(&self) -> bool {
        Identity::at(&self.path).is_ok_and(|now| now == self.identity)
    }
}

impl Identity {
    fn at(path: &Path) -> Result<Self, OpenTrouble> {
        let metadata = std::fs::symlink_metadata(path).map_err(OpenTrouble::Missing)?;
        if metadata.is_symlink() {
            return Err(OpenTrouble::Link);
        }
        if !metadata.is_file() {
            return Err(OpenTrouble::NotAFile);
        }
        Ok(Self::of(&metadata))
    }

    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(metadata.dev(), metadata.ino())
    }

    /// No more is known elsewhere than when it was made.
    #[cfg(not(unix))]
    fn of(metadata: &Metadata) -> Self {
        let made = metadata.created().ok();
        let since = made.and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
        let nanos = since.map_or(0, |since| since.as_nanos());
        Self(u64::try_from(nanos).unwrap_or(u64::MAX), 0)
    }
}
