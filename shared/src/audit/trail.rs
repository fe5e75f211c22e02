//! Appends to the chain: hold the lock, find the end, write, sync, mark, let go.
//!
//! # Invariants
//!
//! - [`Trail::commit`] answers `Ok` only once every line it was given is durable.
//! - After a failure nothing that is remembered of the end of the chain is used again: it is
//!   cut back to the mark under the same lock, and found anew the next time.
//! - After a failed sync the file is not trusted any more: the chain goes on in another one.
//! - A checkpoint is signed over lines that are in the same write or durable before it, and
//!   states nothing beyond the tree but what this process was asked to state.

mod end;
mod life;

use std::os::fd::OwnedFd;
use std::sync::Arc;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use rustix::io::Errno;
use uuid::Uuid;

use super::Settings;
use super::chain;
use super::chain::Link;
use super::chain::Type;
use super::chain::push_hex;
use super::checkpoint;
use super::checkpoint::Statement;
use super::directory::Directory;
use super::directory::Identity;
use super::directory::segment_name;
use super::disk::Disk;
use super::instance::Effect;
use super::instance::Instance;
use super::key::Key;
use super::key::random;
use super::mark::Held;
use super::mark::Lock;
use super::merkle::Tree;
use super::note::SigningKey;
use super::origin::Origin;
use super::origin::Stamp;
use super::place::Place;
use super::place::Spoken;
use super::signing::Signers;
use super::space::Space;
use super::trouble::Trouble;
use super::trouble::system;

/// The end of the chain, as one process sees it.
#[derive(Debug)]
pub(super) struct Trail {
    pub(super) directory: Directory,
    pub(super) lock: Arc<Lock>,
    pub(super) stamp: Arc<Stamp>,
    pub(super) instance: Instance,
    pub(super) space: Space,
    pub(super) disk: Disk,
    pub(super) rotate_bytes: u64,
    pub(super) rotate_age: TimeDelta,
    /// What is known of the end; `None` if it must be found.
    pub(super) here: Option<(String, Place)>,
    /// Where a cut failed.
    pub(super) uncut: Option<(String, Place)>,
    /// The file that was written when this process began. A sandbox that shut since gives no
    /// descriptor any more that can cut; this one still can.
    pub(super) cutter: Option<(Identity, OwnedFd)>,
    /// Whether the chain must go on in another file.
    pub(super) distrusted: bool,
    /// Lines of the trail's own that go before the next ones.
    pub(super) own: Vec<Vec<u8>>,
    pub(super) buffer: Vec<u8>,
    pub(super) signers: Signers,
    /// After how many lines, or how long, the next one is a checkpoint.
    pub(super) checkpoint_lines: u64,
    pub(super) checkpoint_age: TimeDelta,
    /// What the next checkpoint is to say, whether or not it is due.
    pub(super) due: Option<Due>,
}

/// A checkpoint that does not wait for its time.
#[derive(Clone, Debug)]
pub(super) struct Due {
    /// Who signs it.
    pub(super) key: Arc<SigningKey>,
    /// What it says beyond the tree.
    pub(super) statement: Option<Statement>,
}

/// One line to be written.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its fields, encoded.
    pub(super) body: Vec<u8>,
    /// What it means for the intents of this process.
    pub(super) effect: Effect,
}

impl Trail {
    /// Opens the trail, or begins it; recovers what a crash left, and records that it was opened.
    pub(super) fn open(
        disk: Disk,
        settings: Settings,
        origin: Origin,
        now: DateTime<Utc>,
    ) -> Result<(Self, Key), Trouble> {
        let Settings {
            dir,
            rotate_bytes,
            rotate_age,
            low_water_bytes,
            ballast_bytes,
            signing_key,
            former_key,
            checkpoint_lines,
            checkpoint_age,
        } = settings;
        let directory = Directory::create(&dir)?;
        let lock = Arc::new(Lock::create(&directory)?);
        let held = lock.hold_soon(&directory)?;
        let key = Key::load(&directory)?;
        let signers = Signers::load(&directory, signing_key, former_key)?;
        let instance = id(now)?;
        let stamp = Arc::new(Stamp::new(origin, instance, key.id()));
        let mut trail = Self {
            instance: Instance::create(&directory, instance)?,
            space: Space::new(&directory, low_water_bytes, ballast_bytes)?,
            directory,
            lock: Arc::clone(&lock),
            stamp,
            disk,
            rotate_bytes,
            rotate_age: TimeDelta::from_std(rotate_age).unwrap_or(TimeDelta::MAX),
            here: None,
            uncut: None,
            cutter: None,
            distrusted: false,
            own: Vec::new(),
            buffer: Vec::new(),
            signers,
            checkpoint_lines,
            checkpoint_age: TimeDelta::from_std(checkpoint_age).unwrap_or(TimeDelta::MAX),
            due: None,
        };
        let started = trail.start(&held, now);
        if started.is_err() {
            trail.instance.remove(&trail.directory);
        }
        started?;
        if let Some((_, place)) = &trail.here {
            let fd = place.fd.try_clone().map_err(|error| Trouble::System {
                step: "keep a segment open",
                cause: Errno::from_io_error(&error).unwrap_or(Errno::MFILE),
            })?;
            trail.cutter = Some((place.identity, fd));
        }
        drop(held);
        Ok((trail, key))
    }

