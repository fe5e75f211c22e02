//! What can go wrong with a secret, and what to do about it.
//!
//! # Invariants
//!
//! - No variant holds a value, nor an error of another crate: some of those carry the value.

use std::io::ErrorKind;

use super::SecretRef;
use super::Unreached;
use super::forms;
use crate::small_file::FileTrouble;

/// Why there is no secret. Names the reference and the remedy.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SecretError {
    /// Perhaps the secret itself, so it is not repeated.
    #[error("expected {}", self.expectation())]
    NotAReference,
    /// The kind of place is known, the rest of the reference is not of its form.
    #[error("expected {}", self.expectation())]
    Malformed(&'static str),
    /// The kind of place needs code that this binary was built without.
    #[error("expected {}", self.expectation())]
    NotBuilt {
        /// What stands before the colon.
        scheme: &'static str,
        /// The cargo feature.
        feature: &'static str,
    },
    /// The place does not give a secret.
    #[error("{reference}: {trouble}")]
    Unusable {
        /// Where it should be.
        reference: SecretRef,
        /// Why it is not, and the remedy.
        trouble: Trouble,
    },
    /// A place that is only read here.
    #[error("{0}: only a keyring can be written here; change this one where it is kept")]
    ReadOnly(SecretRef),
    /// What was typed or piped in cannot be a secret.
    #[error("standard input: {0}")]
    Input(Trouble),
    /// Some of the secrets that were checked.
    #[error("{failed} of {all} secrets cannot be used")]
    Check {
        /// How many cannot be used.
        failed: usize,
        /// Of how many.
        all: usize,
    },
    /// The report could not be written.
    #[error("cannot write the report: {0}")]
    Report(ErrorKind),
}

/// Why a place does not give a secret, and the remedy.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Trouble {
    /// There is nothing.
    #[error("not set: {0}")]
    Absent(&'static str),
    /// There is something, of no length.
    #[error("it is empty")]
    Empty,
    /// More than any secret.
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
    /// Bytes that are no text.
    #[error("it is not UTF-8 text")]
    NotText,
    /// A NUL ends the text for half of those who read it.
    #[error("it holds a NUL byte")]
    Nul,
    /// Others can read or replace it.
    #[error("group or others can read or write it: chmod 600 (or 400) the file")]
    Exposed,
    /// Whoever may write the directory says where it leads.
    #[error("it is a symbolic link: name the file it leads to")]
    Link,
    /// A directory, a FIFO, a device.
    #[error("it is not a regular file")]
    NotRegular,
    /// The system refused.
    #[error("cannot be read: {0}")]
    System(ErrorKind),
    /// More than one fits, and a guess could be the wrong one.
    #[error("the keyring has more than one: delete the others")]
    Ambiguous,
    /// There is no keyring that could be asked.
    #[error("{0}")]
    NoKeyring(&'static str),
    /// The keyring is there and stays shut.
    #[error("{0}")]
    Keyring(&'static str),
    /// The server that keeps it could not be asked.
    #[error("{0}")]
    Unreached(Unreached),
    /// The server could be asked, and cannot say it for now.
    #[error("the server said {status}: {remedy}")]
    Unready {
        /// Its status code.
        status: u16,
        /// What an operator can do.
        remedy: &'static str,
    },
    /// The server answered, and will not say it.
    #[error("the server said {status}: {remedy}")]
    Refused {
        /// Its status code.
        status: u16,
        /// What an operator can do.
        remedy: &'static str,
    },
    /// What is kept there is not what the reference asks for, or how it is reached is not said.
    #[error("{0}")]
    Unfit(&'static str),
    /// Nobody finished typing.
    #[error("cancelled")]
    Cancelled,
}

impl SecretError {
    pub(super) fn unusable(reference: &SecretRef, trouble: Trouble) -> Self {
        Self::Unusable {
            reference: reference.clone(),
            trouble,
        }
    }

    /// Whether the same question may be answered a little later: see [`Trouble::is_passing`].
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unusable { trouble, .. } if trouble.is_passing())
    }

    /// Whether a server answered, and said no.
    pub(super) const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Unusable {
                trouble: Trouble::Refused { .. },
                ..
            }
        )
    }

    /// What stands behind "expected" when configuration does not have a reference.
    pub(super) fn expectation(&self) -> String {
        match self {
            Self::Malformed(form) => (*form).to_owned(),
            Self::NotBuilt { scheme, feature } => format!(
                "a reference that this build knows ({}): {scheme} needs the cargo feature `{feature}`",
                forms()
            ),
            Self::NotAReference
            | Self::Unusable { .. }
            | Self::ReadOnly(_)
            | Self::Input(_)
            | Self::Check { .. }
            | Self::Report(_) => {
                format!("a reference such as {}, not the secret itself", forms())
            }
        }
    }
}

impl Trouble {
    /// Whether the same question may be answered a little later, without anybody changing
    /// anything: the place is away, and has not said no.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Unreached(why) => why.is_passing(),
            Self::Unready { .. } | Self::NoKeyring(_) | Self::Keyring(_) | Self::System(_) => true,
            Self::Absent(_)
            | Self::Empty
            | Self::TooLarge(_)
            | Self::NotText
            | Self::Nul
            | Self::Exposed
            | Self::Link
            | Self::NotRegular
            | Self::Ambiguous
            | Self::Refused { .. }
            | Self::Unfit(_)
            | Self::Cancelled => false,
        }
    }
}

impl From<Unreached> for Trouble {
    fn from(unreached: Unreached) -> Self {
        Self::Unreached(unreached)
    }
}

impl From<FileTrouble> for Trouble {
    fn from(trouble: FileTrouble) -> Self {
        match trouble {
            FileTrouble::System(ErrorKind::NotFound) => Self::Absent("there is no such file"),
            FileTrouble::System(kind) => Self::System(kind),
            FileTrouble::Link => Self::Link,
            FileTrouble::NotRegular => Self::NotRegular,
            FileTrouble::TooLarge(max) => Self::TooLarge(max),
        }
    }
}
