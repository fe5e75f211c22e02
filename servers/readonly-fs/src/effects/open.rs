//! The one function that resolves a path.
//!
//! # Invariants
//!
//! - Look first, then open: the path is resolved to a descriptor that can do nothing, its type,
//!   links, mount and own path are judged, and that same thing is reopened for reading.
//! - The resolution cannot leave the root: `openat2` sees to it, or `cap-std` component by
//!   component where the kernel has none.
//! - Absent, forbidden and unfit are told apart by the audit rule only.

use std::os::fd::OwnedFd;
use std::path::Path;

use cap_std::fs::OpenOptionsExt;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::ResolveFlags;
use rustix::io::Errno;

use guard::error::Denial;
use guard::error::Refusal;
use guard::error::fault;

use super::links;
use super::meta::Meta;
use super::names;
use super::root::Handle;
use super::root::Handles;
use super::text_source::Whole;
use crate::scope::Found;
use crate::scope::Kind;
use crate::scope::Permit;
use crate::scope::RelPath;
use crate::scope::Symlinks;

/// Something below a root, judged and open. After a look it cannot be read from.
#[derive(Debug)]
pub struct Opened {
    pub(super) fd: OwnedFd,
    /// What the kernel says about it.
    pub meta: Meta,
    /// What it is.
    pub kind: Kind,
    /// What it is to the reader.
    pub found: Found,
    /// Its own path, where no link is left.
    pub resolved: RelPath,
    /// All that is in it, where that was at hand.
    pub(super) content: Option<Whole>,
}

impl Handles {
    /// Opens what `permit` is for: for reading if it is leave to read or walk.
    ///
    /// # Errors
    ///
    /// A denial that reads like "not found" for what is absent, forbidden or unfit.
    pub fn look(&self, permit: &Permit) -> Result<Opened, Refusal> {
        let root = self.of(permit).map_err(refusal)?;
        look(root, permit)
    }

    /// Opens what `permit` is for, so that it can be read.
    ///
    /// # Errors
    ///
    /// As [`Handles::look`].
    pub fn open(&self, permit: &Permit) -> Result<Opened, Refusal> {
        let root = self.of(permit).map_err(refusal)?;
        let looked = look(root, permit)?;
        reopen(root, permit, looked)
    }

    /// Does what [`Handles::look`] does for a path that is not there, so that a refusal that
    /// needs no look takes as long as one that does.
    pub fn look_in_vain(&self, index: usize) {
        if let Some(root) = self.iter().nth(index) {
            let flags = OFlags::PATH | OFlags::CLOEXEC;
            drop(beneath(
                root,
                Path::new("\x01/\x01"),
                flags,
                resolve(true, false),
            ));
        }
    }
}

impl Opened {
    /// The file, to be read from, and what was read of it already.
    #[must_use]
    #[expect(clippy::disallowed_types, reason = "this is an effect")]
    pub fn into_file(self) -> (std::fs::File, Option<Whole>) {
        (std::fs::File::from(self.fd), self.content)
    }
}

/// Resolves the permit's path and judges what is there.
pub(super) fn look(root: &Handle, permit: &Permit) -> Result<Opened, Refusal> {
    for _ in 0..RACES {
        match look_once(root, permit, ResolveFlags::empty())? {
            Some(opened) => return Ok(opened),
            None => std::thread::yield_now(),
        }
    }
    // whoever keeps replacing it has no need to be seen by us
    Err(Denial::NotFound.into())
}

