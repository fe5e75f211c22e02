//! Puts lines into an answer, block by block, until it is full.
//!
//! # Invariants
//!
//! - At most a little over 4 KB of a line are kept, however long it is.
//! - A line is given whole, or cut where its note says, or not at all.

use guard::error::Refusal;

use crate::effects::encoding::Charset;
use crate::effects::encoding::End;
use crate::effects::encoding::has_control;
use crate::effects::text::Budget;
use crate::effects::text::Cut;
use crate::effects::text::Part;
use crate::effects::text_source::Source;

/// How many bytes of one line are given.
pub const LINE: usize = 4 * 1024;

/// Which lines are to be taken.
pub(super) struct Order {
    /// How the characters are written.
    pub(super) charset: Charset,
    /// Where the first line begins.
    pub(super) at: u64,
    /// Its number, if that is known.
    pub(super) first: Option<u64>,
    /// How many.
    pub(super) wanted: u64,
    /// Whether numbers are put before the lines.
    pub(super) numbered: bool,
}

/// Takes lines of `source`, and says why not more.
pub(super) fn take(
    source: &Source<'_>,
    order: &Order,
    budget: &mut Budget,
) -> Result<(Part, Stop), Refusal> {
    let mut at = order.at;
    let mut taking = Taking {
        charset: order.charset,
        number: order.first.filter(|_| order.numbered),
        limit: order.wanted.min(budget.lines as u64),
        bytes: budget.bytes,
        given: 0,
        full: false,
        line: Vec::new(),
        length: 0,
        at,
        lossy: false,
        part: Part::empty(order.charset, at),
    };
    let mut block = Vec::new();
    let mut ended = false;
    let mut skipped = false;
    while !ended && !skipped && !taking.is_done() {
        let found = if let Some(rest) = source.rest(at)? {
            rest
        } else {
            if block.is_empty() {
                block = source.block();
            }
            let read = source.read(at, &mut block)?;
            block.get(..read).unwrap_or_default()
        };
        at += found.len() as u64;
        ended = found.is_empty();
        taking.add(found);
        // what is cut off the last line need not be read
        skipped = taking.given + 1 == taking.limit && taking.length > 2 * LINE as u64;
        if ended || skipped {
            taking.finish_line();
        }
    }
    let more = taking.full || skipped || source.read(taking.at, &mut [0])? > 0;
    let stop = match (more, taking.given < order.wanted) {
        (false, _) => Stop::End,
        (true, true) => Stop::Limit,
        (true, false) => Stop::Enough,
    };
    Ok((taking.into_part(order.first, budget), stop))
}

/// Why no more lines were taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stop {
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
        if self.length == 0 {
            let plain = self.give_plain(block);
            block = block.get(plain..).unwrap_or_default();
        }
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

    /// Gives the lines at the beginning of `block` together, if none of them is cut, changed or
    /// numbered; how many bytes that were.
    fn give_plain(&mut self, block: &[u8]) -> usize {
        if self.charset != Charset::Utf8 || self.number.is_some() || self.is_done() {
            return 0;
        }
        let end = memchr::memrchr(b'\n', block).map_or(0, |at| at + 1);
        let lines = block.get(..end).unwrap_or_default();
        let room = self.bytes.saturating_sub(self.part.text.len());
        if lines.len() > room || memchr::memchr(b'\r', lines).is_some() {
            return 0;
        }
        let (mut count, mut begin) = (0, 0);
        for newline in memchr::memchr_iter(b'\n', lines) {
            if newline - begin > LINE {
                return 0;
            }
            (count, begin) = (count + 1, newline + 1);
        }
        let fits = count <= self.limit - self.given;
        let Some(text) = str::from_utf8(lines).ok().filter(|_| fits) else {
            return 0;
        };
        self.part.has_control |= has_control(text);
        // with room for what follows them
        self.part.text.reserve(block.len().min(room));
        self.part.text.push_str(text);
        self.given += count;
        self.at += end as u64;
        end
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
        let goes_on = self.at + shown.len() as u64;
        let number = self.number.map(|n| format!("{n}\t")).unwrap_or_default();
        let note = if cut {
            let shown = shown.len();
            format!(" [line cut after {shown} bytes; goes on at from_byte {goes_on}]\n")
        } else {
            String::new()
        };
        let newline = if end.is_some() && !cut { "\n" } else { "" };
        let given = [&number, &*text, &note, newline];
        let length_given: usize = given.iter().map(|piece| piece.len()).sum();
        if length_given > self.bytes.saturating_sub(self.part.text.len()) {
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
        self.part.text.extend(given);
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
