//! Memory for answers: taken before one is made, given back when it is out.
//!
//! # Invariants
//!
//! - All answers that are made or wait for the client take no more than there is for all.

use std::pin::pin;
use std::sync::Arc;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use futures::FutureExt;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

use super::Call;
use crate::error::Denial;

/// What a call holds of the memory, and what it could not have at once.
#[derive(Debug, Default)]
pub(super) struct Share {
    held: Option<OwnedSemaphorePermit>,
    wanted: Option<u64>,
}

impl Call {
    /// Waits until there is memory for an answer of `bytes`, and holds it until the answer is
    /// out. A call holds one share: what is asked for later only makes it smaller.
    ///
    /// # Errors
    ///
    /// [`Denial::Cancelled`] or [`Denial::TimedOut`] if the request ends before.
    pub async fn reserve(&self, bytes: u64) -> Result<(), Denial> {
        let wanted = share_of(bytes);
        if let Some(held) = self.share().held.as_mut() {
            let surplus = held.num_permits().saturating_sub(wanted as usize);
            drop(held.split(surplus));
            return Ok(());
        }
        let mut room = pin!(Arc::clone(&self.0.memory).acquire_many_owned(wanted));
        let held = match room.as_mut().now_or_never() {
            Some(held) => held,
            None => tokio::select! {
                biased;
                () = self.0.cancel.cancelled() => return Err(Denial::Cancelled),
                held = room => held,
                () = tokio::time::sleep(self.remaining()) => return Err(Denial::TimedOut),
            },
        };
        self.share().held = Some(held.map_err(|_| Denial::Busy)?);
        Ok(())
    }

    /// Holds memory for an answer of `bytes` if there is some at this instant, for work that
    /// cannot wait.
    ///
    /// # Errors
    ///
    /// [`Denial::Busy`] if there is none. Then [`Call::wanted`] says what to wait for before the
    /// work is done again.
    pub fn try_reserve(&self, bytes: u64) -> Result<(), Denial> {
        let mut share = self.share();
        if share.held.is_none() {
            let room = Arc::clone(&self.0.memory);
            share.held = room.try_acquire_many_owned(share_of(bytes)).ok();
        }
        share.wanted = Some(bytes).filter(|_| share.held.is_none());
        share.held.is_some().then_some(()).ok_or(Denial::Busy)
    }

    /// What [`Call::try_reserve`] could not have.
    #[must_use]
    pub fn wanted(&self) -> Option<u64> {
        self.share().wanted
    }

    fn share(&self) -> MutexGuard<'_, Share> {
        self.0.share.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room for all answers, in KiB.
pub(super) fn all() -> Semaphore {
    Semaphore::new(MEMORY as usize)
}

/// What an answer of `bytes` takes at its largest: itself and the line it is written as.
fn share_of(bytes: u64) -> u32 {
    let kib = bytes.div_ceil(1024).saturating_mul(COPIES).max(1);
    u32::try_from(kib).unwrap_or(MEMORY).min(MEMORY)
}

/// KiB for all answers at one time.
const MEMORY: u32 = 24 << 10;
/// The content, and the line it becomes in a buffer that grows by doubling.
const COPIES: u64 = 3;
