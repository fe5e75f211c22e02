//! The directories that were opened at start, and how anything below them is reached.
//!
//! # Invariants
//!
//! - A root is opened once, by the operator's path; afterwards only its descriptor is used.
//! - Two roots are never the same directory, whatever their paths say.

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use rustix::fs::CWD;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::io::Errno;

use super::meta::Meta;
use super::snapshots::Snapshots;
use crate::scope::Permit;
use crate::scope::RelPath;

/// One root, open.
#[derive(Debug)]
pub struct Handle {
    pub(super) dir: OwnedFd,
    pub(super) meta: Meta,
    /// Where the kernel last said it is.
    path: Mutex<Vec<u8>>,
    folds: bool,
    /// Whether it is on a disk of this machine.
    local: bool,
    /// Whether that disk is memory.
    memory: bool,
    /// Whether every change gets a time of its own.
    exact: bool,
    pub(super) way: Way,
}

/// All roots, in the order of their scope.
#[derive(Debug)]
pub struct Handles {
    all: Vec<Handle>,
    pub(super) snapshots: Snapshots,
}

/// How paths are resolved below a root.
#[derive(Debug)]
pub(super) struct Way {
    /// Whether the kernel confines the resolution itself.
    pub(super) openat2: bool,
    /// `/proc/self/fd`, where there is one: it names and reopens descriptors.
    pub(super) descriptors: Option<OwnedFd>,
}

/// Why a root cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum RootTrouble {
    /// Not there, not ours to read, or not a directory.
    #[error("the directory cannot be opened: {}", .0.kind())]
    Open(std::io::Error),
    /// The kernel says too little about it.
    #[error("the directory cannot be examined: {}", .0.kind())]
    Examine(std::io::Error),
    /// It shows the kernel or its processes, this one among them.
    #[error("it is no disk but a view of the kernel, which is not served")]
    Kernel,
    /// It is a root already.
    #[error("it is the same directory as another root")]
    Twice,
}

impl Handle {
    /// Opens the root at `path`, following links: the operator named it.
    ///
    /// # Errors
    ///
    /// [`RootTrouble`] if it is no directory that this process may read.
    pub fn open(path: &Path) -> Result<Self, RootTrouble> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOCTTY;
        let open = |errno: Errno| RootTrouble::Open(errno.into());
        let examine = |errno: Errno| RootTrouble::Examine(errno.into());
        let dir = rustix::fs::openat(CWD, path, flags, Mode::empty()).map_err(open)?;
        let meta = Meta::of(&dir).map_err(examine)?;
        let way = Way {
            openat2: has_openat2(&dir),
            descriptors: descriptors(),
        };
        let disk = rustix::fs::fstatfs(&dir).map_err(examine)?;
        if is_the_kernels(disk.f_type) {
            return Err(RootTrouble::Kernel);
        }
        let folds = folds_case(disk.f_type);
        let local = is_local(disk.f_type);
        let handle = Self {
            dir,
            meta,
            path: Mutex::default(),
            folds,
            local,
            exact: is_exact(disk.f_type),
            memory: i64::from(TMPFS) == disk.f_type,
            way,
        };
        if let Some(path) = handle.kernel_path(&handle.dir).map_err(examine)? {
            *handle.path.lock().unwrap_or_else(PoisonError::into_inner) = path;
        }
        Ok(handle)
    }

    /// Whether its disk takes two spellings for one name.
    #[must_use]
    pub const fn folds(&self) -> bool {
        self.folds
    }

    /// Whether what the kernel has at hand of it can be had without asking anybody else.
    pub(super) const fn waits_for_nothing(&self) -> bool {
        self.local && self.way.openat2 && self.way.descriptors.is_some()
    }

    /// Whether it is on a disk that is memory.
    pub(super) const fn is_memory(&self) -> bool {
        self.memory
    }

    /// Whether a change that follows a look gets another time than what was looked at.
    pub(super) const fn times_are_exact(&self) -> bool {
        self.exact
    }

    /// Where the kernel says it is; for the operator only.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        let path = self.path.lock().unwrap_or_else(PoisonError::into_inner);
        PathBuf::from(OsStr::from_bytes(&path))
    }

    /// Whether both are one directory.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.meta.id == other.meta.id
    }

    /// Whether this one lies below `other`.
    #[must_use]
    pub fn is_below(&self, other: &Self) -> bool {
        !self.is(other) && self.path().starts_with(other.path())
    }

    /// The descriptor, for what confines the process to its roots.
    #[must_use]
    pub fn descriptor(&self) -> std::os::fd::BorrowedFd<'_> {
        self.dir.as_fd()
    }

    /// Where in this root `fd` is now; nothing if it is elsewhere or nowhere.
    ///
    /// # Errors
    ///
    /// `NOSYS` where nobody can say, `NAMETOOLONG` where the path is longer than is told.
    pub(super) fn locate(&self, fd: impl AsFd) -> Result<Option<RelPath>, Errno> {
        let Some(found) = self.kernel_path(fd)? else {
            return Err(Errno::NOSYS);
        };
        let known = self.path.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = below(&known, &found) {
            return Ok(Some(path));
        }
        drop(known);
        // the root itself may have been moved
        let Some(now) = self.kernel_path(&self.dir)? else {
            return Err(Errno::NOSYS);
        };
        let path = below(&now, &found);
        *self.path.lock().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(path)
    }

    fn kernel_path(&self, fd: impl AsFd) -> Result<Option<Vec<u8>>, Errno> {
        let Some(descriptors) = &self.way.descriptors else {
            return Ok(None);
        };
        let number = rustix::path::DecInt::from_fd(fd);
        let path = rustix::fs::readlinkat(descriptors, number, Vec::new())?;
        Ok(Some(path.into_bytes()))
    }

    /// Whether something reached below this root belongs to it though mounts may not.
    pub(super) fn same_mount(&self, meta: &Meta) -> bool {
        match (self.meta.mount, meta.mount) {
            (Some(ours), Some(its)) => ours == its,
            // an old kernel tells devices only
            (None, _) | (_, None) => self.meta.same_device(meta) && !meta.is_mount,
        }
    }

    #[cfg(test)]
    pub(crate) fn without(mut self, openat2: bool, descriptors: bool) -> Self {
        self.way.openat2 &= !openat2;
        if descriptors {
            self.way.descriptors = None;
        }
        self
    }
}

