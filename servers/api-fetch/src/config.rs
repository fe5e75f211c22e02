//! The configuration file as the operator writes it.
//!
//! # Invariants
//!
//! - A key that is not known is refused, so a misspelt permission cannot go unnoticed.
//! - A limit is configured downwards only.
//! - No secret can stand here: what is not a reference to one is refused and not repeated.

mod cache;
mod endpoint;
mod import;
mod upstream;

use std::collections::BTreeMap;

use serde::Deserialize;

use guard::config::ByteLimit;
use guard::config::Common;
use guard::config::Limit;
use guard::config::Spanned;

pub use cache::CacheConfig;
pub use endpoint::EndpointConfig;
pub use endpoint::In;
pub use endpoint::PaginationConfig;
pub use endpoint::ParameterConfig;
pub use endpoint::Shape;
pub use endpoint::Type;
pub use import::ImportConfig;
pub use import::OverrideConfig;
pub use upstream::BasicConfig;
pub use upstream::ClientCertificateConfig;
pub use upstream::CredentialConfig;
pub use upstream::KeyConfig;
pub use upstream::NamedSecret;
pub use upstream::OAuth2Config;
pub use upstream::RateConfig;
pub use upstream::TokenEndpointAuthMethod;
pub use upstream::UpstreamConfig;
pub use upstream::UserContextConfig;

/// A table of things by their names, each name with its place.
pub type ByName<T> = BTreeMap<Spanned<String>, T>;

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// `[guard]`: what all servers have in common.
    pub guard: Common,
    /// `[upstreams.NAME]`: the hosts that may be called.
    pub upstreams: ByName<UpstreamConfig>,
    /// `[endpoints.NAME]`: what may be asked of them.
    pub endpoints: ByName<EndpointConfig>,
    /// `[imports.NAME]`: documents that declare more of them.
    pub imports: ByName<ImportConfig>,
    /// `[limits]`: the most that any call may take.
    pub limits: Limits,
}

/// `[limits]`: what an endpoint gets where it says nothing of its own.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Limits {
    /// Endpoints that are each a tool; with more, three tools stand for all of them.
    pub tools_at_most: Limit<200>,
    /// Bytes of a body that comes back, once inflated.
    pub max_bytes: ByteLimit<{ 4 << 20 }>,
    /// Bytes of an answer to the model.
    pub answer_bytes: ByteLimit<{ 1 << 20 }>,
    /// Bytes of all answers that are kept, where endpoints have a cache.
    pub cache_bytes: ByteLimit<{ 32 << 20 }>,
    /// Bytes of all headers that come back.
    pub header_bytes: ByteLimit<{ 64 << 10 }>,
    /// Seconds for one exchange, redirects and a retry included.
    pub seconds: Limit<30>,
    /// Seconds of silence between two reads.
    pub silence_seconds: Limit<30>,
    /// Levels of nesting in a body that comes back.
    pub depth: Limit<64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tools_at_most: Limit::near(30),
            max_bytes: ByteLimit::near(1 << 20),
            answer_bytes: ByteLimit::near(128 << 10),
            cache_bytes: ByteLimit::near(8 << 20),
            header_bytes: ByteLimit::near(32 << 10),
            seconds: Limit::near(20),
            silence_seconds: Limit::near(10),
            depth: Limit::near(32),
        }
    }
}

#[cfg(test)]
mod literals;
#[cfg(test)]
mod tests;
