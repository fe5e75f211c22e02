//! The words of a record that are ours: closed sets, so no text can pass for one of them.

/// What a record is about.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Kind {
    /// A request of a client.
    #[default]
    Request,
    /// An attempt to prove an identity.
    Auth,
    /// A session that began or ended.
    Session,
    /// An act of the operator: a reload, an export.
    Admin,
    /// A finding of a detector.
    Detect,
    /// The trail itself: opened, closed, recovered.
    Log,
}

/// Whether a record announces an effect or tells how it ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Phase {
    /// Written before an effect that cannot be undone.
    Intent,
    /// Written when it is known how it ended.
    Outcome,
}

/// What was decided.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Decision {
    /// It may be done.
    Allow,
    /// It may not.
    Deny,
}

/// How it ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It was done, and its result may leave.
    Allowed,
    /// It was not done, for it may not.
    Denied,
    /// It was tried and failed.
    Error,
    /// The caller took it back, or it took too long.
    Cancelled,
    /// It was announced, and nobody can say whether it was done: it was given up before it said
    /// so, or the process died.
    Unknown,
}

impl Kind {
    /// As it stands in a record.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Auth => "auth",
            Self::Session => "session",
            Self::Admin => "admin",
            Self::Detect => "detect",
            Self::Log => "log",
        }
    }
}

impl Phase {
    /// As it stands in a record.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Outcome => "outcome",
        }
    }
}

impl Decision {
    /// As it stands in a record.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

impl Outcome {
    /// As it stands in a record.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }
}
