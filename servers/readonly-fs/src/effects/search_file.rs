//! Searches files, one after the other, in this process.
//!
//! A file that fits a block is read by one call and searched where it lies; a larger one, or one
//! in UTF-16, goes through a bounded buffer.
//!
//! # Invariants
//!
//! - However large the file or long its lines, one [`Finder`] holds a few megabytes.
//! - A file that is not text is not searched, which is said; one that turns out to be none further
//!   down is searched up to there, which is said as well.
#![expect(
    clippy::disallowed_types,
    reason = "reads a file that was opened elsewhere"
)]

use std::cell::Cell;
use std::fs::File;
use std::os::unix::fs::FileExt;

use grep_searcher::BinaryDetection;
use grep_searcher::MmapChoice;
use grep_searcher::Searcher;
use grep_searcher::SearcherBuilder;
use guard::error::Denial;
use guard::error::Fault;
use guard::error::Refusal;
use guard::error::fault;

use crate::effects::encoding::Charset;
use crate::effects::encoding::Form;
use crate::effects::search::Mode;
use crate::effects::search::Pattern;
use crate::effects::search_matcher::Pace;
use crate::effects::search_matcher::Stoppable;
use crate::effects::search_sink::Gather;
use crate::effects::search_sink::Line;
use crate::effects::search_sink::Position;
use crate::effects::search_sink::Room;
use crate::effects::search_stream::Stream;
use crate::effects::text_source::BLOCK;
use crate::effects::text_source::Check;
use crate::effects::text_source::HEAD;
use crate::effects::text_source::read_full;

/// The most lines before and after a match.
pub const CONTEXT: usize = 5;

/// What was found in one file.
#[derive(Debug, Default)]
pub struct Found {
    /// How many lines match; in [`Mode::Files`], at most one.
    pub matches: u64,
    /// In [`Mode::Lines`], the lines, in order. Numbers that do not follow show a gap.
    pub lines: Vec<Line>,
    /// Where to go on, if not all was searched or not all was given. The same place as before,
    /// after a stop, means that the time of a call is not enough for this pattern and file: trying
    /// again would not help.
    pub next: Option<Position>,
    /// Why it was stopped, if the request did not go on.
    pub stopped: Option<Denial>,
    /// Whether the file is not text, or no more from some byte on.
    pub binary: bool,
    /// Whether a line was too long to be searched as one: a match may be missing that is long,
    /// bound to the start of the line, or more than 512 KB behind it.
    pub partial_lines: bool,
    /// Whether a line that is given holds characters that may deceive on a screen.
    pub has_control: bool,
}

/// Searches for one pattern. Holds buffers, so that each thread keeps one for all its files.
#[derive(Debug)]
pub struct Finder {
    pattern: Pattern,
    mode: Mode,
    searcher: Searcher,
    buffer: Vec<u8>,
    pace: Pace,
}

impl Finder {
    /// A search for `pattern`; in [`Mode::Lines`] with up to `context` lines around each match.
    #[must_use]
    pub fn new(pattern: &Pattern, mode: Mode, context: usize) -> Self {
        let lines = mode == Mode::Lines;
        let context = if lines { context.min(CONTEXT) } else { 0 };
        let searcher = SearcherBuilder::new()
            .line_number(lines)
            .before_context(context)
            .after_context(context)
            .heap_limit(Some(HEAP))
            .memory_map(MmapChoice::never())
            .binary_detection(BinaryDetection::quit(0))
            .bom_sniffing(false)
            .build();
        Self {
            pattern: pattern.clone(),
            mode,
            searcher,
            buffer: vec![0; BLOCK],
            pace: Pace::new(),
        }
    }

