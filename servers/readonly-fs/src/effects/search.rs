//! Compiles what a request searches for.
//!
//! # Invariants
//!
//! - A pattern takes at most 1 KB of source and 1 MB compiled, and so does each of its caches; what
//!   is larger is refused before any file is opened.
//! - A match never goes over a line end. `$` also matches before CR LF.

use std::fmt;

use grep_regex::ErrorKind;
use grep_regex::RegexMatcher;
use grep_regex::RegexMatcherBuilder;
use guard::error::Denial;

/// The most bytes of a pattern's source.
pub const SOURCE: usize = 1024;

/// The most bytes of a compiled pattern, and of the states that are cached while searching.
const COMPILED: usize = 1 << 20;

/// How deep groups may nest.
const DEPTH: u32 = 64;

/// Whether upper and lower case are the same.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Case {
    /// No.
    #[default]
    Sensitive,
    /// Yes.
    Insensitive,
    /// Yes, unless the pattern has an upper case letter.
    Smart,
}

/// What to give of a file that matches.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Mode {
    /// The lines, with their surroundings.
    #[default]
    Lines,
    /// Only that it does; the search of the file ends there.
    Files,
    /// How many lines do.
    Count,
}

/// A compiled pattern. Cloning is cheap; each thread should have a clone of its own.
#[derive(Clone)]
pub struct Pattern {
    pub(super) matcher: RegexMatcher,
    /// Whether a CR before the LF belongs to the line end.
    pub(super) crlf: bool,
}

impl Pattern {
    /// Compiles `source`: a regular expression, or the text itself if `literal`.
    ///
    /// # Errors
    ///
    /// [`Denial::Malformed`] if it is none, or wants what no line of text has (a line end, NUL);
    /// [`Denial::TooLarge`] if it is too long, compiled or not.
    pub fn compile(source: &str, literal: bool, case: Case) -> Result<Self, Denial> {
        if source.len() > SOURCE {
            return Err(Denial::TooLarge("a pattern has at most 1 KB"));
        }
        // the library does not look for these in a pattern without operators
        if source.contains('\0') || literal && source.contains(['\n', '\r']) {
            return Err(SEVERAL_LINES);
        }
        let build = |crlf: bool| {
            let mut builder = RegexMatcherBuilder::new();
            builder
                .fixed_strings(literal)
                .case_insensitive(case == Case::Insensitive)
                .case_smart(case == Case::Smart)
                .multi_line(true)
                .crlf(crlf)
                .size_limit(COMPILED)
                .dfa_size_limit(COMPILED)
                .nest_limit(DEPTH)
                .ban_byte(Some(0));
            if !crlf {
                builder.line_terminator(Some(b'\n'));
            }
            builder.build(source)
        };
        let built = match build(true) {
            // a pattern that names CR itself wants to see it
            Err(error) if matches!(error.kind(), ErrorKind::NotAllowed(_)) => {
                build(false).map(|matcher| (matcher, false))
            }
            built => built.map(|matcher| (matcher, true)),
        };
        match built {
            Ok((matcher, crlf)) => Ok(Self { matcher, crlf }),
            Err(error) => Err(why(&error)),
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pattern")
    }
}

fn why(error: &grep_regex::Error) -> Denial {
    match error.kind() {
        ErrorKind::NotAllowed(_) | ErrorKind::Banned(_) => SEVERAL_LINES,
        // the library tells an oversized pattern from a wrong one by text only
        ErrorKind::Regex(text) if text.contains("size limit") => Denial::TooLarge(
            "a compiled pattern has at most 1 MB: repeat less, or write (?-u:\\w) for \\w",
        ),
        ErrorKind::Regex(_) | _ => Denial::Malformed {
            argument: "pattern",
            expected: "a regular expression in the syntax of Rust's regex, without \
                       look-around and back-references; or set `literal`",
        },
    }
}

const SEVERAL_LINES: Denial = Denial::Malformed {
    argument: "pattern",
    expected: "a pattern for single lines, without line ends and NUL",
};
