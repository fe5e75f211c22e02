//! Finds any of a set of patterns in a text by looking at a few bytes of it only.
//!
//! Whoever is `n` bytes long and stands anywhere in a text covers four bytes that begin at a
//! multiple of `n - 3`. So only these are looked up, in a small table of bits; what is in there is
//! compared in full. A secret is at least eight bytes long, so at most every fifth place is looked
//! at, and usually every sixteenth.
//!
//! # Invariants
//!
//! - What is found is exactly what is there, without regard to the case of ASCII letters.
//! - The time is linear in the text for each pattern, also where a text is made of beginnings of
//!   patterns: comparing has a budget, and a pattern that uses it up is searched for in another way.
//! - The patterns, and all that was derived from them, are wiped with the sieve.

use zeroize::Zeroizing;

use super::patterns::Patterns;

/// Patterns, and where their pieces are.
pub(super) struct Sieve {
    patterns: Patterns,
    /// Every so many bytes of a text are looked at.
    stride: usize,
    /// A bit for each hash of four bytes: whether they are in a pattern where it would be looked at.
    bits: Zeroizing<Vec<u64>>,
    /// Sorted.
    pieces: Zeroizing<Vec<Piece>>,
}

/// Four bytes, the number of a pattern that has them, and where in it.
type Piece = (u32, u32, u32);

/// What one search has done.
struct Effort {
    /// Bytes that may still be compared.
    left: usize,
    /// Patterns that were searched for in the other way, to the end of the text.
    settled: Vec<u32>,
}

impl Sieve {
    /// For `patterns`, in which letters are in lower case. None if one is shorter than eight bytes.
    pub(super) fn new(patterns: Patterns) -> Option<Self> {
        let shortest = patterns.iter().map(<[u8]>::len).min().unwrap_or(SHORTEST);
        if shortest < SHORTEST {
            return None;
        }
        let stride = (shortest - PIECE + 1).min(STRIDE);
        let mut bits = Zeroizing::new(vec![0_u64; WORDS]);
        // at its final size: what grows leaves copies behind
        let mut pieces = Zeroizing::new(Vec::with_capacity(patterns.iter().count() * stride));
        for (number, pattern) in (0..).zip(patterns.iter()) {
            for (at, window) in (0..).zip(pattern.windows(PIECE).take(stride)) {
                let piece = piece(window)?;
                let (word, bit) = place(piece);
                *bits.get_mut(word)? |= bit;
                pieces.push((piece, number, at));
            }
        }
        pieces.sort_unstable();
        Some(Self {
            patterns,
            stride,
            bits,
            pieces,
        })
    }

    /// The length of the longest pattern.
    pub(super) fn longest(&self) -> usize {
        self.patterns.iter().map(<[u8]>::len).max().unwrap_or(0)
    }

    /// Whether one of them is in `text`.
    pub(super) fn finds(&self, text: &[u8]) -> bool {
        let mut effort = Effort {
            left: text.len().saturating_mul(PATIENCE),
            settled: Vec::new(),
        };
        let mut looked = 0;
        for chunk in text.chunks(self.stride) {
            // the last may be shorter: nothing that begins there is long enough
            let Some(piece) = piece(chunk) else { break };
            let (word, bit) = place(piece);
            let known = self.bits.get(word).is_some_and(|word| word & bit != 0);
            if known && self.is_at(text, looked, piece, &mut effort) {
                return true;
            }
            looked += self.stride;
        }
        false
    }

    /// Whether a pattern that has `piece` lies so in `text` that the piece is at `looked`.
    fn is_at(&self, text: &[u8], looked: usize, piece: u32, effort: &mut Effort) -> bool {
        let first = self.pieces.partition_point(|(other, ..)| *other < piece);
        let pieces = self.pieces.iter().skip(first);
        for (_, number, at) in pieces.take_while(|(other, ..)| *other == piece) {
            let (Some(pattern), Some(begin)) = (
                self.patterns.at(*number as usize),
                looked.checked_sub(*at as usize),
            ) else {
                continue;
            };
            if effort.settled.contains(number) {
                continue;
            }
            let here = text.get(begin..).unwrap_or_default();
            let same = pattern.iter().zip(here).take_while(|(a, b)| is(**a, **b));
            let same = same.count();
            if same == pattern.len() {
                return true;
            }
            match effort.left.checked_sub(same + 1) {
                Some(left) => effort.left = left,
                None => {
                    // at the places before, it was compared already
                    let from = looked.saturating_sub(self.stride);
                    if is_in(pattern, text.get(from..).unwrap_or_default()) {
                        return true;
                    }
                    effort.settled.push(*number);
                    effort.left = text.len().saturating_mul(PATIENCE);
                }
            }
        }
        false
    }
}

/// Says nothing of what it looks for.
impl std::fmt::Debug for Sieve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sieve")
    }
}

/// Whether `pattern` is in `text`, in a time that depends on nothing but their lengths (Knuth,
/// Morris and Pratt).
fn is_in(pattern: &[u8], text: &[u8]) -> bool {
    // for each beginning of the pattern, how long a beginning of it ends it, too
    let mut borders = Zeroizing::new(Vec::with_capacity(pattern.len()));
    let mut border = 0;
    for (at, byte) in pattern.iter().enumerate() {
        if at > 0 {
            border = next(pattern, &borders, border, *byte);
        }
        borders.push(border);
    }
    let mut matched = 0;
    text.iter().any(|byte| {
        matched = next(pattern, &borders, matched, *byte);
        matched == pattern.len()
    })
}

/// How much of `pattern` is matched after `byte`, where `matched` bytes of it were before.
fn next(pattern: &[u8], borders: &[usize], mut matched: usize, byte: u8) -> usize {
    loop {
        if pattern.get(matched).is_some_and(|wanted| is(*wanted, byte)) {
            return matched + 1;
        }
        match matched.checked_sub(1).and_then(|last| borders.get(last)) {
            Some(shorter) => matched = *shorter,
            None => return 0,
        }
    }
}

/// Whether `byte` is the `wanted` one, which is in lower case.
const fn is(wanted: u8, byte: u8) -> bool {
    wanted == byte.to_ascii_lowercase()
}

/// The first four bytes of `text`, such that letters of either case are the same (and some signs,
/// too: the comparison tells them apart).
fn piece(text: &[u8]) -> Option<u32> {
    let first = text.first_chunk::<PIECE>()?;
    Some(u32::from_le_bytes(*first) | 0x2020_2020)
}

/// The word and the bit of a piece.
const fn place(piece: u32) -> (usize, u64) {
    let hash = piece.wrapping_mul(0x9e37_79b1) >> 16;
    ((hash >> 6) as usize, 1 << (hash & 63))
}

/// Bytes that are looked up at once.
const PIECE: usize = 4;
/// Bytes of the shortest pattern.
pub(super) const SHORTEST: usize = 8;
/// More makes the table larger and the search hardly faster.
const STRIDE: usize = 16;
/// Words of 64 bits.
const WORDS: usize = 1 << 10;
/// How many bytes are compared for each of the text, before a pattern is searched for otherwise.
const PATIENCE: usize = 4;
