//! A bounded wait for calls that cannot be interrupted.
//!
//! # Invariants
//!
//! - Whoever asks gets an answer within the limit.
//! - At most one call is left behind for each asker that was there when it got stuck: as long as it
//!   waits, nobody else is made to.
//! - An answer that comes too late is dropped, and so wiped if it is a secret.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

/// How long to wait, and the call that took longer.
#[derive(Debug)]
pub(super) struct Patience {
    limit: Duration,
    left_behind: Mutex<Option<JoinHandle<()>>>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unanswered {
    /// This call, or one before it, still waits.
    Waiting,
    /// The call panicked, or the system has no thread for it.
    Died,
}

impl Patience {
    pub(super) const fn new(limit: Duration) -> Self {
        Self {
            limit,
            left_behind: Mutex::new(None),
        }
    }

    /// Does it on a thread of its own, which is gone with the answer.
    pub(super) fn spend<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unanswered> {
        if self.is_stuck() {
            return Err(Unanswered::Waiting);
        }
        let (answer, answered) = mpsc::sync_channel(1);
        let thread = thread::Builder::new().name("keyring".to_owned());
        let thread = thread.spawn(move || drop(answer.send(call())));
        let thread = thread.map_err(|_| Unanswered::Died)?;
        let answer = match answered.recv_timeout(self.limit) {
            Ok(answer) => Ok(answer),
            Err(RecvTimeoutError::Disconnected) => Err(Unanswered::Died),
            Err(RecvTimeoutError::Timeout) => {
                *self
                    .left_behind
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner) = Some(thread);
                return Err(Unanswered::Waiting);
            }
        };
        // What it says of a panic has been said.
        drop(thread.join());
        answer
    }

    fn is_stuck(&self) -> bool {
        let left_behind = self
            .left_behind
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        left_behind
            .as_ref()
            .is_some_and(|thread| !thread.is_finished())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_in_time_is_the_answer() {
        let patience = Patience::new(Duration::from_secs(60));
        assert_eq!(patience.spend(|| 7), Ok(7));
    }

    #[test]
    fn a_call_that_hangs_is_left_behind_and_later_ones_do_not_wait_for_it() {
        let patience = Patience::new(Duration::from_millis(20));
        let (unlock, locked) = mpsc::channel::<()>();
        let hangs = move || locked.recv().is_ok();
        assert_eq!(patience.spend(hangs), Err(Unanswered::Waiting));
        let (ran, runs) = mpsc::channel();
        assert_eq!(
            patience.spend(move || ran.send(())),
            Err(Unanswered::Waiting)
        );
        assert!(runs.recv().is_err(), "it was not even begun");
        drop(unlock);
        while patience.is_stuck() {
            thread::yield_now();
        }
        assert_eq!(patience.spend(|| 7), Ok(7));
    }

    #[test]
    fn a_call_that_panics_is_no_answer() {
        let patience = Patience::new(Duration::from_secs(60));
        let panics = || -> u8 { panic!("as asked") };
        assert_eq!(patience.spend(panics), Err(Unanswered::Died));
    }
}
