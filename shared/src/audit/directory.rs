//! The directory of a trail: the only place where its files are opened.
//!
//! # Invariants
//!
//! - The directory and every file in it belong to this user and are closed to others to write
//!   (the files also to read); a file is a regular one with a single name, never a link.
//! - [`Directory::check`] notices when the directory at the configured place is another one than
//!   the one that was opened.
//! - After the start, nothing here renames or removes, so a sandbox need not allow it.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use rustix::fs::AtFlags;
use rustix::fs::Dir;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::Stat;
use rustix::io::Errno;

use super::trouble::Trouble;
use super::trouble::system;

/// An open directory.
#[derive(Debug)]
pub(super) struct Directory {
    parent: OwnedFd,
    name: OsString,
    fd: OwnedFd,
    identity: Identity,
}

/// Which file it is, whatever its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Identity {
    device: u64,
    inode: u64,
}

/// A file name in the directory that a trail knows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Entry {
    /// A segment, with its chain and number.
    Segment(String, u64),
    /// The file of a process.
    Instance(String),
    /// Anything else.
    Other,
}

impl Directory {
    /// Opens the directory at `path`, and makes it where it is missing.
    pub(super) fn create(path: &Path) -> Result<Self, Trouble> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder
            .create(path)
            .map_err(|error| system("make the directory")(errno(&error)))?;
        let found = Self::open(path)?;
        found.check()?;
        Ok(found)
    }

    /// Opens the directory at `path` to read it, whoever owns it.
    pub(super) fn open(path: &Path) -> Result<Self, Trouble> {
        let path = path
            .canonicalize()
            .map_err(|error| system("find the directory")(errno(&error)))?;
        let name = path.file_name().unwrap_or(".".as_ref());
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let failed = system("open the directory");
        let parent = path.parent().unwrap_or(&path);
        let parent = rustix::fs::open(parent, flags | PASSING, Mode::empty()).map_err(&failed)?;
        let fd = rustix::fs::openat(&parent, name, flags | OFlags::NOFOLLOW, Mode::empty())
            .map_err(&failed)?;
        let identity = Identity::of(&rustix::fs::fstat(&fd).map_err(&failed)?);
        Ok(Self {
            parent,
            name: name.to_owned(),
            fd,
            identity,
        })
    }

    /// Whether it is still there, still ours, and still closed to others.
    pub(super) fn check(&self) -> Result<(), Trouble> {
        let there = rustix::fs::statat(&self.parent, &self.name, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|_| Trouble::Replaced("the directory"))?;
        if Identity::of(&there) != self.identity {
            Err(Trouble::Replaced("the directory"))
        } else if !is_ours(&there) || there.st_mode & 0o022 != 0 {
            Err(Trouble::Unsafe("the directory"))
        } else {
            Ok(())
        }
    }

    /// What is known of the file `name` without opening it.
    pub(super) fn look(&self, name: &str) -> Result<Stat, Errno> {
        rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// Opens the file `name` that is there already, if it is safe to trust.
    pub(super) fn open_file(
        &self,
        name: &str,
        what: &'static str,
        access: OFlags,
    ) -> Result<OwnedFd, Trouble> {
        let fd = self
            .open_any(name, access)
            .map_err(|cause| Trouble::System { step: what, cause })?;
        check_file(&rustix::fs::fstat(&fd).map_err(system(what))?)?;
        Ok(fd)
    }

    /// Opens the file `name` to read it, whoever owns it.
    pub(super) fn open_any(&self, name: &str, access: OFlags) -> Result<OwnedFd, Errno> {
        // NONBLOCK: a FIFO of that name must not hang us
        let flags = access | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        rustix::fs::openat(&self.fd, name, flags, Mode::empty())
    }

    /// Makes the file `name`, which must not be there yet.
    pub(super) fn create_file(&self, name: &str, what: &'static str) -> Result<OwnedFd, Trouble> {
        let flags = OFlags::RDWR
            | OFlags::APPEND
            | OFlags::CREATE
            | OFlags::EXCL
            | OFlags::NOFOLLOW
            | OFlags::CLOEXEC;
        rustix::fs::openat(&self.fd, name, flags, Mode::RUSR | Mode::WUSR).map_err(system(what))
    }

    /// Opens the file `name`, and makes it where it is missing.
    pub(super) fn open_or_create(
        &self,
        name: &str,
        what: &'static str,
    ) -> Result<OwnedFd, Trouble> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let flags = flags | OFlags::NONBLOCK;
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::RUSR | Mode::WUSR)
            .map_err(system(what))?;
        check_file(&rustix::fs::fstat(&fd).map_err(system(what))?)?;
        Ok(fd)
    }

    /// Removes the file `name`. Only done where it does not matter if it stays.
    pub(super) fn remove(&self, name: &str) -> Result<(), Errno> {
        rustix::fs::unlinkat(&self.fd, name, AtFlags::empty())
    }

    /// Gives the file `from` the name `to`.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), Errno> {
        rustix::fs::renameat(&self.fd, from, &self.fd, to)
    }

    /// Makes names that were given durable.
    pub(super) fn sync(&self) -> Result<(), Trouble> {
        rustix::fs::fsync(&self.fd).map_err(system("sync the directory"))
    }

    /// What is in it.
    pub(super) fn entries(&self) -> Result<Vec<Entry>, Trouble> {
        let failed = system("list the directory");
        let mut found = Vec::new();
        for entry in Dir::read_from(&self.fd).map_err(&failed)? {
            found.push(Entry::of(entry.map_err(&failed)?.file_name().to_bytes()));
        }
        Ok(found)
    }

    /// Whether it is on a disk that is memory, where a sync has nothing to wait for.
    pub(super) fn is_in_memory(&self) -> bool {
        #[cfg(target_os = "linux")]
        {
            const TMPFS: u32 = 0x0102_1994;
            const RAMFS: u32 = 0x8584_58f6;
            let disk = rustix::fs::fstatfs(&self.fd);
            disk.is_ok_and(|disk| [TMPFS, RAMFS].map(i64::from).contains(&disk.f_type))
        }
        #[cfg(not(target_os = "linux"))]
        false
    }

    /// How many bytes are free on its file system.
    pub(super) fn free(&self) -> Result<u64, Errno> {
        let stat = rustix::fs::fstatvfs(&self.fd)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

impl Identity {
    /// That of the file that was looked at.
    #[cfg_attr(
        target_vendor = "apple",
        expect(
            clippy::cast_sign_loss,
            reason = "a device's number is compared, not counted"
        )
    )]
    pub(super) fn of(stat: &Stat) -> Self {
        #[cfg(not(target_vendor = "apple"))]
        let device = stat.st_dev;
        #[cfg(target_vendor = "apple")]
        let device = stat.st_dev as u64;
        let inode = stat.st_ino;
        Self { device, inode }
    }
}

