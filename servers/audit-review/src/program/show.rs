//! `audit-review show`: the records of the trail, one line each, for a terminal or for a program.
//!
//! # Invariants
//!
//! - Nothing but visible ASCII of the trail itself, or what [`crate::show`] escaped, is written.
//! - A place where the trail is not whole is told, and reading goes on after it; the exit code
//!   says so at the end.
//! - Memory does not grow with the trail: what is kept is at most `MOST` lines.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::io::BufWriter;
use std::io::ErrorKind;
use std::io::IsTerminal;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;

use guard::audit::Event;
use guard::audit::Link;
use guard::audit::Position;
use guard::audit::Trouble;
use guard::program::Start;
use guard::program::StartError;

use super::AuditReviewProgram;
use super::asked::Asked;
use super::found;
use crate::effects::Sifted;
use crate::effects::Trail;
use crate::query::Query;
use crate::query::Sieve;
use crate::show;
use crate::show::Style;

/// What it is run with.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The directory of the trail [default: the configured one, else that of --audit].
    #[arg(value_name = "TRAIL")]
    pub(super) trail: Option<PathBuf>,
    #[command(flatten)]
    asked: Asked,
    /// Only the last N of them.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST)))]
    last: Option<u32>,
    /// All fields of each.
    #[arg(long, conflicts_with = "json")]
    long: bool,
    /// The lines of the trail as they are.
    #[arg(long)]
    json: bool,
    /// Then wait for more, until interrupted; begins with the last 10 unless --last or --since
    /// says otherwise.
    #[arg(long, short)]
    pub(super) follow: bool,
    /// With colours [default: on a terminal, unless NO_COLOR is set].
    #[arg(long, value_enum, default_value_t)]
    color: Color,
}

