//! The two ways a request can fail, and what each may tell the caller.
//!
//! # Invariants
//!
//! - A [`Denial`] is `Copy` and holds static text only: nothing of the caller's
//!   input and nothing of the data can get into it. Its text may be shown.
//! - A [`Fault`] hides its cause from `Display`. The chain goes to the operator's
//!   log under a reference; the caller hears the step's reference and no more.
//! - "Forbidden" and "absent" are told apart by [`Denial::rule`], which only the
//!   audit record sees, never by [`Denial::code`] or `Display`.

use std::error::Error as StdError;

/// We decided not to.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Denial {
    /// No such thing.
    #[error("{NOT_FOUND}")]
    NotFound,
    /// There is such a thing, above the caller's clearance.
    #[error("{NOT_FOUND}")]
    NotCleared,
    /// There is such a thing, outside what the configuration opens.
    #[error("{NOT_FOUND}")]
    OutOfScope,
    /// No tool of that name.
    #[error("unknown tool")]
    UnknownTool,
    /// The tool exists; the caller lacks the permission it needs.
    #[error("unknown tool")]
    NotPermitted,
    /// No method of that name, or one this server does not offer.
    #[error("method not available")]
    UnknownMethod,
    /// The message is not a request of a protocol version that is spoken here.
    #[error("invalid request")]
    InvalidRequest,
    /// An argument is missing, unknown, or not of the declared form.
    #[error("argument `{argument}`: expected {expected}")]
    Malformed {
        /// Which one: a name of the tool's schema, never the caller's text.
        argument: &'static str,
        /// What the schema wants there.
        expected: &'static str,
    },
    /// A cursor that was not given out here, to this caller, for this request,
    /// or not recently.
    #[error("the cursor is not valid here any more: start again without it")]
    StaleCursor,
    /// The request or its answer passes a configured limit.
    #[error("over the limit: {0}")]
    TooLarge(&'static str),
    /// The caller used up a quota.
    #[error("quota used up: {quota}; try again in {retry_after_s} s")]
    Quota {
        /// Which one.
        quota: &'static str,
        /// When there is room again, in seconds.
        retry_after_s: u32,
    },
    /// Too many requests wait already.
    #[error("busy: too many requests at once; try again")]
    Busy,
    /// The deadline passed.
    #[error("took too long and was stopped")]
    TimedOut,
    /// The caller took the request back.
    #[error("cancelled")]
    Cancelled,
    /// The session or every grant of the caller has ended.
    #[error("the session has ended")]
    Expired,
    /// Something in a statement or expression that was given as text, and where it is.
    #[error("line {line}, column {column}: {reason}")]
    Statement {
        /// What is wrong there.
        reason: &'static str,
        /// Counted from one.
        line: u32,
        /// Counted from one, in characters.
        column: u32,
    },
    /// The operation does not fit what it was asked of (a list of a file, say).
    #[error("{0}")]
    Unsuitable(&'static str),
}

const NOT_FOUND: &str = "not found, or not available to you";

impl Denial {
    /// The stable, machine-readable name that the caller may see.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound | Self::NotCleared | Self::OutOfScope => "not_found",
            Self::UnknownTool | Self::NotPermitted => "unknown_tool",
            Self::UnknownMethod => "unknown_method",
            Self::InvalidRequest => "invalid_request",
            Self::Malformed { .. } => "malformed",
            Self::StaleCursor => "stale_cursor",
            Self::TooLarge(_) => "too_large",
            Self::Quota { .. } => "quota",
            Self::Busy => "busy",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Statement { .. } => "statement",
            Self::Unsuitable(_) => "unsuitable",
        }
    }

    /// What the audit record says: as [`Denial::code`], but it knows forbidden
    /// from absent.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::NotCleared => "not_cleared",
            Self::OutOfScope => "out_of_scope",
            Self::NotPermitted => "not_permitted",
            Self::NotFound
            | Self::UnknownTool
            | Self::UnknownMethod
            | Self::InvalidRequest
            | Self::Malformed { .. }
            | Self::StaleCursor
            | Self::TooLarge(_)
            | Self::Quota { .. }
            | Self::Busy
            | Self::TimedOut
            | Self::Cancelled
            | Self::Expired
            | Self::Statement { .. }
            | Self::Unsuitable(_) => self.code(),
        }
    }
}

/// We tried and could not. `Display` names the step, never the cause.
#[derive(Debug, thiserror::Error)]
#[error("could not {step}")]
pub struct Fault {
    step: &'static str,
    #[source]
    cause: Box<dyn StdError + Send + Sync>,
}

impl Fault {
    /// A failure of `step`, for example `"read the file"`.
    pub fn new(step: &'static str, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            step,
            cause: cause.into(),
        }
    }

    /// The whole chain of causes in one line. For the operator only.
    #[must_use]
    pub fn chain(&self) -> String {
        let links = std::iter::successors(Some(self as &dyn StdError), |&e| e.source());
        links
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(": ")
    }
}

/// For `map_err`: `dir.open(path).map_err(fault("open the file"))`.
pub fn fault<E>(step: &'static str) -> impl FnOnce(E) -> Fault
where
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    move |cause| Fault::new(step, cause)
}

/// Why a request brings no answer.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// We decided not to.
    #[error("refused")]
    Denied(#[from] Denial),
    /// We tried and could not.
    #[error("failed")]
    Failed(#[from] Fault),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a3_forbidden_and_absent_look_the_same_to_the_caller_and_not_to_the_audit() {
        for hidden in [Denial::NotCleared, Denial::OutOfScope] {
            assert_eq!(hidden.code(), Denial::NotFound.code());
            assert_eq!(hidden.to_string(), Denial::NotFound.to_string());
            assert_ne!(hidden.rule(), Denial::NotFound.rule());
        }
        assert_eq!(Denial::NotPermitted.code(), Denial::UnknownTool.code());
        assert_eq!(
            Denial::NotPermitted.to_string(),
            Denial::UnknownTool.to_string()
        );
    }

    #[test]
    fn a_fault_names_its_step_and_keeps_its_cause() {
        let fault = Fault::new("open the file", "/home/ada/secret.txt: no such file");
        assert_eq!(fault.to_string(), "could not open the file");
        assert!(fault.chain().contains("secret.txt"));
    }
}
