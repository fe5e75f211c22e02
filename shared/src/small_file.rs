//! Reads a small file once: what is checked is what is read.
//!
//! # Invariants
//!
//! - The checks look at the open descriptor, never at the path again.
//! - Opening never waits: a FIFO or a device is refused, not read.
//! - What was read is wiped from memory when the buffer goes.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;
use secrecy::zeroize::Zeroizing;

use crate::secret::Stamp;

/// A file that is open, and of a kind that can be read to its end.
#[derive(Debug)]
pub(crate) struct SmallFile {
    fd: OwnedFd,
    mode: Mode,
}

/// Why a file was not read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum FileTrouble {
    /// The system refused.
    #[error("{0}")]
    System(ErrorKind),
    /// The last part of the path is a symbolic link, and links are not followed here.
    #[error("it is a symbolic link")]
    Link,
    /// A directory, a FIFO, a device, a socket.
    #[error("it is not a regular file")]
    NotRegular,
    /// There is more in it than was allowed.
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
}

/// What to do about a symbolic link in the last place of a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Links {
    /// Open what it leads to.
    Follow,
    /// Refuse it.
    Refuse,
}

impl SmallFile {
    /// Opens a regular file for reading.
    pub(crate) fn open(path: &Path, links: Links) -> Result<Self, FileTrouble> {
        let nofollow = match links {
            Links::Follow => OFlags::empty(),
            Links::Refuse => OFlags::NOFOLLOW,
        };
        Self::checked(rustix::fs::open(path, READ | nofollow, Mode::empty())?)
    }

    /// Opens `name` below `dir`. Links are followed as long as they stay below it: that is how
    /// an orchestrator swaps a whole set of mounted files at once.
    pub(crate) fn open_beneath(dir: &Path, name: &OsStr) -> Result<Self, FileTrouble> {
        let whole = READ | OFlags::DIRECTORY;
        let dir = rustix::fs::open(dir, whole, Mode::empty())?;
        Self::checked(open_below(&dir, name)?)
    }

    /// The permission bits.
    pub(crate) const fn mode(&self) -> Mode {
        self.mode
    }

    /// What it looks like from outside.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        let stat = rustix::fs::fstat(&self.fd).ok()?;
        Some(Stamp::of(&stat))
    }

    /// All of it, if that is at most `max` bytes.
    pub(crate) fn read(self, max: usize) -> Result<Zeroizing<Vec<u8>>, FileTrouble> {
        // One allocation of the final size: growing would leave copies behind.
        let mut bytes = Zeroizing::new(vec![0_u8; max.saturating_add(1)]);
        let mut filled = 0;
        while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
            match rustix::io::read(&self.fd, room) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if filled > max {
            return Err(FileTrouble::TooLarge(max));
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    fn checked(fd: OwnedFd) -> Result<Self, FileTrouble> {
        let stat = rustix::fs::fstat(&fd)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(FileTrouble::NotRegular);
        }
        let mode = Mode::from_raw_mode(stat.st_mode);
        Ok(Self { fd, mode })
    }
}

impl From<Errno> for FileTrouble {
    fn from(error: Errno) -> Self {
        match error {
            // What O_NOFOLLOW says of a link, and O_NONBLOCK of a socket.
            Errno::LOOP => Self::Link,
            Errno::NXIO => Self::NotRegular,
            other => Self::System(other.kind()),
        }
    }
}

#[cfg(target_os = "linux")]
fn open_below(dir: &OwnedFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    use rustix::fs::ResolveFlags;
    let inside = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(dir, name, READ, Mode::empty(), inside) {
        // An old kernel, or a container whose filter does not know the call.
        Err(Errno::NOSYS | Errno::PERM) => {
            rustix::fs::openat(dir, name, READ | OFlags::NOFOLLOW, Mode::empty())
        }
        other => other,
    }
}

#[cfg(not(target_os = "linux"))]
fn open_below(dir: &OwnedFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(dir, name, READ | OFlags::NOFOLLOW, Mode::empty())
}

/// Non-blocking, so that opening a FIFO nobody writes to returns.
const READ: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
