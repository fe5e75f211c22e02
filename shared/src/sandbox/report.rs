//! What the kernel enforces of a process, and what it does not: as one line and as data.
//!
//! # Invariants
//!
//! - It says no more than was asked of the kernel and tried.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

use super::Mode;

/// What holds a process down.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Enforced {
    /// What was asked for.
    pub mode: Mode,
    /// Landlock confines its files: the version of the interface that is in force.
    pub landlock: Option<u32>,
    /// A filter allows the system calls that it needs, and no others.
    pub filter: bool,
    /// It has no capabilities, can gain none, and cannot be looked into by its siblings.
    pub process: bool,
    /// What is missing of what was asked for, each with what follows from it.
    pub missing: Vec<String>,
    /// What the kernel cannot enforce of such a process, in clauses.
    pub gaps: Vec<String>,
}

impl Enforced {
    /// Nothing, as was asked for.
    pub(super) fn off() -> Self {
        Self {
            mode: Mode::Off,
            missing: vec!["it was turned off".to_owned()],
            ..Self::default()
        }
    }

    /// Whether all is in force that the profile needs.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.missing.is_empty()
    }

    /// Whether anything is.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.landlock.is_some() || self.filter || self.process
    }

    /// A short clause for whoever uses the server.
    #[must_use]
    pub const fn clause(&self) -> &'static str {
        match (self.is_whole(), self.is_any()) {
            (true, _) => "Confined by the kernel.",
            (false, true) => "Partly confined by the kernel.",
            (false, false) => "Not confined by the kernel.",
        }
    }
}

impl fmt::Display for Enforced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut enforced = Vec::new();
        if let Some(abi) = self.landlock {
            enforced.push(format!("files (Landlock {abi})"));
        }
        if self.filter {
            enforced.push("system calls (seccomp)".to_owned());
        }
        if self.process {
            enforced.push("no privileges".to_owned());
        }
        if enforced.is_empty() {
            f.write_str("none")?;
        } else {
            f.write_str(&enforced.join(", "))?;
        }
        if !self.gaps.is_empty() && self.is_any() {
            write!(f, "; not enforced: {}", self.gaps.join(", "))?;
        }
        if !self.missing.is_empty() {
            write!(f, "; missing: {}", self.missing.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_off_is_none_and_says_so() {
        let off = Enforced::off();
        assert!(off.to_string().starts_with("none"), "{off}");
        assert!(!off.is_whole() && !off.is_any());
        assert_eq!(off.clause(), "Not confined by the kernel.");
    }

    #[test]
    fn what_is_missing_makes_it_less_than_whole() {
        let mut enforced = Enforced {
            landlock: Some(7),
            filter: true,
            process: true,
            ..Enforced::default()
        };
        assert!(enforced.is_whole());
        assert_eq!(
            enforced.to_string(),
            "files (Landlock 7), system calls (seccomp), no privileges"
        );
        enforced.landlock = None;
        enforced.missing.push("Landlock: any file".to_owned());
        assert!(!enforced.is_whole());
        assert!(
            enforced
                .to_string()
                .ends_with("; missing: Landlock: any file")
        );
        assert_eq!(enforced.clause(), "Partly confined by the kernel.");
    }
}
