//! The operator's log: standard error, as text or JSON.
//!
//! # Invariants
//!
//! - The protocol library is held at `error`, whatever level is asked for: below that it writes
//!   ids, whole requests and results.
//! - What others wrote into an event cannot end its line, nor steer or deceive a terminal.
//! - A panic is told by its place, never by its message, which may hold data.

use std::fmt::Write as _;
use std::io;
use std::io::Write;

use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

use crate::text::is_unseen;

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One object a line.
    Json,
}

/// How much is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Amount {
    /// What failed.
    Error,
    /// And what looks wrong.
    #[default]
    Warn,
    /// And what happens.
    Info,
    /// And how.
    Debug,
}

/// The target of what is told once, at the start.
pub(crate) const START: &str = "guard::start";

/// Sets up the log of this process. A second call changes nothing.
pub fn init(format: Format, amount: Amount) {
    let level = match amount {
        Amount::Error => Level::ERROR,
        Amount::Warn => Level::WARN,
        Amount::Info => Level::INFO,
        Amount::Debug => Level::DEBUG,
    };
    let quiet = LevelFilter::from_level(level).min(LevelFilter::ERROR);
    let told = match amount {
        Amount::Error => LevelFilter::ERROR,
        Amount::Warn | Amount::Info | Amount::Debug => {
            LevelFilter::from_level(level.max(Level::INFO))
        }
    };
    let filter = Targets::new()
        .with_default(level)
        // what holds the process down is told at every start, unless only failures are
        .with_target(START, told)
        .with_target("rmcp", quiet);
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(|| Plain(io::stderr()))
        .with_ansi(false);
    let layer = match format {
        Format::Text => layer.with_target(false).with_filter(filter).boxed(),
        Format::Json => layer.json().flatten_event(true).with_filter(filter).boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(layer);
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::debug!("the log is set up already");
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!("panicked at {place}");
    }));
}

/// Passes on whole events, each as one line of text that can be seen.
struct Plain<W>(W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.write_all(line(event).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The event as one line. The escapes are those of JSON, so that an object stays one.
fn line(event: &[u8]) -> String {
    let text = String::from_utf8_lossy(event);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let mut line = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if is_unseen(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // writing to a string cannot fail
                write!(line, "\\u{unit:04x}").unwrap_or_default();
            }
        } else {
            line.push(c);
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l5_an_event_is_one_line_whatever_is_in_it() {
        let mut written = Vec::new();
        let event = "id=a\n2026 ERROR forged\r\u{1b}[2J\u{9b}m\u{202e}\u{2028}\u{200b} \u{516c}\n";
        Plain(&mut written).write_all(event.as_bytes()).unwrap();
        let wanted =
            "id=a\\u000a2026 ERROR forged\\u000d\\u001b[2J\\u009bm\\u202e\\u2028\\u200b \u{516c}\n";
        assert_eq!(String::from_utf8(written).unwrap(), wanted);
    }
}
