//! A secret as it was last read, and when.
//!
//! # Invariants
//!
//! - Nothing is read before the first call that needs it.
//! - A secret that was replaced where it is kept is noticed soon, and at once after the upstream
//!   refused the old one.
//! - A secret is known to the watch before it is given to anyone.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use guard::broker::Outside;
use guard::secret::Secret;
use guard::secret::SecretRef;
use tokio::time::Instant;

use super::reflect::Watch;
use super::trouble::Trouble;

/// What all secrets of all upstreams share.
#[derive(Clone, Debug)]
pub(super) struct Safe {
    pub(super) outside: Arc<dyn Outside>,
    pub(super) watch: Arc<Watch>,
}

/// One secret.
#[derive(Debug)]
pub(super) struct Kept {
    reference: SecretRef,
    /// Which of all secrets this is, for the watch.
    place: usize,
    read: Mutex<Option<(Arc<Secret>, Instant)>>,
}

/// Gives each secret its number.
#[derive(Debug, Default)]
pub(super) struct Places(usize);

impl Places {
    pub(super) fn next(&mut self) -> usize {
        self.0 += 1;
        self.0
    }
}

impl Kept {
    pub(super) fn new(reference: SecretRef, places: &mut Places) -> Self {
        Self {
            reference,
            place: places.next(),
            read: Mutex::default(),
        }
    }

    /// The secret, read anew if that was long ago.
    pub(super) async fn load(&self, safe: &Safe) -> Result<Arc<Secret>, Trouble> {
        let fresh = self.with(|read| {
            let known = read.as_ref();
            let known = known.filter(|(_, since)| since.elapsed() < FRESH);
            known.map(|(secret, _)| Arc::clone(secret))
        });
        if let Some(secret) = fresh {
            return Ok(secret);
        }
        let secret = Arc::new(safe.outside.secret(&self.reference).await?);
        safe.watch.learn(self.place, &secret)?;
        self.with(|read| *read = Some((Arc::clone(&secret), Instant::now())));
        Ok(secret)
    }

    /// Reads it anew when it is next needed.
    pub(super) fn forget(&self) {
        self.with(|read| *read = None);
    }

    fn with<T>(&self, take: impl FnOnce(&mut Option<(Arc<Secret>, Instant)>) -> T) -> T {
        take(&mut self.read.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How long a secret is used without looking whether it was replaced.
const FRESH: Duration = Duration::from_secs(10);
