//! The lock of a chain, and the mark in it: how far the chain is known to be durable.
//!
//! The mark is written after every sync, before the lock is given back. So the next process need
//! not read a segment to find its end, and a trail that became shorter is noticed.
//!
//! # Invariants
//!
//! - The mark never says more than what was durable before it was written.
//! - It is no proof: who can write the directory can write the mark.

use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::fs::FlockOperation;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::chain::Hash;
use super::chain::Link;
use super::directory::Directory;
use super::directory::Identity;
use super::directory::is_chain;
use super::encode::push_number;
use super::trouble::Trouble;
use super::trouble::system;

/// The lock file of a directory.
#[derive(Debug)]
pub(super) struct Lock {
    fd: OwnedFd,
    identity: Identity,
}

/// How far a chain is known to be durable.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Mark {
    /// The name of the chain.
    pub(super) chain: String,
    /// The segment that holds its last line.
    pub(super) segment: u64,
    /// The end of that line.
    pub(super) bytes: u64,
    /// The line.
    pub(super) link: Link,
}

/// The chain is ours until this is dropped.
#[derive(Debug)]
pub(super) struct Held<'a>(&'a Lock);

impl Lock {
    /// Opens the lock of a directory that is written, and makes it where it is missing.
    pub(super) fn create(directory: &Directory) -> Result<Self, Trouble> {
        Self::new(directory.open_or_create(NAME, "open the lock")?)
    }

    /// Opens the lock of a directory that is read; a copy may have none.
    pub(super) fn open(directory: &Directory) -> Option<Self> {
        let fd = directory.open_any(NAME, OFlags::RDONLY).ok()?;
        Self::new(fd).ok()
    }

    fn new(fd: OwnedFd) -> Result<Self, Trouble> {
        let stat = rustix::fs::fstat(&fd).map_err(system("open the lock"))?;
        let identity = Identity::of(&stat);
        Ok(Self { fd, identity })
    }

    /// Waits until no other process holds the chain.
    pub(super) fn hold(&self, directory: &Directory) -> Result<Held<'_>, Trouble> {
        self.flock(FlockOperation::LockExclusive)?;
        self.held(directory)
    }

    /// As [`Lock::hold`], but without waiting; `None` if another process holds it.
    pub(super) fn try_hold(&self, directory: &Directory) -> Result<Option<Held<'_>>, Trouble> {
        match rustix::fs::flock(&self.fd, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => self.held(directory).map(Some),
            Err(Errno::WOULDBLOCK | Errno::INTR) => Ok(None),
            Err(cause) => Err(system("lock the trail")(cause)),
        }
    }

    /// As [`Lock::hold`], but not for long.
    pub(super) fn hold_soon(&self, directory: &Directory) -> Result<Held<'_>, Trouble> {
        for _ in 0..TRIES {
            match rustix::fs::flock(&self.fd, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return self.held(directory),
                Err(Errno::WOULDBLOCK | Errno::INTR) => std::thread::sleep(PAUSE),
                Err(cause) => return Err(system("lock the trail")(cause)),
            }
        }
        Err(Trouble::Slow("another process that holds the lock"))
    }

    /// Waits until no other process writes.
    pub(super) fn share(&self) -> Result<Held<'_>, Trouble> {
        self.flock(FlockOperation::LockShared)?;
        Ok(Held(self))
    }

    fn flock(&self, operation: FlockOperation) -> Result<(), Trouble> {
        loop {
            match rustix::fs::flock(&self.fd, operation) {
                Err(Errno::INTR) => {}
                other => return other.map_err(system("lock the trail")),
            }
        }
    }

    /// Who locks a file that has no name any more keeps nobody out.
    fn held(&self, directory: &Directory) -> Result<Held<'_>, Trouble> {
        let held = Held(self);
        match directory.look(NAME) {
            Ok(stat) if Identity::of(&stat) == self.identity => Ok(held),
            Ok(_) | Err(_) => Err(Trouble::Replaced("the lock")),
        }
    }
}

