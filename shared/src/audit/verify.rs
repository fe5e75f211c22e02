//! Reads a whole trail and says whether it is what was written.
//!
//! What it cannot exclude without an anchor elsewhere: that whoever can write the directory cut
//! off the end and its mark, or wrote the chain anew from some line on. It says so by its name
//! for the best verdict.
//!
//! # Invariants
//!
//! - Nothing is written, and no more than a line of the trail is kept in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::chain::Link;
use super::chain::Type;
use super::chain::Why;
use super::directory::Directory;
use super::directory::Entry;
use super::directory::segment_name;
use super::mark::Lock;
use super::mark::Mark;
use super::segment;
use super::segment::From;
use super::segment::Stop;
use super::segment::Walked;
use super::trouble::Trouble;
use super::trouble::system;

/// What a trail holds, and whether it is whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// Whether it is whole.
    pub verdict: Verdict,
    /// How many segments were read.
    pub segments: u64,
    /// How many good lines there are, heads and tails included.
    pub lines: u64,
    /// How many of them are records.
    pub records: u64,
    /// The first good line.
    pub first: Option<Link>,
    /// The last good line before the first bad place.
    pub last: Option<Link>,
    /// Whether there was a mark to hold the end against.
    pub marked: bool,
}

/// Whether a trail is whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Every line follows from the one before it. Nothing outside of the directory was asked.
    OkUnanchored,
    /// The same, but for an unfinished line at the end, as a crash leaves it.
    TornTail {
        /// In which file.
        file: String,
        /// How many bytes are unfinished.
        bytes: u64,
    },
    /// A line is not the one that must stand there.
    Broken {
        /// In which file.
        file: String,
        /// Which line of it, counted from 1.
        line: u64,
        /// What is wrong with it.
        why: Why,
    },
    /// Lines are missing at the beginning, at the end, or a whole segment between.
    Truncated {
        /// The file that is missing or too short.
        file: String,
    },
    /// Two lines follow the same one, or there are two chains.
    Forked {
        /// In which file the second branch begins.
        file: String,
        /// At which line of it, counted from 1.
        line: u64,
    },
}

impl Verdict {
    /// The stable name of the verdict.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OkUnanchored => "ok-unanchored",
            Self::TornTail { .. } => "torn-tail",
            Self::Broken { .. } => "broken",
            Self::Truncated { .. } => "truncated",
            Self::Forked { .. } => "forked",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::OkUnanchored => f.write_str(name),
            Self::TornTail { file, bytes } => write!(f, "{name}: {file}: {bytes} bytes"),
            Self::Broken { file, line, why } => write!(f, "{name}: {file}:{line}: {why}"),
            Self::Truncated { file } => write!(f, "{name}: {file}"),
            Self::Forked { file, line } => write!(f, "{name}: {file}:{line}"),
        }
    }
}

/// Verifies the trail in `directory`, also while it is written.
///
/// # Errors
///
/// [`Trouble::System`] if it cannot be read; every other finding is a [`Verdict`].
pub fn verify(directory: &Path) -> Result<Report, Trouble> {
    let directory = Directory::open(directory)?;
    let lock = Lock::open(&directory);
    // the mark first: while it is read, and ever after, the trail is at least so long
    let mark = match &lock {
        Some(lock) => match lock.share()?.mark() {
            Err(Trouble::Damaged(_)) => None,
            other => other?,
        },
        None => None,
    };
    let mut reading = Reading {
        report: Report {
            verdict: Verdict::OkUnanchored,
            segments: 0,
            lines: 0,
            records: 0,
            first: None,
            last: None,
            marked: mark.is_some(),
        },
        at_mark: None,
        mark,
    };
    if let Some(verdict) = reading.read(&directory, lock.as_ref())? {
        reading.report.verdict = verdict;
    }
    Ok(reading.report)
}

struct Reading {
    report: Report,
    mark: Option<Mark>,
    /// The line that ends where the mark says the last one does.
    at_mark: Option<Link>,
}

