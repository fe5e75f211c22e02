//! The audit trail: append-only, hash-chained, durable before the answer leaves, fail-closed.
//!
//! | module        | answers                                                      |
//! |---------------|--------------------------------------------------------------|
//! | `record`      | what is recorded?                                            |
//! | `encode`      | how does any text become one bounded ASCII line?             |
//! | `chain`       | how is a line bound to the one before it?                    |
//! | `merkle`      | which one hash stands for all lines?                         |
//! | `note`        | how does a key sign that hash, so that others can check it?  |
//! | `checkpoint`  | what does the trail say of its own tree?                     |
//! | `signing`     | whose keys sign it?                                          |
//! | `segment`     | are these the next lines of the chain?                       |
//! | `directory`   | is this file ours, and still the one we opened?              |
//! | `mark`        | who may write now, and how far is the chain durable?         |
//! | `place`       | where does the chain end?                                    |
//! | `torn`        | what is kept of a line that a crash cut off?                 |
//! | `trail`       | how is a batch appended, and what if that fails?             |
//! | `queue`       | where do records wait, and who is told?                      |
//! | `writer`      | how do many requests share one sync?                         |
//! | `instance`    | which processes died, and what did they leave open?          |
//! | `space`       | is there room for more, or for denials only?                 |
//! | `trust`       | what is a trail held against?                                |
//! | `verify`      | is the trail what was written?                               |
//! | `read`        | which records are there, one after the other?                |
//! | `event`       | what does a record say?                                      |
//! | `pass`        | how do all lines go by once more?                            |
//! | `proof`       | how is one line shown without the others?                    |
//! | `prune`       | what may be removed, and who said so?                        |
//! | `access`      | who read the trail itself?                                   |
//! | `report`      | what is said of it, and what is not excluded?                |
//!
//! Several processes may share a directory; each appends under a lock, and no daemon is needed.
//! A segment gets its `tail` when it is rotated. A process that stops leaves a record of it and
//! no tail, for the others, and its own next start, go on in the same segment.
//!
//! A sandbox must allow beneath the directory: list, read, append, and making regular files.
//! Renaming and removing are needed before it shuts only; so is truncating, but for one case: a
//! line that a failed write left in a file that was made since is cut off at the next start, and
//! until then every record is refused.
//!
//! # Invariants
//!
//! - [`Audit::write`] answers `Ok` only when the record is on the disk and in the chain.
//! - Nothing is ever dropped: a full queue waits, then refuses; a failed write refuses all that
//!   waited, and every one after it until one is durable again.
//! - Line and file survive any text, any kill, and a full disk; what was acknowledged is never
//!   cut off by a recovery.

mod access;
mod chain;
mod checkpoint;
mod directory;
mod disk;
mod encode;
mod event;
mod instance;
mod key;
mod lines;
mod mark;
mod merkle;
mod note;
mod origin;
mod pass;
mod place;
mod proof;
mod prune;
mod queue;
mod read;
mod record;
mod report;
mod segment;
mod signing;
mod space;
mod torn;
mod trail;
mod trouble;
mod trust;
mod verify;
mod words;
mod writer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;
use tokio::sync::oneshot;
use tokio::time::timeout;

pub use self::access::record_access;
pub use self::chain::Hash;
pub use self::chain::Link;
pub use self::chain::Why;
pub use self::event::Event;
pub use self::event::Field;
pub use self::note::Checkpoint;
pub use self::note::KeyError;
pub use self::note::NotACheckpoint;
pub use self::note::SigningKey;
pub use self::note::VerifierKey;
pub use self::origin::Origin;
pub use self::proof::Consistency;
pub use self::proof::Proof;
pub use self::proof::ProofError;
pub use self::proof::prove_consistency;
pub use self::proof::prove_inclusion;
pub use self::prune::Pruned;
pub use self::prune::Retention;
pub use self::prune::prune;
pub use self::prune::would_prune;
pub use self::read::Next;
pub use self::read::Position;
pub use self::read::Reader;
pub use self::read::Segment;
pub use self::record::Marking;
pub use self::record::Record;
pub use self::report::Caveat;
pub use self::report::Report;
pub use self::report::Verdict;
pub use self::trouble::Trouble;
pub use self::trust::Trust;
pub use self::verify::verify;
pub use self::verify::verify_showing;
pub use self::words::Decision;
pub use self::words::Kind;
pub use self::words::Outcome;
pub use self::words::Phase;

use self::disk::Disk;
use self::instance::Effect;
use self::key::Key;
use self::origin::Stamp;
use self::queue::Item;
use self::queue::Line;
use self::queue::Queue;
use self::queue::Sender;
use self::trail::Entry;
use self::trail::Trail;
use self::writer::Turn;
use self::writer::Writer;
use crate::error::Fault;
use crate::together::give_way;

