//! The policy in force, and how it is replaced while the server runs.
//!
//! # Invariants
//!
//! - A file that does not parse leaves the last good policy in force.
//! - A policy with other label words is not taken over: labels in memory would change meaning.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::RwLock;

use super::Policy;
use crate::config::ConfigError;
use crate::config::Source;

/// The policy in force.
#[derive(Debug)]
pub struct PolicySource {
    file: Option<PathBuf>,
    current: RwLock<Arc<Policy>>,
}

/// Why a changed policy was not taken over.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The file is not a policy.
    #[error("the policy was not reloaded, the last good one stays in force: {0}")]
    Invalid(ConfigError),
    /// The words of labels differ.
    #[error("the policy was not reloaded: `[labels]` changed, which takes a restart")]
    OtherLabels,
}

impl PolicySource {
    /// A policy that never changes.
    #[must_use]
    pub fn fixed(policy: Policy) -> Self {
        Self {
            file: None,
            current: RwLock::new(Arc::new(policy)),
        }
    }

    /// The policy in `file`.
    ///
    /// # Errors
    ///
    /// As [`Policy::parse`].
    pub fn open(file: PathBuf) -> Result<Self, ConfigError> {
        let policy = Policy::parse(&Source::read(&file)?)?;
        Ok(Self {
            file: Some(file),
            current: RwLock::new(Arc::new(policy)),
        })
    }

    /// The policy in force now.
    #[must_use]
    pub fn current(&self) -> Arc<Policy> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the file again and puts it in force. True if there was anything to read.
    ///
    /// # Errors
    ///
    /// If it is not a policy or speaks other label words; the last good one then stays.
    pub fn reload(&self) -> Result<bool, ReloadError> {
        let Some(file) = &self.file else {
            return Ok(false);
        };
        let source = Source::read(file).map_err(ReloadError::Invalid)?;
        let policy = Policy::parse(&source).map_err(ReloadError::Invalid)?;
        if policy.taxonomy() != self.current().taxonomy() {
            return Err(ReloadError::OtherLabels);
        }
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::disallowed_methods,
        reason = "tests make the files that are read"
    )]

    use super::*;

    #[test]
    fn a1_a_bad_file_on_reload_keeps_the_last_good_policy() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("policy.toml");
        let write = |text: &str| std::fs::write(&file, text).unwrap();
        write("[roles.a]\nclearance = \"internal\"");
        let source = PolicySource::open(file.clone()).unwrap();
        let good = source.current().hash().to_owned();
        for bad in [
            "[roles.a]\nclearance = \"x\"",
            "[roles",
            "[labels]\ncategories=[\"x\"]",
        ] {
            write(bad);
            assert!(source.reload().is_err());
            assert_eq!(source.current().hash(), good);
        }
        write("[roles.a]\nclearance = \"public\"");
        assert!(source.reload().unwrap());
        assert_ne!(source.current().hash(), good);
    }
}
