//! The trail as it is handed on: all of its lines, and whether a place in it still is what it was.
#![expect(
    clippy::disallowed_methods,
    reason = "asks how long a file of the trail is, and reads nothing of it"
)]

use std::io;
use std::ops::ControlFlow;

use guard::audit::Next;
use guard::audit::Position;
use guard::audit::Reader;
use guard::audit::Segment;
use guard::audit::Trouble;

use super::Trail;
use crate::forward::settings::From;

impl Trail {
    /// Shows `each` all lines from `from` on, those of the trail about itself as well; gives back
    /// where to go on.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if it cannot be read.
    pub fn lines_from(
        &self,
        from: Position,
        each: impl FnMut(Next<'_>) -> ControlFlow<()>,
    ) -> Result<Position, Trouble> {
        Reader::open(self.dir())?.walk_lines(from, each)
    }

    /// Its first place, or its end; `None` where there is no trail yet.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if it cannot be read.
    pub fn end(&self, which: From) -> Result<Option<Position>, Trouble> {
        let Some(last) = self.files_since(None)?.pop() else {
            return Ok(None);
        };
        let reader = Reader::open(self.dir())?;
        match which {
            From::Start => reader.start(None),
            From::Now => {
                let start = Position {
                    chain: last.chain,
                    segment: last.number,
                    byte: 0,
                    last: None,
                };
                let to_the_end = |_: Next<'_>| ControlFlow::Continue(());
                reader.walk_lines(start, to_the_end).map(Some)
            }
        }
    }

    /// How long the file is in which `at` lies; `None` if it is gone.
    ///
    /// # Errors
    ///
    /// If the system does not say.
    pub fn length(&self, at: &Position) -> io::Result<Option<u64>> {
        let name = format!("{}-{:06}.jsonl", at.chain, at.segment);
        match std::fs::metadata(self.dir().join(name)) {
            Ok(found) => Ok(Some(found.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The first file after the one of `at`; and whether there is any of its chain.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if they cannot be read.
    pub fn after(&self, at: &Position) -> Result<(Option<Segment>, bool), Trouble> {
        let files = self.files_since(None)?;
        let known = files.iter().any(|file| file.chain == at.chain);
        let later = |file: &Segment| (&file.chain, file.number) > (&at.chain, at.segment);
        Ok((files.into_iter().find(later), known))
    }
}
