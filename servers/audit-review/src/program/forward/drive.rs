//! Drives one receiver: gathers, sends, keeps the position, waits, and begins again.
//!
//! # Invariants
//!
//! - The position moves only over what the receiver took.
//! - What a receiver refuses is sent in ever smaller batches until the one record is found that it
//!   refuses; that is told, nothing is left out, and it is tried again every few minutes.
//! - At most one batch is in memory.

use std::time::Duration;
use std::time::Instant;

use tokio::sync::watch;

use super::gather::Gathered;
use super::gather::NotGathered;
use super::gather::Wanted;
use super::gather::gather;
use super::log::Log;
use crate::effects::Trail;
use crate::effects::kept::KeptFile;
use crate::effects::send::Sent;
use crate::effects::send::Trouble;
use crate::effects::send::receiver::Sender;
use crate::forward::backoff::Backoff;
use crate::forward::kept;
use crate::forward::kept::At;
use crate::forward::settings::Receiver;
use crate::program::stay::chance;
use crate::program::stay::clock;

/// One receiver on its way along the trail.
#[derive(Debug)]
pub(super) struct Drive {
    pub(super) receiver: Receiver,
    pub(super) sender: Sender,
    pub(super) trail: Trail,
    pub(super) at: At,
    pub(super) file: KeptFile,
    pub(super) log: Log,
    pub(super) once: bool,
    pub(super) findings: bool,
    pub(super) every: Duration,
    pub(super) patience: Duration,
    pub(super) stop: watch::Receiver<bool>,
}

/// How it ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::program) enum End {
    /// It took all that it was to take.
    Done {
        /// Whether it was told of a place that is not whole.
        noticed: bool,
    },
    /// It did not.
    Behind,
}

/// What is done next.
enum Step {
    /// Gather again, now.
    Again,
    /// The same batch again, after a while.
    Retry(Gathered, Duration),
    End(End),
}

/// How it goes.
struct State {
    backoff: Backoff,
    /// When something was taken last.
    progress: Instant,
    /// After so many bytes a batch is sent; less where one was refused.
    bytes: usize,
    noticed: bool,
    /// Whether it is told already that somebody has to change something.
    refused: bool,
    saved: Instant,
}

impl Drive {
    /// Goes on until all is sent, or it is told to stop; gives back the last line that was taken.
    pub(super) async fn run(mut self) -> (End, Option<u64>) {
        let mut state = State {
            backoff: Backoff::default(),
            progress: Instant::now(),
            bytes: self.receiver.batch_bytes,
            noticed: false,
            refused: false,
            saved: Instant::now(),
        };
        let mut waiting: Option<Gathered> = None;
        let end = loop {
            let gathered = match waiting.take() {
                Some(gathered) => gathered,
                None => match self.next(&mut state) {
                    Ok(gathered) => gathered,
                    Err(error) => {
                        self.log.trouble(&error.to_string());
                        if self.once {
                            break End::Behind;
                        }
                        // a file may be gone between two looks at the directory
                        let wait = state.backoff.next(chance(), None);
                        if self.wait(wait).await {
                            break self.stopped(&state);
                        }
                        continue;
                    }
                },
            };
            match self.one(gathered, &mut state).await {
                Step::Again => {}
                Step::Retry(gathered, wait) => {
                    if self.wait(wait).await {
                        break self.stopped(&state);
                    }
                    waiting = Some(gathered);
                }
                Step::End(end) => break end,
            }
            if *self.stop.borrow() {
                break self.stopped(&state);
            }
        };
        self.save();
        (end, self.at.seq)
    }

    /// What comes next in the trail.
    fn next(&self, state: &mut State) -> Result<Gathered, NotGathered> {
        let stop = &self.stop;
        let stopped = || *stop.borrow();
        let wanted = Wanted {
            findings: self.findings,
            bytes: state.bytes,
            stopped: &stopped,
        };
        let gathered = gather(&self.trail, &self.at, wanted)?;
        for notice in &gathered.notices {
            state.noticed = true;
            self.log.notice(notice);
        }
        Ok(gathered)
    }

