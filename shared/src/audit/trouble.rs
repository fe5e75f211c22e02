//! Why the trail cannot be written, for the operator. A caller hears only that it cannot.

use rustix::io::Errno;

use super::chain::Why;

/// Why a trail cannot be opened or written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Trouble {
    /// The operating system refused a step.
    #[error("could not {step}")]
    System {
        /// Which step.
        step: &'static str,
        /// What it answered.
        #[source]
        cause: Errno,
    },
    /// The directory, or a file in it, is open to others.
    #[error("{0} can be changed by other users, or belongs to one")]
    Unsafe(&'static str),
    /// The directory, or a file in it, is not the one that was opened.
    #[error("{0} was moved, replaced or removed")]
    Replaced(&'static str),
    /// A file does not hold what the trail puts into it.
    #[error("{0} is damaged")]
    Damaged(&'static str),
    /// Lines that were written are not there any more.
    #[error("the trail is shorter than it was: its end is missing")]
    Shortened,
    /// A line was changed.
    #[error("segment {segment} is broken at byte {at}")]
    Broken {
        /// In which segment.
        segment: u64,
        /// Where the line begins.
        at: u64,
        /// What is wrong with it.
        #[source]
        why: Why,
    },
    /// Too little space is left; only denials are still written.
    #[error("too little space is left on the disk of the trail")]
    LowSpace,
    /// Others hold the lock, the queue is full, or the disk does not answer.
    #[error("{0} took too long")]
    Slow(&'static str),
    /// No trusted key signed an anchor, so that it proves nothing.
    #[error("an anchor is signed by none of the trusted keys")]
    Untrusted,
    /// To write to it would take it over.
    #[error("the trail is signed by a key that was not given")]
    OtherSigner,
    /// What is to be pruned does not verify.
    #[error("the trail is not whole, and evidence is not removed: verify it first")]
    NotWhole,
    /// The trail was closed.
    #[error("the trail is closed")]
    Closed,
}

impl Trouble {
    /// Whether a file is not there.
    pub const fn is_absence(self) -> bool {
        matches!(
            self,
            Self::System {
                cause: Errno::NOENT,
                ..
            }
        )
    }

    /// Whether the disk or a quota is full.
    pub(super) const fn is_fullness(self) -> bool {
        matches!(
            self,
            Self::System {
                cause: Errno::NOSPC | Errno::DQUOT,
                ..
            }
        )
    }
}

/// For `map_err`: names the step that the operating system refused.
pub(super) fn system(step: &'static str) -> impl Fn(Errno) -> Trouble {
    move |cause| Trouble::System { step, cause }
}
