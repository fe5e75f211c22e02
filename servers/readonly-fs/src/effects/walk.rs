//! All entries below a directory, in the order of their bytes, as one reader may know them.
//!
//! # Invariants
//!
//! - Each step is taken from the descriptor of the directory before it; no link is followed and
//!   no path is resolved twice.
//! - A directory that does not exist for the reader is not opened.
//! - Memory and open descriptors are bounded by depth, whatever the tree looks like.
//! - [`Walk::position`] is always a path that the reader may know of.

mod enter;
mod honour;
mod judge;

use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::FileType;

use guard::call::Call;
use guard::error::Refusal;
use guard::label::Label;

use super::ignored::Ignored;
use super::meta::Meta;
use super::names::Names;
use super::open::refusal;
use super::root::Handle;
use super::root::Handles;
use super::snapshots::Snapshots;
use crate::scope::Found;
use crate::scope::Kind;
use crate::scope::Permit;
use crate::scope::RelPath;
use crate::scope::Standing;

/// What a walk brings.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How many levels below the start.
    pub depth: usize,
    /// Whether names that begin with a dot are wanted.
    pub hidden: bool,
    /// Whether what `.gitignore` and `.ignore` leave out is wanted.
    pub ignored: bool,
    /// Whether links are wanted, as what they lead to. They are never walked into.
    pub links: bool,
    /// Whether each entry is examined. Without it, an entry must be opened to be sure of it.
    pub examine: bool,
    /// Where to go on: after this path, as seen from the start.
    pub after: Option<RelPath>,
    /// Whether that path itself is wanted again.
    pub again: bool,
}

/// One entry.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What it is; of a link, what it leads to.
    pub kind: Kind,
    /// What the kernel says, if it was examined.
    pub meta: Option<Meta>,
    /// What it is to the reader.
    pub standing: Standing,
}

/// A walk under way.
#[derive(Debug)]
pub struct Walk<'a> {
    root: &'a Handle,
    snapshots: &'a Snapshots,
    permit: &'a Permit,
    call: &'a Call,
    options: Options,
    /// The names of the path after which to go on.
    trail: Vec<Vec<u8>>,
    frames: Vec<Frame>,
    /// The path of the entry at hand, by the way it was asked for.
    asked: Vec<u8>,
    /// The same by its own way, where links led to the start.
    real: Vec<u8>,
    /// How long the path of the start is, with its slash.
    start: usize,
    /// The directory at hand, to be entered next.
    pending: Option<(Found, bool)>,
    ignored: Ignored,
    buffer: Vec<u8>,
    used: usize,
    visited: u64,
    scanned: u64,
    label: Label,
    position: Option<Vec<u8>>,
    /// Whether bounds kept anything from being visited.
    cut: bool,
    /// Whether it ended before its end.
    stopped: bool,
}

/// A directory that is being walked.
#[derive(Debug)]
struct Frame {
    dir: OwnedFd,
    found: Found,
    names: Arc<Names>,
    next: usize,
    size: usize,
    /// How long its paths are, with their slashes.
    asked: usize,
    real: usize,
    /// Whether the position to go on after lies below it.
    on_trail: bool,
}

impl Handles {
    /// Begins a walk of the directory that `permit` is for.
    ///
    /// # Errors
    ///
    /// As [`Handles::look`]; [`Unsuitable`](guard::error::Denial::Unsuitable) if it is a file.
    pub fn walk<'a>(
        &'a self,
        permit: &'a Permit,
        call: &'a Call,
        options: Options,
    ) -> Result<Walk<'a>, Refusal> {
        let root = self.of(permit).map_err(refusal)?;
        let opened = self.open(permit)?;
        let trail = options.after.iter().flat_map(RelPath::components);
        let mut walk = Walk {
            root,
            snapshots: &self.snapshots,
            permit,
            call,
            trail: trail.map(<[u8]>::to_vec).collect(),
            options,
            frames: Vec::new(),
            asked: permit.place().path().as_bytes().to_vec(),
            real: opened.resolved.as_bytes().to_vec(),
            start: 0,
            pending: None,
            ignored: Ignored::default(),
            buffer: Vec::new(),
            used: 0,
            visited: 0,
            scanned: 0,
            label: opened.found.standing().name,
            position: None,
            cut: false,
            stopped: false,
        };
        walk.position = walk.options.after.as_ref().map(|p| p.as_bytes().to_vec());
        if !walk.options.ignored {
            walk.honour_from_above(self);
        }
        let on_trail = !walk.trail.is_empty();
        walk.enter(opened.fd, opened.found, on_trail)?;
        walk.start = walk.frames.first().map_or(0, |frame| frame.asked);
        Ok(walk)
    }
}

