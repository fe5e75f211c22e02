//! Gathers what a search finds in one file.
//!
//! # Invariants
//!
//! - No more lines and bytes are gathered than the answer has [`Room`] for.
//! - When it ends early, `Gather::next` is where the first line begins that was not given.

use std::io;
use std::ops::Range;

use grep_matcher::Matcher;
use grep_searcher::Searcher;
use grep_searcher::Sink;
use grep_searcher::SinkContext;
use grep_searcher::SinkContextKind;
use grep_searcher::SinkMatch;
use serde::Deserialize;
use serde::Serialize;

use crate::effects::encoding::Charset;
use crate::effects::encoding::has_control;
use crate::effects::lines_take::LINE;
use crate::effects::search::Mode;
use crate::effects::search::Pattern;

/// What an answer still has room for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Room {
    /// In lines that match.
    pub matches: usize,
    /// In bytes of text.
    pub bytes: usize,
}

/// A place in a file where a line begins.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Position {
    /// Its offset in bytes (of UTF-16: in what it is as UTF-8).
    pub byte: u64,
    /// How many lines are before it.
    pub line: u64,
}

/// A line that a search gives.
#[derive(Debug, Eq, PartialEq)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// Its text without the line end; of a long line, what is around the match.
    pub text: String,
    /// Whether it matches, or only surrounds a line that does.
    pub matches: bool,
    /// If the line was cut: the first and the last column that is given, in bytes, from 1.
    pub columns: Option<(usize, usize)>,
}

/// What was found so far.
#[derive(Debug)]
pub(super) struct Gather<'a> {
    pattern: &'a Pattern,
    mode: Mode,
    room: &'a mut Room,
    /// Where the search began, in the text that it is given.
    base: Position,
    /// Lines before a match that may follow.
    before: Vec<(Position, Line)>,
    /// Behind the last line that was given.
    pub(super) given: Position,
    pub(super) lines: Vec<Line>,
    pub(super) matches: u64,
    pub(super) binary: bool,
    pub(super) has_control: bool,
    pub(super) next: Option<Position>,
}

impl<'a> Gather<'a> {
    pub(super) const fn new(
        pattern: &'a Pattern,
        mode: Mode,
        room: &'a mut Room,
        base: Position,
    ) -> Self {
        Self {
            pattern,
            mode,
            room,
            base,
            before: Vec::new(),
            given: base,
            lines: Vec::new(),
            matches: 0,
            binary: false,
            has_control: false,
            next: None,
        }
    }

    fn position(&self, offset: u64, number: Option<u64>) -> Position {
        Position {
            byte: self.base.byte + offset,
            line: self.base.line + number.unwrap_or(1) - 1,
        }
    }

    /// Takes `lines` (the first at `at`, the last ending at `end`) if there is room for all.
    fn give(&mut self, at: Position, end: Position, lines: Vec<Line>) -> bool {
        let cost: usize = lines.iter().map(|line| line.text.len() + NUMBER).sum();
        if cost > self.room.bytes {
            self.next = Some(at);
            return false;
        }
        self.room.bytes -= cost;
        self.has_control |= lines.iter().any(|line| has_control(&line.text));
        self.lines.extend(lines);
        self.given = end;
        true
    }
}

impl Sink for Gather<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> Result<bool, io::Error> {
        if self.mode != Mode::Lines {
            self.matches += 1;
            return Ok(self.mode == Mode::Count);
        }
        let bytes = found.bytes();
        let at = self.position(found.absolute_byte_offset(), found.line_number());
        let first = self.before.first().map_or(at, |(at, _)| *at);
        if self.room.matches == 0 {
            self.next = Some(first);
            return Ok(false);
        }
        let mut lines: Vec<Line> = self.before.drain(..).map(|(_, line)| line).collect();
        let around = if bytes.len() > LINE {
            let found = self.pattern.matcher.find(bytes).ok().flatten();
            found.map_or(0, |m| m.start().saturating_sub(LINE / 4))
        } else {
            0
        };
        lines.push(line(bytes, around, at.line + 1, true));
        if !self.give(first, behind(at, bytes), lines) {
            return Ok(false);
        }
        self.room.matches -= 1;
        self.matches += 1;
        Ok(true)
    }

    fn context(&mut self, _: &Searcher, found: &SinkContext<'_>) -> Result<bool, io::Error> {
        let bytes = found.bytes();
        let at = self.position(found.absolute_byte_offset(), found.line_number());
        let line = line(bytes, 0, at.line + 1, false);
        if *found.kind() == SinkContextKind::Before {
            self.before.push((at, line));
            return Ok(true);
        }
        Ok(self.give(at, behind(at, bytes), vec![line]))
    }

    fn binary_data(&mut self, _: &Searcher, _: u64) -> Result<bool, io::Error> {
        self.binary = true;
        Ok(true)
    }
}

/// What the number of a line and its line end add to an answer.
const NUMBER: usize = 12;

fn behind(at: Position, line: &[u8]) -> Position {
    Position {
        byte: at.byte + line.len() as u64,
        line: at.line + 1,
    }
}

/// At most 4 KB of a line, from about `around` on.
fn line(bytes: &[u8], around: usize, number: u64, matches: bool) -> Line {
    let (content, _) = Charset::Utf8.without_end(bytes);
    let Range { start, end } = if content.len() <= LINE {
        0..content.len()
    } else {
        let start = around.min(content.len() - LINE);
        let start = Charset::Utf8.border(content, start);
        start..Charset::Utf8.border(content, start + LINE)
    };
    let (text, _) = Charset::Utf8.decode(content.get(start..end).unwrap_or_default());
    Line {
        number,
        text: text.into_owned(),
        matches,
        columns: (end - start < content.len()).then_some((start + 1, end)),
    }
}
