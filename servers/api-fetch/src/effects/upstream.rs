//! What the operator declared about the hosts that may be called. Plain data: no secret is in it.

use std::path::PathBuf;

use guard::secret::SecretRef;
use ipnet::IpNet;
use uuid::Uuid;

pub use super::base::Base;
pub use super::base::Host;
pub use super::base::NotABase;

/// A host that may be called, and how.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Its name in the configuration.
    pub name: String,
    /// Where it is.
    pub base: Base,
    /// What proves that we may call it.
    pub credential: Option<Credential>,
    /// Who may vouch for it, for TLS.
    pub roots: Roots,
    /// What we show of ourselves, for TLS.
    pub client_certificate: Option<ClientCertificate>,
    /// Internal addresses that may be dialled for it all the same.
    pub allow_addresses: Vec<IpNet>,
    /// Whether it may be called without TLS.
    pub plain_http: bool,
    /// Whether it is told who asks.
    pub user_context: Option<UserContext>,
    /// Whether it is told in which trace of the client a request stands.
    pub trace: bool,
    /// How often one principal may call it.
    pub rate: Option<Rate>,
    /// How many calls may be under way at once.
    pub concurrent: usize,
}

/// What proves that we may call an upstream.
#[derive(Clone, Debug)]
pub enum Credential {
    /// `Authorization: Bearer ...`.
    Bearer(SecretRef),
    /// `Authorization: Basic ...`.
    Basic {
        /// The name, without a colon.
        user: String,
        /// What follows the colon.
        password: SecretRef,
    },
    /// A header of another name.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: SecretRef,
    },
    /// A parameter of the query. Discouraged: proxies log it.
    Query {
        /// Its name.
        name: String,
        /// Its value, before it is encoded.
        value: SecretRef,
    },
    /// OAuth 2.0 client credentials: a token is fetched, kept and renewed.
    ClientCredentials {
        /// The token endpoint.
        token_url: Base,
        /// Who we are there.
        client_id: String,
        /// What proves it.
        client_secret: SecretRef,
        /// What to ask for.
        scope: Option<String>,
        /// For whom the token is meant, where the issuer wants to hear it.
        audience: Option<String>,
        /// How the secret is shown there.
        shown: Shown,
    },
}

/// How a client secret is shown to a token endpoint (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shown {
    /// In the `Authorization` header.
    Header,
    /// In the form.
    Form,
}

/// Who may vouch for an upstream.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Roots {
    /// Whom the system trusts.
    #[default]
    System,
    /// The certificates of a PEM file, and nobody else.
    File(PathBuf),
}

/// A certificate for ourselves, and its key.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// A PEM file with the chain, the certificate itself first.
    pub chain: PathBuf,
    /// Where the key is, as PEM.
    pub key: ClientKey,
}

/// Where the key of a client certificate is kept.
#[derive(Clone, Debug)]
pub enum ClientKey {
    /// A file that only its owner may read.
    File(PathBuf),
    /// A secret.
    Secret(SecretRef),
}

/// How an upstream is told who asks.
#[derive(Clone, Debug)]
pub struct UserContext {
    /// The header, such as `X-User-Context`.
    pub header: String,
    /// The key of an HMAC that signs it; without one it is plain JSON in base64url.
    pub signed: Option<SecretRef>,
}

/// How often one principal may call an upstream: a bucket that fills evenly.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    /// Calls a minute, over time.
    pub per_minute: u32,
    /// Calls at once, after a rest. At least 1.
    pub burst: u32,
}

/// Who asks, from the session and from nothing that the caller sent.
#[derive(Clone, Debug)]
pub struct Context {
    /// The subject.
    pub subject: String,
    /// Who vouches for it.
    pub issuer: String,
    /// The roles that let it ask.
    pub roles: Vec<String>,
    /// The id of the call's record.
    pub call_id: Uuid,
}