impl Handles {
    /// The roots of a scope, in its order.
    ///
    /// # Errors
    ///
    /// The position of a root that is the same directory as an earlier one.
    pub fn new(handles: Vec<Handle>) -> Result<Self, (usize, RootTrouble)> {
        for (at, handle) in handles.iter().enumerate() {
            if handles.iter().take(at).any(|earlier| earlier.is(handle)) {
                return Err((at, RootTrouble::Twice));
            }
        }
        Ok(Self {
            all: handles,
            snapshots: Snapshots::default(),
        })
    }

    /// The root for which `permit` holds.
    pub(super) fn of(&self, permit: &Permit) -> Result<&Handle, Errno> {
        self.all.get(permit.place().index()).ok_or(Errno::NOENT)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Handle> {
        self.all.iter()
    }
}

/// Whether the kernel has `openat2` and lets us call it.
fn has_openat2(dir: &OwnedFd) -> bool {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    rustix::fs::openat2(dir, c".", flags, Mode::empty(), ResolveFlags::BENEATH).is_ok()
}

/// `/proc/self/fd`, if that is what it says it is.
fn descriptors() -> Option<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let dir = rustix::fs::openat(CWD, c"/proc/self/fd", flags, Mode::empty()).ok()?;
    let disk = rustix::fs::fstatfs(&dir).ok()?;
    (disk.f_type == rustix::fs::PROC_SUPER_MAGIC).then_some(dir)
}

fn below(root: &[u8], path: &[u8]) -> Option<RelPath> {
    let rest = path.strip_prefix(root)?;
    match rest.split_first() {
        None => Some(RelPath::default()),
        Some((b'/', rest)) => RelPath::from_kernel(rest),
        Some(_) if root == b"/" => RelPath::from_kernel(rest),
        Some(_) => None,
    }
}

/// Whether a file system of this kind, under this kernel, gives a change that follows a look at
/// the times a time of its own ("multigrain timestamps", since Linux 6.13).
fn is_exact(magic: rustix::fs::FsWord) -> bool {
    const EXACT: [u32; 4] = [
        0xef53,      // ext4
        0x5846_5342, // XFS
        0x9123_683e, // Btrfs
        TMPFS,
    ];
    let system = rustix::system::uname();
    let release = system.release().to_str().unwrap_or_default();
    let mut numbers = release
        .split(['.', '-'])
        .map_while(|part| part.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    version >= (6, 13) && EXACT.iter().any(|&known| i64::from(known) == magic)
}

const TMPFS: u32 = 0x0102_1994;

/// Whether a file system of this kind is on a disk or in the memory of this machine. Of any
/// other the answers may have to come from a process or a network.
fn is_local(magic: rustix::fs::FsWord) -> bool {
    const LOCAL: [u32; 8] = [
        0xef53,      // ext2, ext3, ext4
        0x5846_5342, // XFS
        0x9123_683e, // Btrfs
        0xf2f5_2010, // F2FS
        0xca45_1a4e, // bcachefs
        0x2fc1_2fc1, // ZFS
        TMPFS,
        0x794c_7630, // overlayfs, whose layers are one of these
    ];
    LOCAL.iter().any(|&known| i64::from(known) == magic)
}

/// Whether a file system of this kind has no files but shows what the kernel knows.
fn is_the_kernels(magic: rustix::fs::FsWord) -> bool {
    const VIEWS: [u32; 9] = [
        0x9fa0,      // proc
        0x6265_6572, // sysfs
        0x6462_6720, // debugfs
        0x7472_6163, // tracefs
        0x7363_6673, // securityfs
        0x0027_e0eb, // cgroup
        0x6367_7270, // cgroup2
        0xcafe_4a11, // bpf
        0xde5e_81e4, // efivarfs
    ];
    VIEWS.iter().any(|&known| i64::from(known) == magic)
}

/// Whether a disk of this kind takes two spellings for one name.
fn folds_case(magic: rustix::fs::FsWord) -> bool {
    const FOLDING: [u32; 10] = [
        0x4d44,      // FAT
        0x2011_bab0, // exFAT
        0x7366_746e, // NTFS, in the kernel
        0x5346_544e, // NTFS, the old driver
        0xff53_4d42, // CIFS
        0xfe53_4d42, // SMB2
        0x517b,      // SMB
        0x482b,      // HFS+
        0x4244,      // HFS
        0x786f_4256, // a virtual machine's shared folder
    ];
    FOLDING.iter().any(|&known| i64::from(known) == magic)
}
