//! The file in which a command keeps how far it got, between two runs.
//!
//! # Invariants
//!
//! - It is replaced as a whole and durable before it counts, and is for its owner alone (mode 0600).
//! - One process at a time holds it: two would do everything twice, and out of order.
//! - What is read is a regular file of bounded size, and never one behind a link.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "what is kept is a file, and this is the one place that touches it"
)]

use std::fs::File;
use std::fs::OpenOptions;
use std::fs::TryLockError;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::OFlags;

/// The file, held.
#[derive(Debug)]
pub struct KeptFile {
    path: PathBuf,
    _held: File,
}

/// Why it cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Trouble {
    /// The system refused.
    #[error("could not {0}: {1}")]
    System(&'static str, io::ErrorKind),
    /// Another process has it.
    #[error("another process holds it: stop that one first")]
    Held,
    /// It can be read or changed by others.
    #[error("it is open to other users, or no regular file: `chmod 600` it, or remove it")]
    Open,
    /// It is larger than what is kept there.
    #[error("it is larger than what was kept: remove it")]
    Large,
}

impl KeptFile {
    /// Holds the file at `path`, whether it is there or not.
    ///
    /// # Errors
    ///
    /// [`Trouble::Held`] if another process does.
    pub fn hold(path: &Path) -> Result<Self, Trouble> {
        let failed = |error: io::Error| Trouble::System("open its lock", error.kind());
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).mode(0o600);
        let held = options.open(with(path, ".lock")).map_err(failed)?;
        match held.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _held: held,
            }),
            Err(TryLockError::WouldBlock) => Err(Trouble::Held),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Its bytes, at most `most`; `None` if it is not there.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if it is no regular file of ours alone, is larger, or cannot be read.
    pub fn load(&self, most: u64) -> Result<Option<Vec<u8>>, Trouble> {
        let failed = |error: io::Error| Trouble::System("read it", error.kind());
        let flags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK);
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(flags.bits().cast_signed());
        let file = match options.open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if rustix::io::Errno::from_io_error(&error) == Some(LINK) => {
                return Err(Trouble::Open);
            }
            Err(error) => return Err(failed(error)),
        };
        let found = file.metadata().map_err(failed)?;
        if !found.is_file() || found.mode() & 0o077 != 0 {
            return Err(Trouble::Open);
        }
        let mut bytes = Vec::new();
        let read = file.take(most.saturating_add(1)).read_to_end(&mut bytes);
        if read.map_err(failed)? as u64 > most {
            return Err(Trouble::Large);
        }
        Ok(Some(bytes))
    }

    /// Replaces it.
    ///
    /// # Errors
    ///
    /// [`Trouble::System`] if it cannot be written; then what was there is still there.
    pub fn save(&self, bytes: &[u8]) -> Result<(), Trouble> {
        let saved = self.replace(bytes);
        saved.map_err(|error| Trouble::System("write it", error.kind()))
    }

    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let new = with(&self.path, ".new");
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut file = options.open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&new, &self.path)?;
        let parent = self.path.parent().filter(|dir| !dir.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
    }
}

fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// What the system says of a link where none is followed.
const LINK: rustix::io::Errno = rustix::io::Errno::LOOP;

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn it_is_held_once_kept_whole_and_for_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.forward.siem");
        let held = KeptFile::hold(&path).unwrap();
        assert_eq!(held.load(9), Ok(None));
        for text in ["first\n", "second\n"] {
            held.save(text.as_bytes()).unwrap();
            assert_eq!(held.load(9).unwrap().as_deref(), Some(text.as_bytes()));
        }
        assert_eq!(held.load(6), Err(Trouble::Large));
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        assert_eq!(KeptFile::hold(&path).unwrap_err(), Trouble::Held);
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert_eq!(held.load(9), Err(Trouble::Open));
        drop(held);
        KeptFile::hold(&path).unwrap();
    }

    #[test]
    fn a_link_and_what_is_no_file_are_refused_without_waiting() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.watch");
        let held = KeptFile::hold(&path).unwrap();
        held.save(b"mine\n").unwrap();
        let other = dir.path().join("other");
        std::fs::rename(&path, &other).unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        assert_eq!(held.load(9), Err(Trouble::Open));
        std::fs::remove_file(&path).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            0o600.into(),
            0,
        )
        .unwrap();
        assert_eq!(held.load(9), Err(Trouble::Open));
    }
}
