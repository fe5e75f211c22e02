//! A secret of an upstream: what is current, and known to the watch.
//!
//! # Invariants
//!
//! - Nothing is read before the first call that needs it.
//! - A secret that was replaced where it is kept is noticed soon, and at once after the upstream
//!   refused the old one.
//! - A secret is known to the watch before it is given to anyone.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;

use guard::call::Call;
use guard::secret::Kept as Current;
use guard::secret::Loads;
use guard::secret::Providers;
use guard::secret::Rhythm;
use guard::secret::Secret;
use guard::secret::SecretRef;
use tokio::time::Instant;

use super::reflect::Watch;
use super::trouble::Trouble;

/// What all secrets of all upstreams share.
#[derive(Clone, Debug)]
pub(super) struct Safe {
    pub(super) providers: Arc<Providers>,
    pub(super) watch: Arc<Watch>,
}

/// One secret.
#[derive(Debug)]
pub(super) struct Kept {
    reference: SecretRef,
    /// Which of all secrets this is, for the watch.
    place: usize,
    current: OnceLock<Arc<Current>>,
    given: Mutex<Given>,
}

/// What became of the secret that was given last.
#[derive(Debug, Default)]
struct Given {
    /// The watch knows it.
    known: Option<Arc<Secret>>,
    /// The upstream did not take it.
    refused: Option<Arc<Secret>>,
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
            current: OnceLock::new(),
            given: Mutex::default(),
        }
    }

    /// The secret as it is now.
    pub(super) async fn load(&self, call: &Call, safe: &Safe) -> Result<Arc<Secret>, Trouble> {
        let current = self.current.get_or_init(|| {
            let loads: Arc<dyn Loads> = Arc::<Providers>::clone(&safe.providers);
            let current = Current::new(self.reference.clone(), loads, Rhythm::default());
            Arc::new(current)
        });
        let now = Instant::now().into_std();
        let refused = self.with(|given| given.refused.take());
        let secret = match (refused, current.known(now)) {
            (None, Some(known)) => known?,
            (refused, _) => {
                let current = Arc::clone(current);
                let look = move |_: &Call| match refused {
                    Some(refused) => match current.instead_of(&refused, now)? {
                        Some(other) => Ok(other),
                        None => current.current(now),
                    },
                    None => current.current(now),
                };
                // a keyring asks its user, a file may be on a slow disk
                let loaded = call.blocking(look).await;
                loaded.map_err(|fault| Trouble::Task(fault.chain()))??
            }
        };
        let known = self.with(|given| given.known.clone());
        if !known.is_some_and(|known| Arc::ptr_eq(&known, &secret)) {
            safe.watch.learn(self.place, &secret)?;
            self.with(|given| given.known = Some(Arc::clone(&secret)));
        }
        Ok(secret)
    }

    /// Reads it anew when it is next needed: the one that was given was refused.
    pub(super) fn forget(&self) {
        self.with(|given| given.refused = given.known.clone());
    }

    fn with<T>(&self, take: impl FnOnce(&mut Given) -> T) -> T {
        take(&mut self.given.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
