//! What is found in a composition, and how it is said.

use std::fmt;

use serde::Serialize;

/// One thing that is found.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Its stable name.
    pub code: &'static str,
    /// The servers that it is about, by the names that the host gives them.
    pub servers: Vec<String>,
    /// What is so.
    pub said: String,
    /// What to change.
    pub mend: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Worth a decision.
    Warning,
    /// Not to be used so.
    Error,
}

impl Severity {
    /// The exit code of a composition of which this is the worst finding.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Note => 0,
            Self::Warning => 10,
            Self::Error => 11,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (severity, code) = (self.severity.name(), self.code);
        let servers: Vec<String> = self.servers.iter().map(|name| plain(name)).collect();
        write!(
            f,
            "{severity}[{code}] {}: {}",
            servers.join(", "),
            self.said
        )?;
        if self.mend.is_empty() {
            Ok(())
        } else {
            write!(f, "\n    mend: {}", self.mend)
        }
    }
}

/// A name of the host's, as it may be shown on a terminal: what is neither a letter nor a digit
/// nor one of `-_./@ ` is escaped, and what is long is cut.
#[must_use]
pub fn plain(text: &str) -> String {
    let shown = |letter: char| letter.is_alphanumeric() || "-_./@ ".contains(letter);
    let mut out = String::new();
    for (at, letter) in text.chars().enumerate() {
        if at == LONGEST {
            out.push_str("...");
            break;
        }
        if shown(letter) {
            out.push(letter);
        } else {
            out.extend(letter.escape_unicode());
        }
    }
    out
}

const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_write_to_a_terminal() {
        assert_eq!(plain("my-docs 2"), "my-docs 2");
        assert_eq!(
            plain("a\u{1b}[2J\u{202e}\n"),
            "a\\u{1b}\\u{5b}2J\\u{202e}\\u{a}"
        );
        assert_eq!(plain(&"x".repeat(500)).len(), LONGEST + 3);
    }
}
