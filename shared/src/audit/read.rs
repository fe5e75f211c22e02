//! Reads the records of a trail in their order, and holds each against the one before it.
//!
//! # Invariants
//!
//! - A record is shown only with the knowledge whether its line is bound to the one before it:
//!   after a bad place it says where that was, and goes on.
//! - Nothing is written, and no more than a line is kept in memory.

use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::path::Path;

use chrono::DateTime;
use chrono::Utc;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::chain;
use super::chain::Link;
use super::chain::Type;
use super::chain::Why;
use super::directory::Directory;
use super::directory::Entry;
use super::directory::is_chain;
use super::directory::segment_name;
use super::lines::Lines;
use super::lines::Step;
use super::segment;
use super::trouble::Trouble;
use super::trouble::system;

/// A trail that is open for reading.
#[derive(Debug)]
pub struct Reader {
    directory: Directory,
}

/// A file of the trail.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Segment {
    /// The chain that it belongs to.
    pub chain: String,
    /// Its number, counted from 1.
    pub number: u64,
    /// When it was begun; `None` if its first line does not say so.
    pub begun: Option<DateTime<Utc>>,
}

/// A place between two lines of a trail.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Position {
    /// The chain.
    pub chain: String,
    /// The number of the segment.
    pub segment: u64,
    /// The byte of it at which the next line begins.
    pub byte: u64,
    /// The line before, where it is known.
    pub last: Option<Link>,
}

/// What comes next in a trail.
#[derive(Clone, Copy, Debug)]
pub enum Next<'a> {
    /// A record, whose hash fits its bytes and which follows from the line before it.
    Event {
        /// The whole line, without its line feed.
        line: &'a [u8],
        /// Its position and hash.
        link: Link,
    },
    /// A line of the trail about itself: a head, a checkpoint or a tail. Only
    /// [`Reader::walk_lines`] shows these.
    Own {
        /// The whole line, without its line feed.
        line: &'a [u8],
        /// Its position and hash.
        link: Link,
    },
    /// A line that is not what must stand there. Reading goes on after it.
    Bad {
        /// In which file.
        file: &'a str,
        /// The byte at which it begins.
        byte: u64,
        /// What is wrong with it.
        why: Why,
    },
}

impl Reader {
    /// Opens the trail in `directory`, whoever writes it.
    ///
    /// # Errors
    ///
    /// [`Trouble::System`] if the directory cannot be opened.
    pub fn open(directory: &Path) -> Result<Self, Trouble> {
        Ok(Self {
            directory: Directory::open(directory)?,
        })
    }

    /// For a directory that is open already.
    pub(super) const fn of(directory: Directory) -> Self {
        Self { directory }
    }

    /// The files of the trail in the order of chain and number.
    ///
    /// # Errors
    ///
    /// [`Trouble::System`] if they cannot be read.
    pub fn segments(&self) -> Result<Vec<Segment>, Trouble> {
        let mut found: Vec<(String, u64)> = Vec::new();
        for entry in self.directory.entries()? {
            if let Entry::Segment(chain, number) = entry {
                found.push((chain, number));
            }
        }
        found.sort_unstable();
        let segment = |(chain, number): (String, u64)| {
            let begun = match self.open_segment(&chain, number)? {
                Some(fd) => segment::head(&fd)
                    .map_err(system("read a segment"))?
                    .and_then(Result::ok)
                    .map(|head| head.time),
                None => None,
            };
            Ok(Segment {
                chain,
                number,
                begun,
            })
        };
        found.into_iter().map(segment).collect()
    }

    /// The place of the first record that can have been written at or after `since`: the
    /// beginning, or that of a segment well before, for clocks are set back at times.
    ///
    /// # Errors
    ///
    /// As [`Reader::segments`].
    pub fn start(&self, since: Option<DateTime<Utc>>) -> Result<Option<Position>, Trouble> {
        let segments = self.segments()?;
        let early = since.and_then(|since| since.checked_sub_signed(CLOCKS));
        let old = |segment: &&Segment| match (segment.begun, early) {
            (Some(begun), Some(early)) => begun < early,
            (None, _) | (_, None) => false,
        };
        let count = segments.iter().take_while(old).count();
        let first = segments.get(count.saturating_sub(1));
        Ok(first.map(|first| Position {
            chain: first.chain.clone(),
            segment: first.number,
            byte: 0,
            last: None,
        }))
    }