impl Entry {
    fn of(name: &[u8]) -> Self {
        let parse = || {
            let name = std::ffi::OsStr::from_bytes(name).to_str()?;
            if let Some(instance) = name.strip_suffix(INSTANCE) {
                return Some(Self::Instance(instance.to_owned()));
            }
            let (chain, number) = name.strip_suffix(SEGMENT)?.split_once('-')?;
            let number = number.parse().ok()?;
            (is_chain(chain) && segment_name(chain, number) == name)
                .then(|| Self::Segment(chain.to_owned(), number))
        };
        parse().unwrap_or(Self::Other)
    }
}

/// Whether a text is the name of a chain.
pub(super) fn is_chain(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|letter| letter.is_ascii_hexdigit())
}

/// The file name of a segment.
pub(super) fn segment_name(chain: &str, number: u64) -> String {
    format!("{chain}-{number:06}{SEGMENT}")
}

/// The file name of a process.
pub(super) fn instance_name(instance: &str) -> String {
    format!("{instance}{INSTANCE}")
}

/// Whether a file that was looked at is one that only this user can have written.
pub(super) fn check_file(stat: &Stat) -> Result<(), Trouble> {
    let regular = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    let owner_alone = stat.st_mode & 0o777 == 0o600 && stat.st_nlink == 1;
    if regular && owner_alone && is_ours(stat) {
        Ok(())
    } else {
        Err(Trouble::Unsafe("a file of the trail"))
    }
}

fn is_ours(stat: &Stat) -> bool {
    stat.st_uid == rustix::process::geteuid().as_raw()
}

fn errno(error: &std::io::Error) -> Errno {
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}

/// Of the directory above nothing is read, only the name looked up in it.
#[cfg(target_os = "linux")]
const PASSING: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const PASSING: OFlags = OFlags::empty();
const SEGMENT: &str = ".jsonl";
const INSTANCE: &str = ".instance";
