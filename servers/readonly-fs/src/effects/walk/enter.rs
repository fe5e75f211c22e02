//! Into a directory and out of it again, within what a walk may hold.
//!
//! # Invariants
//!
//! - What the names of all directories under way take is bounded; so is their number, by the
//!   depth of a path.
//! - What is opened is examined: a name that became something else is as if it were gone.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::io::Errno;

use guard::error::Refusal;
use guard::error::fault;

use super::Frame;
use super::Walk;
use crate::effects::meta::Meta;
use crate::effects::names::From;
use crate::effects::names::Names;
use crate::effects::open::open_entry;
use crate::effects::snapshots::State;
use crate::scope::Found;
use crate::scope::HardLinks;
use crate::scope::Kind;

impl Walk<'_> {
    pub(super) fn descend(&mut self, found: Found, on_trail: bool) -> Result<(), Refusal> {
        let Some(frame) = self.frames.last() else {
            return Ok(());
        };
        let name = self.asked.get(frame.asked..).unwrap_or_default();
        match self.open_in(&frame.dir, name, Kind::Directory)? {
            Some((dir, _)) => self.enter(dir, found, on_trail),
            None => Ok(()),
        }
    }

    pub(super) fn enter(
        &mut self,
        dir: OwnedFd,
        found: Found,
        on_trail: bool,
    ) -> Result<(), Refusal> {
        let mark = self.trail.get(self.frames.len()).filter(|_| on_trail);
        let mark_is_set = mark.is_some();
        let from = mark.map_or(From::Start, |mark| From::At(mark.clone()));
        let budget = self.budget();
        let (names, next) = self.names(&dir, &from, budget)?;
        for path in [&mut self.asked, &mut self.real] {
            if !path.is_empty() {
                path.push(b'/');
            }
        }
        if !self.options.ignored && (names.gitignore || names.ignore) {
            self.honour(&dir, &found, &names)?;
        }
        let size = names.size();
        self.used += size;
        self.frames.push(Frame {
            dir,
            found,
            next,
            size,
            asked: self.asked.len(),
            real: self.real.len(),
            on_trail: mark_is_set,
            names,
        });
        Ok(())
    }

    /// The names of a directory, and where among them `from` begins.
    pub(super) fn names(
        &mut self,
        dir: &OwnedFd,
        from: &From,
        budget: usize,
    ) -> Result<(Arc<Names>, usize), Refusal> {
        let (now, exact) = (self.call.now(), self.root.times_are_exact());
        let state = |meta: Meta| State::settled(&meta, now, exact);
        // a directory of few names, as its size tells, is not worth asking for
        let before = Meta::of(dir).ok().filter(|meta| meta.size >= LARGE);
        let before = before.and_then(state);
        if let Some(names) = before.and_then(|state| self.snapshots.recall(state)) {
            let next = names.seek(from);
            return Ok((names, next));
        }
        let mut names = Names::read(dir, from, budget, &mut self.buffer, self.call)?;
        if !matches!(from, From::Start) || names.more || before.is_none() {
            return Ok((Arc::new(names), 0));
        }
        names.shrink();
        let names = Arc::new(names);
        let after = Meta::of(dir).ok().and_then(state);
        if let Some(state) = after.filter(|_| before == after) {
            self.snapshots.keep(state, &names);
        }
        Ok((names, 0))
    }

    /// Reads the next batch of names of the directory at hand, if there is one.
    pub(super) fn refill(&mut self) -> Result<bool, Refusal> {
        let budget = self.budget();
        let Some(frame) = self.frames.last_mut() else {
            return Ok(false);
        };
        let Some(last) = frame.names.last().filter(|_| frame.names.more) else {
            return Ok(false);
        };
        let from = From::After(last.to_vec());
        self.used -= frame.size;
        frame.names = Arc::default();
        let names = Names::read(&frame.dir, &from, budget, &mut self.buffer, self.call)?;
        frame.names = Arc::new(names);
        frame.size = frame.names.size();
        frame.next = 0;
        self.used += frame.size;
        Ok(true)
    }

    pub(super) fn leave(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.used -= frame.size;
            self.ignored.leave(depth_of(&self.asked, frame.asked));
        }
    }

    /// What the next directory may keep: half of what is left, so that there is always more.
    pub(super) const fn budget(&self) -> usize {
        let half = MEMORY.saturating_sub(self.used) / 2;
        if half > LEAST { half } else { LEAST }
    }

    pub(super) fn open_in(
        &self,
        dir: &OwnedFd,
        name: &[u8],
        kind: Kind,
    ) -> Result<Option<(OwnedFd, Meta)>, Refusal> {
        let mounts = self.permit.root().mounts;
        match open_entry(self.root, dir, name, kind, mounts) {
            Ok((fd, meta)) => Ok(self.belongs(&meta, kind).then_some((fd, meta))),
            Err(errno @ (Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::IO)) => {
                Err(fault("open an entry")(std::io::Error::from(errno)).into())
            }
            // it is gone, is something else by now, or is not ours to read
            Err(_) => Ok(None),
        }
    }

    pub(super) fn belongs(&self, meta: &Meta, kind: Kind) -> bool {
        let rules = self.permit.root();
        let linked = kind == Kind::File && meta.names > 1 && rules.hard_links == HardLinks::Deny;
        let mounted = !rules.mounts && !self.root.same_mount(meta);
        meta.kind == Some(kind) && meta.names > 0 && !linked && !mounted
    }
}

/// How deep the directory is whose path, with its slash, is the first `length` bytes of `path`.
pub(super) fn depth_of(path: &[u8], length: usize) -> usize {
    let above = path.get(..length).unwrap_or_default();
    above.iter().filter(|b| **b == b'/').count()
}

/// What the names of all directories under way may take.
const MEMORY: usize = 20 << 20;
/// The size of a directory, as disks tell it, that may hold many names.
const LARGE: u64 = 16 << 10;
/// What those of one may take in any case.
const LEAST: usize = 32 << 10;