impl Walk<'_> {
    /// The next entry that exists for the reader.
    ///
    /// # Errors
    ///
    /// [`Cancelled`](guard::error::Denial::Cancelled) or [`TimedOut`](guard::error::Denial::TimedOut) when nobody waits any more; a fault if the
    /// system runs out of something.
    #[expect(
        clippy::should_implement_trait,
        reason = "it can fail, and lends its path"
    )]
    pub fn next(&mut self) -> Result<Option<Entry>, Refusal> {
        self.next_where(|_| true)
    }

    /// The next entry that exists for the reader and whose path, as seen from the start, is
    /// `wanted`. Others cost less: they are not examined.
    ///
    /// # Errors
    ///
    /// As [`Walk::next`].
    pub fn next_where(&mut self, wanted: impl Fn(&[u8]) -> bool) -> Result<Option<Entry>, Refusal> {
        if let Some((found, on_trail)) = self.pending.take() {
            self.descend(found, on_trail)?;
        }
        loop {
            let Some((kind, emit, on_trail)) = self.step()? else {
                return Ok(None);
            };
            let emit = emit && wanted(self.below());
            let Some((entry, found)) = self.judge(kind, emit)? else {
                continue;
            };
            self.scanned += 1;
            self.remember();
            let deeper = self.frames.len() < self.options.depth;
            let walkable = entry.kind == Kind::Directory && !kind.is_symlink();
            if walkable && deeper {
                if !emit {
                    self.descend(found, on_trail)?;
                    continue;
                }
                self.pending = Some((found, on_trail));
            }
            if emit {
                return Ok(Some(entry));
            }
        }
    }

    /// The path of the entry at hand, below the root.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        &self.asked
    }

    /// The path of the entry at hand, as seen from the start.
    #[must_use]
    pub fn below(&self) -> &[u8] {
        self.asked.get(self.start..).unwrap_or_default()
    }

    /// How many entries were looked at that exist for the reader. Of the others nothing is told.
    #[must_use]
    pub const fn scanned(&self) -> u64 {
        self.scanned
    }

    /// The label of the start, which any answer has that is about what lies below it.
    #[must_use]
    pub const fn label(&self) -> Label {
        self.label
    }

    /// Whether a bound kept anything from being visited.
    #[must_use]
    pub const fn cut(&self) -> bool {
        self.cut
    }

    /// Whether it ended before its end, because it looked at as much as one walk may.
    #[must_use]
    pub const fn stopped(&self) -> bool {
        self.stopped
    }

    /// Where a later walk goes on, as seen from the start.
    #[must_use]
    pub fn position(&self) -> Option<&[u8]> {
        self.position.as_deref()
    }

    /// Opens the file at hand. Nothing if it is no longer there, or is not what it was.
    ///
    /// # Errors
    ///
    /// A fault if the system runs out of something.
    #[expect(clippy::disallowed_types, reason = "this is an effect")]
    pub fn open(&self, entry: &Entry) -> Result<Option<(std::fs::File, Meta)>, Refusal> {
        let Some(frame) = self.frames.last() else {
            return Ok(None);
        };
        if !entry.standing.readable || entry.kind != Kind::File {
            return Ok(None);
        }
        let name = self.asked.get(frame.asked..).unwrap_or_default();
        let opened = self.open_in(&frame.dir, name, Kind::File)?;
        Ok(opened.map(|(fd, meta)| (std::fs::File::from(fd), meta)))
    }

    /// Goes to the next name and makes it the path at hand. Says what the directory takes it
    /// for, whether it is wanted, and whether the position to go on after lies below it.
    fn step(&mut self) -> Result<Option<(FileType, bool, bool)>, Refusal> {
        loop {
            let level = self.frames.len();
            let Some(frame) = self.frames.last_mut() else {
                return Ok(None);
            };
            self.asked.truncate(frame.asked);
            self.real.truncate(frame.real);
            let Some((name, kind)) = frame.names.at(frame.next) else {
                if !self.refill()? {
                    self.leave();
                }
                continue;
            };
            frame.next += 1;
            let (mut emit, mut on_trail) = (true, false);
            if frame.on_trail {
                // the names begin with that of the trail, if it is still there
                frame.on_trail = false;
                if self.trail.get(level - 1).is_some_and(|mark| mark == name) {
                    on_trail = level < self.trail.len();
                    emit = self.options.again && !on_trail;
                }
            }
            if name.starts_with(b".") && !self.options.hidden {
                continue;
            }
            self.asked.extend_from_slice(name);
            self.real.extend_from_slice(name);
            self.visited += 1;
            if self.visited.is_multiple_of(256) {
                self.call.check()?;
            }
            if self.visited > self.permit.limits().walk_entries.get() {
                self.cut = true;
                self.stopped = true;
                self.frames.clear();
                return Ok(None);
            }
            if self.asked.len() > RelPath::MAX_BYTES || !self.fits_in_depth() {
                self.cut = true;
                continue;
            }
            return Ok(Some((kind, emit, on_trail)));
        }
    }

    fn fits_in_depth(&self) -> bool {
        self.asked.iter().filter(|b| **b == b'/').count() < RelPath::MAX_DEPTH
    }

    fn remember(&mut self) {
        let below = self.asked.get(self.start..).unwrap_or_default();
        let position = self.position.get_or_insert_default();
        position.clear();
        position.extend_from_slice(below);
    }
}

#[cfg(test)]
mod tests;