    /// Searches `file`, whose size was `size` when it was opened, from `start` on. What it gives
    /// is taken from `room`.
    ///
    /// If `check` says no, what was found so far is given, with [`Found::stopped`].
    ///
    /// # Errors
    ///
    /// A fault if the file cannot be read.
    pub fn file(
        &mut self,
        file: &File,
        size: u64,
        start: Position,
        room: &mut Room,
        check: Check<'_>,
    ) -> Result<Found, Refusal> {
        let mut start = start;
        let mut form = None;
        if start.byte > 0 {
            let head = self.buffer.get_mut(..HEAD).unwrap_or_default();
            let read = read_full(file, 0, head)?;
            form = Some(Form::of(head.get(..read).unwrap_or_default()));
        }
        let read = read_once(file, start.byte, size, &mut self.buffer)?;
        let mut text = self.buffer.get(..read).unwrap_or_default();
        let form = form.unwrap_or_else(|| Form::of(text.get(..HEAD).unwrap_or(text)));
        let Form::Text(charset, mark) = form else {
            return Ok(Found {
                binary: true,
                ..Found::default()
            });
        };
        if charset == Charset::Utf8 && start.byte < mark {
            let skipped = usize::try_from(mark - start.byte).unwrap_or(0);
            text = text.get(skipped..).unwrap_or_default();
            start.byte = mark;
        }
        let stopped = Cell::new(None);
        let matcher = Stoppable::new(&self.pattern, &self.pace, check, &stopped);
        let mut gather = Gather::new(&self.pattern, self.mode, room, start);
        if charset == Charset::Utf8 && read < self.buffer.len() {
            if let Err(denial) = check() {
                stopped.set(Some(denial));
            }
            let outcome = match stopped.get() {
                None => self.searcher.search_slice(matcher, text, &mut gather),
                Some(_) => Ok(()),
            };
            let searched = gather.given;
            let found = found(gather, outcome, stopped.get(), searched)?;
            return Ok(Found {
                partial_lines: self.pace.cut.take(),
                ..found
            });
        }
        let ahead = if charset == Charset::Utf8 { text } else { &[] };
        let mut stream = Stream::new(file, charset, start, ahead, check, &stopped);
        let outcome = self
            .searcher
            .search_reader(matcher, &mut stream, &mut gather);
        if let Some(fault) = stream.fault.take() {
            return Err(fault.into());
        }
        // a place in the text that was handed on is one in the file's own text plus what was
        // left out before it
        let original = |place: Position| Position {
            byte: start.byte + stream.original(place.byte - start.byte),
            ..place
        };
        gather.next = gather.next.map(original);
        let searched = original(gather.given).max(stream.searched);
        let partial_lines = stream.has_omitted() | self.pace.cut.take();
        let found = found(gather, outcome, stopped.get(), searched)?;
        Ok(Found {
            partial_lines,
            ..found
        })
    }
}

/// How much memory a search may take for what it reads: the longest line and its surroundings
/// fit twice.
const HEAP: usize = 16 << 20;

fn found(
    gather: Gather<'_>,
    outcome: Result<(), std::io::Error>,
    stopped: Option<Denial>,
    searched: Position,
) -> Result<Found, Refusal> {
    if stopped.is_none() {
        outcome.map_err(fault("search the file"))?;
    }
    Ok(Found {
        matches: gather.matches,
        lines: gather.lines,
        next: gather.next.or(stopped.map(|_| searched)),
        stopped,
        binary: gather.binary,
        partial_lines: false,
        has_control: gather.has_control,
    })
}

/// Fills `buffer` from the byte `at` on. By one call, if that brings all that the file is said to
/// hold.
fn read_once(file: &File, at: u64, size: u64, buffer: &mut [u8]) -> Result<usize, Fault> {
    let expected = size.saturating_sub(at);
    let first = file.read_at(buffer, at).unwrap_or_default();
    if first as u64 == expected && first > 0 && first < buffer.len() {
        return Ok(first);
    }
    let rest = buffer.get_mut(first..).unwrap_or_default();
    Ok(first + read_full(file, at + first as u64, rest)?)
}
