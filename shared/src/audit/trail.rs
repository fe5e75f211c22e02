//! Appends to the chain: hold the lock, find the end, write, sync, mark, let go.
//!
//! # Invariants
//!
//! - [`Trail::commit`] answers `Ok` only once every line it was given is durable.
//! - After a failure nothing that is remembered of the end of the chain is used again: it is
//!   cut back to the mark under the same lock, and found anew the next time.
//! - After a failed sync the file is not trusted any more: the chain goes on in another one.

use std::sync::Arc;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use uuid::Uuid;

use super::chain;
use super::chain::Link;
use super::chain::Type;
use super::chain::push_hex;
use super::directory::Directory;
use super::directory::Identity;
use super::directory::check_file;
use super::directory::segment_name;
use super::disk::Disk;
use super::instance::Dead;
use super::instance::Effect;
use super::instance::Instance;
use super::key::random;
use super::mark::Held;
use super::mark::Lock;
use super::mark::Mark;
use super::origin::Stamp;
use super::place;
use super::place::Place;
use super::record::Record;
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
    /// Whether the chain must go on in another file.
    pub(super) distrusted: bool,
    /// Lines of the trail's own that go before the next ones.
    pub(super) own: Vec<Vec<u8>>,
    pub(super) buffer: Vec<u8>,
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
        if !entries.is_empty() {
            self.commit(&entries, now)?;
        }
        self.instance.remove(&self.directory);
        Ok(())
    }

    fn attempt(
        &mut self,
        held: &Held<'_>,
        entries: &[Entry],
        now: DateTime<Utc>,
    ) -> Result<(), Trouble> {
        self.directory.check()?;
        self.settle(held, now)?;
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
            let head = self.stamp.head(&chain, place.number, now);
            link = chain::seal(&mut self.buffer, Type::Head, link, &head);
            place.since = Some(now);
        }
        let bodies = self
            .own
            .iter()
            .chain(entries.iter().map(|entry| &entry.body));
        for body in bodies {
            link = chain::seal(&mut self.buffer, Type::Event, link, body);
        }
        let (chain, place) = self.append(chain, place, link)?;
        self.own.clear();
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
        self.here = None;
        let Some(found) = place::find(&self.directory, mark.as_ref())? else {
            return Ok(());
        };
        let (chain, place) = (found.chain, found.place);
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

    /// Whether the end that is remembered is the end, and its file still the one that was opened.
    fn is_here(&self, mark: Option<&Mark>) -> bool {
        let Some((chain, place)) = &self.here else {
            return false;
        };
        let there = self.directory.look(&segment_name(chain, place.number));
        mark == Some(&place.mark(chain))
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
        let (chain, number, link) = match self.here.take() {
            None => {
                let mut name = Vec::new();
                push_hex(&mut name, &random::<8>()?);
                let name = String::from_utf8(name).unwrap_or_default();
                (name, 1, Link::START)
            }
            Some((chain, place)) if !self.is_full(&place, size, now) => return Ok((chain, place)),
            Some((chain, place)) if place.ended || self.distrusted => {
                (chain, place.number + 1, place.link)
            }
            Some((chain, place)) => {
                let body = Stamp::tail(&chain, place.number, now);
                self.buffer.clear();
                let link = chain::seal(&mut self.buffer, Type::Tail, place.link, &body);
                let (chain, place) = self.append(chain, place, link)?;
                held.set_mark(&place.mark(&chain))?;
                held.sync()?;
                (chain, place.number + 1, place.link)
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