/// How a trail is kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where: a directory of its own, shared by all servers that write one chain.
    pub dir: PathBuf,
    /// A segment that would become larger is ended.
    pub rotate_bytes: u64,
    /// A segment that is older is ended.
    pub rotate_age: Duration,
    /// With less free space on the disk, new work is refused; 0 turns that off.
    pub low_water_bytes: u64,
    /// Room that is kept for the denials on a full disk, and for the end; 0 keeps none.
    pub ballast_bytes: u64,
    /// Who signs the checkpoints; without it, a key that is made beside the trail.
    pub signing_key: Option<Arc<SigningKey>>,
    /// Who signed them before, so that it can hand over to `signing_key`.
    pub former_key: Option<Arc<SigningKey>>,
    /// After so many lines comes a checkpoint.
    pub checkpoint_lines: u64,
    /// After such a while, too, if there was a line.
    pub checkpoint_age: Duration,
}

impl Settings {
    /// The usual settings for a trail in `dir`.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            rotate_bytes: 64 << 20,
            rotate_age: Duration::from_secs(24 * 60 * 60),
            low_water_bytes: 64 << 20,
            ballast_bytes: 4 << 20,
            signing_key: None,
            former_key: None,
            checkpoint_lines: 1000,
            checkpoint_age: Duration::from_secs(60),
        }
    }
}

/// Why a trail was not opened: the server must not start.
#[derive(Debug, thiserror::Error)]
#[error("could not open the audit trail")]
pub struct OpenError(#[from] Trouble);

impl OpenError {
    /// What is wrong with it.
    #[must_use]
    pub const fn trouble(&self) -> Trouble {
        self.0
    }
}

/// An open trail.
pub struct Audit {
    stamp: Arc<Stamp>,
    key: Key,
    queue: Arc<Queue>,
    turn: Arc<Turn>,
    /// Whether a sync waits for nothing, so that whoever waits may write.
    in_memory: bool,
    permits: Arc<Semaphore>,
    ended: Mutex<Option<mpsc::Receiver<()>>>,
}

/// A trail that is open, and that nobody writes yet: what must happen while the process has one
/// thread happens now.
#[derive(Debug)]
pub struct Opened {
    trail: Trail,
    key: Key,
    checkpoint_age: Duration,
    now: DateTime<Utc>,
}

impl Opened {
    /// As [`Audit::open`], without the thread that writes.
    ///
    /// # Errors
    ///
    /// As [`Audit::open`].
    pub fn open(settings: Settings, origin: Origin, now: DateTime<Utc>) -> Result<Self, OpenError> {
        Ok(Self::open_on(Disk::default(), settings, origin, now)?)
    }

    fn open_on(
        disk: Disk,
        settings: Settings,
        origin: Origin,
        now: DateTime<Utc>,
    ) -> Result<Self, Trouble> {
        let checkpoint_age = settings.checkpoint_age;
        let (trail, key) = Trail::open(disk, settings, origin, now)?;
        Ok(Self {
            trail,
            key,
            checkpoint_age,
            now,
        })
    }

    /// Starts the thread that writes.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the system gives no thread.
    pub fn start(self) -> Result<Audit, OpenError> {
        Ok(self.start_writer()?)
    }

    fn start_writer(self) -> Result<Audit, Trouble> {
        let Self {
            trail,
            key,
            checkpoint_age,
            now,
        } = self;
        let stamp = Arc::clone(&trail.stamp);
        let in_memory = trail.is_in_memory();
        let queue = Arc::new(Queue::new(checkpoint_age));
        let writer = Writer::new(Arc::clone(&queue), trail, now);
        let turn = Arc::new(Turn::new(Some(writer)));
        let (end, ended) = mpsc::sync_channel(1);
        let (its_turn, its_queue) = (Arc::clone(&turn), Arc::clone(&queue));
        std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || {
                writer::run(&its_turn, &its_queue);
                drop(end);
            })
            .map_err(|error| Trouble::System {
                step: "start the writer",
                cause: rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::AGAIN),
            })?;
        Ok(Audit {
            stamp,
            key,
            queue,
            turn,
            in_memory,
            permits: Arc::new(Semaphore::new(WAITING)),
            ended: Mutex::new(Some(ended)),
        })
    }
}

impl Audit {
    /// Opens the trail, or begins it; recovers what a crash left, and records that it was opened.
    ///
    /// # Errors
    ///
    /// [`OpenError`] if the directory is not safe, cannot be written, or does not hold what was
    /// written into it.
    pub fn open(settings: Settings, origin: Origin, now: DateTime<Utc>) -> Result<Self, OpenError> {
        Opened::open(settings, origin, now)?.start()
    }

    #[cfg(test)]
    fn open_on(
        disk: Disk,
        settings: Settings,
        origin: Origin,
        now: DateTime<Utc>,
    ) -> Result<Self, Trouble> {
        Opened::open_on(disk, settings, origin, now)?.start_writer()
    }

