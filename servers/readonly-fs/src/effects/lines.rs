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
use crate::effects::encoding::End;
use crate::effects::encoding::has_control;
use crate::effects::lines_index::Index;
use crate::effects::lines_index::Indexes;
use crate::effects::lines_index::REACH;
use crate::effects::text::Budget;
use crate::effects::text::Cut;
use crate::effects::text::Part;
use crate::effects::text::Want;
use crate::effects::text_source::BLOCK;
use crate::effects::text_source::Source;

/// How many bytes of one line are given.
pub const LINE: usize = 4 * 1024;

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
        let (mut part, stop) = self.take(at, Some(from), wanted, budget)?;
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
        let start = self.start_of_last(count)?;
        let (mut part, stop) = self.take(start, None, count, budget)?;
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

    /// Where the last `count` lines begin.
    fn start_of_last(&self, count: u64) -> Result<u64, Refusal> {
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
                        return Ok(at);
                    }
                }
                let newline = usize::try_from(unit).unwrap_or(1);
                rest = rest.get(..begin - newline).unwrap_or_default();
            }
            upper = lower;
        }
        Ok(if count == 0 { end } else { self.origin })
    }

    /// Gives up to `wanted` lines from the byte `at` on, the first of which has number `first`.
    fn take(
        &self,
        mut at: u64,
        first: Option<u64>,
        wanted: u64,
        budget: &mut Budget,
    ) -> Result<(Part, Stop), Refusal> {
        let limit = wanted.min(budget.lines as u64);
        let mut taking = Taking {
            charset: self.charset,
            number: first.filter(|_| self.numbered),
            limit,
            bytes: budget.bytes,
            given: 0,
            full: false,
            line: Vec::new(),
            length: 0,
            at,
            lossy: false,
            part: Part::empty(self.charset, at),
        };
        let mut block = self.source.block();
        let mut ended = false;
        let mut skipped = false;
        while !ended && !taking.is_done() {
            let read = self.source.read(at, &mut block)?;
            at += read as u64;
            ended = read == 0;
            if ended {
                taking.finish_line();
            } else {
                taking.add(block.get(..read).unwrap_or_default());
            }
            // what is cut off the last line need not be read
            skipped = taking.given + 1 == limit && taking.length > 2 * LINE as u64;
            if skipped {
                taking.finish_line();
                break;
            }
        }
        let more = taking.full || skipped || self.source.read(taking.at, &mut [0])? > 0;
        let stop = match (more, taking.given < wanted) {
            (false, _) => Stop::End,
            (true, true) => Stop::Limit,
            (true, false) => Stop::Enough,
        };
        Ok((taking.into_part(first, budget), stop))
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

/// Why no more lines were taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stop {
    /// The file has no more.
    End,
    /// As many as were wanted.
    Enough,
    /// A limit was met before.
    Limit,
}

/// Lines on their way from blocks into an answer.
struct Taking {
    charset: Charset,
    /// The number of the next line, if lines are numbered.
    number: Option<u64>,
    /// How many lines may be given.
    limit: u64,
    /// How many bytes of text may be given.
    bytes: usize,
    given: u64,
    /// Whether a line did not fit any more.
    full: bool,
    /// The beginning of a line that goes over the end of a block, at most a little over 4 KB.
    line: Vec<u8>,
    /// How much of that line was seen.
    length: u64,
    /// Where the line that comes next, or is being read, begins.
    at: u64,
    lossy: bool,
    part: Part,
}

impl Taking {
    const fn is_done(&self) -> bool {
        self.full || self.given >= self.limit
    }

    fn add(&mut self, mut block: &[u8]) {
        while !self.is_done() && !block.is_empty() {
            let end = self.charset.line_end(block);
            let (piece, rest) = block.split_at(end.unwrap_or(block.len()));
            block = rest;
            if end.is_some() && self.length == 0 {
                self.give(piece, piece.len() as u64);
                continue;
            }
            let room = (LINE + MARGIN).saturating_sub(self.line.len());
            let kept = piece.get(..room.min(piece.len())).unwrap_or_default();
            self.line.extend_from_slice(kept);
            self.length += piece.len() as u64;
            if end.is_some() {
                self.finish_line();
            }
        }
    }

    fn finish_line(&mut self) {
        if self.length > 0 && !self.is_done() {
            let line = std::mem::take(&mut self.line);
            self.give(&line, self.length);
            self.line = line;
            self.line.clear();
            self.length = 0;
        }
    }

    /// Gives the line that is `length` bytes long and begins with `line`.
    fn give(&mut self, line: &[u8], length: u64) {
        let whole = line.len() as u64 == length;
        let (content, end) = if whole {
            self.charset.without_end(line)
        } else {
            (line, None)
        };
        let cut = content.len() > LINE;
        let shown = if cut {
            let border = self.charset.border(content, LINE);
            content.get(..border).unwrap_or_default()
        } else {
            content
        };
        let (text, lossy) = self.charset.decode(shown);
        let mut given = self.number.map_or_else(String::new, |n| format!("{n}\t"));
        given.push_str(&text);
        let goes_on = self.at + shown.len() as u64;
        if cut {
            let shown = shown.len();
            given.push_str(&format!(
                " [line cut after {shown} bytes; goes on at from_byte {goes_on}]"
            ));
        }
        if cut || end.is_some() {
            given.push('\n');
        }
        if given.len() > self.bytes.saturating_sub(self.part.text.len()) {
            self.full = true;
            return;
        }
        self.part.has_control |= has_control(&text);
        self.part.crlf |= end == Some(End::CrLf);
        self.lossy |= lossy;
        if cut {
            self.part.cut.push(Cut {
                nth: self.given,
                columns: (1, shown.len()),
                from_byte: goes_on,
            });
        }
        self.part.text.push_str(&given);
        self.given += 1;
        self.at += length;
        self.number = self.number.map(|n| n + 1);
    }

    fn into_part(self, first: Option<u64>, budget: &mut Budget) -> Part {
        let mut part = self.part;
        budget.bytes = budget.bytes.saturating_sub(part.text.len());
        let given = usize::try_from(self.given).unwrap_or(usize::MAX);
        budget.lines = budget.lines.saturating_sub(given);
        part.bytes.1 = self.at;
        part.count = self.given;
        part.encoding = self.charset.name(self.lossy);
        part.lines = match first {
            Some(first) if given > 0 => Some((first, first + self.given - 1)),
            _ => None,
        };
        part
    }
}

/// Room for a line end behind a line that is just short enough.
const MARGIN: usize = 8;