    /// Whether a sync waits for nothing.
    pub(super) fn is_in_memory(&self) -> bool {
        #[cfg(test)]
        if let Some(in_memory) = self.disk.in_memory {
            return in_memory;
        }
        self.directory.is_in_memory()
    }

    /// Writes `entries` and returns once they are durable.
    pub(super) fn commit(&mut self, entries: &[Entry], now: DateTime<Utc>) -> Result<(), Trouble> {
        let lock = Arc::clone(&self.lock);
        let held = lock.hold(&self.directory)?;
        self.commit_held(&held, entries, now)
    }

    /// As [`Trail::commit`], under a lock that is held already.
    pub(super) fn commit_held(
        &mut self,
        held: &Held<'_>,
        entries: &[Entry],
        now: DateTime<Utc>,
    ) -> Result<(), Trouble> {
        match self.attempt(held, entries, now) {
            Err(trouble) if trouble.is_fullness() && self.space.release()? => {
                self.attempt(held, entries, now)
            }
            done => done,
        }
    }

    fn own_checkpoint(&self) -> Due {
        Due {
            key: Arc::clone(&self.signers.own),
            statement: None,
        }
    }

    /// Whether lines are known that no checkpoint covers.
    fn is_uncovered(&self) -> bool {
        let here = self.here.as_ref();
        here.is_some_and(|(_, place)| place.link.seq > place.spoken.seq)
    }

    fn is_old(&self, place: &Place, now: DateTime<Utc>) -> bool {
        // a clock that was set back must not keep the next one away for as long
        now.signed_duration_since(place.spoken.time).abs() >= self.checkpoint_age
    }

    /// The checkpoint that comes after `link`, if one does.
    fn due(&self, place: &Place, link: Link, now: DateTime<Utc>) -> Option<Due> {
        let lines = link.seq.saturating_sub(place.spoken.seq);
        let due = lines >= self.checkpoint_lines || (lines > 0 && self.is_old(place, now));
        let asked = self.due.clone();
        asked.or_else(|| due.then(|| self.own_checkpoint()))
    }

    /// Puts a checkpoint after `link` into the buffer.
    fn seal_checkpoint(
        &mut self,
        chain: &str,
        place: &mut Place,
        link: Link,
        due: &Due,
        now: DateTime<Utc>,
    ) -> Link {
        let statement = due.statement.as_ref();
        let body = checkpoint::body(&due.key, chain, &place.tree, statement, now);
        let link = chain::seal(&mut self.buffer, Type::Checkpoint, link, &body);
        place.tree.push(link.hash);
        place.spoken = Spoken {
            seq: link.seq,
            time: now,
            by: None,
        };
        link
    }

    fn attempt(
        &mut self,
        held: &Held<'_>,
        entries: &[Entry],
        now: DateTime<Utc>,
    ) -> Result<(), Trouble> {
        self.directory.check()?;
        self.settle(held, now)?;
        if self.own.is_empty() && entries.is_empty() && !self.is_uncovered() {
            // others covered it meanwhile
            self.due = None;
            return Ok(());
        }
        let effects = || entries.iter().map(|entry| entry.effect);
        let bodies = self
            .own
            .iter()
            .chain(entries.iter().map(|entry| &entry.body));
        let size: usize = bodies.map(|body| body.len() + OVERHEAD).sum();
        let (chain, mut place) = self.roll(held, size as u64, now)?;
        self.instance
            .announce(effects(), place.number, place.bytes)?;

        self.buffer.clear();
        let mut link = place.link;
        if place.bytes == 0 {
            let mut head = self.stamp.head(&chain, place.number, now);
            head.extend(checkpoint::head(self.signers.own.verifier(), &place.tree));
            link = chain::seal(&mut self.buffer, Type::Head, link, &head);
            place.tree.push(link.hash);
            place.since = Some(now);
        }
        let bodies = self
            .own
            .iter()
            .chain(entries.iter().map(|entry| &entry.body));
        for body in bodies {
            link = chain::seal(&mut self.buffer, Type::Event, link, body);
            place.tree.push(link.hash);
        }
        if let Some(due) = self.due(&place, link, now) {
            link = self.seal_checkpoint(&chain, &mut place, link, &due, now);
        }
        let (chain, place) = self.append(chain, place, link)?;
        self.own.clear();
        self.due = None;
        self.instance.written(effects());
        held.set_mark(&place.mark(&chain))?;
        self.here = Some((chain, place));
        Ok(())
    }

