//! Reads some lines of a file: from one to another, or the last ones.
//!
//! A line ends with LF; a CR before it belongs to the line end and is dropped, which
//! [`Part::crlf`] tells. Where lines are asked for by number, the ones before are counted with the
//! help of an index; the last lines are looked for from the end, without one.
//!
//! # Invariants
//!
//! - Never more than a block and 4 KB of one line are in memory beside the answer.
//! - What a limit cut off is said: a line in [`Part::cut`], lines in [`Part::next`].

use guard::error::Denial;
use guard::error::Refusal;

use crate::effects::encoding::Charset;
use crate::effects::lines_index::Index;
use crate::effects::lines_index::Indexes;
use crate::effects::lines_index::REACH;
use crate::effects::lines_take::Order;
use crate::effects::lines_take::Stop;
use crate::effects::lines_take::take;
use crate::effects::text::Budget;
use crate::effects::text::Part;
use crate::effects::text::Want;
use crate::effects::text_source::BLOCK;
use crate::effects::text_source::Source;

/// The rest of a file is read to count its lines if it is no longer than this.
const CHEAP: u64 = 4 << 20;

/// A text file whose lines are wanted.
#[derive(Debug)]
pub struct Lines<'a> {
    source: &'a Source<'a>,
    indexes: &'a Indexes,
    charset: Charset,
    /// Where the text begins: behind the byte order mark.
    origin: u64,
    numbered: bool,
}

impl<'a> Lines<'a> {
    /// The lines of `source`, which holds text of `charset` from the byte `origin` on; `numbered`
    /// puts the number and a tab before each.
    #[must_use]
    pub const fn new(
        source: &'a Source<'a>,
        indexes: &'a Indexes,
        (charset, origin): (Charset, u64),
        numbered: bool,
    ) -> Self {
        Self {
            source,
            indexes,
            charset,
            origin,
            numbered,
        }
    }

    /// The lines `from` to `to`, both counted from 1 and included.
    ///
    /// # Errors
    ///
    /// [`Denial::TooLarge`] if `from` lies further down than lines are counted; else as
    /// [`Source::read`].
    pub fn window(&self, from: u64, to: Option<u64>, budget: &mut Budget) -> Result<Part, Refusal> {
        let from = from.max(1);
        let wanted = to.map_or(u64::MAX, |to| to.saturating_add(1).saturating_sub(from));
        let mut index = self.indexes.recall(self.source);
        let Some(at) = self.start_of(&mut index, from)? else {
            let mut part = Part::empty(self.charset, self.source.size());
            part.total_lines = index.total();
            return Ok(part);
        };
        let (mut part, stop) = take(self.source, &self.order(at, Some(from), wanted), budget)?;
        if stop == Stop::Limit {
            let from = from.saturating_add(part.count);
            part.next = Some(Want::Lines { from, to });
        }
        part.total_lines = match (stop, part.lines) {
            (Stop::End, Some((_, last))) => Some(last),
            _ => self.total(&mut index)?,
        };
        Ok(part)
    }

    /// The last `count` lines. They have numbers only if the file is small, was counted before,
    /// or numbers are wanted in the text.
    ///
    /// # Errors
    ///
    /// [`Denial::TooLarge`] if the lines begin too far from the end; else as [`Source::read`].
    pub fn tail(&self, count: u64, budget: &mut Budget) -> Result<Part, Refusal> {
        let mut index = self.indexes.recall(self.source);
        if self.numbered || self.source.size() <= CHEAP {
            self.count(&mut index, REACH)?;
        }
        if let Some(total) = index.total() {
            let from = total.saturating_sub(count).saturating_add(1);
            return self.window(from, None, budget);
        }
        let (start, count) = self.start_of_last(count)?;
        let (mut part, stop) = take(self.source, &self.order(start, None, count), budget)?;
        if stop == Stop::Limit {
            part.next = Some(Want::Tail(count.saturating_sub(part.count)));
        }
        Ok(part)
    }

