//! A text that passes by, of which a piece is in memory.

use zeroize::Zeroize;

use super::sieve::Sieve;

/// Searches what is pushed into it, across the borders of the pieces.
pub(super) struct Window<'a> {
    sieve: &'a Sieve,
    /// How much of what was searched may be the beginning of something.
    keep: usize,
    piece: Vec<u8>,
    found: bool,
}

impl<'a> Window<'a> {
    pub(super) fn new(sieve: &'a Sieve) -> Self {
        Self {
            sieve,
            keep: sieve.longest().saturating_sub(1),
            piece: Vec::new(),
            found: false,
        }
    }

    /// Takes more of the text.
    pub(super) fn push(&mut self, text: &[u8]) {
        for part in text.chunks(PIECE) {
            self.piece.extend_from_slice(part);
            if self.piece.len() >= PIECE + self.keep {
                self.look();
                let gone = self.piece.len().saturating_sub(self.keep);
                self.piece.drain(..gone);
            }
        }
    }

    /// Whether something was found, once all was pushed.
    pub(super) fn found(mut self) -> bool {
        self.look();
        if self.found {
            // a secret that was undone is here
            self.piece.zeroize();
        }
        self.found
    }

    fn look(&mut self) {
        self.found = self.found || self.sieve.finds(&self.piece);
    }
}

/// How much is looked at in one go, beside what may be the beginning of something.
const PIECE: usize = 64 << 10;
