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
use super::directory::check_file;
use super::directory::segment_name;
use super::disk::Disk;
use super::instance::Dead;
use super::instance::Effect;
use super::instance::Instance;
use super::key::Key;
use super::key::random;
use super::mark::Held;
use super::mark::Lock;
use super::mark::Mark;
use super::merkle::Tree;
use super::note::SigningKey;
use super::origin::Origin;
use super::origin::Stamp;
use super::place;
use super::place::Place;
use super::place::Spoken;
use super::record::Record;
use super::signing::Signers;
use super::space::Space;
use super::torn;
use super::trouble::Trouble;
use super::trouble::system;
use super::words::Kind;
use super::words::Outcome;
use super::words::Phase;

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

    /// Recovers what dead processes left, and records that this one begins. The chain is held.
    pub(super) fn start(&mut self, held: &Held<'_>, now: DateTime<Utc>) -> Result<(), Trouble> {
        self.directory.check()?;
        self.settle(held, now)?;
        self.hand_over(held, now)?;
        let dead = Dead::all(&self.directory)?;
        if let Some((chain, _)) = &self.here {
            for process in &dead {
                for intent in process.open_intents(&self.directory, chain)? {
                    let unknown = unknown_outcome(intent, now)?;
                    self.own.push(unknown.encode(&self.stamp));
                }
            }
        }
        let mut open = Record::new(Kind::Log, id(now)?, now);
        open.action = Some("open");
        open.policy_hash = self.stamp.policy_hash.clone().map(Into::into);
        self.own.push(open.encode(&self.stamp));
        self.commit_held(held, &[], now)?;
        dead.iter()
            .try_for_each(|process| process.remove(&self.directory))?;
        held.sync()
    }

    /// Records how the intents of this process ended that nobody told the end of.
    pub(super) fn finish(&mut self, now: DateTime<Utc>) -> Result<(), Trouble> {
        let mut entries = Vec::new();
        for intent in self.instance.open_intents() {
            entries.push(Entry {
                body: unknown_outcome(intent, now)?.encode(&self.stamp),
                effect: Effect::Ends(intent),
            });
        }
        let due = self.is_uncovered();
        self.due = due.then(|| self.own_checkpoint());
        if due || !entries.is_empty() {
            self.commit(&entries, now)?;
        }
        self.instance.remove(&self.directory);
        Ok(())
    }

    /// Signs what this process wrote a while ago, when nothing followed that would have made it.
    pub(super) fn cover(&mut self, now: DateTime<Utc>) -> Result<(), Trouble> {
        let old = |place: &Place| self.is_old(place, now);
        if !self.is_uncovered() || !self.here.as_ref().is_some_and(|(_, place)| old(place)) {
            return Ok(());
        }
        self.due = Some(self.own_checkpoint());
        self.commit(&[], now)
    }

    /// Where another key spoke for the chain, the chain is told that this one does now, by the
    /// other one if it is at hand.
    fn hand_over(&mut self, held: &Held<'_>, now: DateTime<Utc>) -> Result<(), Trouble> {
        let own = self.signers.own.verifier().clone();
        let Some((_, place)) = &self.here else {
            return Ok(());
        };
        let Some(speaker) = place.spoken.by.clone() else {
            return Ok(());
        };
        if speaker.is_forged(&own) {
            return Err(Trouble::Damaged("the last checkpoint of the trail"));
        }
        if speaker.is(&own) {
            return Ok(());
        }
        let former = self.signers.former(&speaker);
        let mut rotate = Record::new(Kind::Admin, id(now)?, now);
        rotate.action = Some("rotate");
        if let Some(former) = &former {
            rotate.notes.insert("key.old.id", former.verifier().id());
        }
        rotate.notes.insert("key.new.id", own.id());
        rotate.notes.insert("key.new", own.to_string());
        self.own.push(rotate.encode(&self.stamp));
        self.due = Some(Due {
            key: former.unwrap_or_else(|| Arc::clone(&self.signers.own)),
            statement: Some(Statement::Rotate(own)),
        });
        self.commit_held(held, &[], now)
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

    /// Makes sure that `here` is the end of the chain, unless there is no chain yet.
    fn settle(&mut self, held: &Held<'_>, now: DateTime<Utc>) -> Result<(), Trouble> {
        let mark = held.mark()?;
        self.cut_again(mark.as_ref())?;
        if self.is_here(mark.as_ref()) {
            return Ok(());
        }
        let known = self.here.take();
        let Some(found) = place::find(&self.directory, mark.as_ref(), known)? else {
            return Ok(());
        };
        let (chain, mut place) = (found.chain, found.place);
        if let Some((identity, fd)) = &self.cutter
            && *identity == place.identity
            && let Ok(fd) = fd.try_clone()
        {
            place.fd = fd;
        }
        if found.torn > 0 {
            let event = torn::set_aside(&self.directory, &chain, &place, found.torn, now)?;
            self.disk.cut(&place.fd, place.bytes)?;
            self.tell(&event);
        } else if mark.is_none() {
            let mut event = Record::new(Kind::Log, id(now)?, now);
            event.action = Some("recover");
            event.reason = Some("the mark was missing".into());
            self.tell(&event);
        }
        if place.bytes > 0 && mark.as_ref() != Some(&place.mark(&chain)) {
            // lines that were written but perhaps never synced: now they are, or we stop here
            self.disk.sync(&place.fd)?;
            self.directory.sync()?;
            held.set_mark(&place.mark(&chain))?;
        }
        self.here = Some((chain, place));
        Ok(())
    }

    /// Puts a line of the trail's own before the next ones.
    fn tell(&mut self, event: &Record<'_>) {
        // while nothing can be written, the same must not pile up
        if self.own.len() < MAX_OWN {
            self.own.push(event.encode(&self.stamp));
        }
    }

    /// Whether the end that is remembered is the end, and its file still the one that was opened
    /// and the last one.
    fn is_here(&self, mark: Option<&Mark>) -> bool {
        let Some((chain, place)) = &self.here else {
            return false;
        };
        let there = self.directory.look(&segment_name(chain, place.number));
        // another process may have gone on in the next file and failed: without a mark, and with
        // lines that it could not cut off
        let next = segment_name(chain, place.number.saturating_add(1));
        mark == Some(&place.mark(chain))
            && matches!(place::is_there(&self.directory, &next), Ok(false))
            && there.is_ok_and(|stat| {
                Identity::of(&stat) == place.identity
                    && u64::try_from(stat.st_size) == Ok(place.bytes)
                    && check_file(&stat).is_ok()
            })
    }

    /// Cuts off what could not be cut off before, unless others have built upon it since.
    fn cut_again(&mut self, mark: Option<&Mark>) -> Result<(), Trouble> {
        if let Some((chain, place)) = &self.uncut {
            let untouched = match mark {
                Some(mark) if place.bytes > 0 => *mark == place.mark(chain),
                Some(mark) => mark.segment < place.number,
                None => place.bytes == 0,
            };
            if untouched {
                self.disk.cut(&place.fd, place.bytes)?;
            }
            self.uncut = None;
        }
        Ok(())
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

fn unknown_outcome(intent: Uuid, now: DateTime<Utc>) -> Result<Record<'static>, Trouble> {
    let mut record = Record::new(Kind::Request, id(now)?, now);
    record.phase = Some(Phase::Outcome);
    record.intent = Some(intent);
    record.outcome = Some(Outcome::Unknown);
    record.reason = Some("the process ended in between".into());
    Ok(record)
}

/// The most lines of its own that a trail keeps for later.
const MAX_OWN: usize = 16;
/// What a line takes beyond its fields, at most.
const OVERHEAD: usize = 256;
