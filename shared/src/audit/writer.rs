//! Who writes: takes all that waits, commits it at once, tells all who wait.
//!
//! That is a thread of its own, since a disk may take its time. Where the trail is in memory and
//! a sync costs nothing, whoever waits writes, with all that others queued meanwhile: then nobody
//! waits for a thread to wake.
//!
//! # Invariants
//!
//! - One at a time writes, and it writes in the order of the queue.
//! - Who must not block writes only where no disk and no other process can make it wait.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

use super::instance::Effect;
use super::mark::Held;
use super::queue;
use super::queue::Item;
use super::queue::Queue;
use super::queue::Senders;
use super::record::Record;
use super::trail;
use super::trail::Entry;
use super::trail::Trail;
use super::trouble::Trouble;
use super::words::Kind;

/// The writer.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Arc<Queue>,
    /// Empty between two batches, and kept for its memory.
    batch: Vec<Item>,
    trail: Trail,
    /// When the last record happened, and when that was.
    clock: (DateTime<Utc>, Instant),
    /// How many records could not be written since the last one that could.
    lost: u64,
}

/// What is left when the thread ends, even by a panic: nobody waits for ever.
struct End(Arc<Queue>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.give_up();
    }
}

/// The writer, for whose turn it is; nothing once the trail is closed.
pub(super) type Turn = Mutex<Option<Writer>>;

/// Writes on a thread of its own until the queue is closed and empty.
pub(super) fn run(turn: &Turn, queue: &Arc<Queue>) {
    let end = End(Arc::clone(queue));
    while queue.wait() {
        let mut writer = turn.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(writing) = writer.as_mut() else {
            break;
        };
        let (senders, result) = writing.write(None);
        drop(writer);
        queue::tell_from_afar(senders, result);
    }
    let writer = turn.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(mut writer) = writer {
        let now = writer.now();
        if let Err(trouble) = writer.trail.finish(now) {
            report(trouble, writer.lost);
        }
    }
    drop(end);
}

/// Writes what waits, if nobody else does just now. Only where that does not block.
pub(super) fn run_once(turn: &Turn, queue: &Queue) {
    // taken by another, or a panic amid a batch: the thread goes on
    let Ok(mut writer) = turn.try_lock() else {
        return queue.ring();
    };
    let Some(writing) = writer.as_mut() else {
        return;
    };
    let lock = Arc::clone(&writing.trail.lock);
    let Ok(Some(held)) = lock.try_hold(&writing.trail.directory) else {
        return queue.ring();
    };
    let (senders, result) = writing.write(Some(&held));
    drop(held);
    drop(writer);
    queue::tell(senders, result);
    if result.is_err() {
        // the thread tries again in a while
        queue.ring();
    }
}

impl Writer {
    /// A writer of what waits in `queue`, to be given to [`run`].
    pub(super) fn new(queue: Arc<Queue>, trail: Trail, now: DateTime<Utc>) -> Self {
        Self {
            queue,
            batch: Vec::new(),
            trail,
            clock: (now, Instant::now()),
            lost: 0,
        }
    }

    /// Writes a batch; who is to be told, and what.
    fn write(&mut self, held: Option<&Held<'_>>) -> (Senders, Result<(), Trouble>) {
        self.queue.take(&mut self.batch);
        if let Some(latest) = self.batch.iter().map(|item| item.line.time).max() {
            self.clock = (latest, Instant::now());
        }
        let low = self.trail.space.is_low(&self.trail.directory);
        if low {
            self.queue.distrust();
        }
        let mut entries = Vec::with_capacity(self.batch.len() + 1);
        let mut waiting = Vec::with_capacity(self.batch.len());
        let mut refused = Vec::new();
        for item in self.batch.drain(..) {
            if low && item.line.is_work {
                refused.push((item.sender, item.permit));
            } else {
                entries.push(item.line.entry);
                waiting.push((item.sender, item.permit));
            }
        }
        if !refused.is_empty() {
            queue::tell_from_afar(refused, Err(Trouble::LowSpace));
        }
        let asked = entries.len() as u64;
        let result = self.commit(entries, low, held);
        self.queue.set_healthy(result.is_ok() && !low);
        if let Err(trouble) = result {
            report(trouble, asked);
            // at least one, so that the next success is told even if only a probe failed
            self.lost = self.lost.saturating_add(asked).max(1);
        }
        (waiting, result)
    }

    fn commit(
        &mut self,
        mut entries: Vec<Entry>,
        low: bool,
        held: Option<&Held<'_>>,
    ) -> Result<(), Trouble> {
        if self.lost > 0 && !(low && entries.is_empty()) {
            let now = self.now();
            let mut resume = Record::new(Kind::Log, trail::id(now)?, now);
            resume.action = Some("resume");
            resume.figures.insert("lost.records", self.lost);
            let entry = Entry {
                body: resume.encode(&self.trail.stamp),
                effect: Effect::None,
            };
            entries.insert(0, entry);
        }
        if entries.is_empty() {
            let now = self.now();
            return self.trail.cover(now);
        }
        match held {
            Some(held) => self.trail.commit_held(held, &entries, self.clock.0)?,
            None => self.trail.commit(&entries, self.clock.0)?,
        }
        self.lost = 0;
        Ok(())
    }

    fn now(&self) -> DateTime<Utc> {
        let (time, at) = self.clock;
        TimeDelta::from_std(at.elapsed()).map_or(time, |passed| time + passed)
    }
}

fn report(trouble: Trouble, records: u64) {
    let cause = std::error::Error::source(&trouble).map(ToString::to_string);
    tracing::error!(%trouble, cause, records, "the audit trail could not be written");
}
