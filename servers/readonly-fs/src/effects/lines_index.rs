//! Remembers how many lines lie before every 256 KB of a file, so that a line far down is found
//! without reading all before it once more.
//!
//! # Invariants
//!
//! - An index is used only for a file in the very state it was made from: same file, size and
//!   times. (A write that keeps the size and comes within the same tick of the file system's
//!   clock goes unseen.)
//! - All indexes together take at most [`CACHE`] bytes; one alone covers at most [`REACH`] bytes of
//!   a file, so that neither a huge nor a sparse file can take more.
//! - An index holds no byte of the content.

use std::sync::Mutex;
use std::sync::PoisonError;

use guard::error::Refusal;

use crate::effects::encoding::Charset;
use crate::effects::text_source::BLOCK;
use crate::effects::text_source::Identity;
use crate::effects::text_source::Source;

/// How far lines are counted. What is further down is reached by bytes, or from the end.
pub const REACH: u64 = 32 << 30;

/// How many bytes of indexes are kept.
pub const CACHE: usize = 4 << 20;

/// A file below this size is not worth remembering.
const WORTH: u64 = 1 << 20;

const STRIDE: u64 = 4 * BLOCK as u64;

/// The indexes of the files that were read last. One for the whole server.
#[derive(Debug, Default)]
pub struct Indexes(Mutex<Vec<(Identity, Index)>>);

impl Indexes {
    /// The index of `source` as far as it is known; an empty one at worst.
    #[must_use]
    pub fn recall(&self, source: &Source<'_>) -> Index {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.iter().find(|(id, _)| *id == source.identity());
        known.map_or_else(Index::default, |(_, index)| index.clone())
    }

    /// Keeps `index`, if it is worth it and the file did not change since it was opened.
    ///
    /// # Errors
    ///
    /// A fault if the file cannot be looked at.
    pub fn keep(&self, source: &Source<'_>, index: &Index) -> Result<(), Refusal> {
        if index.scanned < WORTH || !source.unchanged()? {
            return Ok(());
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(id, _)| *id == source.identity());
        let known = at.map(|at| kept.remove(at).1).unwrap_or_default();
        // another request may have come further meanwhile
        let better = if known.scanned > index.scanned {
            known
        } else {
            index.clone()
        };
        kept.push((source.identity(), better));
        while weight(&kept) > CACHE {
            kept.remove(0);
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn weight(&self) -> usize {
        weight(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where the lines of one file are, roughly.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// How many newlines lie before each multiple of the stride.
    marks: Vec<u64>,
    scanned: u64,
    newlines: u64,
    /// Whether the last line, behind the last newline, holds anything.
    open: bool,
    ended: bool,
}

impl Index {
    /// How many lines the file has, once all of it was looked at.
    #[must_use]
    pub const fn total(&self) -> Option<u64> {
        if self.ended {
            Some(self.newlines + self.open as u64)
        } else {
            None
        }
    }

    /// How far the file was looked at.
    #[must_use]
    pub const fn scanned(&self) -> u64 {
        self.scanned
    }

    /// Looks on until `newlines` are known, `reach` bytes were looked at, or the file ends.
    ///
    /// # Errors
    ///
    /// As [`Source::read`]. What was found until then stays.
    pub fn extend(
        &mut self,
        source: &Source<'_>,
        charset: Charset,
        origin: u64,
        newlines: u64,
        reach: u64,
    ) -> Result<(), Refusal> {
        if self.ended || self.newlines >= newlines || self.scanned >= reach.min(REACH) {
            return Ok(());
        }
        let mut block = vec![0; BLOCK];
        while !self.ended && self.newlines < newlines && self.scanned < reach.min(REACH) {
            let read = source.read(origin + self.scanned, &mut block)?;
            let found = block.get(..read).unwrap_or_default();
            if self.scanned.is_multiple_of(STRIDE) {
                self.marks.push(self.newlines);
            }
            self.newlines += charset.newlines(found);
            self.scanned += read as u64;
            if read > 0 {
                self.open = charset.last_line(tail_of(found)) != Some(tail_of(found).len());
            }
            self.ended = read < BLOCK;
        }
        Ok(())
    }

    /// The last known place before line `line` (from 1): so many newlines lie before this byte,
    /// counted from the origin. The line begins there or less than a stride of newlines later.
    #[must_use]
    pub fn before(&self, line: u64) -> (u64, u64) {
        let wanted = line.saturating_sub(1);
        // the newline that ends the line before lies behind the last mark below it
        let behind = self.marks.partition_point(|&mark| mark < wanted);
        let at = behind.saturating_sub(1);
        (
            at as u64 * STRIDE,
            self.marks.get(at).copied().unwrap_or_default(),
        )
    }

    fn weight(&self) -> usize {
        self.marks.len() * size_of::<u64>() + size_of::<(Identity, Self)>()
    }
}

fn weight(kept: &[(Identity, Index)]) -> usize {
    kept.iter().map(|(_, index)| index.weight()).sum()
}

/// Enough of the end of a block to hold one newline of any charset.
fn tail_of(block: &[u8]) -> &[u8] {
    let even = block.len().saturating_sub(2) & !1;
    block.get(even..).unwrap_or_default()
}