    /// Writes `record`, and returns once it is durable. Needs a runtime with timers.
    ///
    /// Who drops the future early does not learn whether the record was written.
    ///
    /// # Errors
    ///
    /// A [`Fault`] if it is not durable; then the answer it stands for must not leave.
    #[expect(clippy::needless_pass_by_value, reason = "a record is written once")]
    pub fn write<'a>(
        &'a self,
        record: Record<'_>,
    ) -> impl Future<Output = Result<(), Fault>> + Send + use<'a> {
        // now: what it borrows need not live until it is durable
        let line = self.line(&record);
        self.write_line(line)
    }

    async fn write_line(&self, line: Line) -> Result<(), Fault> {
        let permit = self.place().await?;
        let (sender, mut answer) = oneshot::channel();
        let sender = Sender::Task(sender, Handle::current());
        self.push(line, sender, Some(permit))?;
        let mut ring = Ring(Some(&self.queue));
        if self.in_memory {
            give_way().await;
            if answer.is_empty() {
                writer::run_once(&self.turn, &self.queue);
            }
            if let Ok(written) = answer.try_recv() {
                ring.0 = None;
                return written.map_err(refused);
            }
        }
        drop(ring);
        match timeout(WRITTEN, answer).await {
            Ok(Ok(written)) => written.map_err(refused),
            Ok(Err(_)) => Err(refused(Trouble::Closed)),
            Err(_) => Err(self.slow()),
        }
    }

    /// As [`Audit::write`], for what is recorded before and after there is a runtime.
    ///
    /// # Errors
    ///
    /// As [`Audit::write`].
    #[expect(clippy::needless_pass_by_value, reason = "a record is written once")]
    pub fn write_blocking(&self, record: Record<'_>) -> Result<(), Fault> {
        let (sender, answer) = mpsc::sync_channel(1);
        self.push(self.line(&record), Sender::Thread(sender), None)?;
        self.queue.ring();
        match answer.recv_timeout(WRITTEN) {
            Ok(written) => written.map_err(refused),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(refused(Trouble::Closed)),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(self.slow()),
        }
    }

    /// Whether records can be written: the last attempt succeeded, and there is room for work.
    /// Where not, it is tried again every second.
    #[must_use]
    pub fn healthy(&self) -> bool {
        self.queue.is_healthy()
    }

    /// A keyed hash of `parts`, 32 hexadecimal digits, for what must be recognised but not be
    /// told: no dictionary reverses it without the key of this directory.
    #[must_use]
    pub fn hmac(&self, parts: &[&[u8]]) -> String {
        self.key.hmac(parts)
    }

    /// Writes what waits, records the end of this process in the trail, and ends it. Every
    /// later write is a fault.
    ///
    /// # Errors
    ///
    /// A [`Fault`] if the last record could not be written.
    pub fn close(&self, now: DateTime<Utc>) -> Result<(), Fault> {
        let id = trail::id(now).map_err(refused)?;
        let mut record = Record::new(Kind::Log, id, now);
        record.action = Some("close");
        let written = self.write_blocking(record);
        self.end();
        written
    }

    /// A place in the queue, held until the record is written.
    async fn place(&self) -> Result<OwnedSemaphorePermit, Fault> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let permit = timeout(QUEUED, Arc::clone(&self.permits).acquire_owned()).await;
        permit
            .map_err(|_| refused(Trouble::Slow("the queue of the trail")))?
            .map_err(|_| refused(Trouble::Closed))
    }

    fn line(&self, record: &Record<'_>) -> Line {
        let effect = match (record.phase, record.intent) {
            (_, Some(intent)) => Effect::Ends(intent),
            (Some(Phase::Intent), None) => Effect::Begins(record.id),
            (Some(Phase::Outcome) | None, None) => Effect::None,
        };
        Line {
            entry: Entry {
                body: record.encode(&self.stamp),
                effect,
            },
            time: record.time,
            is_work: record.is_work(),
        }
    }

    fn push(
        &self,
        line: Line,
        sender: Sender,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<(), Fault> {
        let item = Item {
            line,
            sender,
            permit,
        };
        self.queue.push(item).map_err(refused)
    }

    fn slow(&self) -> Fault {
        self.queue.distrust();
        refused(Trouble::Slow("the disk of the trail"))
    }

    fn end(&self) {
        self.queue.close();
        let ended = self
            .ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(ended) = ended {
            // a disk that does not answer must not keep the process alive
            let _ended = ended.recv_timeout(WRITTEN);
        }
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit")
            .field("instance", &self.stamp.instance)
            .field("healthy", &self.healthy())
            .finish_non_exhaustive()
    }
}

/// Wakes the writer's thread on drop: also for who stopped waiting before it was written.
struct Ring<'a>(Option<&'a Queue>);

impl Drop for Ring<'_> {
    fn drop(&mut self) {
        if let Some(queue) = self.0 {
            queue.ring();
        }
    }
}

fn refused(trouble: Trouble) -> Fault {
    Fault::new("write the audit record", trouble)
}

/// How many records may wait for the writer.
const WAITING: usize = 1024;
/// How long a record waits for its place in the queue.
const QUEUED: Duration = Duration::from_secs(5);
/// How long it waits for the disk.
const WRITTEN: Duration = Duration::from_secs(20);
