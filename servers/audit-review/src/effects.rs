//! The only place that reads the trail.
//!
//! # Invariants
//!
//! - The trail is opened by its directory at each question and nothing of it is kept, so that a
//!   directory that was put in its place is not taken for it by a descriptor of old.
//! - A directory that is not there yet is a trail without records.
//! - A line that a [`Sieve`] holds back is held against the one before it all the same.

pub mod files;
#[cfg(feature = "forward")]
pub mod ground;
pub mod kept;
#[cfg(any(feature = "forward", feature = "telemetry"))]
pub mod send;

use std::ops::ControlFlow;
use std::path::Path;
use std::path::PathBuf;

use chrono::DateTime;
use chrono::Utc;

use guard::audit::Event;
use guard::audit::Link;
use guard::audit::Next;
use guard::audit::Position;
use guard::audit::Reader;
use guard::audit::Report;
use guard::audit::Segment;
use guard::audit::Trouble;
use guard::audit::Trust;

use crate::query::Sieve;

/// The trail that is read.
#[derive(Clone, Debug)]
pub struct Trail {
    dir: PathBuf,
}

/// What is met on the way through a trail.
#[derive(Debug)]
pub enum Met<'a> {
    /// A record that is bound to the one before it.
    Event(&'a Event<'a>, Link),
    /// A place where the trail is not what was written: file, byte and reason.
    Bad(String),
}

/// What a sieve lets through.
#[derive(Debug)]
pub enum Sifted<'a> {
    /// A record that is bound to the one before it.
    Record {
        /// The line that it is, without its line feed: printable ASCII.
        line: &'a [u8],
        /// What it says.
        event: &'a Event<'a>,
        /// Its position and hash.
        link: Link,
    },
    /// A place where the trail is not what was written: file, byte and reason.
    Bad(String),
}

impl Trail {
    /// The trail in `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// Its directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Shows `each` what was written since `since`, until it breaks off or there is no more;
    /// gives back where to go on, `None` where there is no trail yet.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if it cannot be read.
    pub fn walk_since(
        &self,
        since: Option<DateTime<Utc>>,
        each: impl FnMut(Met<'_>) -> ControlFlow<()>,
    ) -> Result<Option<Position>, Trouble> {
        self.sift_since(since, &Sieve::default(), met(each))
    }

    /// As [`Trail::walk_since`], but on from where an earlier walk ended.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if it cannot be read.
    pub fn walk_from(
        &self,
        from: Position,
        each: impl FnMut(Met<'_>) -> ControlFlow<()>,
    ) -> Result<Position, Trouble> {
        self.sift_from(from, &Sieve::default(), met(each))
    }

    /// As [`Trail::walk_since`], for what `sieve` lets through.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if it cannot be read.
    pub fn sift_since(
        &self,
        since: Option<DateTime<Utc>>,
        sieve: &Sieve,
        each: impl FnMut(Sifted<'_>) -> ControlFlow<()>,
    ) -> Result<Option<Position>, Trouble> {
        let Some(reader) = self.open()? else {
            return Ok(None);
        };
        match reader.start(since)? {
            Some(from) => reader.walk(from, sift(sieve, each)).map(Some),
            None => Ok(None),
        }
    }

    /// As [`Trail::walk_from`], for what `sieve` lets through.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if it cannot be read.
    pub fn sift_from(
        &self,
        from: Position,
        sieve: &Sieve,
        each: impl FnMut(Sifted<'_>) -> ControlFlow<()>,
    ) -> Result<Position, Trouble> {
        Reader::open(&self.dir)?.walk(from, sift(sieve, each))
    }

    /// Verifies the whole trail against `trust` and shows `each` on the same way what `sieve` lets
    /// through, so that it is read once; `None` where there is no trail yet.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if it cannot be read, or an anchor is signed by none of the keys.
    pub fn verify_sifted(
        &self,
        trust: &Trust,
        sieve: &Sieve,
        mut each: impl FnMut(Sifted<'_>),
    ) -> Result<Option<Report>, Trouble> {
        let mut shown = sift(sieve, |sifted| {
            each(sifted);
            ControlFlow::Continue(())
        });
        let verified = guard::audit::verify_showing(&self.dir, trust, |next| {
            // it never breaks off
            let _flow = shown(next);
        });
        match verified {
            Err(trouble) if trouble.is_absence() => Ok(None),
            other => other.map(Some),
        }
    }

    /// The files that can hold what was written since `since`, oldest first: for reading
    /// backwards, file by file. None where there is no trail yet.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if they cannot be read.
    pub fn files_since(&self, since: Option<DateTime<Utc>>) -> Result<Vec<Segment>, Trouble> {
        let Some(reader) = self.open()? else {
            return Ok(Vec::new());
        };
        let mut files = reader.segments()?;
        if let Some(first) = reader.start(since)? {
            files.retain(|file| (&file.chain, file.number) >= (&first.chain, first.segment));
        }
        Ok(files)
    }

    /// As [`Trail::sift_since`], for the one file; gives back where it ends now.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if it cannot be read.
    pub fn sift_file(
        &self,
        file: &Segment,
        sieve: &Sieve,
        each: impl FnMut(Sifted<'_>) -> ControlFlow<()>,
    ) -> Result<Position, Trouble> {
        let from = Position {
            chain: file.chain.clone(),
            segment: file.number,
            byte: 0,
            last: None,
        };
        Reader::open(&self.dir)?.walk_file(from, sift(sieve, each))
    }

    fn open(&self) -> Result<Option<Reader>, Trouble> {
        match Reader::open(&self.dir) {
            Err(trouble) if trouble.is_absence() => Ok(None),
            other => other.map(Some),
        }
    }

    /// Whether the file that `at` is in is still there; retention removes old ones.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if it cannot be read.
    pub fn has(&self, at: &Position) -> Result<bool, Trouble> {
        let segments = Reader::open(&self.dir)?.segments()?;
        let is_there = |own: &Segment| own.chain == at.chain && own.number == at.segment;
        Ok(segments.iter().any(is_there))
    }
}

/// Shows `each` the records whose lines pass `sieve`, and every bad place.
fn sift(
    sieve: &Sieve,
    mut each: impl FnMut(Sifted<'_>) -> ControlFlow<()>,
) -> impl FnMut(Next<'_>) -> ControlFlow<()> {
    move |next| match next {
        Next::Event { line, .. } if !sieve.passes(line) => ControlFlow::Continue(()),
        Next::Event { line, link } => match Event::parse(line) {
            Ok(event) => each(Sifted::Record {
                line,
                event: &event,
                link,
            }),
            Err(_) => each(Sifted::Bad(format!("line {}: not a record", link.seq))),
        },
        Next::Own { .. } => ControlFlow::Continue(()),
        Next::Bad { file, byte, why } => each(Sifted::Bad(format!("{file} at byte {byte}: {why}"))),
    }
}

fn met(
    mut each: impl FnMut(Met<'_>) -> ControlFlow<()>,
) -> impl FnMut(Sifted<'_>) -> ControlFlow<()> {
    move |sifted| match sifted {
        Sifted::Record { event, link, .. } => each(Met::Event(event, link)),
        Sifted::Bad(place) => each(Met::Bad(place)),
    }
}