    async fn one(&mut self, gathered: Gathered, state: &mut State) -> Step {
        if gathered.batch.is_empty() {
            let more = gathered.more;
            self.at = gathered.end;
            if more {
                return Step::Again;
            }
            if self.once {
                let noticed = state.noticed;
                return Step::End(End::Done { noticed });
            }
            if state.saved.elapsed() >= SAVE_EVERY {
                state.saved = Instant::now();
                self.save();
            }
            self.wait(self.every).await;
            return Step::Again;
        }
        let id = self.id(&gathered);
        let Some(sent) = self.send(&gathered, &id).await else {
            return Step::End(self.stopped(state));
        };
        match sent {
            Sent::Taken => self.took(gathered, state),
            Sent::TakenBut(count) => {
                self.log.rejected(count, gathered.end.seq);
                state.noticed = true;
                self.took(gathered, state)
            }
            Sent::Later(why, asked) => {
                if self.once && state.progress.elapsed() >= self.patience {
                    self.log.trouble(&format!("given up: {why}"));
                    return Step::End(End::Behind);
                }
                let wait = state.backoff.next(chance(), asked);
                self.log.waiting(state.backoff.failures(), &why.to_string());
                Step::Retry(gathered, wait)
            }
            Sent::Refused(why) => self.refused(gathered, &why, state),
            // also when it is this process that stops
            Sent::Gone if *self.stop.borrow() => Step::End(self.stopped(state)),
            Sent::Gone => Step::End(End::Behind),
        }
    }

    /// The batch was taken: from here on it counts.
    fn took(&mut self, gathered: Gathered, state: &mut State) -> Step {
        self.at = gathered.end;
        if !self.save() {
            // what is not kept would be sent without end
            return Step::End(End::Behind);
        }
        let whole = self.receiver.batch_bytes;
        *state = State {
            backoff: Backoff::default(),
            progress: Instant::now(),
            // back to the whole batch step by step: what was refused may be near
            bytes: state.bytes.saturating_mul(2).min(whole),
            noticed: state.noticed,
            refused: false,
            saved: Instant::now(),
        };
        if self.once && !gathered.more {
            let noticed = state.noticed;
            return Step::End(End::Done { noticed });
        }
        Step::Again
    }

    fn refused(&self, gathered: Gathered, why: &Trouble, state: &mut State) -> Step {
        let count = gathered.batch.items().len();
        if why.is_about_content() && count > 1 {
            // gathered anew, and less of it
            state.bytes = (gathered.batch.bytes() / 2).max(1);
            return Step::Again;
        }
        if !state.refused {
            state.refused = true;
            let said = match count {
                1 => format!("{why} to the one record after it"),
                _ => why.to_string(),
            };
            self.log.refused(self.at.seq, &said);
        }
        if self.once {
            return Step::End(End::Behind);
        }
        Step::Retry(gathered, REFUSED)
    }

    /// Sends it; `None` if it is told to stop and the receiver does not answer soon.
    async fn send(&self, gathered: &Gathered, id: &str) -> Option<Sent> {
        let mut stop = self.stop.clone();
        let stopped = async {
            // an end of the sender is an end, too
            let _stopped = stop.wait_for(|stop| *stop).await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            sent = self.sender.send(&gathered.batch, id, clock()) => Some(sent),
            () = stopped => None,
        }
    }

    /// Waits; yes if it is told to stop meanwhile.
    async fn wait(&self, time: Duration) -> bool {
        let mut stop = self.stop.clone();
        tokio::time::timeout(time, stop.wait_for(|stop| *stop))
            .await
            .is_ok()
    }

    /// How it ends when it is told to: what a receiver refuses is not taken later by itself.
    fn stopped(&self, state: &State) -> End {
        if self.once || state.refused {
            return End::Behind;
        }
        End::Done {
            noticed: state.noticed,
        }
    }

    /// What names the batch: the same when it is sent again.
    fn id(&self, gathered: &Gathered) -> String {
        let at = &self.at.position;
        let count = gathered.batch.items().len();
        format!("kh_{}_{}_{}_{count}", at.chain, at.segment, at.byte)
    }

    fn save(&self) -> bool {
        let text = kept::print(&self.at, &self.receiver.kind);
        match self.file.save(text.as_bytes()) {
            Ok(()) => true,
            Err(error) => {
                self.log
                    .trouble(&format!("the position is not kept: {error}"));
                false
            }
        }
    }

    /// The last line that was taken.
    pub(super) fn seq(&self) -> Option<u64> {
        self.at.seq
    }
}

/// How often a position is kept that moves without anything to send.
const SAVE_EVERY: Duration = Duration::from_secs(30);
/// How often something is tried again that an operator has to repair.
const REFUSED: Duration = Duration::from_secs(300);
/// For a batch that is on its way when it is told to stop.
const GRACE: Duration = Duration::from_secs(5);
