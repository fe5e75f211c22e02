//! Lets a search be stopped while the pattern is being matched.
//!
//! The engine is linear, but a pattern of many states takes up to 50 us for a byte of text that is
//! not ASCII: half a minute for a line of 512 KB, during which nothing could be asked. So it is
//! given pieces, the larger the faster it is ([`Pace`]).
//!
//! # Invariants
//!
//! - The engine is never given more than [`Pace::MOST`] bytes at once; between two calls the
//!   request is asked whether it goes on, at least every [`BLOCK`].
//! - Pieces end where lines end, and no pattern matches a line end: so what is found is the same.
//!   Only a line that is longer than a piece is cut; the pieces overlap by a quarter, which finds
//!   all but what is longer than that or bound to the start of the line. That is said.

use std::cell::Cell;
use std::fmt;
use std::time::Duration;
use std::time::Instant;

use grep_matcher::ByteSet;
use grep_matcher::LineMatchKind;
use grep_matcher::LineTerminator;
use grep_matcher::Match;
use grep_matcher::Matcher;
use grep_matcher::NoCaptures;
use grep_matcher::NoError;
use grep_searcher::LineStep;
use guard::error::Denial;

use crate::effects::search::Pattern;
use crate::effects::text_source::BLOCK;
use crate::effects::text_source::Check;

/// A pattern together with the request that searches for it.
pub(super) struct Stoppable<'a> {
    pattern: &'a Pattern,
    pace: &'a Pace,
    check: Check<'a>,
    stopped: &'a Cell<Option<Denial>>,
    unchecked: Cell<usize>,
}

impl<'a> Stoppable<'a> {
    /// Matches `pattern` until `check` says no, which is then found in `stopped`.
    pub(super) const fn new(
        pattern: &'a Pattern,
        pace: &'a Pace,
        check: Check<'a>,
        stopped: &'a Cell<Option<Denial>>,
    ) -> Self {
        Self {
            pattern,
            pace,
            check,
            stopped,
            unchecked: Cell::new(0),
        }
    }

    /// Gives the engine `bytes` to look at, if the request goes on.
    fn look<T>(&self, bytes: usize, at: impl FnOnce() -> T) -> Result<T, Stopped> {
        let unchecked = self.unchecked.get() + bytes;
        self.unchecked.set(unchecked);
        if unchecked < BLOCK.min(self.pace.piece.get()) {
            return Ok(at());
        }
        self.unchecked.set(0);
        if let Err(denial) = (self.check)() {
            self.stopped.set(Some(denial));
            return Err(Stopped);
        }
        let start = Instant::now();
        let seen = at();
        self.pace.took(bytes, start.elapsed());
        Ok(seen)
    }

    /// Where a match in `line` ends.
    fn look_in(&self, line: &[u8]) -> Result<Option<usize>, Stopped> {
        let mut at = 0;
        loop {
            let length = self.pace.piece.get();
            let end = line.len().min(at + length);
            let piece = line.get(..end).unwrap_or_default();
            let found = sure(self.look(end - at, || {
                self.pattern.matcher.shortest_match_at(piece, at)
            })?)?;
            if end == line.len() {
                return Ok(found);
            }
            // what follows may decide about a match at the very end (`$`, `\b`)
            if let Some(found) = found.filter(|found| found + BORDER <= end) {
                return Ok(Some(found));
            }
            if at > 0 || self.pace.piece.get() <= length {
                self.pace.cut.set(true);
                at = end - length / 4;
            }
        }
    }

    /// How much of `haystack` to look at next: whole lines.
    fn some_lines(&self, haystack: &[u8]) -> usize {
        let most = self.pace.piece.get().min(BLOCK);
        if haystack.len() <= most {
            return haystack.len();
        }
        let block = haystack.get(..most).unwrap_or_default();
        if let Some(newline) = block.iter().rposition(|&b| b == b'\n') {
            return newline + 1;
        }
        let mut lines = LineStep::new(b'\n', 0, haystack.len());
        lines.next(haystack).map_or(haystack.len(), |(_, end)| end)
    }
}

