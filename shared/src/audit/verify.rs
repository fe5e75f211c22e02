//! Reads a whole trail and says whether it is what was written.
//!
//! # Invariants
//!
//! - Nothing is written, and no more than a line of the trail is kept in memory.
//! - A trail is `ok` only if a key that was given, or an anchor, covers every record of it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::chain::Link;
use super::chain::Type;
use super::chain::Why;
use super::checkpoint;
use super::directory::Directory;
use super::directory::Entry;
use super::directory::segment_name;
use super::mark::Lock;
use super::mark::Mark;
use super::merkle::Tree;
use super::read::Next;
use super::read::Position;
use super::read::Reader;
use super::report::Report;
use super::report::Verdict;
use super::segment;
use super::segment::From;
use super::segment::Good;
use super::segment::Said;
use super::segment::Stop;
use super::segment::Walked;
use super::trouble::Trouble;
use super::trouble::system;
use super::trust::Judge;
use super::trust::Trust;
use super::trust::Worth;

/// Verifies the trail in `directory`, also while it is written, and holds it against `trust`.
///
/// # Errors
///
/// [`Trouble::System`] if it cannot be read, [`Trouble::Untrusted`] if an anchor is signed by
/// none of the keys; every other finding is a [`Verdict`].
pub fn verify(directory: &Path, trust: &Trust) -> Result<Report, Trouble> {
    Ok(verify_opened(&Directory::open(directory)?, trust, &mut |_, _| {})?.0)
}

/// As [`verify`], and shows `each` the records on the way: those that a [`Reader`] shows, in the
/// same order, and the places that are bad. The trail is read once.
///
/// # Errors
///
/// As for [`verify`]. What was shown until then is a part.
pub fn verify_showing(
    directory: &Path,
    trust: &Trust,
    mut each: impl FnMut(Next<'_>),
) -> Result<Report, Trouble> {
    let directory = Directory::open(directory)?;
    let (report, at) = verify_opened(&directory, trust, &mut |line, link| {
        each(Next::Event { line, link });
    })?;
    if report.verdict.is_whole() {
        return Ok(report);
    }
    // a verdict ends where the fault is, but the records after it were written as well
    let reader = Reader::of(directory);
    let from = match at {
        Some(at) => Some(at),
        None => reader.start(None)?,
    };
    if let Some(from) = from {
        reader.walk(from, |next| {
            each(next);
            ControlFlow::Continue(())
        })?;
    }
    Ok(report)
}

/// The report, and the place after the last line that was taken as good, if there was a file.
fn verify_opened(
    directory: &Directory,
    trust: &Trust,
    each: &mut dyn FnMut(&[u8], Link),
) -> Result<(Report, Option<Position>), Trouble> {
    let lock = Lock::open(directory);
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
            checkpoints: 0,
            first: None,
            last: None,
            marked: mark.is_some(),
            pruned: 0,
            covered: 0,
            uncovered: 0,
            anchored: 0,
            unused_anchors: 0,
            keyed: !trust.keys.is_empty(),
        },
        at_mark: None,
        mark,
        judge: Judge::new(trust),
        tree: None,
        start: None,
        unknown: None,
        number: 0,
        line: 0,
        at: None,
        each,
    };
    let found = reading.read(directory, lock.as_ref())?;
    reading.judge.check_anchors()?;
    reading.report.verdict = found.unwrap_or_else(|| reading.verdict());
    Ok((reading.report, reading.at))
}

struct Reading<'a> {
    report: Report,
    mark: Option<Mark>,
    /// The line that ends where the mark says the last one does.
    at_mark: Option<Link>,
    judge: Judge<'a>,
    /// The tree over the lines so far.
    tree: Option<Tree>,
    /// The tree before the first line that is there.
    start: Option<Tree>,
    /// The first checkpoint of an unknown key since the last one of a known key: segment and line.
    unknown: Option<(u64, u64)>,
    /// The last good line: its segment, and its line of it.
    number: u64,
    line: u64,
    /// Where the next line is read.
    at: Option<Position>,
    /// Who is shown the records.
    each: &'a mut dyn FnMut(&[u8], Link),
}

