//! Gives each statement its turn: a connection of its own, for as long as it may run.
//!
//! # Invariants
//!
//! - A connection goes back only after a statement that succeeded. After anything else it is
//!   closed, so that nobody gets what somebody left.
//! - A statement ends when its caller cancels, when the request's time is over, or its own.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use guard::call::Call;
use guard::error::Denial;
use guard::error::Refusal;
use guard::error::fault;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::door::Door;
use super::door::Mode;
use super::file::File;
use super::wall::Wall;

/// Connections of one kind.
#[derive(Debug)]
pub(super) struct Pool {
    file: Arc<File>,
    wall: Arc<Wall>,
    mode: Mode,
    room: Arc<Semaphore>,
    idle: Mutex<Vec<Door>>,
}

/// One statement's use of a connection.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    pub(super) door: &'a Door,
    pub(super) end: &'a End,
}

/// When a statement has to end.
#[derive(Clone, Debug)]
pub(super) struct End {
    call: Call,
    at: Instant,
}

impl Pool {
    pub(super) fn new(file: &Arc<File>, wall: &Arc<Wall>, mode: Mode, most: usize) -> Arc<Self> {
        Arc::new(Self {
            file: Arc::clone(file),
            wall: Arc::clone(wall),
            mode,
            room: Arc::new(Semaphore::new(most)),
            idle: Mutex::default(),
        })
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn put(&self, door: Door) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(door);
    }

    /// Does `work` with a connection, beside the other requests. It may be done anew as long as
    /// another process holds the file's lock.
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        call: &Call,
        time: Duration,
        work: impl Fn(&Turn<'_>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let end = End {
            call: call.clone(),
            at: Instant::now() + time,
        };
        let room = Arc::clone(&self.room);
        let turn = tokio::select! {
            biased;
            () = call.cancellation().cancelled() => return Err(Denial::Cancelled.into()),
            turn = room.acquire_owned() => turn.map_err(fault("wait for a connection"))?,
            () = tokio::time::sleep(time.min(call.remaining())) => {
                return Err(Denial::TimedOut.into());
            }
        };
        let pool = Arc::clone(self);
        let done = call.blocking(move |_| {
            // given back when the work is over, also if nobody waits for it any more
            let _turn = turn;
            pool.work(&end, work)
        });
        done.await?
    }

    fn work<T>(
        &self,
        end: &End,
        work: impl Fn(&Turn<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut door = self.take()?;
        let watch = end.clone();
        let over = move || watch.check().is_err();
        let watching = "watch the statement";
        let watched = door.db_mut().progress_handler(STEPS, Some(over));
        watched.map_err(fault(watching))?;
        let done = Self::repeat(&Turn { door: &door, end }, work)?;
        // it holds the call, and with it the memory of its answer
        let unwatched = door.db_mut().progress_handler(0, None::<fn() -> bool>);
        unwatched.map_err(fault(watching))?;
        self.put(door);
        Ok(done)
    }

    fn repeat<T>(
        turn: &Turn<'_>,
        work: impl Fn(&Turn<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        loop {
            match work(turn) {
                // SQLite waited a little already
                Err(Refusal::Denied(Denial::Busy)) if turn.end.check().is_ok() => (),
                // SQLite knows only that it was interrupted
                Err(Refusal::Denied(Denial::TimedOut)) => {
                    return Err(turn.end.check().err().unwrap_or(Denial::TimedOut).into());
                }
                done => return done,
            }
        }
    }

    fn take(&self) -> Result<Door, Refusal> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let open = || Door::open(&self.file, &self.wall, self.mode);
        match idle {
            Some(door) if self.file.is_there() => Ok(door),
            Some(_) | None => Ok(open().map_err(fault("open the database"))?),
        }
    }
}

impl End {
    /// To be asked inside every long loop.
    pub(super) fn check(&self) -> Result<(), Denial> {
        self.call.check()?;
        if Instant::now() < self.at {
            Ok(())
        } else {
            Err(Denial::TimedOut)
        }
    }

    /// Waits until there is memory for an answer of `bytes`, as [`Call::reserve`] does. Only for
    /// the thread that a statement runs on.
    pub(super) fn reserve(&self, bytes: u64) -> Result<(), Denial> {
        self.check()?;
        let left = self.at.saturating_duration_since(Instant::now());
        let runtime = Handle::try_current().map_err(|_| Denial::Busy)?;
        runtime.block_on(async {
            let room = tokio::time::timeout(left, self.call.reserve(bytes));
            room.await.unwrap_or(Err(Denial::TimedOut))
        })
    }
}

/// Steps of SQLite's machine between two looks at the clock: some microseconds.
const STEPS: i32 = 1000;
