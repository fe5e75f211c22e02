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
    read: Mutex<Option<Read>>,
}

/// What was read last.
#[derive(Clone, Debug)]
struct Read {
    secret: Arc<Secret>,
    since: Instant,
    /// Whether the upstream did not take it.
    refused: bool,
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
        let known = self.with(|read| read.clone());
        let known = match known {
            Some(read) if !read.refused && read.since.elapsed() < FRESH => return Ok(read.secret),
            known => known,
        };
        let secret = match known {
            Some(read) if read.refused => {
                let refused = read.secret;
                match safe.outside.another(&self.reference, &refused).await? {
                    Some(other) => Arc::new(other),
                    None => refused,
                }
            }
            known => {
                let secret = safe.outside.secret(&self.reference).await?;
                let same = known.map(|read| read.secret);
                let same = same.filter(|known| known.is_same(&secret));
                same.unwrap_or_else(|| Arc::new(secret))
            }
        };
        safe.watch.learn(self.place, &secret)?;
        let read = Read {
            secret: Arc::clone(&secret),
            since: Instant::now(),
            refused: false,
        };
        self.with(|known| *known = Some(read));
        Ok(secret)
    }

    /// Reads it anew when it is next needed: the one that was given was refused.
    pub(super) fn forget(&self) {
        self.with(|read| {
            if let Some(read) = read {
                read.refused = true;
            }
        });
    }

    fn with<T>(&self, take: impl FnOnce(&mut Option<Read>) -> T) -> T {
        take(&mut self.read.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How long a secret is used without looking whether it was replaced.
const FRESH: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use guard::broker::Dialled;
    use guard::broker::Document;
    use guard::broker::Failure;
    use guard::broker::NotLoaded;
    use guard::broker::Soon;

    use super::*;

    /// Where a secret is kept that a test changes, and how often another was asked for.
    #[derive(Debug)]
    struct Place {
        known: Mutex<&'static str>,
        kept: Mutex<&'static str>,
        asked: Mutex<u32>,
    }

    impl Outside for Place {
        fn dial(&self, _: usize, _: Duration) -> Soon<'_, Result<Dialled, Failure>> {
            Box::pin(async { Err(Failure::Unknown) })
        }

        fn secret<'a>(&'a self, _: &'a SecretRef) -> Soon<'a, Result<Secret, NotLoaded>> {
            Box::pin(async { Ok(Secret::new(*self.known.lock().unwrap()).unwrap()) })
        }

        fn another<'a>(
            &'a self,
            reference: &'a SecretRef,
            refused: &'a Secret,
        ) -> Soon<'a, Result<Option<Secret>, NotLoaded>> {
            *self.asked.lock().unwrap() += 1;
            *self.known.lock().unwrap() = *self.kept.lock().unwrap();
            Box::pin(async move {
                let secret = self.secret(reference).await?;
                Ok(Some(secret).filter(|secret| !secret.is_same(refused)))
            })
        }

        fn document<'a>(&'a self, _: &'a Document) -> Soon<'a, Result<Vec<u8>, NotLoaded>> {
            Box::pin(async { Err(NotLoaded::new("there is none")) })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_secret_that_was_refused_is_asked_for_anew_and_the_same_one_stays_the_same() {
        let place = Arc::new(Place {
            known: Mutex::new("the first of two keys"),
            kept: Mutex::new("the first of two keys"),
            asked: Mutex::new(0),
        });
        let safe = Safe {
            outside: Arc::<Place>::clone(&place),
            watch: Arc::default(),
        };
        let asked = || *place.asked.lock().unwrap();
        let kept = Kept::new("file:/key".parse().unwrap(), &mut Places::default());
        let first = kept.load(&safe).await.unwrap();
        tokio::time::advance(FRESH).await;
        assert!(Arc::ptr_eq(&first, &kept.load(&safe).await.unwrap()));
        assert_eq!(asked(), 0, "nobody refused it");
        kept.forget();
        assert!(Arc::ptr_eq(&first, &kept.load(&safe).await.unwrap()));
        assert_eq!(asked(), 1);
        *place.kept.lock().unwrap() = "the second of two keys";
        assert!(Arc::ptr_eq(&first, &kept.load(&safe).await.unwrap()));
        kept.forget();
        let second = kept.load(&safe).await.unwrap();
        assert!(!second.is_same(&first));
        assert!(Arc::ptr_eq(&second, &kept.load(&safe).await.unwrap()));
        assert_eq!(asked(), 2);
    }
}
