//! Reads blocks of one open file, and nothing else of it.
//!
//! # Invariants
//!
//! - Every read is positional: the descriptor's own offset is neither used nor moved.
//! - No read is longer than [`BLOCK`], and the request is asked before each whether it goes on.
//! - The end of the file is where a read finds it, not where an earlier look said it was: a file
//!   that shrinks or grows meanwhile gives fewer or more bytes and never a panic.
#![expect(
    clippy::disallowed_types,
    reason = "reads a file that was opened elsewhere"
)]

use std::fs::File;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::MetadataExt;

use guard::error::Denial;
use guard::error::Fault;
use guard::error::Refusal;

use crate::effects::encoding::Form;
use crate::effects::meta::Meta;

/// The most bytes that are read between two looks at the deadline.
pub const BLOCK: usize = 64 * 1024;

/// How much of the beginning of a file decides what it is.
pub const HEAD: usize = 8 * 1024;

/// Whether the request still goes on; see [`guard::call::Call::check`].
pub type Check<'a> = &'a dyn Fn() -> Result<(), Denial>;

/// One open file, with the request that reads it.
pub struct Source<'a> {
    file: &'a File,
    identity: Identity,
    head: Vec<u8>,
    form: Form,
    /// All of it, where that was read already.
    content: Option<Vec<u8>>,
    check: Check<'a>,
}

impl<'a> Source<'a> {
    /// Looks at `file` and reads its head.
    ///
    /// # Errors
    ///
    /// What `check` says, or a [`Fault`] if the file cannot be read.
    pub fn new(file: &'a File, check: Check<'a>) -> Result<Self, Refusal> {
        let identity = Identity::of(file)?;
        let mut source = Self {
            file,
            identity,
            head: Vec::new(),
            form: Form::Binary,
            content: None,
            check,
        };
        let mut head = vec![0; HEAD];
        let read = source.read(0, &mut head)?;
        head.truncate(read);
        source.form = Form::of(&head);
        source.head = head;
        Ok(source)
    }

    /// The same of a file of which all was read already.
    #[must_use]
    pub fn at_hand(file: &'a File, whole: Whole, check: Check<'a>) -> Self {
        let Whole { identity, content } = whole;
        Self {
            file,
            identity,
            head: Vec::new(),
            form: Form::of(content.get(..HEAD).unwrap_or(&content)),
            content: Some(content),
            check,
        }
    }

    /// Fills `block` from the byte `at` on, and says how far: less than all only at the end of
    /// the file. At most [`BLOCK`] bytes are read.
    ///
    /// # Errors
    ///
    /// What `check` says, or a [`Fault`] if the file cannot be read.
    pub fn read(&self, at: u64, block: &mut [u8]) -> Result<usize, Refusal> {
        let length = block.len().min(BLOCK);
        let block = block.get_mut(..length).unwrap_or_default();
        (self.check)()?;
        if let Some(content) = &self.content {
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            let rest = content.get(at..).unwrap_or_default();
            let read = rest.len().min(block.len());
            if let (Some(to), Some(from)) = (block.get_mut(..read), rest.get(..read)) {
                to.copy_from_slice(from);
            }
            return Ok(read);
        }
        Ok(read_full(self.file, at, block)?)
    }

    /// The first 8 KB, or all if there is less.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        match &self.content {
            Some(content) => content.get(..HEAD).unwrap_or(content),
            None => &self.head,
        }
    }

    /// What the head says the file is.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The size when the file was first looked at.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.identity.size
    }

    /// Which file this is, in which state.
    #[must_use]
    pub const fn identity(&self) -> Identity {
        self.identity
    }

    /// Whether the file is still in the state in which it was first looked at.
    ///
    /// # Errors
    ///
    /// A [`Fault`] if the file cannot be looked at.
    pub fn unchanged(&self) -> Result<bool, Fault> {
        Ok(Identity::of(self.file)? == self.identity)
    }

    /// What there is from the byte `at` on, where that need not be copied to be had.
    ///
    /// # Errors
    ///
    /// What `check` says.
    pub(super) fn rest(&self, at: u64) -> Result<Option<&[u8]>, Denial> {
        (self.check)()?;
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let content = self.content.as_ref();
        Ok(content.map(|content| content.get(at..).unwrap_or_default()))
    }

    /// A block to read into, no larger than the file needs.
    #[must_use]
    pub fn block(&self) -> Vec<u8> {
        let wanted = usize::try_from(self.size().saturating_add(1)).unwrap_or(BLOCK);
        vec![0; wanted.clamp(HEAD, BLOCK)]
    }
}

impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// All of a small file.
#[derive(Debug)]
pub struct Whole {
    identity: Identity,
    content: Vec<u8>,
}

impl Whole {
    /// The `content` of the file that `meta` was told of before it was read.
    pub(super) fn new(meta: &Meta, content: Vec<u8>) -> Self {
        Self {
            identity: Identity::from(meta),
            content,
        }
    }
}

/// Which file, and in which state: equal means that nothing was written meanwhile, as far as the
/// clock of the file system tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Identity {
    dev: u64,
    ino: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Identity {
    fn of(file: &File) -> Result<Self, Fault> {
        let metadata = file
            .metadata()
            .map_err(guard::error::fault("look at the file"))?;
        Ok(Self::from(&metadata))
    }
}

impl From<&Metadata> for Identity {
    fn from(metadata: &Metadata) -> Self {
        Self {
            dev: metadata.dev(),
            ino: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl From<&Meta> for Identity {
    fn from(meta: &Meta) -> Self {
        let (major, minor) = meta.id.device;
        let time = |(seconds, nanoseconds): (i64, u32)| (seconds, i64::from(nanoseconds));
        Self {
            dev: rustix::fs::makedev(major, minor),
            ino: meta.id.inode,
            size: meta.size,
            modified: time(meta.modified),
            changed: time(meta.changed),
        }
    }
}

/// Fills `block` from the byte `at` on, over short reads and interruptions.
pub(super) fn read_full(file: &File, at: u64, block: &mut [u8]) -> Result<usize, Fault> {
    let mut done = 0;
    while let Some(rest) = block.get_mut(done..)
        && !rest.is_empty()
    {
        match file.read_at(rest, at.saturating_add(done as u64)) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // an offset past what the system can address is past the end
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => break,
            Err(error) => return Err(Fault::new("read the file", error)),
        }
    }
    Ok(done)
}