/// How much the engine can look at in a moment. Learned while searching.
#[derive(Debug)]
pub(super) struct Pace {
    piece: Cell<usize>,
    /// Whether a line was cut into pieces.
    pub(super) cut: Cell<bool>,
}

impl Pace {
    /// The most bytes that are looked at without asking.
    const MOST: usize = 128 * 1024;
    const LEAST: usize = 1024;
    const FAST: Duration = Duration::from_millis(5);
    const SLOW: Duration = Duration::from_millis(50);

    pub(super) const fn new() -> Self {
        Self {
            piece: Cell::new(16 * 1024),
            cut: Cell::new(false),
        }
    }

    fn took(&self, bytes: usize, time: Duration) {
        let piece = self.piece.get();
        if time < Self::FAST && bytes >= piece / 2 {
            self.piece.set((piece * 2).min(Self::MOST));
        } else if time > Self::SLOW {
            self.piece.set((piece / 4).max(Self::LEAST));
        }
    }
}

/// Enough bytes to see the next character, or CR LF.
const BORDER: usize = 4;

impl Matcher for Stoppable<'_> {
    type Captures = NoCaptures;
    type Error = Stopped;

    fn find_at(&self, haystack: &[u8], at: usize) -> Result<Option<Match>, Stopped> {
        let bytes = haystack.len().saturating_sub(at);
        sure(self.look(bytes, || self.pattern.matcher.find_at(haystack, at))?)
    }

    fn new_captures(&self) -> Result<NoCaptures, Stopped> {
        Ok(NoCaptures::new())
    }

    /// Only ever asked of a single line from its start, whose LF was taken off.
    fn shortest_match_at(&self, line: &[u8], _: usize) -> Result<Option<usize>, Stopped> {
        match line.split_last() {
            Some((b'\r', rest)) if self.pattern.crlf => self.look_in(rest),
            _ => self.look_in(line),
        }
    }

    fn find_candidate_line(&self, haystack: &[u8]) -> Result<Option<LineMatchKind>, Stopped> {
        let mut start = 0;
        while let Some(rest) = haystack.get(start..)
            && !rest.is_empty()
        {
            let length = self.some_lines(rest);
            let lines = rest.get(..length).unwrap_or_default();
            let found = if length > self.pace.piece.get() {
                let line = lines.strip_suffix(b"\n").unwrap_or(lines);
                self.shortest_match_at(line, 0)?
                    .map(LineMatchKind::Confirmed)
            } else {
                sure(self.look(length, || self.pattern.matcher.find_candidate_line(lines))?)?
            };
            match found {
                // behind the last line end begins a line that was not looked at yet
                Some(LineMatchKind::Confirmed(at)) if at == length && length < rest.len() => {}
                Some(LineMatchKind::Confirmed(at)) => {
                    return Ok(Some(LineMatchKind::Confirmed(start + at)));
                }
                Some(LineMatchKind::Candidate(at)) => {
                    return Ok(Some(LineMatchKind::Candidate(start + at)));
                }
                None => {}
            }
            start += length;
        }
        Ok(None)
    }

    fn line_terminator(&self) -> Option<LineTerminator> {
        // none says that the pattern looks for the ends of the haystack: then each line is one
        let terminator = self.pattern.matcher.line_terminator()?;
        Some(LineTerminator::byte(terminator.as_byte()))
    }

    fn non_matching_bytes(&self) -> Option<&ByteSet> {
        self.pattern.matcher.line_terminator()?;
        self.pattern.matcher.non_matching_bytes()
    }
}

/// The request does not go on.
#[derive(Debug)]
pub(super) struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped")
    }
}

fn sure<T>(result: Result<T, NoError>) -> Result<T, Stopped> {
    result.map_err(|_| Stopped)
}