impl Held<'_> {
    /// Reads the mark; `None` if none was ever written.
    pub(super) fn mark(&self) -> Result<Option<Mark>, Trouble> {
        let mut bytes = [0; SIZE + 1];
        let read = loop {
            match rustix::io::pread(&self.0.fd, &mut bytes, 0) {
                Err(Errno::INTR) => {}
                other => break other.map_err(system("read the mark"))?,
            }
        };
        if read == 0 {
            return Ok(None);
        }
        bytes
            .get(..read)
            .and_then(Mark::parse)
            .ok_or(Trouble::Damaged("the mark"))
            .map(Some)
    }

    /// Writes the mark.
    pub(super) fn set_mark(&self, mark: &Mark) -> Result<(), Trouble> {
        let text = mark.text();
        let written = rustix::io::pwrite(&self.0.fd, &text, 0);
        match written.map_err(system("write the mark"))? {
            SIZE => Ok(()),
            _ => Err(system("write the mark")(Errno::IO)),
        }
    }

    /// Makes the mark durable. Without it a crash of the machine may bring back an older one,
    /// which is as good.
    pub(super) fn sync(&self) -> Result<(), Trouble> {
        rustix::fs::fsync(&self.0.fd).map_err(system("sync the mark"))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // closing the file would unlock it too; there is nothing else to do about a failure
        let _unlocked = rustix::fs::flock(&self.0.fd, FlockOperation::Unlock);
    }
}

impl Mark {
    fn text(&self) -> Vec<u8> {
        let Self { chain, link, .. } = self;
        let (segment, bytes) = (self.segment, self.bytes);
        let Link { seq, hash } = link;
        // by hand: it is written and compared with every batch
        let mut text = Vec::with_capacity(SIZE);
        text.extend_from_slice(WORD.as_bytes());
        text.push(b' ');
        text.extend_from_slice(chain.as_bytes());
        for number in [segment, bytes, *seq] {
            text.push(b' ');
            push_padded(&mut text, number);
        }
        text.push(b' ');
        hash.push_to(&mut text);
        text.push(b'\n');
        text
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
        let mut words = text.strip_prefix(WORD)?.split_ascii_whitespace();
        let found = Self {
            chain: words.next()?.to_owned(),
            segment: words.next()?.parse().ok()?,
            bytes: words.next()?.parse().ok()?,
            link: Link {
                seq: words.next()?.parse().ok()?,
                hash: Hash::parse(words.next()?.as_bytes())?,
            },
        };
        // the chain becomes part of a file name
        (is_chain(&found.chain) && found.text() == bytes).then_some(found)
    }
}

/// Twenty digits, as many as the largest number has.
fn push_padded(out: &mut Vec<u8>, number: u64) {
    let start = out.len();
    push_number(out, number);
    let digits = out.len() - start;
    out.resize(start + DIGITS, b'0');
    if let Some(field) = out.get_mut(start..) {
        field.rotate_right(DIGITS.saturating_sub(digits));
    }
}

const DIGITS: usize = 20;
/// The name of the lock file.
pub(super) const NAME: &str = "chain.lock";
const WORD: &str = "keyhole-audit/1";
/// One sector at most, so that no crash leaves half of it.
const SIZE: usize = WORD.len() + 1 + 16 + 1 + 20 + 1 + 20 + 1 + 20 + 1 + 64 + 1;
const TRIES: u32 = 400;
const PAUSE: Duration = Duration::from_millis(25);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_back_and_half_of_it_does_not() {
        let mark = Mark {
            chain: "0123456789abcdef".to_owned(),
            segment: 7,
            bytes: u64::MAX,
            link: Link {
                seq: 42,
                hash: Hash::of(b"x"),
            },
        };
        let text = mark.text();
        assert_eq!(text.len(), SIZE);
        assert_eq!(Mark::parse(&text), Some(mark));
        for end in 0..text.len() {
            assert_eq!(Mark::parse(&text[..end]), None);
        }
    }
}
