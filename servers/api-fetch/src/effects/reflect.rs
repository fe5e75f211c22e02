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

mod escapes;
mod patterns;
mod window;

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

use aho_corasick::AhoCorasick;
use aho_corasick::AhoCorasickKind;
use guard::secret::Secret;

use super::trouble::Trouble;
use escapes::Escape;
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
pub(super) struct Search {
    automaton: AhoCorasick,
    longest: usize,
}

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
    pub(super) fn of<'a>(secrets: impl Iterator<Item = &'a Secret>) -> Result<Self, Trouble> {
        let mut all = Vec::new();
        for secret in secrets {
            secret.show_to(|text| patterns::of(text.as_bytes(), &mut all));
        }
        let longest = all.iter().map(Vec::len).max().unwrap_or(0);
        // names of headers come in lower case, and hexadecimal in either
        // where few secrets make a small one, the fastest; secrets have no rare bytes to skip to
        let small = all.iter().map(Vec::len).sum::<usize>() <= SMALL;
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(small.then_some(AhoCorasickKind::DFA))
            .prefilter(false)
            .build(&all)
            .map_err(|_| TOO_MANY)?;
        Ok(Self { automaton, longest })
    }

    /// Whether one of them is in `text`.
    pub(super) fn finds(&self, text: &[u8]) -> bool {
        self.automaton.is_match(text)
            || Escape::ALL.iter().any(|escape| {
                text.contains(&escape.sign()) && {
                    let mut window = Window::new(self);
                    escape.resolve(text, &mut window);
                    window.found()
                }
            })
    }
}

/// Bytes of patterns up to which each state has a table of its own.
const SMALL: usize = 4096;
/// Below this a secret turns up by chance.
const SHORTEST: usize = 8;
/// How many secrets of one place are looked for: answers may repeat one that was replaced.
const GENERATIONS: usize = 4;
const TOO_SHORT: Trouble = Trouble::Credential("is shorter than 8 bytes: too short to be guarded");
const TOO_MANY: Trouble = Trouble::Credential("is too long to be guarded");

#[cfg(test)]
mod tests;
