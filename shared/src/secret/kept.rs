//! Keeps a secret that may change where it is kept: gives the one that is current.
//!
//! # Invariants
//!
//! - At most one thread fetches; the others get the value that is known, or wait for the first.
//! - Behind the end of its lease a value is given to nobody, whether or not another can be had.
//! - A place that says no is believed at once. Only one that is away leaves the value in use, until
//!   its lease or [`Rhythm::away`] ends.
//! - Being away is one line in the log, and coming back is one.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::TryLockError;
use std::time::Duration;
use std::time::Instant;

use super::Lease;
use super::Loads;
use super::Secret;
use super::SecretError;
use super::SecretRef;
use super::Stamp;

/// A secret, and where its next value comes from. Asking may block.
pub struct Kept {
    reference: SecretRef,
    loads: Arc<dyn Loads>,
    rhythm: Rhythm,
    state: Mutex<State>,
    /// Held by whoever fetches.
    flight: Mutex<()>,
}

/// How often is looked for a change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rhythm {
    /// At a file, from outside.
    pub look: Duration,
    /// At a place that tells only by giving the secret again. A lease can make it sooner.
    pub every: Duration,
    /// After a place did not answer.
    pub retry: Duration,
    /// Between two times that it is asked for whatever is known.
    pub anew: Duration,
    /// For how long a value without a lease is used while its place is away.
    pub away: Duration,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// Why there was nothing, and until when nobody asks again.
    failed: Option<(SecretError, Instant)>,
    /// When it was last fetched though there was a value.
    anew: Option<Instant>,
    warned: bool,
}

#[derive(Clone)]
struct Held {
    secret: Arc<Secret>,
    stamp: Option<Stamp>,
    lease: Option<Lease>,
    /// When to look for a change.
    due: Instant,
    /// When it is good no more.
    ends: Instant,
}

impl Default for Rhythm {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(2),
            every: Duration::from_secs(300),
            retry: Duration::from_secs(10),
            anew: Duration::from_secs(1),
            away: Duration::from_secs(3600),
        }
    }
}

impl Kept {
    /// Nothing is fetched before it is asked for.
    pub fn new(reference: SecretRef, loads: Arc<dyn Loads>, rhythm: Rhythm) -> Self {
        Self {
            reference,
            loads,
            rhythm,
            state: Mutex::default(),
            flight: Mutex::default(),
        }
    }

    /// Where it is kept.
    #[must_use]
    pub const fn reference(&self) -> &SecretRef {
        &self.reference
    }

    /// The value that is current at `now`.
    ///
    /// # Errors
    ///
    /// [`SecretError::Unusable`] if there never was one, it was taken away, or its place is away
    /// for longer than it is good.
    pub fn current(&self, now: Instant) -> Result<Arc<Secret>, SecretError> {
        if let Some(known) = self.known(now) {
            return known;
        }
        let flight = match self.flight.try_lock() {
            Ok(flight) => flight,
            Err(TryLockError::Poisoned(flight)) => flight.into_inner(),
            Err(TryLockError::WouldBlock) => {
                if let Some(held) = self.held(now) {
                    return Ok(held.secret);
                }
                let flight = self.flight.lock();
                let flight = flight.unwrap_or_else(PoisonError::into_inner);
                // what the other found is as good as what this one would find
                if let Some(known) = self.known(now) {
                    return known;
                }
                flight
            }
        };
        let found = self.look(now);
        drop(flight);
        found
    }

    /// The value, fetched whatever is known: what is known was not accepted by what it is for. What
    /// was fetched so within [`Rhythm::anew`] is given again, unless a look from outside tells of a
    /// change.
    ///
    /// # Errors
    ///
    /// As [`Kept::current`].
    pub fn anew(&self, now: Instant) -> Result<Arc<Secret>, SecretError> {
        let flight = self.flight.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match self.just_fetched(now) {
            Some(found) => found,
            None => {
                self.state().anew = Some(now);
                self.fetch(now)
            }
        };
        drop(flight);
        found
    }

    /// What came of asking for it anew, if that was just now, and it looks the same from outside.
    fn just_fetched(&self, now: Instant) -> Option<Result<Arc<Secret>, SecretError>> {
        let state = self.state();
        state.anew.filter(|since| now < *since + self.rhythm.anew)?;
        let held = state.held.as_ref().filter(|held| now < held.ends).cloned();
        let failed = state.failed.clone();
        drop(state);
        match (held, failed) {
            (Some(held), _) => {
                let changed =
                    held.stamp.is_some() && self.loads.stamp(&self.reference) != held.stamp;
                (!changed).then_some(Ok(held.secret))
            }
            (None, Some((error, _))) => Some(Err(error)),
            (None, None) => None,
        }
    }