impl Reading<'_> {
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
            (None, None) if self.judge.misses_lines() => {
                let file = segment_name("?", 1);
                return Ok(Some(Verdict::Truncated { file, line: 1 }));
            }
            (None, None) => return Ok(None),
        };
        if let Some((other, first)) = chains.iter().find(|(name, _)| **name != chain) {
            let file = segment_name(other, *first);
            return Ok(Some(Verdict::Forked { file, line: 1 }));
        }
        let first = chains.get(&chain).copied().unwrap_or(1);
        if !self.judge.is_of(&checkpoint::origin(&chain)) {
            let file = segment_name(&chain, first);
            return Ok(Some(Verdict::Forked { file, line: 1 }));
        }
        if first == 1 {
            self.tree = Some(Tree::default());
        }
        for number in first.. {
            let file = segment_name(&chain, number);
            let fd = match directory.open_any(&file, OFlags::RDONLY) {
                Err(Errno::NOENT) => return self.end(directory, &chain, first, number),
                other => other.map_err(system("open a segment"))?,
            };
            self.report.segments += 1;
            (self.number, self.line) = (number, 0);
            let walked = self.walk(&fd, &chain, first, 0)?;
            let mut stop = walked.stop;
            if let (Stop::Rest(_), Some(lock)) = (stop, lock) {
                // perhaps a writer is in the middle of it: look again when it is not
                let _held = lock.share()?;
                let again = self.walk(&fd, &chain, first, walked.end)?;
                stop = again.stop;
            }
            let line = self.line + 1;
            let next = segment_name(&chain, number + 1);
            match stop {
                Stop::End => {}
                Stop::Bad(Why::Anchor) => return Ok(Some(self.contradicted(&chain))),
                Stop::Bad(why) => return Ok(Some(Verdict::Broken { file, line, why })),
                Stop::Fork => return Ok(Some(Verdict::Forked { file, line })),
                Stop::Rest(_) if directory.look(&next).is_ok() => {
                    let why = Why::Cut;
                    return Ok(Some(Verdict::Broken { file, line, why }));
                }
                Stop::Rest(_) if self.is_short() => {
                    return Ok(Some(Verdict::Truncated { file, line }));
                }
                Stop::Rest(bytes) => return Ok(Some(Verdict::TornTail { file, line, bytes })),
            }
        }
        Ok(None)
    }

    /// Reads one segment from the byte `at` on.
    fn walk(
        &mut self,
        fd: &std::os::fd::OwnedFd,
        chain: &str,
        first: u64,
        at: u64,
    ) -> Result<Walked, Trouble> {
        let number = self.number;
        let begin = (first == 1 && number == 1).then_some(Link::START);
        let last = self.report.last.or(begin);
        let from = From {
            chain,
            number,
            at,
            last,
        };
        let mut tree = self.tree.take();
        let walked = segment::walk(fd, from, &mut tree, |good| self.line(&good));
        self.tree = tree;
        let walked = walked.map_err(system("read a segment"))?;
        self.at = Some(Position {
            chain: chain.to_owned(),
            segment: number,
            byte: walked.end,
            last: walked.last,
        });
        Ok(walked)
    }

    /// Takes one good line.
    fn line(&mut self, good: &Good<'_>) -> Result<(), Why> {
        let link = good.line.link;
        if let Some(tree) = good.tree {
            if self.start.is_none() {
                self.start = Some(tree.clone());
                self.report.pruned = tree.size();
                self.report.unused_anchors = self.judge.skip(tree.size());
            }
            self.anchor(tree)?;
        }
        match &good.said {
            None => {}
            Some(Said::Head(head)) => self.judge.head(&head.key),
            Some(Said::Checkpoint(spoken)) => {
                self.report.checkpoints += 1;
                match self.judge.checkpoint(&spoken.checkpoint)? {
                    Worth::Trusted => {
                        self.report.covered = spoken.checkpoint.size();
                        self.report.uncovered = 0;
                        self.unknown = None;
                    }
                    Worth::Named => self.unknown = None,
                    Worth::Unknown => {
                        self.unknown.get_or_insert((self.number, self.line + 1));
                    }
                }
            }
        }
        let is_record = good.line.what == Type::Event;
        let report = &mut self.report;
        report.lines += 1;
        report.records += u64::from(is_record);
        report.uncovered += u64::from(is_record);
        report.first.get_or_insert(link);
        report.last = Some(link);
        self.line += 1;
        if self
            .mark
            .as_ref()
            .is_some_and(|mark| mark.segment == self.number && mark.link.seq == link.seq)
        {
            self.at_mark = Some(link);
        }
        if is_record {
            (self.each)(good.bytes, link);
        }
        Ok(())
    }

    /// Holds the anchors against the tree over the lines so far.
    fn anchor(&mut self, tree: &Tree) -> Result<(), Why> {
        if self.judge.tree(tree).ok_or(Why::Anchor)? {
            self.report.anchored = tree.size();
            self.report.covered = self.report.covered.max(tree.size());
            self.report.uncovered = 0;
        }
        Ok(())
    }

    /// The last good line is another one than an anchor speaks of.
    fn contradicted(&self, chain: &str) -> Verdict {
        let file = segment_name(chain, self.number);
        let line = self.line.max(1);
        Verdict::Forked { file, line }
    }

    /// What is to say after the last segment that is there: `None` if there is no fault.
    fn end(
        &mut self,
        directory: &Directory,
        chain: &str,
        first: u64,
        number: u64,
    ) -> Result<Option<Verdict>, Trouble> {
        let last = self.segments(directory, chain)?;
        if last > number {
            let file = segment_name(chain, number);
            return Ok(Some(Verdict::Truncated { file, line: 1 }));
        }
        if let Some(mark) = self
            .mark
            .as_ref()
            .filter(|mark| self.at_mark != Some(mark.link))
        {
            let file = segment_name(chain, mark.segment);
            // the line is there but is another one: the end was written anew
            let rewritten = self.at_mark.is_some();
            let short = mark.segment == self.number;
            return Ok(Some(if rewritten {
                let line = self.line;
                Verdict::Forked { file, line }
            } else {
                let line = if short { self.line + 1 } else { 1 };
                Verdict::Truncated { file, line }
            }));
        }
        if let Some((number, line)) = self.unknown {
            let (file, why) = (segment_name(chain, number), Why::UnknownKey);
            return Ok(Some(Verdict::Broken { file, line, why }));
        }
        if let Some(start) = &self.start {
            let due = self.judge.first_due(first, start);
            if due < first {
                let file = segment_name(chain, due);
                return Ok(Some(Verdict::Truncated { file, line: 1 }));
            }
        }
        if let Some(tree) = self.tree.take() {
            let fits = self.anchor(&tree);
            self.tree = Some(tree);
            if fits.is_err() {
                return Ok(Some(self.contradicted(chain)));
            }
        }
        if self.judge.misses_lines() {
            let (file, line) = (segment_name(chain, self.number.max(1)), self.line + 1);
            return Ok(Some(Verdict::Truncated { file, line }));
        }
        Ok(None)
    }

    /// The verdict on a trail that has no fault.
    fn verdict(&self) -> Verdict {
        let Report {
            pruned,
            covered,
            uncovered,
            ..
        } = self.report;
        if pruned > 0 {
            Verdict::PrunedOk
        } else if covered > 0 && uncovered == 0 {
            Verdict::Ok
        } else {
            Verdict::OkUnanchored
        }
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
