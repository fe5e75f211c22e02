//! What the kernel says about an open descriptor or a directory entry.

use std::os::fd::AsFd;

use chrono::DateTime;
use chrono::Utc;
use rustix::fs::AtFlags;
use rustix::fs::FileType;
use rustix::fs::Statx;
use rustix::fs::StatxAttributes;
use rustix::fs::StatxFlags;
use rustix::io::Errno;
use rustix::path::Arg;

use crate::scope::Kind;

/// Facts about one inode at one moment.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Meta {
    /// What it is; nothing for what is never opened: links, FIFOs, sockets, devices.
    pub kind: Option<Kind>,
    /// Its size in bytes.
    pub size: u64,
    /// How many names it has.
    pub names: u64,
    /// When its content last changed: seconds and nanoseconds.
    pub modified: (i64, u32),
    /// When anything about it last changed.
    pub changed: (i64, u32),
    /// Whether it is a symbolic link.
    pub(super) is_link: bool,
    /// Which inode it is.
    pub(super) id: Id,
    /// Which mount it was reached through, where the kernel tells.
    pub(super) mount: Option<u64>,
    /// Whether something is mounted right on it.
    pub(super) is_mount: bool,
}

/// What makes two descriptors the same thing.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Id {
    /// The major and the minor number of its device.
    pub(super) device: (u32, u32),
    pub(super) inode: u64,
}

impl Meta {
    /// Of an open descriptor.
    pub(super) fn of(fd: impl AsFd) -> Result<Self, Errno> {
        Self::at(fd, c"", AtFlags::EMPTY_PATH)
    }

    /// Of the entry `name` of a directory, without following it and without waking an
    /// automounter.
    pub(super) fn of_entry(dir: impl AsFd, name: impl Arg) -> Result<Self, Errno> {
        Self::at(dir, name, AtFlags::SYMLINK_NOFOLLOW)
    }

    fn at(dir: impl AsFd, name: impl Arg, flags: AtFlags) -> Result<Self, Errno> {
        let wanted = StatxFlags::TYPE
            | StatxFlags::NLINK
            | StatxFlags::INO
            | StatxFlags::SIZE
            | StatxFlags::MTIME
            | StatxFlags::CTIME
            | StatxFlags::MNT_ID;
        let flags = flags | AtFlags::NO_AUTOMOUNT;
        rustix::fs::statx(dir, name, flags, wanted).map(|stat| Self::from(&stat))
    }

    pub(super) fn same_device(&self, other: &Self) -> bool {
        self.id.device == other.id.device
    }

    /// When its content last changed.
    #[must_use]
    pub fn modified_at(&self) -> Option<DateTime<Utc>> {
        let (seconds, nanoseconds) = self.modified;
        DateTime::from_timestamp(seconds, nanoseconds)
    }
}

impl From<&Statx> for Meta {
    fn from(stat: &Statx) -> Self {
        let kind = FileType::from_raw_mode(stat.stx_mode.into());
        let has_mount = stat.stx_mask & StatxFlags::MNT_ID.bits() != 0;
        Self {
            kind: kind_of(kind),
            size: stat.stx_size,
            names: stat.stx_nlink.into(),
            modified: (stat.stx_mtime.tv_sec, stat.stx_mtime.tv_nsec),
            changed: (stat.stx_ctime.tv_sec, stat.stx_ctime.tv_nsec),
            is_link: kind.is_symlink(),
            id: Id {
                device: (stat.stx_dev_major, stat.stx_dev_minor),
                inode: stat.stx_ino,
            },
            mount: has_mount.then_some(stat.stx_mnt_id),
            is_mount: stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT),
        }
    }
}

/// The kinds that are opened.
pub(super) fn kind_of(kind: FileType) -> Option<Kind> {
    if kind.is_file() {
        Some(Kind::File)
    } else if kind.is_dir() {
        Some(Kind::Directory)
    } else {
        None
    }
}
