//! Streams a file as UTF-8 text into a search.
//!
//! # Invariants
//!
//! - Of a line, at most [`LONGEST`] bytes are handed on, so that one that is as long as the file
//!   takes no more memory than others. That some were left out is said.
//! - The request is asked before each block whether it goes on.
#![expect(
    clippy::disallowed_types,
    reason = "reads a file that was opened elsewhere"
)]

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::io::Read;

use encoding_rs::Decoder;
use guard::error::Denial;
use guard::error::Fault;

use crate::effects::encoding::Charset;
use crate::effects::search_sink::Position;
use crate::effects::text_source::BLOCK;
use crate::effects::text_source::Check;
use crate::effects::text_source::read_full;

/// How much of one line is searched.
pub(super) const LONGEST: usize = 512 * 1024;

/// A file on its way into a search.
pub(super) struct Stream<'a> {
    file: &'a File,
    check: Check<'a>,
    stopped: &'a Cell<Option<Denial>>,
    /// The next byte of the file.
    at: u64,
    /// Bytes that were read before the stream was made.
    ahead: &'a [u8],
    decoder: Option<Utf16>,
    /// How many bytes of decoded text come before what is wanted.
    skip: u64,
    /// How much of the current line was seen.
    line: usize,
    /// Behind the last line that was handed on whole, in the text before anything is left out.
    whole: Position,
    seen: u64,
    /// Everything before this has been searched, once more is asked for.
    pub(super) searched: Position,
    /// Where in the handed-on text how many bytes were left out.
    omitted: Vec<(u64, u64)>,
    handed_on: u64,
    pub(super) fault: Option<Fault>,
}

/// Text that was decoded and not handed on yet.
struct Utf16 {
    decoder: Decoder,
    text: Vec<u8>,
    used: usize,
    ended: bool,
}

impl<'a> Stream<'a> {
    /// The text of `file` from `start` on; `ahead` are the bytes there that were read already.
    /// UTF-16 is read from its beginning, whatever the start.
    pub(super) fn new(
        file: &'a File,
        charset: Charset,
        start: Position,
        ahead: &'a [u8],
        check: Check<'a>,
        stopped: &'a Cell<Option<Denial>>,
    ) -> Self {
        let decoder = charset.decoder().map(|decoder| Utf16 {
            decoder,
            text: Vec::new(),
            used: 0,
            ended: false,
        });
        let skip = if decoder.is_some() { start.byte } else { 0 };
        Self {
            file,
            check,
            stopped,
            at: if decoder.is_some() { 2 } else { start.byte },
            ahead,
            decoder,
            skip,
            line: 0,
            whole: start,
            seen: start.byte,
            searched: start,
            omitted: Vec::new(),
            handed_on: 0,
            fault: None,
        }
    }

    /// Where in the text of the file the line begins that begins there in the handed-on text.
    pub(super) fn original(&self, offset: u64) -> u64 {
        let before = self.omitted.iter().take_while(|(at, _)| *at <= offset);
        offset + before.map(|(_, bytes)| bytes).sum::<u64>()
    }

    /// Whether a line was too long to be searched whole.
    pub(super) const fn has_omitted(&self) -> bool {
        !self.omitted.is_empty()
    }

    /// The next bytes of the text.
    fn fill(&mut self, block: &mut [u8]) -> Result<usize, Fault> {
        let length = block.len().min(BLOCK);
        let block = block.get_mut(..length).unwrap_or_default();
        if let Some(mut utf16) = self.decoder.take() {
            let filled = self.decode(&mut utf16, block);
            self.decoder = Some(utf16);
            return filled;
        }
        let read = if self.ahead.is_empty() {
            read_full(self.file, self.at, block)?
        } else {
            let read = self.ahead.len().min(block.len());
            let (now, later) = self.ahead.split_at(read);
            block
                .get_mut(..read)
                .unwrap_or_default()
                .copy_from_slice(now);
            self.ahead = later;
            read
        };
        self.at += read as u64;
        Ok(read)
    }

    fn decode(&mut self, utf16: &mut Utf16, block: &mut [u8]) -> Result<usize, Fault> {
        while utf16.used == utf16.text.len() && !utf16.ended && self.goes_on() {
            let mut raw = vec![0; BLOCK];
            let read = read_full(self.file, self.at, &mut raw)?;
            self.at += read as u64;
            utf16.ended = read < BLOCK;
            let raw = raw.get(..read).unwrap_or_default();
            let most = utf16.decoder.max_utf8_buffer_length(read);
            utf16.text.resize(most.unwrap_or(4 * BLOCK), 0);
            let (_, _, length, _) = utf16
                .decoder
                .decode_to_utf8(raw, &mut utf16.text, utf16.ended);
            utf16.text.truncate(length);
            let skipped = usize::try_from(self.skip).unwrap_or(length).min(length);
            self.skip -= skipped as u64;
            utf16.used = skipped;
        }
        let mut rest = utf16.text.get(utf16.used..).unwrap_or_default();
        let read = rest.read(block).unwrap_or_default();
        utf16.used += read;
        Ok(read)
    }

    fn goes_on(&self) -> bool {
        if let Err(denial) = (self.check)() {
            self.stopped.set(Some(denial));
        }
        self.stopped.get().is_none()
    }

    /// Leaves out what is too much of a line, and says how much remains.
    fn shorten(&mut self, block: &mut [u8]) -> usize {
        let last = block.iter().rposition(|&b| b == b'\n');
        // only the line that began before this block can be too long already
        let omitted = if self.line + block.len() <= LONGEST {
            0..0
        } else {
            let end = block
                .iter()
                .position(|&b| b == b'\n')
                .unwrap_or(block.len());
            LONGEST.saturating_sub(self.line).min(end)..end
        };
        if let Some(last) = last {
            self.whole = Position {
                byte: self.seen + last as u64 + 1,
                line: self.whole.line + Charset::Utf8.newlines(block),
            };
        }
        self.line = last.map_or(self.line + block.len(), |last| block.len() - last - 1);
        self.seen += block.len() as u64;
        let length = block.len() - omitted.len();
        if !omitted.is_empty() {
            let at = self.handed_on + omitted.start as u64;
            let bytes = omitted.len() as u64;
            match self.omitted.last_mut() {
                Some(last) if last.0 == at => last.1 += bytes,
                _ => self.omitted.push((at, bytes)),
            }
            block.copy_within(omitted.end.., omitted.start);
        }
        self.handed_on += length as u64;
        length
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, block: &mut [u8]) -> io::Result<usize> {
        self.searched = self.whole;
        // a block from the inside of a long line is left out as a whole
        while self.goes_on() {
            let read = self.fill(block).map_err(|fault| {
                self.fault = Some(fault);
                io::Error::other("failed")
            })?;
            let kept = self.shorten(block.get_mut(..read).unwrap_or_default());
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
        Err(io::Error::other("stopped"))
    }
}
