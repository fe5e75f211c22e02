//! The only place that reads the trail.
//!
//! # Invariants
//!
//! - The trail is opened by its directory at each question and nothing of it is kept, so that a
//!   directory that was put in its place is not taken for it by a descriptor of old.
//! - A directory that is not there yet is a trail without records.

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
use guard::audit::Trouble;

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
        let reader = match Reader::open(&self.dir) {
            Err(trouble) if trouble.is_absence() => return Ok(None),
            other => other?,
        };
        match reader.start(since)? {
            Some(from) => walk(&reader, from, each).map(Some),
            None => Ok(None),
        }
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
        walk(&Reader::open(&self.dir)?, from, each)
    }

    /// Whether the file that `at` is in is still there; retention removes old ones.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if it cannot be read.
    pub fn has(&self, at: &Position) -> Result<bool, Trouble> {
        let segments = Reader::open(&self.dir)?.segments()?;
        let is_there =
            |own: &guard::audit::Segment| own.chain == at.chain && own.number == at.segment;
        Ok(segments.iter().any(is_there))
    }
}

fn walk(
    reader: &Reader,
    from: Position,
    mut each: impl FnMut(Met<'_>) -> ControlFlow<()>,
) -> Result<Position, Trouble> {
    reader.walk(from, |next| match next {
        Next::Event { line, link } => match Event::parse(line) {
            Ok(event) => each(Met::Event(&event, link)),
            Err(_) => each(Met::Bad(format!("line {}: not a record", link.seq))),
        },
        Next::Bad { file, byte, why } => each(Met::Bad(format!("{file} at byte {byte}: {why}"))),
    })
}
