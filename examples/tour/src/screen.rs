//! What is printed, and the count of promises that held.

use std::fmt;
use std::io;
use std::io::IsTerminal;
use std::io::Write;
use std::process::ExitCode;

/// Standard output, in colour where that is a terminal and `NO_COLOR` is not set.
#[derive(Debug)]
pub struct Screen {
    colour: bool,
    kept: u32,
    broken: Vec<String>,
}

/// A way to write.
#[derive(Clone, Copy)]
enum Ink {
    Bold,
    Dim,
    Green,
    Red,
}

impl Screen {
    /// The screen of this process.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "NO_COLOR is an agreement about the environment"
    )]
    pub fn new() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            colour: io::stdout().is_terminal() && !unwanted,
            kept: 0,
            broken: Vec::new(),
        }
    }

    /// The name of all that follows.
    pub fn title(&self, text: &str) {
        self.line(format_args!("\n{}\n", self.inked(Ink::Bold, text)));
    }

    /// Begins a part.
    pub fn heading(&self, text: &str) {
        let rule = "-".repeat(text.chars().count());
        self.line(format_args!("\n{}", self.inked(Ink::Bold, text)));
        self.line(format_args!("{}", self.inked(Ink::Dim, &rule)));
    }

    /// Says something to the reader.
    pub fn say(&self, text: &str) {
        self.line(format_args!("{text}"));
    }

    /// Shows what was asked by whom, and under which label the answer came.
    pub fn asked(&self, who: &str, what: &str, label: &str) {
        let label = self.inked(Ink::Dim, &format!("[{label}]"));
        let who = self.inked(Ink::Bold, who);
        self.line(format_args!("\n{who}: {what}  {label}"));
    }

    /// Shows somebody else's text, indented; at most `most` lines of it.
    pub fn quote(&self, text: &str, most: usize) {
        for line in text.lines().take(most) {
            self.line(format_args!("    {line}"));
        }
        let rest = text.lines().count().saturating_sub(most);
        if rest > 0 {
            let rest = format!("... and {rest} more lines");
            self.line(format_args!("    {}", self.inked(Ink::Dim, &rest)));
        }
    }

    /// Says that a promise holds, or that it does not.
    pub fn promise(&mut self, holds: bool, text: &str) {
        if holds {
            self.kept += 1;
            self.line(format_args!("  {}  {text}", self.inked(Ink::Green, "held")));
        } else {
            self.broken.push(text.to_owned());
            self.line(format_args!("  {}  {text}", self.inked(Ink::Red, "BROKEN")));
        }
    }

    /// Says that the tour could not go on.
    pub fn failed(&self, error: &io::Error) {
        let failed = self.inked(Ink::Red, "the tour could not go on");
        self.line(format_args!("\n{failed}: {error}"));
    }

    /// Counts the promises; success if all of them held.
    #[must_use]
    pub fn end(self) -> ExitCode {
        if self.broken.is_empty() {
            let all = format!("All {} promises held.", self.kept);
            self.line(format_args!("{}", self.inked(Ink::Green, &all)));
            return ExitCode::SUCCESS;
        }
        for text in &self.broken {
            self.line(format_args!("{} {text}", self.inked(Ink::Red, "broken:")));
        }
        ExitCode::FAILURE
    }

    fn inked(&self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Bold => 1,
            Ink::Dim => 2,
            Ink::Green => 32,
            Ink::Red => 31,
        };
        if self.colour {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn line(&self, text: fmt::Arguments<'_>) {
        // whoever closed the pipe has read enough; the exit code still tells
        drop(writeln!(io::stdout(), "{text}"));
    }
}

impl Default for Screen {
    fn default() -> Self {
        Self::new()
    }
}