    /// Writes the buffer at `place`, or leaves the chain as it was.
    fn append(
        &mut self,
        chain: String,
        mut place: Place,
        link: Link,
    ) -> Result<(String, Place), Trouble> {
        let written = self.disk.append(&place.fd, &self.buffer);
        let synced = written.and_then(|()| {
            let synced = self.disk.sync(&place.fd);
            self.distrusted |= synced.is_err();
            synced
        });
        // INVARIANT: the chain is still held, so nobody has built upon what is cut off here
        if let Err(trouble) = synced {
            if self.disk.cut(&place.fd, place.bytes).is_err() {
                self.uncut = Some((chain, place));
            }
            return Err(trouble);
        }
        if place.bytes == 0 {
            self.directory.sync()?;
        }
        place.bytes += self.buffer.len() as u64;
        place.link = link;
        Ok((chain, place))
    }

    /// The place for `size` more bytes: `here`, or the beginning of another segment.
    fn roll(
        &mut self,
        held: &Held<'_>,
        size: u64,
        now: DateTime<Utc>,
    ) -> Result<(String, Place), Trouble> {
        let (chain, number, link, tree, spoken) = match self.here.take() {
            None => {
                let mut name = Vec::new();
                push_hex(&mut name, &random::<8>()?);
                let name = String::from_utf8(name).unwrap_or_default();
                let spoken = Spoken {
                    seq: 0,
                    time: now,
                    by: None,
                };
                (name, 1, Link::START, Tree::default(), spoken)
            }
            Some((chain, place)) if !self.is_full(&place, size, now) => return Ok((chain, place)),
            Some((chain, place)) if place.ended || self.distrusted => {
                let (number, link) = (place.number + 1, place.link);
                (chain, number, link, place.tree, place.spoken)
            }
            Some((chain, mut place)) => {
                self.buffer.clear();
                let mut link = place.link;
                if link.seq > place.spoken.seq {
                    let due = self.own_checkpoint();
                    link = self.seal_checkpoint(&chain, &mut place, link, &due, now);
                }
                let body = Stamp::tail(&chain, place.number, now);
                link = chain::seal(&mut self.buffer, Type::Tail, link, &body);
                place.tree.push(link.hash);
                let (chain, place) = self.append(chain, place, link)?;
                held.set_mark(&place.mark(&chain))?;
                held.sync()?;
                let (number, link) = (place.number + 1, place.link);
                (chain, number, link, place.tree, place.spoken)
            }
        };
        let fd = self
            .directory
            .create_file(&segment_name(&chain, number), "make a segment")?;
        self.directory.sync()?;
        self.distrusted = false;
        let stat = rustix::fs::fstat(&fd).map_err(system("make a segment"))?;
        let place = Place {
            number,
            identity: Identity::of(&stat),
            fd,
            bytes: 0,
            link,
            since: None,
            ended: false,
            tree,
            spoken,
        };
        Ok((chain, place))
    }

    fn is_full(&self, place: &Place, size: u64, now: DateTime<Utc>) -> bool {
        let old = |since| now.signed_duration_since(since) >= self.rotate_age;
        let begun = place.bytes > 0;
        let large = place.bytes.saturating_add(size) > self.rotate_bytes;
        begun && (place.ended || self.distrusted || large || place.since.is_some_and(old))
    }
}

/// A new id for a record of the trail's own.
pub(super) fn id(now: DateTime<Utc>) -> Result<Uuid, Trouble> {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    Ok(uuid::Builder::from_unix_timestamp_millis(millis, &random()?).into_uuid())
}

/// The most lines of its own that a trail keeps for later.
const MAX_OWN: usize = 16;
/// What a line takes beyond its fields, at most.
const OVERHEAD: usize = 256;