/// Nothing if the thing vanished while we looked; a new one may be there by now. `more` is what
/// else is demanded of the resolution.
pub(super) fn look_once(
    root: &Handle,
    permit: &Permit,
    more: ResolveFlags,
) -> Result<Option<Opened>, Refusal> {
    let path = permit.place().path();
    let rules = permit.root();
    let follow = rules.symlinks == Symlinks::Inside;
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let fd = beneath(
        root,
        path.as_argument(),
        flags,
        resolve(follow, rules.mounts) | more,
    )
    .map_err(refusal)?;
    let meta = Meta::of(&fd).map_err(refusal)?;
    let Some(kind) = meta.kind else {
        return Err(Denial::OutOfScope.into());
    };
    if !rules.mounts && !root.same_mount(&meta) {
        return Err(Denial::OutOfScope.into());
    }
    if meta.names == 0 {
        return Ok(None);
    }
    let resolved = match root.locate(&fd) {
        Ok(Some(resolved)) => resolved,
        Ok(None) => return Err(Denial::OutOfScope.into()),
        // nobody can say where it is: then it must be where it was asked for, no link between
        Err(Errno::NOSYS | Errno::NAMETOOLONG) if is_direct(root, permit, &meta) => path.clone(),
        Err(Errno::NOSYS | Errno::NAMETOOLONG) => return Err(Denial::OutOfScope.into()),
        Err(errno) => return Err(refusal(errno)),
    };
    if !follow && resolved != *path {
        return Err(Denial::OutOfScope.into());
    }
    if resolved != *path {
        links::check(root, permit)?;
    }
    if let Some(before) = removed(&resolved) {
        // a second name that was just removed: judged under the name it had as well
        permit.confirm(kind, &before, meta.names)?;
    }
    if rules.folds && !is_spelled_so(root, path)? {
        return Err(Denial::NotFound.into());
    }
    let found = permit.confirm(kind, &resolved, meta.names)?;
    Ok(Some(Opened {
        fd,
        meta,
        kind,
        found,
        resolved,
        content: None,
    }))
}

/// Opens for reading what was looked at, and nothing else.
pub(super) fn reopen(root: &Handle, permit: &Permit, looked: Opened) -> Result<Opened, Refusal> {
    let flags = reading(looked.kind);
    if let Some(descriptors) = &root.way.descriptors {
        let number = rustix::path::DecInt::from_fd(&looked.fd);
        let flags = flags.difference(OFlags::NOFOLLOW);
        let fd = rustix::fs::openat(descriptors, number, flags, Mode::empty()).map_err(refusal)?;
        return Ok(Opened { fd, ..looked });
    }
    // No way to name a descriptor: resolve again, and insist on the same thing. Only a regular
    // file or a directory was there a moment ago; should it be a FIFO now, O_NONBLOCK keeps us
    // from waiting for it.
    let path = permit.place().path().as_argument();
    let how = resolve(false, permit.root().mounts);
    let fd = beneath(root, path, flags, how).map_err(refusal)?;
    let meta = Meta::of(&fd).map_err(refusal)?;
    if meta.id != looked.meta.id || meta.kind != looked.meta.kind {
        return Err(Denial::NotFound.into());
    }
    Ok(Opened { fd, ..looked })
}

/// Opens the entry `name` of a directory that is open already, following nothing.
pub(super) fn open_entry(
    root: &Handle,
    dir: &OwnedFd,
    name: &[u8],
    kind: Kind,
    mounts: bool,
) -> Result<(OwnedFd, Meta), Errno> {
    let flags = reading(kind);
    let fd = if root.way.openat2 {
        rustix::fs::openat2(dir, name, flags, Mode::empty(), resolve(false, mounts))?
    } else {
        // one plain name, not followed: it cannot lead out
        rustix::fs::openat(dir, name, flags, Mode::empty())?
    };
    let meta = Meta::of(&fd)?;
    if meta.kind != Some(kind) || !mounts && !root.same_mount(&meta) {
        return Err(Errno::XDEV);
    }
    Ok((fd, meta))
}

/// Resolves `path` below the root's descriptor.
fn beneath(root: &Handle, path: &Path, flags: OFlags, how: ResolveFlags) -> Result<OwnedFd, Errno> {
    if !root.way.openat2 {
        return component_wise(root, path, flags, how);
    }
    let mut tries = RACES;
    loop {
        match rustix::fs::openat2(&root.dir, path, flags, Mode::empty(), how) {
            // something was renamed while the kernel climbed a link's `..`
            Err(Errno::AGAIN) if tries > 0 && !how.contains(ResolveFlags::CACHED) => tries -= 1,
            done => return done,
        }
    }
}

