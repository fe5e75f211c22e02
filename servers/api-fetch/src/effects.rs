//! Everything of this server that touches the network: it sends permits to declared hosts.
//!
//! HTTP/1.1 by hyper's connections and TLS by rustls; which address is dialled, what is kept, what
//! is followed and what is repeated is decided here and in the folder beside.
//!
//! # Invariants
//!
//! - Only vetted addresses are dialled, and exactly those that were vetted: by the broker, which
//!   knows the declared hosts and no other.
//! - A credential goes to its own upstream alone, and nothing that holds one comes back.
//! - No proxy, cookie or referrer is ever taken from anywhere.
//! - A call that ends, for whatever reason, takes its connection with it.

mod again;
pub mod base;
mod cache;
pub mod charter;
mod client;
mod exchange;
mod inflate;
mod kept;
mod limit;
mod link;
mod one;
mod payload;
pub mod probe;
mod proof;
mod redirect;
mod reflect;
mod reply;
mod request;
mod tls;
mod token;
mod trouble;
pub mod upstream;
mod who;
mod wiped;
mod wire;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use guard::broker::Broker;
use guard::broker::Charter;
use guard::broker::Here;
use guard::broker::Outside;
use guard::broker::Resolve;
use guard::broker::System;
use guard::call::Call;
use guard::error::Denial;
use guard::error::Refusal;
use guard::secret::Providers;
use tokio::time::timeout;

use crate::address::Shut;
use crate::permit::Permit;
use crate::permit::Reply;
use cache::Cache;
use charter::Networks;
use kept::Places;
use kept::Safe;
use one::Asking;
use one::One;
use reflect::Watch;
use trouble::Trouble;
use upstream::Context;
use upstream::Upstream;

/// All upstreams, each with its client.
#[derive(Debug)]
pub struct Upstreams {
    all: Vec<One>,
    safe: Safe,
}

/// What all upstreams share.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What reaches hosts, secrets and certificates. Without one this process does, by what follows.
    pub broker: Option<Arc<Broker>>,
    /// The ways to the secrets.
    pub secrets: Arc<Providers>,
    /// What turns names into addresses.
    pub resolver: Arc<dyn Resolve>,
    /// Bytes of all answers that are kept.
    pub cache: usize,
}

/// Why an upstream cannot be used as it was declared. For the operator.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum OpenTrouble {
    /// Without TLS, and nobody said that this is wanted.
    #[error("upstream `{0}`: plain http needs dangerous-plain-http = true")]
    PlainHttp(String),
    /// Its address is written down, and may not be dialled.
    #[error("upstream `{upstream}`: {address} is shut ({shut}); allow-addresses can open it")]
    Address {
        /// Its name.
        upstream: String,
        /// The address.
        address: IpAddr,
        /// Why.
        shut: Shut,
    },
    /// Something of its credential or user context.
    #[error("upstream `{upstream}`: expected {expected}")]
    Form {
        /// Its name.
        upstream: String,
        /// What should be there.
        expected: &'static str,
    },
}

impl Settings {
    /// The system's resolver, and secrets from `secrets`, all in this process.
    #[must_use]
    pub fn new(secrets: Arc<Providers>) -> Self {
        Self {
            broker: None,
            secrets,
            resolver: Arc::new(System),
            cache: CACHE,
        }
    }

    fn outside(&self, charter: Charter<Networks>) -> Arc<dyn Outside> {
        match &self.broker {
            Some(broker) => Arc::clone(broker) as Arc<dyn Outside>,
            None => Here::new(
                charter,
                Arc::clone(&self.secrets),
                Arc::clone(&self.resolver),
            ),
        }
    }
}

impl Upstreams {
    /// Prepares a client for each. Touches neither the network nor a secret.
    ///
    /// # Errors
    ///
    /// [`OpenTrouble`] if one cannot work as declared.
    pub fn open(declared: Vec<Upstream>, settings: &Settings) -> Result<Self, OpenTrouble> {
        let mut places = Places::default();
        let cache = Arc::new(Cache::new(settings.cache));
        let mut charter = charter::charter(&declared);
        let outside = settings.outside(charter.clone());
        let all = declared
            .into_iter()
            .map(|upstream| One::open(upstream, &mut charter, &mut places, &cache));
        Ok(Self {
            all: all.collect::<Result<_, _>>()?,
            safe: Safe {
                outside,
                watch: Arc::new(Watch::default()),
            },
        })
    }

    /// Sends what `permit` says on behalf of `context`, and brings back the answer.
    ///
    /// `allowed` says whether a redirect to a path (below the upstream's base, without query)
    /// leads to an endpoint that this caller may call.
    ///
    /// # Errors
    ///
    /// [`Refusal::Denied`] for limits and for redirects that are not followed,
    /// [`Refusal::Failed`] for hosts that may not or cannot be reached, for answers that cannot be
    /// understood, and for answers that hold a secret.
    pub async fn send(
        &self,
        call: &Call,
        permit: &Permit,
        context: &Context,
        allowed: &(dyn Fn(&str) -> bool + Send + Sync),
    ) -> Result<Reply, Refusal> {
        let work = async {
            let upstream = self.all.get(permit.upstream);
            let upstream = upstream.ok_or(Trouble::Permit("an upstream that is not declared"))?;
            let asking = Asking {
                call,
                safe: &self.safe,
                permit,
                context,
                allowed,
            };
            upstream.send(asking).await
        };
        let time = permit.limits.time.min(call.remaining());
        let done = tokio::select! {
            biased;
            () = call.cancellation().cancelled() => Err(Denial::Cancelled.into()),
            done = timeout(time, work) => done.unwrap_or(Err(Denial::TimedOut.into())),
        };
        done.map_err(|trouble: Trouble| {
            call.note("api.trouble", trouble.code());
            trouble.refusal()
        })
    }
}

/// What is usual.
const CACHE: usize = 8 << 20;