/// When there are colours.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether there are colours, on a `terminal` or not; `unwanted` is what `NO_COLOR` holds.
    fn is_on(self, terminal: bool, unwanted: Option<&OsStr>) -> bool {
        match self {
            Self::Auto => terminal && unwanted.is_none_or(OsStr::is_empty),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// Runs it.
pub(super) fn run(
    arguments: Arguments,
    start: &Start<'_, AuditReviewProgram>,
    out: &mut dyn Write,
) -> Result<(), StartError> {
    let trail = super::trail(start, arguments.trail);
    let terminal = std::io::stdout().is_terminal();
    let form = match (arguments.json, arguments.long) {
        (true, _) => Form::Json,
        (false, true) => Form::Long,
        (false, false) => Form::Line,
    };
    let query = arguments.asked.query();
    let mut shown = Shown {
        sieve: query.sieve(),
        query,
        form,
        style: Style {
            colours: arguments.color.is_on(terminal, no_color().as_deref()),
            aligned: terminal,
        },
        out: BufWriter::with_capacity(BUFFER, out),
        text: String::new(),
        bad: 0,
        first: None,
        failed: None,
    };
    let reading = format!("read the trail in {}", trail.dir().display());
    let read = |trouble: Trouble| super::failed(&reading, &trouble);
    if !arguments.follow && trail.files_since(None).map_err(read)?.is_empty() {
        return Err(StartError::step(&reading, "there is none"));
    }
    let last = match arguments.last {
        None if arguments.follow && shown.query.since.is_none() => Some(FOLLOWED),
        last => last,
    };
    let end = match last {
        Some(last) => shown.last(&trail, last as usize),
        None => shown.all(&trail),
    };
    let mut at = end.map_err(read)?;
    while arguments.follow && shown.flush() && still_read() {
        at = match at {
            Some(from) => Some(shown.more(&trail, from).map_err(read)?),
            None => shown.all(&trail).map_err(read)?,
        };
    }
    shown.end()
}

/// What is written, and what was met.
struct Shown<'a> {
    query: Query,
    sieve: Sieve,
    form: Form,
    style: Style,
    out: BufWriter<&'a mut dyn Write>,
    text: String,
    /// How many places were bad, and the first of them.
    bad: u64,
    first: Option<String>,
    failed: Option<std::io::Error>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    Line,
    Long,
    Json,
}

impl Shown<'_> {
    /// Shows all that is asked for.
    fn all(&mut self, trail: &Trail) -> Result<Option<Position>, Trouble> {
        let (since, sieve) = (self.query.since, self.sieve.clone());
        trail.sift_since(since, &sieve, |sifted| self.one(&sifted))
    }

    /// Shows what came after `from`.
    fn more(&mut self, trail: &Trail, from: Position) -> Result<Position, Trouble> {
        let sieve = self.sieve.clone();
        match trail.sift_from(from.clone(), &sieve, |sifted| self.one(&sifted)) {
            // gone for now: perhaps it comes back
            Err(trouble) if trouble.is_absence() => Ok(from),
            other => other,
        }
    }

    /// Shows the last `count` of what is asked for, reading from the end, file by file.
    fn last(&mut self, trail: &Trail, count: usize) -> Result<Option<Position>, Trouble> {
        let mut end = None;
        // of each file, the newest first: what is written of it
        let mut files: Vec<VecDeque<String>> = Vec::new();
        let mut left = count;
        for file in trail.files_since(self.query.since)?.iter().rev() {
            let mut kept = VecDeque::new();
            let sieve = self.sieve.clone();
            let at = trail.sift_file(file, &sieve, |sifted| {
                if self.wants(&sifted) {
                    if kept.len() >= left && kept.pop_front().is_none() {
                        return ControlFlow::Break(());
                    }
                    self.text.clear();
                    self.write(&sifted);
                    kept.push_back(self.text.clone());
                }
                ControlFlow::Continue(())
            })?;
            end.get_or_insert(at);
            left = left.saturating_sub(kept.len());
            files.push(kept);
            if left == 0 {
                break;
            }
        }
        for text in files.into_iter().rev().flatten() {
            if self.put(text.as_bytes()).is_break() {
                break;
            }
        }
        Ok(end)
    }

    fn one(&mut self, sifted: &Sifted<'_>) -> ControlFlow<()> {
        if !self.wants(sifted) {
            return ControlFlow::Continue(());
        }
        self.text.clear();
        self.write(sifted);
        let text = std::mem::take(&mut self.text);
        let flow = self.put(text.as_bytes());
        self.text = text;
        flow
    }

    /// Whether it is shown. Counts the bad places.
    fn wants(&mut self, sifted: &Sifted<'_>) -> bool {
        match sifted {
            Sifted::Record { event, .. } => self.query.matches(event),
            Sifted::Bad(place) => {
                self.bad += 1;
                self.first.get_or_insert_with(|| place.clone());
                // where a program reads, the lines are the trail's alone
                if self.form == Form::Json {
                    tracing::warn!("the trail is not whole: {place}");
                }
                self.form != Form::Json
            }
        }
    }

    /// Writes it into the text.
    fn write(&mut self, sifted: &Sifted<'_>) {
        match sifted {
            Sifted::Record { line, event, link } => self.record(line, event, *link),
            Sifted::Bad(place) => {
                self.text.push_str("! not whole: ");
                show::escape(&mut self.text, place);
                self.text.push('\n');
            }
        }
    }

    fn record(&mut self, line: &[u8], event: &Event<'_>, link: Link) {
        let handle = format!("#{}", link.seq);
        match self.form {
            Form::Json => self.text.push_str(&String::from_utf8_lossy(line)),
            Form::Line => show::line(&mut self.text, event, &handle, self.style),
            Form::Long => {
                self.text.push_str(&handle);
                self.text.push('\n');
                show::fields(&mut self.text, event, "  ");
            }
        }
        self.text.push('\n');
    }

    fn put(&mut self, text: &[u8]) -> ControlFlow<()> {
        match self.out.write_all(text) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// Lets out what was written; no if nobody takes it.
    fn flush(&mut self) -> bool {
        if self.failed.is_none() {
            self.failed = self.out.flush().err();
        }
        self.failed.is_none()
    }

    fn end(mut self) -> Result<(), StartError> {
        self.flush();
        match self.failed {
            // whoever reads only the first lines does nothing wrong
            Some(error) if error.kind() != ErrorKind::BrokenPipe => {
                return Err(StartError::step("write to standard output", error));
            }
            Some(_) | None => {}
        }
        let Some(first) = self.first else {
            return Ok(());
        };
        Err(StartError::Found {
            code: found::BROKEN,
            said: format!(
                "the trail is not whole in {} places, the first: {first}; ask `verify`",
                self.bad
            ),
        })
    }
}

/// What the user says to all programs about colours (no-color.org).
#[expect(
    clippy::disallowed_methods,
    reason = "how it looks is the one thing that the environment decides"
)]
fn no_color() -> Option<OsString> {
    std::env::var_os("NO_COLOR")
}

/// Waits a moment; no if whoever read standard output is gone.
fn still_read() -> bool {
    let stdout = std::io::stdout();
    let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
    // without flags of ours only the end of the other side is told
    match rustix::event::poll(&mut watched, Some(&PAUSE)) {
        Ok(0) | Err(rustix::io::Errno::INTR) => true,
        Ok(_) | Err(_) => false,
    }
}

/// How many lines are kept at most.
const MOST: u32 = 10_000;
/// How many a follower begins with.
const FOLLOWED: u32 = 10;
/// How long a follower waits before it looks again.
const PAUSE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 200_000_000,
};
const BUFFER: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_for_terminals_whose_user_wants_them() {
        let unset = None;
        let (empty, set) = (Some(OsStr::new("")), Some(OsStr::new("1")));
        assert!(Color::Auto.is_on(true, unset) && Color::Auto.is_on(true, empty));
        assert!(!Color::Auto.is_on(true, set) && !Color::Auto.is_on(false, unset));
        // what is asked for on the command line is what is meant
        assert!(Color::Always.is_on(false, set) && !Color::Never.is_on(true, unset));
    }
}