    /// How many lines there are, if that is known or cheap to know.
    ///
    /// # Errors
    ///
    /// As [`Source::read`].
    pub fn total_if_cheap(&self) -> Result<Option<u64>, Refusal> {
        let mut index = self.indexes.recall(self.source);
        if self.source.size() <= CHEAP {
            self.count(&mut index, 2 * CHEAP)?;
        }
        Ok(index.total())
    }

    /// Where line `line` begins, if there is one.
    fn start_of(&self, index: &mut Index, line: u64) -> Result<Option<u64>, Refusal> {
        let wanted = line - 1;
        if wanted == 0 {
            return Ok(Some(self.origin));
        }
        let known = index.scanned();
        let outcome = index.extend(self.source, self.charset, self.origin, wanted, REACH);
        if index.scanned() > known {
            // also when time ran out: the next try begins where this one ended
            self.indexes.keep(self.source, index)?;
        }
        outcome?;
        if index.total().is_none() && index.scanned() >= REACH {
            return Err(Denial::TooLarge("lines are counted in the first 32 GB only").into());
        }
        let (mut at, mut before) = index.before(line);
        at += self.origin;
        let mut block = self.source.block();
        while before < wanted {
            let read = self.source.read(at, &mut block)?;
            let mut rest = block.get(..read).unwrap_or_default();
            if read == 0 {
                return Ok(None);
            }
            let inside = self.charset.newlines(rest);
            if before + inside < wanted {
                before += inside;
                at += read as u64;
                continue;
            }
            while before < wanted
                && let Some(end) = self.charset.line_end(rest)
            {
                before += 1;
                at += end as u64;
                rest = rest.get(end..).unwrap_or_default();
            }
        }
        Ok(Some(at))
    }

    /// Where the last `count` lines begin, and how many they are if there are not so many.
    fn start_of_last(&self, count: u64) -> Result<(u64, u64), Refusal> {
        let unit = if self.charset == Charset::Utf8 { 1 } else { 2 };
        let length = self.source.size().saturating_sub(self.origin) / unit * unit;
        let end = self.origin + length;
        let mut block = self.source.block();
        let (mut upper, mut found) = (end, 0);
        while upper > self.origin && found < count {
            if end - upper > REACH {
                return Err(Denial::TooLarge("the last lines are longer than 32 GB").into());
            }
            let lower = upper.saturating_sub(BLOCK as u64).max(self.origin);
            let length = usize::try_from(upper - lower).unwrap_or(BLOCK);
            block.resize(length, 0);
            let read = self.source.read(lower, &mut block)?;
            let mut rest = block.get(..read).unwrap_or_default();
            while let Some(begin) = self.charset.last_line(rest) {
                let at = lower + begin as u64;
                // the newline at the very end begins no line
                if at < end {
                    found += 1;
                    if found == count {
                        return Ok((at, count));
                    }
                }
                let newline = usize::try_from(unit).unwrap_or(1);
                rest = rest.get(..begin - newline).unwrap_or_default();
            }
            upper = lower;
        }
        if count == 0 {
            return Ok((end, 0));
        }
        Ok((self.origin, found + u64::from(end > self.origin)))
    }

    const fn order(&self, at: u64, first: Option<u64>, wanted: u64) -> Order {
        Order {
            charset: self.charset,
            at,
            first,
            wanted,
            numbered: self.numbered,
        }
    }

    fn total(&self, index: &mut Index) -> Result<Option<u64>, Refusal> {
        if self.source.size().saturating_sub(index.scanned()) <= CHEAP {
            self.count(index, index.scanned() + 2 * CHEAP)?;
        }
        Ok(index.total())
    }

    fn count(&self, index: &mut Index, reach: u64) -> Result<(), Refusal> {
        let known = index.scanned();
        let outcome = index.extend(self.source, self.charset, self.origin, u64::MAX, reach);
        if index.scanned() > known {
            self.indexes.keep(self.source, index)?;
        }
        outcome
    }
}