impl Reading {
    /// Reads all segments; `None` if there is nothing to find fault with.
    fn read(
        &mut self,
        directory: &Directory,
        lock: Option<&Lock>,
    ) -> Result<Option<Verdict>, Trouble> {
        let chains = chains(directory)?;
        let mut names = chains.keys();
        let chain = match (names.next(), &self.mark) {
            (Some(chain), None) => chain.clone(),
            (_, Some(mark)) => mark.chain.clone(),
            (None, None) => return Ok(None),
        };
        if let Some((other, first)) = chains.iter().find(|(name, _)| **name != chain) {
            let file = segment_name(other, *first);
            return Ok(Some(Verdict::Forked { file, line: 1 }));
        }
        for number in 1.. {
            let file = segment_name(&chain, number);
            let fd = match directory.open_any(&file, OFlags::RDONLY) {
                Err(Errno::NOENT) => return self.end(directory, &chain, number),
                other => other.map_err(system("open a segment"))?,
            };
            self.report.segments += 1;
            let walked = self.walk(&fd, &chain, number, 0)?;
            let mut lines = walked.lines;
            let mut stop = walked.stop;
            if let (Stop::Rest(_), Some(lock)) = (stop, lock) {
                // perhaps a writer is in the middle of it: look again when it is not
                let _held = lock.share()?;
                let again = self.walk(&fd, &chain, number, walked.end)?;
                lines += again.lines;
                stop = again.stop;
            }
            let line = lines + 1;
            let next = segment_name(&chain, number + 1);
            match stop {
                Stop::End => {}
                Stop::Bad(why) => return Ok(Some(Verdict::Broken { file, line, why })),
                Stop::Fork => return Ok(Some(Verdict::Forked { file, line })),
                Stop::Rest(_) if directory.look(&next).is_ok() => {
                    let why = Why::Cut;
                    return Ok(Some(Verdict::Broken { file, line, why }));
                }
                Stop::Rest(_) if self.is_short() => return Ok(Some(Verdict::Truncated { file })),
                Stop::Rest(bytes) => return Ok(Some(Verdict::TornTail { file, bytes })),
            }
        }
        Ok(None)
    }

    /// Reads one segment from the byte `at` on.
    fn walk(
        &mut self,
        fd: &std::os::fd::OwnedFd,
        chain: &str,
        number: u64,
        at: u64,
    ) -> Result<Walked, Trouble> {
        let last = self.report.last.or((number == 1).then_some(Link::START));
        let from = From {
            chain,
            number,
            at,
            last,
        };
        let mark = self.mark.as_ref().filter(|mark| mark.segment == number);
        let marked = mark.map(|mark| mark.link.seq);
        let (report, at_mark) = (&mut self.report, &mut self.at_mark);
        let walked = segment::walk(fd, from, |_, line| {
            report.lines += 1;
            report.records += u64::from(line.what == Type::Event);
            report.first.get_or_insert(line.link);
            report.last = Some(line.link);
            if marked == Some(line.link.seq) {
                *at_mark = Some(line.link);
            }
        });
        walked.map_err(system("read a segment"))
    }

    /// What is to say after the last segment that is there.
    fn end(
        &self,
        directory: &Directory,
        chain: &str,
        number: u64,
    ) -> Result<Option<Verdict>, Trouble> {
        let last = self.segments(directory, chain)?;
        if last > number {
            let file = segment_name(chain, number);
            return Ok(Some(Verdict::Truncated { file }));
        }
        let Some(mark) = self
            .mark
            .as_ref()
            .filter(|mark| self.at_mark != Some(mark.link))
        else {
            return Ok(None);
        };
        let file = segment_name(chain, mark.segment);
        // the line is there but is another one: the end was written anew
        let rewritten = self.at_mark.is_some();
        Ok(Some(if rewritten {
            Verdict::Forked {
                file,
                line: self.report.lines,
            }
        } else {
            Verdict::Truncated { file }
        }))
    }

    fn segments(&self, directory: &Directory, chain: &str) -> Result<u64, Trouble> {
        let numbers = directory.entries()?.into_iter().map(|entry| match entry {
            Entry::Segment(of, number) if of == chain => number,
            Entry::Segment(..) | Entry::Instance(_) | Entry::Other => 0,
        });
        Ok(numbers.max().unwrap_or_default())
    }

    fn is_short(&self) -> bool {
        self.mark.is_some() && self.at_mark.is_none()
    }
}

/// The chains that have segments here, each with its first.
fn chains(directory: &Directory) -> Result<BTreeMap<String, u64>, Trouble> {
    let mut chains = BTreeMap::new();
    for entry in directory.entries()? {
        if let Entry::Segment(chain, number) = entry {
            let first = chains.entry(chain).or_insert(number);
            *first = number.min(*first);
        }
    }
    Ok(chains)
}
