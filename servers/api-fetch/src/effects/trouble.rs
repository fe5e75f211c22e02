//! What can go wrong on the way to an upstream, and what the caller hears of it.
//!
//! # Invariants
//!
//! - A caller cannot tell a host that may not be dialled from one that is down: both are the same
//!   step of a [`Fault`]. The cause is for the operator.
//! - No cause holds what an upstream sent or what we sent to it.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use guard::broker::Failure;
use guard::broker::NotLoaded;
use guard::error::Denial;
use guard::error::Fault;
use guard::error::Refusal;

use super::wire::Drained;
use crate::address::Shut;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// One of the addresses may not be dialled, so none is.
    #[error("{address} may not be dialled: {shut} (allow-addresses opens it)")]
    Blocked { address: IpAddr, shut: Shut },
    /// An address of this machine.
    #[error("{0} is an address of this machine (allow-addresses opens it)")]
    Own(IpAddr),
    /// No name, or no addresses.
    #[error("cannot resolve `{host}`: {kind}")]
    Resolve { host: String, kind: io::ErrorKind },
    /// What makes connections is no more.
    #[error("{0}")]
    Gone(Failure),
    /// All addresses refused or were silent.
    #[error("cannot connect: {0}")]
    Connect(io::ErrorKind),
    /// The other side is not who it should be, or does not speak TLS.
    #[error("TLS: {0}")]
    Tls(String),
    /// A certificate or key of ours.
    #[error("TLS: {0}")]
    Identity(&'static str),
    /// It went before it had answered.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// What came is not HTTP as it should be.
    #[error("{0}")]
    Garbled(&'static str),
    /// As `Garbled`, in the words of the HTTP library, which are static.
    #[error("malformed HTTP: {0}")]
    Malformed(#[source] hyper::Error),
    /// More than the budget.
    #[error("over the limit: {0}")]
    Over(&'static str),
    /// Nothing came for so long.
    #[error("nothing came for {0:?}")]
    Silent(Duration),
    /// A secret is in what came.
    #[error("the upstream's answer repeats a secret in its {0}")]
    Reflected(&'static str),
    /// The credential is not there.
    #[error(transparent)]
    Secret(#[from] NotLoaded),
    /// The credential cannot be used as it is.
    #[error("the credential {0}")]
    Credential(&'static str),
    /// The token endpoint gave no token.
    #[error("no access token: {0}")]
    Token(&'static str),
    /// As `Token`, because it could not be reached or understood.
    #[error("no access token: {0}")]
    TokenSide(#[source] Box<Self>),
    /// A redirect that may not be followed.
    #[error("a redirect that may not be followed: {0}")]
    Redirect(&'static str),
    /// A permit that should not have been made.
    #[error("{0}")]
    Permit(&'static str),
    /// Too many at once, or too often.
    #[error("{0}")]
    Denied(#[from] Denial),
}

impl Trouble {
    /// Whether the other side did not work on the request, as far as can be known, so that a
    /// request that may be repeated is worth another try.
    pub(super) const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Resolve { .. } | Self::Connect(_) | Self::Broken(_)
        )
    }

    /// What the record says.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Blocked { .. } | Self::Own(_) => "address_blocked",
            Self::Resolve { .. } => "not_resolved",
            Self::Connect(_) => "not_connected",
            Self::Gone(_) => "broker_gone",
            Self::Tls(_) | Self::Identity(_) => "tls",
            Self::Broken(_) => "broken",
            Self::Garbled(_) | Self::Malformed(_) => "malformed",
            Self::Over(_) => "over_budget",
            Self::Silent(_) => "silent",
            Self::Reflected(_) => "secret_reflected",
            Self::Secret(_) | Self::Credential(_) => "no_credential",
            Self::Token(_) | Self::TokenSide(_) => "no_token",
            Self::Redirect(_) => "redirect_refused",
            Self::Permit(_) => "internal",
            Self::Denied(denial) => denial.rule(),
        }
    }

    /// What the caller hears.
    pub(super) fn refusal(self) -> Refusal {
        let step = match &self {
            Self::Denied(denial) => return Refusal::Denied(*denial),
            Self::Over(limit) => return Refusal::Denied(Denial::TooLarge(limit)),
            Self::Silent(_) => return Refusal::Denied(Denial::TimedOut),
            Self::Redirect(_) => return Refusal::Denied(REDIRECT),
            Self::Blocked { .. }
            | Self::Own(_)
            | Self::Resolve { .. }
            | Self::Connect(_)
            | Self::Gone(_)
            | Self::Tls(_)
            | Self::Broken(_) => "reach the upstream",
            Self::Garbled(_) | Self::Malformed(_) => "understand the upstream's answer",
            Self::Reflected(_) => "pass on the upstream's answer: it repeats a secret",
            Self::Identity(_)
            | Self::Secret(_)
            | Self::Credential(_)
            | Self::Token(_)
            | Self::TokenSide(_) => "prepare the credential of the upstream",
            Self::Permit(_) => "prepare the request",
        };
        Refusal::Failed(Fault::new(step, self))
    }
}

impl From<hyper::Error> for Trouble {
    fn from(error: hyper::Error) -> Self {
        if let Some(drained) = drained(&error) {
            return Self::Over(drained.0);
        }
        // its texts are static, and this kind has no test of its own for clients
        if error.is_parse() && error.to_string().contains("too large") {
            return Self::Over(HEADERS);
        }
        if error.is_parse() {
            return Self::Malformed(error);
        }
        // a chunk that is none, a length that lies, a TLS stream that is cut
        let io = sources(&error).find_map(|cause| cause.downcast_ref::<io::Error>());
        match io.map(io::Error::kind) {
            Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => {
                Self::Malformed(error)
            }
            Some(kind) => Self::Broken(kind.to_string()),
            None => Self::Broken(error.to_string()),
        }
    }
}

fn drained(error: &hyper::Error) -> Option<Drained> {
    sources(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .filter_map(io::Error::get_ref)
        .find_map(|inside| inside.downcast_ref::<Drained>().copied())
}

fn sources(error: &hyper::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(std::error::Error::source(error), |cause| cause.source())
}

/// The limits, as the caller hears them.
pub(super) const HEADERS: &str = "headers of the upstream's answer";
/// The body's.
pub(super) const BODY: &str = "bytes of the upstream's answer";

const REDIRECT: Denial =
    Denial::Unsuitable("the upstream redirects to a place that is not open to this call");
