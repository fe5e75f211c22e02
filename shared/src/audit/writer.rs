//! The one thread that writes: takes all that waits, commits it at once, tells all who wait.
//!
//! # Invariants
//!
//! - Nothing that was queued is dropped unanswered: it is written, or its sender is told why not.
//! - Memory is bounded by the permits that senders hold while their records wait.

use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::oneshot;

use super::instance::Effect;
use super::record::Record;
use super::trail;
use super::trail::Entry;
use super::trail::Trail;
use super::trouble::Trouble;
use super::words::Kind;

/// One record on its way.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) entry: Entry,
    pub(super) time: DateTime<Utc>,
    /// Whether it may be refused when space is low.
    pub(super) is_work: bool,
    pub(super) sender: Sender,
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

/// Who waits for it.
#[derive(Debug)]
pub(super) enum Sender {
    /// A task.
    Task(oneshot::Sender<Result<(), Trouble>>),
    /// A thread.
    Thread(SyncSender<Result<(), Trouble>>),
}

/// Where records wait for the writer.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    bell: Condvar,
    healthy: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Item>,
    closed: bool,
}

impl Queue {
    /// An empty queue.
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::default(),
            bell: Condvar::new(),
            healthy: AtomicBool::new(true),
        }
    }

    /// Adds `item`.
    pub(super) fn push(&self, item: Item) -> Result<(), Trouble> {
        let mut state = self.state();
        if state.closed {
            return Err(Trouble::Closed);
        }
        state.waiting.push(item);
        drop(state);
        self.bell.notify_one();
        Ok(())
    }

    /// Takes no more; what waits is still written.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.bell.notify_one();
    }

    /// There is no room for work, or somebody waited for the disk in vain.
    pub(super) fn distrust(&self) {
        self.healthy.store(false, Ordering::Release);
    }

    /// Whether the last attempt to write succeeded and there is room for more.
    pub(super) fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Acquire)
    }

    /// Waits, but not longer than `patience`, and moves what waits into `batch`. Answers whether
    /// there may be more.
    fn take(&self, batch: &mut Vec<Item>, patience: Option<Duration>) -> bool {
        let mut state = self.state();
        let until = patience.map(|patience| Instant::now() + patience);
        while state.waiting.is_empty() && !state.closed {
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self
                    .bell
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => break,
                Some(left) => {
                    let waited = self.bell.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        if state.waiting.len() <= BATCH {
            std::mem::swap(batch, &mut state.waiting);
        } else {
            batch.extend(state.waiting.drain(..BATCH));
        }
        !(state.closed && batch.is_empty())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sender {
    fn tell(self, result: Result<(), Trouble>) {
        // who waits no longer is not told
        match self {
            Self::Task(sender) => drop(sender.send(result)),
            Self::Thread(sender) => drop(sender.try_send(result)),
        }
    }
}

/// The writer, before it becomes a thread.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) queue: Arc<Queue>,
    pub(super) trail: Trail,
    /// When the last record happened, and when that was.
    pub(super) clock: (DateTime<Utc>, Instant),
    /// How many records could not be written since the last one that could.
    pub(super) lost: u64,
}

/// What is left when the thread ends, even by a panic: nobody waits for ever.
struct End(Arc<Queue>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.healthy.store(false, Ordering::Release);
        let mut state = self.0.state();
        state.closed = true;
        for item in state.waiting.drain(..) {
            item.sender.tell(Err(Trouble::Closed));
        }
    }
}

impl Writer {
    /// Writes until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let end = End(Arc::clone(&self.queue));
        let mut batch = Vec::new();
        loop {
            let patience = (!self.queue.is_healthy()).then_some(PROBE);
            if !self.queue.take(&mut batch, patience) {
                break;
            }
            if let Some(latest) = batch.iter().map(|item| item.time).max() {
                self.clock = (latest, Instant::now());
            }
            self.write(&mut batch);
        }
        if let Err(trouble) = self.trail.finish(self.now()) {
            report(trouble, self.lost);
        }
        drop(end);
    }

    fn write(&mut self, batch: &mut Vec<Item>) {
        let low = self.trail.space.is_low(&self.trail.directory);
        if low {
            self.queue.distrust();
        }
        let mut entries = Vec::with_capacity(batch.len() + 1);
        let mut waiting = Vec::with_capacity(batch.len());
        for Item {
            entry,
            is_work,
            sender,
            permit,
            ..
        } in batch.drain(..)
        {
            if low && is_work {
                sender.tell(Err(Trouble::LowSpace));
            } else {
                entries.push(entry);
                waiting.push((sender, permit));
            }
        }
        let asked = entries.len() as u64;
        let result = self.commit(entries, low);
        self.queue
            .healthy
            .store(result.is_ok() && !low, Ordering::Release);
        if let Err(trouble) = result {
            report(trouble, asked);
            // at least one, so that the next success is told even if only a probe failed
            self.lost = self.lost.saturating_add(asked).max(1);
        }
        for (sender, permit) in waiting {
            sender.tell(result);
            drop(permit);
        }
    }

    fn commit(&mut self, mut entries: Vec<Entry>, low: bool) -> Result<(), Trouble> {
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
            return Ok(());
        }
        self.trail.commit(&entries, self.clock.0)?;
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

/// The most records that are written at once.
const BATCH: usize = 256;
/// How long after a failure it is tried again, if nobody asks before.
const PROBE: Duration = Duration::from_secs(1);