    /// Shows `each` what comes from `from` on, until it breaks off or there is nothing more now.
    /// Gives back where to go on. A line at the end that is not whole yet is left for later.
    ///
    /// # Errors
    ///
    /// [`Trouble::System`] if a file cannot be read.
    pub fn walk(
        &self,
        from: Position,
        each: impl FnMut(Next<'_>) -> ControlFlow<()>,
    ) -> Result<Position, Trouble> {
        self.walk_lines(from, records(each))
    }

    /// As [`Reader::walk`], but shows the lines of the trail about itself as well: with all of
    /// them, whoever is handed the lines holds a trail that can be verified.
    ///
    /// # Errors
    ///
    /// [`Trouble::System`] if a file cannot be read.
    pub fn walk_lines(
        &self,
        from: Position,
        mut each: impl FnMut(Next<'_>) -> ControlFlow<()>,
    ) -> Result<Position, Trouble> {
        let mut at = from;
        loop {
            let Some(fd) = self.open_segment(&at.chain, at.segment)? else {
                return Ok(at);
            };
            if self.walk_segment(&fd, &mut at, &mut each)?.is_break() {
                return Ok(at);
            }
            let Some(next) = self.next(&at)? else {
                return Ok(at);
            };
            // lines may have come between the end that was seen and the next segment
            if self.walk_segment(&fd, &mut at, &mut each)?.is_break() {
                return Ok(at);
            }
            at = next.after(at.last);
        }
    }

    /// As [`Reader::walk`], but only in the file in which `from` lies.
    ///
    /// # Errors
    ///
    /// [`Trouble::System`] if the file cannot be read.
    pub fn walk_file(
        &self,
        from: Position,
        each: impl FnMut(Next<'_>) -> ControlFlow<()>,
    ) -> Result<Position, Trouble> {
        let mut each = records(each);
        let mut at = from;
        if let Some(fd) = self.open_segment(&at.chain, at.segment)? {
            let _flow = self.walk_segment(&fd, &mut at, &mut each)?;
        }
        Ok(at)
    }

    fn walk_segment(
        &self,
        fd: &OwnedFd,
        at: &mut Position,
        each: &mut impl FnMut(Next<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Trouble> {
        let file = segment_name(&at.chain, at.segment);
        let mut lines = Lines::new(fd, at.byte);
        loop {
            let byte = at.byte;
            let step = lines.step().map_err(system("read a segment"))?;
            let (item, last) = match step {
                Step::Rest(_) | Step::End => return Ok(ControlFlow::Continue(())),
                Step::TooLong => {
                    let why = Why::TooLong;
                    let _stop = each(Next::Bad {
                        file: &file,
                        byte,
                        why,
                    });
                    // what follows is not to be found again
                    return Ok(ControlFlow::Break(()));
                }
                Step::Line(line) => match checked(line, at.last) {
                    Ok((Type::Event, link)) => (Next::Event { line, link }, Some(link)),
                    Ok((Type::Head | Type::Checkpoint | Type::Tail, link)) => {
                        (Next::Own { line, link }, Some(link))
                    }
                    Err((why, link)) => {
                        let file = &file;
                        (Next::Bad { file, byte, why }, link)
                    }
                },
            };
            let flow = each(item);
            at.last = last;
            at.byte = lines.end();
            if flow.is_break() {
                return Ok(flow);
            }
        }
    }

    /// The segment after that of `at`: the next of its chain that is there, or the first of the
    /// next chain.
    fn next(&self, at: &Position) -> Result<Option<Segment>, Trouble> {
        let mut next: Option<(String, u64)> = None;
        for entry in self.directory.entries()? {
            if let Entry::Segment(chain, number) = entry {
                let found = (chain, number);
                let later = found.0 > at.chain || (found.0 == at.chain && found.1 > at.segment);
                if later && next.as_ref().is_none_or(|next| found < *next) {
                    next = Some(found);
                }
            }
        }
        Ok(next.map(|(chain, number)| Segment {
            chain,
            number,
            begun: None,
        }))
    }

    fn open_segment(&self, chain: &str, number: u64) -> Result<Option<OwnedFd>, Trouble> {
        if !is_chain(chain) {
            return Ok(None);
        }
        let opened = self
            .directory
            .open_any(&segment_name(chain, number), OFlags::RDONLY);
        match opened {
            Ok(fd) => Ok(Some(fd)),
            Err(Errno::NOENT) => Ok(None),
            Err(cause) => Err(system("open a segment")(cause)),
        }
    }
}

impl Segment {
    fn after(self, last: Option<Link>) -> Position {
        Position {
            // another chain does not follow from this one
            last: last.filter(|_| self.number > 1),
            chain: self.chain,
            segment: self.number,
            byte: 0,
        }
    }
}

/// Keeps the lines of the trail about itself from `each`.
fn records(
    mut each: impl FnMut(Next<'_>) -> ControlFlow<()>,
) -> impl FnMut(Next<'_>) -> ControlFlow<()> {
    move |next| match next {
        Next::Own { .. } => ControlFlow::Continue(()),
        Next::Event { .. } | Next::Bad { .. } => each(next),
    }
}

/// The line, if it is whole and follows `last`; else why not, and what is known for the next.
fn checked(line: &[u8], last: Option<Link>) -> Result<(Type, Link), (Why, Option<Link>)> {
    let opened = chain::open(line).map_err(|why| (why, None))?;
    match last.map_or(Ok(()), |last| opened.follows(last)) {
        Ok(()) => Ok((opened.what, opened.link)),
        Err(why) => Err((why, Some(opened.link))),
    }
}

/// How far a clock may be wrong before a search by time misses what it wrote.
const CLOCKS: chrono::TimeDelta = chrono::TimeDelta::days(1);

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the test tampers with files")]
mod tests {
    use super::*;
    use crate::audit::Audit;
    use crate::audit::Event;
    use crate::audit::Kind;
    use crate::audit::Origin;
    use crate::audit::Record;
    use crate::audit::Settings;
    use crate::audit::trail::id;

    const NOW: &str = "2026-05-05T12:00:00Z";

    fn now() -> DateTime<Utc> {
        NOW.parse().unwrap()
    }

    fn write(audit: &Audit, who: &str) {
        let mut record = Record::new(Kind::Request, id(now()).unwrap(), now());
        record.principal_id = Some(who.into());
        audit.write_blocking(record).unwrap();
    }

    /// A trail of small segments with `count` records of requests.
    fn trail(dir: &Path, count: usize) -> Audit {
        let settings = Settings {
            rotate_bytes: 2048,
            low_water_bytes: 0,
            ..Settings::new(dir)
        };
        let audit = Audit::open(settings, Origin::default(), now()).unwrap();
        for at in 0..count {
            write(&audit, &format!("p{at}"));
        }
        audit
    }

    /// The principals from `from` on and the places that are bad, and where to go on.
    fn read(reader: &Reader, from: Position) -> (Vec<String>, Vec<Why>, Position) {
        let (mut who, mut bad) = (Vec::new(), Vec::new());
        let end = reader.walk(from, |next| {
            match next {
                Next::Event { line, link } => {
                    let event = Event::parse(line).unwrap();
                    assert_eq!(event.seq(), link.seq);
                    who.extend(event.text("principal.id").map(str::to_owned));
                }
                Next::Own { .. } => panic!("only records are shown"),
                Next::Bad { why, .. } => bad.push(why),
            }
            ControlFlow::Continue(())
        });
        (who, bad, end.unwrap())
    }

    #[test]
    fn all_records_come_in_their_order_and_a_walk_goes_on_where_it_ended() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("audit");
        let audit = trail(&dir, 40);
        let reader = Reader::open(&dir).unwrap();
        assert!(reader.segments().unwrap().len() > 5);
        let start = reader.start(None).unwrap().unwrap();
        let (who, bad, end) = read(&reader, start.clone());
        let expected: Vec<String> = (0..40).map(|at| format!("p{at}")).collect();
        assert_eq!((who, bad), (expected, vec![]));
        assert_eq!(read(&reader, end.clone()).0, Vec::<String>::new());
        for at in 0..40 {
            write(&audit, &format!("q{at}"));
        }
        let (who, bad, _) = read(&reader, end);
        assert_eq!((who.len(), bad), (40, vec![]));
        // and it breaks off after the record that said so
        let mut seen = 0;
        let end = reader.walk(start, |_| {
            seen += 1;
            ControlFlow::Break(())
        });
        assert_eq!(seen, 1);
        let (who, bad, _) = read(&reader, end.unwrap());
        assert!(
            who.len() == 80 && bad.is_empty(),
            "the first is of the trail itself"
        );
    }

    #[test]
    fn a_changed_line_is_told_at_its_place_and_the_others_are_still_shown() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("audit");
        drop(trail(&dir, 20));
        let reader = Reader::open(&dir).unwrap();
        let second = &reader.segments().unwrap()[1];
        let path = dir.join(segment_name(&second.chain, second.number));
        let text = std::fs::read_to_string(&path).unwrap();
        let changed = text.replacen("\"principal.id\":\"p", "\"principal.id\":\"x", 1);
        assert_ne!(text, changed);
        std::fs::write(&path, changed).unwrap();
        let (who, bad, _) = read(&reader, reader.start(None).unwrap().unwrap());
        assert_eq!(bad, [Why::Hash]);
        assert_eq!(who.len(), 19);
    }

    #[test]
    fn all_lines_are_shown_to_who_asks_for_them_and_each_follows_the_last() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("audit");
        drop(trail(&dir, 20));
        let reader = Reader::open(&dir).unwrap();
        let (mut all, mut own) = (Vec::new(), 0);
        let start = reader.start(None).unwrap().unwrap();
        let end = reader.walk_lines(start, |next| {
            match next {
                Next::Event { link, .. } => all.push(link.seq),
                Next::Own { link, .. } => {
                    own += 1;
                    all.push(link.seq);
                }
                Next::Bad { why, .. } => panic!("{why}"),
            }
            ControlFlow::Continue(())
        });
        let last = end.unwrap().last.unwrap().seq;
        assert_eq!(all, (1..=last).collect::<Vec<_>>());
        assert!(own > 6, "heads, tails and a checkpoint");
    }

    #[test]
    fn a_search_by_time_begins_no_later_than_it_must() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("audit");
        drop(trail(&dir, 20));
        let reader = Reader::open(&dir).unwrap();
        let segment = |since| reader.start(Some(since)).unwrap().unwrap().segment;
        assert_eq!(segment(now()), 1);
        assert_eq!(segment(now() + CLOCKS), 1);
        let last = reader.segments().unwrap().len() as u64;
        assert_eq!(segment(now() + CLOCKS * 2), last);
    }
}
