//! The file in which it is kept how far a receiver got.
//!
//! # Invariants
//!
//! - It is replaced as a whole and durable before it counts, and is for its owner alone (mode 0600).
//! - One process at a time holds it: two would send everything twice, and out of order.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a position is a file, and this is the one place that touches it"
)]

use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::io;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use super::files;

/// The file, held.
#[derive(Debug)]
pub struct KeptFile {
    path: PathBuf,
    _held: File,
}

impl KeptFile {
    /// Holds the file at `path`, whether it is there or not.
    ///
    /// # Errors
    ///
    /// If another process does, or the system refuses.
    pub fn hold(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).mode(0o600);
        let held = options.open(with(path, ".lock"))?;
        match held.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _held: held,
            }),
            Err(TryLockError::WouldBlock) => Err(io::Error::other(
                "another process sends to this receiver: stop that one first",
            )),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Its text, `None` if it is not there.
    ///
    /// # Errors
    ///
    /// If it is no regular file of ours alone, or cannot be read.
    pub fn load(&self) -> io::Result<Option<String>> {
        let found = match std::fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        if !found.is_file() || found.mode() & 0o077 != 0 {
            return Err(io::Error::other(
                "it is open to other users, or no regular file: `chmod 600` it, or remove it",
            ));
        }
        files::read(&self.path).map(Some)
    }

    /// Replaces it.
    ///
    /// # Errors
    ///
    /// If it cannot be written; then what was there is still there.
    pub fn save(&self, text: &str) -> io::Result<()> {
        let new = with(&self.path, ".new");
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, &self.path)?;
        let parent = self.path.parent().filter(|dir| !dir.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
    }
}

fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(suffix);
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn it_is_held_once_kept_whole_and_for_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.forward.siem");
        let held = KeptFile::hold(&path).unwrap();
        assert_eq!(held.load().unwrap(), None);
        for text in ["first\n", "second\n"] {
            held.save(text).unwrap();
            assert_eq!(held.load().unwrap().as_deref(), Some(text));
        }
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        assert!(KeptFile::hold(&path).is_err(), "it is held");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(held.load().is_err(), "it is open to others");
        drop(held);
        KeptFile::hold(&path).unwrap();
    }
}
