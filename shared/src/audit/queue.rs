//! Where records wait for whoever writes: the writer's thread, or one of those who wait.
//!
//! # Invariants
//!
//! - Nothing that was queued is dropped unanswered: it is written, or its sender is told why not.
//! - Memory is bounded by the permits that senders hold while their records wait.

use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::oneshot;

use super::trail::Entry;
use super::trouble::Trouble;

/// One record on its way.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) line: Line,
    pub(super) sender: Sender,
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

/// A record, encoded.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) entry: Entry,
    pub(super) time: DateTime<Utc>,
    /// Whether it may be refused when space is low.
    pub(super) is_work: bool,
}

/// Who waits for it.
#[derive(Debug)]
pub(super) enum Sender {
    /// A task of this runtime.
    Task(oneshot::Sender<Result<(), Trouble>>, Handle),
    /// A thread.
    Thread(SyncSender<Result<(), Trouble>>),
}

/// Senders to be told, with what they hold until then.
pub(super) type Senders = Vec<(Sender, Option<OwnedSemaphorePermit>)>;

/// The queue.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    bell: Condvar,
    healthy: AtomicBool,
    /// How long the writer's thread sleeps at most: then it looks whether a checkpoint is due.
    longest: Duration,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<Item>,
    closed: bool,
    /// Whether the writer's thread sleeps, so that the bell must be rung.
    asleep: bool,
}

impl Queue {
    /// An empty queue.
    pub(super) fn new(longest: Duration) -> Self {
        Self {
            state: Mutex::default(),
            bell: Condvar::new(),
            healthy: AtomicBool::new(true),
            longest,
        }
    }

    /// Adds `item`. Nobody writes it until [`Queue::ring`] or [`Queue::take`].
    pub(super) fn push(&self, item: Item) -> Result<(), Trouble> {
        let mut state = self.state();
        if state.closed {
            return Err(Trouble::Closed);
        }
        state.waiting.push(item);
        Ok(())
    }

    /// Wakes the writer's thread: something waits, or it was closed, or the disk failed.
    pub(super) fn ring(&self) {
        let asleep = std::mem::take(&mut self.state().asleep);
        if asleep {
            self.bell.notify_one();
        }
    }

    /// Takes no more; what waits is still written.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.ring();
    }

    /// Takes no more, and tells all who wait.
    pub(super) fn give_up(&self) {
        self.distrust();
        let mut state = self.state();
        state.closed = true;
        for item in state.waiting.drain(..) {
            item.sender.tell(Err(Trouble::Closed));
        }
    }

    /// Says how the last attempt to write ended.
    pub(super) fn set_healthy(&self, healthy: bool) {
        self.healthy.store(healthy, Ordering::Release);
    }

    /// There is no room for work, or somebody waited for the disk in vain.
    pub(super) fn distrust(&self) {
        self.set_healthy(false);
    }

    /// Whether the last attempt to write succeeded and there is room for more.
    pub(super) fn is_healthy(&self) -> bool {
        self.healthy.load(Ordering::Acquire)
    }

    /// Waits until there is something, or until it is time to try a failing disk again. Answers
    /// whether there may be more.
    pub(super) fn wait(&self) -> bool {
        let mut state = self.state();
        while state.waiting.is_empty() && !state.closed {
            state.asleep = true;
            let longest = if self.is_healthy() {
                self.longest
            } else {
                PROBE
            };
            let woken = self.bell.wait_timeout(state, longest);
            let (next, waited) = woken.unwrap_or_else(PoisonError::into_inner);
            state = next;
            if waited.timed_out() {
                break;
            }
        }
        state.asleep = false;
        !(state.closed && state.waiting.is_empty())
    }

    /// Moves what waits into `batch`, which is empty.
    pub(super) fn take(&self, batch: &mut Vec<Item>) {
        let waiting = &mut self.state().waiting;
        if waiting.len() <= BATCH {
            std::mem::swap(batch, waiting);
        } else {
            batch.extend(waiting.drain(..BATCH));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sender {
    fn tell(self, result: Result<(), Trouble>) {
        // who waits no longer is not told
        match self {
            Self::Task(sender, _) => drop(sender.send(result)),
            Self::Thread(sender) => drop(sender.try_send(result)),
        }
    }
}

/// Tells all `senders`, from a thread of their runtime.
pub(super) fn tell(senders: Senders, result: Result<(), Trouble>) {
    for (sender, permit) in senders {
        sender.tell(result);
        drop(permit);
    }
}

/// Tells all `senders`, from another thread. To wake a runtime costs a system call, so it is
/// woken once, and its tasks wake each other.
pub(super) fn tell_from_afar(senders: Senders, result: Result<(), Trouble>) {
    let runtime = senders.iter().find_map(|(sender, _)| match sender {
        Sender::Task(_, runtime) => Some(runtime.clone()),
        Sender::Thread(_) => None,
    });
    match runtime.filter(|_| senders.len() > 1) {
        // should the runtime end first, then with it all who wait
        Some(runtime) => drop(runtime.spawn(async move { tell(senders, result) })),
        None => tell(senders, result),
    }
}

/// The most records that are written at once.
const BATCH: usize = 256;
/// How long after a failure it is tried again, if nobody asks before.
const PROBE: Duration = Duration::from_secs(1);
