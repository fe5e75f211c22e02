//! The same without a second process: for tests, for commands for people, and for systems on which
//! no process can be held down anyway.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use super::Charter;
use super::Dialled;
use super::Document;
use super::Failure;
use super::NotLoaded;
use super::Outside;
use super::Policy;
use super::Resolve;
use super::Soon;
use super::shelf;
use crate::secret::Providers;
use crate::secret::Secret;
use crate::secret::SecretRef;

/// This process itself, which is trusted with all of it.
pub struct Here<P> {
    charter: Charter<P>,
    providers: Arc<Providers>,
    resolver: Arc<dyn Resolve>,
}

impl<P: Policy> Here<P> {
    /// Dials what `charter` says; its secrets come from `providers`.
    #[must_use]
    pub fn new(
        charter: Charter<P>,
        providers: Arc<Providers>,
        resolver: Arc<dyn Resolve>,
    ) -> Arc<Self> {
        Arc::new(Self {
            charter,
            providers,
            resolver,
        })
    }
}

impl<P: Policy> Outside for Here<P> {
    fn dial(&self, target: usize, time: Duration) -> Soon<'_, Result<Dialled, Failure>> {
        Box::pin(async move {
            let target = self.charter.targets.get(target).cloned();
            let target = target.ok_or(Failure::Unknown)?;
            let resolver = Arc::clone(&self.resolver);
            let gone = Gone(Arc::default());
            let given_up = Arc::clone(&gone.0);
            let until = Instant::now() + time;
            let dialled = blocking(move || target.dial(resolver.as_ref(), until, &given_up)).await;
            dialled.unwrap_or(Err(Failure::GivenUp))
        })
    }

    fn secret<'a>(&'a self, reference: &'a SecretRef) -> Soon<'a, Result<Secret, NotLoaded>> {
        Box::pin(async move {
            let (providers, reference) = (Arc::clone(&self.providers), reference.clone());
            Ok(blocking(move || providers.load(&reference)).await??)
        })
    }

    fn another<'a>(
        &'a self,
        reference: &'a SecretRef,
        refused: &'a Secret,
    ) -> Soon<'a, Result<Option<Secret>, NotLoaded>> {
        Box::pin(async move {
            let secret = self.secret(reference).await?;
            Ok(Some(secret).filter(|secret| !secret.is_same(refused)))
        })
    }

    fn document<'a>(&'a self, document: &'a Document) -> Soon<'a, Result<Vec<u8>, NotLoaded>> {
        Box::pin(async move {
            let document = document.clone();
            blocking(move || shelf::document::<P>(&document)).await?
        })
    }
}

impl<P: fmt::Debug> fmt::Debug for Here<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Here").finish_non_exhaustive()
    }
}

/// Whoever drops it has stopped waiting.
struct Gone(Arc<AtomicBool>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NotLoaded> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| NotLoaded::new("the task that was to do it has ended"))
}
