//! Everything of this server that touches the network: it sends permits to declared hosts.
//!
//! # Invariants
//!
//! - Only vetted addresses are dialled, and exactly those that were vetted.
//! - A credential goes to its own upstream alone, and nothing that holds one comes back.

pub mod base;
pub mod upstream;

use std::sync::Arc;

use guard::call::Call;
use guard::error::Denial;
use guard::error::Refusal;
use guard::secret::Providers;

use crate::permit::Permit;
use crate::permit::Reply;
use upstream::Context;
use upstream::Upstream;

/// All upstreams, each with its client.
#[derive(Debug)]
pub struct Upstreams {
    _declared: Vec<Upstream>,
}

/// What all upstreams share.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The ways to the secrets.
    pub secrets: Arc<Providers>,
}

/// Why an upstream cannot be used as it was declared. For the operator.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OpenTrouble {
    /// Without TLS, and nobody said that this is wanted.
    #[error("upstream `{0}`: plain http needs dangerous-plain-http = true")]
    PlainHttp(String),
}

impl Settings {
    /// The system's resolver, and secrets from `secrets`.
    #[must_use]
    pub fn new(secrets: Arc<Providers>) -> Self {
        Self { secrets }
    }
}

impl Upstreams {
    /// Prepares a client for each. Touches neither the network nor a secret.
    ///
    /// # Errors
    ///
    /// [`OpenTrouble`] if one cannot work as declared.
    pub fn open(declared: Vec<Upstream>, _settings: Settings) -> Result<Self, OpenTrouble> {
        Ok(Self {
            _declared: declared,
        })
    }

    /// Sends what `permit` says on behalf of `context`, and brings back the answer.
    ///
    /// `allowed` says whether a redirect to a path (below the upstream's base, without query)
    /// leads to an endpoint that this caller may call.
    ///
    /// # Errors
    ///
    /// [`Refusal::Denied`] for limits and for hosts that may not or cannot be reached,
    /// [`Refusal::Failed`] for what went wrong underway.
    pub async fn send(
        &self,
        _call: &Call,
        _permit: &Permit,
        _context: &Context,
        _allowed: &(dyn Fn(&str) -> bool + Send + Sync),
    ) -> Result<Reply, Refusal> {
        Err(Refusal::Denied(Denial::Busy))
    }
}