/// The same where the kernel has no `openat2`.
#[expect(clippy::disallowed_types, reason = "this is an effect")]
fn component_wise(
    root: &Handle,
    path: &Path,
    flags: OFlags,
    how: ResolveFlags,
) -> Result<OwnedFd, Errno> {
    let dir = rustix::io::fcntl_dupfd_cloexec(&root.dir, 0)?;
    if how.contains(ResolveFlags::NO_SYMLINKS) {
        return straight(dir, path, flags);
    }
    let dir = cap_std::fs::Dir::from_std_file(std::fs::File::from(dir));
    let mut options = cap_std::fs::OpenOptions::new();
    let flags = i32::try_from(flags.bits()).map_err(|_| Errno::INVAL)?;
    options.read(true).custom_flags(flags);
    let file = dir.open_with(path, &options);
    // what leads out has no number of its own
    let file = file.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::XDEV))?;
    Ok(OwnedFd::from(file.into_std()))
}

/// Opens one plain name after the other, following nothing, so that nothing can lead out.
fn straight(mut dir: OwnedFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let mut names = path.iter().peekable();
    let passing = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    while let Some(name) = names.next() {
        let flags = if names.peek().is_some() {
            passing
        } else {
            flags
        };
        let flags = flags | OFlags::NOFOLLOW;
        let next = rustix::fs::openat(&dir, name, flags, Mode::empty())?;
        if Meta::of(&next)?.is_link {
            return Err(Errno::LOOP);
        }
        dir = next;
    }
    Ok(dir)
}

/// Whether what is at the permit's path, no link between, is what was looked at.
fn is_direct(root: &Handle, permit: &Permit, looked: &Meta) -> bool {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let how = resolve(false, permit.root().mounts);
    let again = beneath(root, permit.place().path().as_argument(), flags, how);
    let again = again.and_then(Meta::of);
    again.is_ok_and(|meta| meta.id == looked.id)
}

/// The path without the mark by which the kernel says that the name is gone.
fn removed(path: &RelPath) -> Option<RelPath> {
    RelPath::from_kernel(path.as_bytes().strip_suffix(b" (deleted)")?)
}

/// Whether every name of `path` is spelled as its directory lists it. A disk that takes two
/// spellings for one name may take spellings that the rules do not know.
fn is_spelled_so(root: &Handle, path: &RelPath) -> Result<bool, Refusal> {
    let mut above = RelPath::default();
    for name in path.components() {
        let flags = reading(Kind::Directory);
        let dir = beneath(root, above.as_argument(), flags, resolve(true, true));
        if !names::has(&dir.map_err(refusal)?, name).map_err(refusal)? {
            return Ok(false);
        }
        above = above.child(name).ok_or(Denial::NotFound)?;
    }
    Ok(true)
}

/// Opens the directory at `path` for being watched only: nothing of it can be read.
pub(super) fn directory(
    root: &Handle,
    permit: &Permit,
    path: &RelPath,
) -> Result<OwnedFd, Refusal> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let how = resolve(false, permit.root().mounts);
    beneath(root, path.as_argument(), flags, how).map_err(refusal)
}

fn resolve(follow: bool, mounts: bool) -> ResolveFlags {
    let mut how = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    if !follow {
        how |= ResolveFlags::NO_SYMLINKS;
    }
    if !mounts {
        how |= ResolveFlags::NO_XDEV;
    }
    how
}

const fn reading(kind: Kind) -> OFlags {
    let flags = OFlags::RDONLY
        .union(OFlags::NONBLOCK)
        .union(OFlags::NOCTTY)
        .union(OFlags::NOFOLLOW)
        .union(OFlags::CLOEXEC);
    match kind {
        Kind::File => flags,
        Kind::Directory => flags.union(OFlags::DIRECTORY),
    }
}

/// What an error of the kernel means to the caller.
pub(super) fn refusal(errno: Errno) -> Refusal {
    match errno {
        Errno::NOENT
        | Errno::NOTDIR
        | Errno::NAMETOOLONG
        | Errno::INVAL
        | Errno::ILSEQ
        | Errno::STALE => Denial::NotFound.into(),
        // it leads out, it is a link where none is followed, or we may not have it either
        Errno::XDEV | Errno::LOOP | Errno::ACCESS | Errno::PERM | Errno::NXIO | Errno::NODEV => {
            Denial::OutOfScope.into()
        }
        Errno::AGAIN => Denial::NotFound.into(),
        other => fault("open the file")(std::io::Error::from(other)).into(),
    }
}

/// How often a resolution is tried that a rename disturbed.
const RACES: u32 = 64;

#[cfg(test)]
mod tests;
