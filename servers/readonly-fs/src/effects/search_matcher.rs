//! Lets a search be stopped while the pattern is being matched.
//!
//! # Invariants
//!
//! - The engine is never given more than [`BLOCK`] bytes at once, unless a line is longer; between
//!   two of them the request is asked whether it goes on.
//! - Blocks end where lines end, and no pattern matches a line end: so what is found is the same.

use std::cell::Cell;
use std::fmt;

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
    check: Check<'a>,
    stopped: &'a Cell<Option<Denial>>,
    unchecked: Cell<usize>,
}

impl<'a> Stoppable<'a> {
    /// Matches `pattern` until `check` says no, which is then found in `stopped`.
    pub(super) const fn new(
        pattern: &'a Pattern,
        check: Check<'a>,
        stopped: &'a Cell<Option<Denial>>,
    ) -> Self {
        Self {
            pattern,
            check,
            stopped,
            unchecked: Cell::new(0),
        }
    }

    fn about_to_look_at(&self, bytes: usize) -> Result<(), Stopped> {
        let unchecked = self.unchecked.get() + bytes;
        if unchecked < BLOCK {
            self.unchecked.set(unchecked);
            return Ok(());
        }
        self.unchecked.set(0);
        (self.check)().map_err(|denial| {
            self.stopped.set(Some(denial));
            Stopped
        })
    }

    /// How much of `haystack` to look at next: whole lines, of about a block.
    fn window(haystack: &[u8]) -> usize {
        if haystack.len() <= BLOCK {
            return haystack.len();
        }
        let block = haystack.get(..BLOCK).unwrap_or_default();
        if let Some(newline) = block.iter().rposition(|&b| b == b'\n') {
            return newline + 1;
        }
        let mut lines = LineStep::new(b'\n', 0, haystack.len());
        lines.next(haystack).map_or(haystack.len(), |(_, end)| end)
    }
}

impl Matcher for Stoppable<'_> {
    type Captures = NoCaptures;
    type Error = Stopped;

    fn find_at(&self, haystack: &[u8], at: usize) -> Result<Option<Match>, Stopped> {
        self.about_to_look_at(haystack.len().saturating_sub(at))?;
        sure(self.pattern.matcher.find_at(haystack, at))
    }

    fn new_captures(&self) -> Result<NoCaptures, Stopped> {
        Ok(NoCaptures::new())
    }

    /// Only ever asked of a single line, whose LF was taken off.
    fn shortest_match_at(&self, line: &[u8], at: usize) -> Result<Option<usize>, Stopped> {
        self.about_to_look_at(line.len().saturating_sub(at))?;
        let line = match line.split_last() {
            Some((b'\r', rest)) if self.pattern.crlf && at <= rest.len() => rest,
            _ => line,
        };
        sure(self.pattern.matcher.shortest_match_at(line, at))
    }

    fn find_candidate_line(&self, haystack: &[u8]) -> Result<Option<LineMatchKind>, Stopped> {
        let mut start = 0;
        while let Some(rest) = haystack.get(start..)
            && !rest.is_empty()
        {
            let length = Self::window(rest);
            self.about_to_look_at(length)?;
            let window = rest.get(..length).unwrap_or_default();
            match sure(self.pattern.matcher.find_candidate_line(window))? {
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