    /// What can be said at `now` without looking, and so without waiting.
    fn known(&self, now: Instant) -> Option<Result<Arc<Secret>, SecretError>> {
        let state = self.state();
        match (&state.held, &state.failed) {
            (Some(held), _) if now < held.due && now < held.ends => {
                Some(Ok(Arc::clone(&held.secret)))
            }
            (None, Some((error, until))) if now < *until => Some(Err(error.clone())),
            _ => None,
        }
    }

    fn held(&self, now: Instant) -> Option<Held> {
        let state = self.state();
        state.held.as_ref().filter(|held| now < held.ends).cloned()
    }

    /// Looks whether there is another value, in the cheapest way that tells.
    fn look(&self, now: Instant) -> Result<Arc<Secret>, SecretError> {
        if let Some(held) = self.held(now) {
            let same = held.stamp.is_some() && self.loads.stamp(&self.reference) == held.stamp;
            let lease = held.lease.clone();
            let id = lease.and_then(|lease| lease.renewable);
            // One that cannot be made longer any more is fetched anew, before it ends.
            let renewed = id.and_then(|id| self.loads.renew(&self.reference, &id).ok());
            let renewed = renewed.filter(|lease| held.ends < now + lease.time);
            if same || renewed.is_some() {
                let lease = renewed.or(held.lease);
                return Ok(self.keep(held.secret, held.stamp, lease, now));
            }
        }
        self.fetch(now)
    }

    fn fetch(&self, now: Instant) -> Result<Arc<Secret>, SecretError> {
        // Before the secret: what changes in between is noticed at the next look.
        let stamp = self.loads.stamp(&self.reference);
        match self.loads.fetch(&self.reference) {
            Ok(loaded) => {
                // The same once more is not kept twice.
                let held = self.held(now).map(|held| held.secret);
                let same = held.filter(|held| held.is_same(&loaded.secret));
                let secret = same.unwrap_or_else(|| Arc::new(loaded.secret));
                Ok(self.keep(secret, stamp, loaded.lease, now))
            }
            Err(error) => self.missed(error, now),
        }
    }

    fn keep(
        &self,
        secret: Arc<Secret>,
        stamp: Option<Stamp>,
        lease: Option<Lease>,
        now: Instant,
    ) -> Arc<Secret> {
        let mut state = self.state();
        let Rhythm { look, every, .. } = self.rhythm;
        let due = match &lease {
            // time for a few attempts before it ends
            Some(lease) if lease.renewable.is_some() => lease.time / 3 * 2,
            // it may be changed before its time
            Some(lease) => every.min(lease.time / 3 * 2),
            None if stamp.is_some() => look,
            None => every,
        };
        let good = lease
            .as_ref()
            .map_or(due + self.rhythm.away, |lease| lease.time);
        state.held = Some(Held {
            secret: Arc::clone(&secret),
            stamp,
            lease,
            due: now + due,
            ends: now + good,
        });
        state.failed = None;
        if std::mem::take(&mut state.warned) {
            tracing::info!(secret = %self.reference, "the secret can be fetched again");
        }
        secret
    }

    /// The value that is still good while its place is away; else the error.
    fn missed(&self, error: SecretError, now: Instant) -> Result<Arc<Secret>, SecretError> {
        let mut state = self.state();
        let again = now + self.rhythm.retry;
        let passing = error.is_passing();
        if let Some(held) = state
            .held
            .as_mut()
            .filter(|held| passing && now < held.ends)
        {
            held.due = again;
            let secret = Arc::clone(&held.secret);
            let seconds = held.ends.saturating_duration_since(now).as_secs();
            if !std::mem::replace(&mut state.warned, true) {
                tracing::warn!(cause = %error, seconds, "a secret cannot be fetched anew; the last is used until it ends");
            }
            return Ok(secret);
        }
        if state.held.take().is_some() {
            tracing::error!(cause = %error, "a secret is good no more, and there is no other");
            state.warned = true;
        }
        // What the operator puts where it was missed is found at once; a server is not asked by
        // each call whether it has changed its mind.
        let until = if passing || error.is_refusal() {
            again
        } else {
            now
        };
        state.failed = Some((error.clone(), until));
        Err(error)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reference = &self.reference;
        f.debug_struct("Kept")
            .field("reference", reference)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
