//! A text that passes by, of which a piece is in memory.

use super::Search;

/// Searches what is pushed into it, across the borders of the pieces.
pub(super) struct Window<'a> {
    search: &'a Search,
    piece: Vec<u8>,
    found: bool,
}

impl<'a> Window<'a> {
    pub(super) fn new(search: &'a Search) -> Self {
        Self {
            search,
            piece: Vec::new(),
            found: false,
        }
    }

    /// Takes more of the text.
    pub(super) fn push(&mut self, text: &[u8]) {
        for part in text.chunks(PIECE) {
            self.piece.extend_from_slice(part);
            let keep = self.search.longest.saturating_sub(1);
            if self.piece.len() >= PIECE + keep {
                self.look();
                let gone = self.piece.len().saturating_sub(keep);
                self.piece.drain(..gone);
            }
        }
    }

    /// Whether something was found, once all was pushed.
    pub(super) fn found(mut self) -> bool {
        self.look();
        self.found
    }

    fn look(&mut self) {
        self.found = self.found || self.search.automaton.is_match(&self.piece);
    }
}

/// How much is looked at in one go, beside what may be the beginning of something.
const PIECE: usize = 64 << 10;
