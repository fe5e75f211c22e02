//! Looks for secrets in what upstreams send, whichever way they are written there.
//!
//! All secrets are searched for in one pass: as they are, in hexadecimal, and in base64 at each of
//! its three alignments. The text is read as it is, and once more for each way of escaping that
//! occurs in it: percent signs, backslashes as in JSON, entities as in HTML.
//!
//! # Invariants
//!
//! - The time is linear in the text, the memory does not depend on it.
//! - A secret is learnt before it is sent anywhere, and not forgotten when its successor comes.
//! - What is searched for is wiped when it is no longer searched for.

mod escapes;
mod patterns;
mod sieve;
mod window;

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

use guard::secret::Secret;

use super::trouble::Trouble;
use escapes::Escape;
use patterns::Patterns;
use sieve::SHORTEST;
use sieve::Sieve;
use window::Window;

/// All secrets that could come back.
#[derive(Debug, Default)]
pub(super) struct Watch(RwLock<State>);

#[derive(Debug, Default)]
struct State {
    /// The newest of each place last.
    known: Vec<Known>,
    search: Option<Arc<Search>>,
}

#[derive(Debug)]
struct Known {
    place: usize,
    secret: Arc<Secret>,
}

/// What finds a set of texts, however they are written.
#[derive(Debug)]
pub(super) struct Search(Sieve);

impl Watch {
    /// From now on `secret`, which is kept at `place`, is looked for.
    pub(super) fn learn(&self, place: usize, secret: &Arc<Secret>) -> Result<(), Trouble> {
        if secret.show_to(str::len) < SHORTEST {
            return Err(TOO_SHORT);
        }
        let same = |known: &Known| {
            known.place == place && known.secret.show_to(|a| secret.show_to(|b| a == b))
        };
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if state.known.iter().any(same) {
            return Ok(());
        }
        drop(state);
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let secret = Arc::clone(secret);
        state.known.push(Known { place, secret });
        let of_place = state.known.iter().filter(|known| known.place == place);
        if of_place.count() > GENERATIONS {
            let oldest = state.known.iter().position(|known| known.place == place);
            oldest.map(|oldest| state.known.remove(oldest));
        }
        let search = Search::of(state.known.iter().map(|known| &*known.secret))?;
        state.search = Some(Arc::new(search));
        Ok(())
    }

    /// The search for all that is known by now, if anything is.
    pub(super) fn search(&self) -> Option<Arc<Search>> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        state.search.clone()
    }

    /// Whether one of the secrets is in `text`.
    #[cfg(test)]
    fn finds(&self, text: &[u8]) -> bool {
        self.search().is_some_and(|search| search.finds(text))
    }
}

impl Search {
    /// A search for all of `secrets`.
    pub(super) fn of<'a>(
        secrets: impl Iterator<Item = &'a Secret> + Clone,
    ) -> Result<Self, Trouble> {
        Sieve::new(Patterns::of(secrets)).map(Self).ok_or(TOO_SHORT)
    }

    /// Whether one of them is in `text`.
    pub(super) fn finds(&self, text: &[u8]) -> bool {
        self.0.finds(text)
            || Escape::ALL.iter().any(|escape| {
                escape.is_in(text) && {
                    let mut window = Window::new(&self.0);
                    escape.resolve(text, |piece| window.push(piece));
                    window.found()
                }
            })
    }
}

/// How many secrets of one place are looked for: answers may repeat one that was replaced.
const GENERATIONS: usize = 4;
const TOO_SHORT: Trouble = Trouble::Credential("is shorter than 8 bytes: too short to be guarded");

#[cfg(test)]
mod tests;
