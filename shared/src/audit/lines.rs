//! Reads the lines of a segment one by one, in bounded memory.

use std::os::fd::OwnedFd;

use rustix::io::Errno;

use super::encode::MAX_LINE;

/// A reader that stands at a line of a file.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    fd: &'a OwnedFd,
    /// Where in the file the next one begins.
    next: u64,
    /// Bytes from `next` on, between `used` and `filled`.
    buffer: Vec<u8>,
    used: usize,
    filled: usize,
}

/// What comes next in a segment.
#[derive(Debug)]
pub(super) enum Step<'a> {
    /// A line, without its line feed.
    Line(&'a [u8]),
    /// A line that is longer than any that is ever written.
    TooLong,
    /// Bytes at the end of the file that no line feed ends: how many.
    Rest(u64),
    /// The end of the file.
    End,
}

impl<'a> Lines<'a> {
    /// Reads `fd` from the byte `at` on.
    pub(super) fn new(fd: &'a OwnedFd, at: u64) -> Self {
        Self {
            fd,
            next: at,
            buffer: Vec::new(),
            used: 0,
            filled: 0,
        }
    }

    /// Where the last whole line ends.
    pub(super) const fn end(&self) -> u64 {
        self.next
    }

    /// Goes on by one line.
    pub(super) fn step(&mut self) -> Result<Step<'_>, Errno> {
        let mut searched = 0;
        loop {
            let rest = self.rest();
            let unseen = rest.get(searched..).unwrap_or_default();
            if let Some(length) = memchr::memchr(b'\n', unseen) {
                let (from, to) = (self.used, self.used + searched + length);
                self.used = to + 1;
                self.next += (to + 1 - from) as u64;
                return Ok(Step::Line(self.buffer.get(from..to).unwrap_or_default()));
            }
            searched = rest.len();
            if searched > MAX_LINE {
                return self.skip(searched as u64);
            }
            let end = self.next + searched as u64;
            if !self.fill(end)? {
                return Ok(if searched == 0 {
                    Step::End
                } else {
                    Step::Rest(searched as u64)
                });
            }
        }
    }

    /// Looks for the end of a line that is too long, without keeping it.
    fn skip(&mut self, mut seen: u64) -> Result<Step<'_>, Errno> {
        loop {
            self.used = self.filled;
            if !self.fill(self.next + seen)? {
                return Ok(Step::Rest(seen));
            }
            if memchr::memchr(b'\n', self.rest()).is_some() {
                return Ok(Step::TooLong);
            }
            seen += self.rest().len() as u64;
        }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.used..self.filled).unwrap_or_default()
    }

    /// Reads more bytes, which stand at `at`; says whether there were any.
    fn fill(&mut self, at: u64) -> Result<bool, Errno> {
        self.buffer.copy_within(self.used..self.filled, 0);
        self.filled -= self.used;
        self.used = 0;
        if self.buffer.is_empty() {
            // what is left of a line, and a chunk: never larger
            self.buffer.resize(MAX_LINE + 1 + CHUNK, 0);
        }
        let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
        let read = loop {
            match rustix::io::pread(self.fd, &mut *room, at) {
                Err(Errno::INTR) => {}
                other => break other?,
            }
        };
        self.filled += read;
        Ok(read > 0)
    }
}

/// How much is read at once.
const CHUNK: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn lines_come_one_by_one_however_long_they_are() {
        let long = "y".repeat(CHUNK * 3);
        for (text, expected) in [
            (String::new(), "end"),
            ("a\n\nbc\n".to_owned(), "[a][][bc]end"),
            ("a\nb".to_owned(), "[a]rest 1"),
            (format!("a\n{long}\nb\n"), "[a]too long"),
            (format!("a\n{long}"), "[a]rest 786432"),
            ("x\n".repeat(CHUNK), &format!("{}end", "[x]".repeat(CHUNK))),
        ] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            let fd = OwnedFd::from(file);
            let mut lines = Lines::new(&fd, 0);
            let mut found = String::new();
            loop {
                match lines.step().unwrap() {
                    Step::Line(line) => found += &format!("[{}]", str::from_utf8(line).unwrap()),
                    Step::TooLong => break found += "too long",
                    Step::Rest(bytes) => break found += &format!("rest {bytes}"),
                    Step::End => break found += "end",
                }
            }
            assert_eq!(found, expected);
        }
    }
}
