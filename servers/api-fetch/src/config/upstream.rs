//! `[upstreams.NAME]` as the operator writes it.

use std::path::PathBuf;

use serde::Deserialize;
use serde::Deserializer;

use guard::config::Limit;
use guard::config::Spanned;
use guard::config::expected;
use guard::secret::SecretRef;

/// One host that may be called.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct UpstreamConfig {
    /// Where it is: `https://HOST[:PORT][/PATH]`.
    pub base: Spanned<String>,
    /// What proves that we may call it.
    pub credential: Option<Spanned<CredentialConfig>>,
    /// How it is told who asks.
    pub user_context: Option<Spanned<UserContextConfig>>,
    /// Whether it is told in which trace of the client a request stands, where the client has one.
    #[serde(default)]
    pub trace: bool,
    /// Internal addresses that may be dialled for it, as CIDR.
    #[serde(default)]
    pub allow_addresses: Vec<Spanned<String>>,
    /// Whether it may be called without TLS.
    #[serde(default)]
    pub dangerous_plain_http: bool,
    /// A PEM file of the only authorities that may vouch for it.
    pub ca: Option<PathBuf>,
    /// What we show of ourselves, for mutual TLS.
    pub client_certificate: Option<ClientCertificateConfig>,
    /// How often one principal may call it.
    pub rate: Option<RateConfig>,
    /// How many calls may be under way at once.
    #[serde(default = "UpstreamConfig::usual_concurrent")]
    pub concurrent: Limit<32>,
}

/// `credential = { bearer = "env:KEY" }` and its like: exactly one of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum CredentialConfig {
    /// `Authorization: Bearer ...`.
    Bearer(SecretRef),
    /// `Authorization: Basic ...`.
    Basic(BasicConfig),
    /// A header of another name.
    Header(NamedSecret),
    /// A parameter of the query. Discouraged: proxies log it.
    Query(NamedSecret),
    /// OAuth 2.0 client credentials.
    Oauth2(Box<OAuth2Config>),
}

/// A name and a password.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BasicConfig {
    /// The name, without a colon.
    pub user: String,
    /// Where the password is kept.
    pub password: SecretRef,
}

/// A secret that goes under a name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NamedSecret {
    /// The name of the header or parameter.
    pub name: String,
    /// Where its value is kept.
    pub value: SecretRef,
}

/// Where a token is fetched, and with what.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct OAuth2Config {
    /// The token endpoint.
    pub token_url: String,
    /// Who we are there.
    pub client_id: String,
    /// What proves it.
    pub client_secret: SecretRef,
    /// What to ask for.
    pub scope: Option<String>,
    /// For whom the token is meant.
    pub audience: Option<String>,
    /// How the secret is shown there.
    #[serde(default)]
    pub token_endpoint_auth_method: TokenEndpointAuthMethod,
}

/// The names that RFC 7591 (section 2) gives to the two ways of RFC 6749 (section 2.3.1).
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenEndpointAuthMethod {
    /// In the `Authorization` header, which every token endpoint must take.
    #[default]
    ClientSecretBasic,
    /// In the form, for endpoints that take nothing else.
    ClientSecretPost,
}

/// `user-context = { header = "X-User-Context" }`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct UserContextConfig {
    /// The header.
    #[serde(default = "UserContextConfig::usual_header")]
    pub header: String,
    /// Where the key is kept that signs it. Without one it is not signed.
    pub signed: Option<SecretRef>,
}

/// `client-certificate = { chain = "client.pem", key = "file:/..." }`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ClientCertificateConfig {
    /// A PEM file with the chain, the certificate itself first.
    pub chain: PathBuf,
    /// Where the key is.
    pub key: KeyConfig,
}

/// A path, or a reference to a secret.
#[derive(Clone, Debug)]
pub enum KeyConfig {
    /// A PEM file that only its owner may read.
    File(PathBuf),
    /// A secret that is PEM.
    Secret(SecretRef),
}

/// `rate = { per-minute = 60, burst = 10 }`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RateConfig {
    /// Calls a minute, over time.
    pub per_minute: Limit<60_000>,
    /// Calls at once, after a rest.
    #[serde(default = "RateConfig::usual_burst")]
    pub burst: Limit<1000>,
}

impl UpstreamConfig {
    const fn usual_concurrent() -> Limit<32> {
        Limit::near(8)
    }

    /// Every secret that is referred to.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretRef> {
        let credential = self.credential.as_ref().map(|c| match c.get_ref() {
            CredentialConfig::Bearer(secret) => secret,
            CredentialConfig::Basic(basic) => &basic.password,
            CredentialConfig::Header(named) | CredentialConfig::Query(named) => &named.value,
            CredentialConfig::Oauth2(oauth2) => &oauth2.client_secret,
        });
        let context = self.user_context.as_ref();
        let signed = context.and_then(|context| context.get_ref().signed.as_ref());
        let key = self.client_certificate.as_ref().map(|own| &own.key);
        let key = key.and_then(|key| match key {
            KeyConfig::Secret(secret) => Some(secret),
            KeyConfig::File(_) => None,
        });
        [credential, signed, key].into_iter().flatten()
    }
}

impl UserContextConfig {
    fn usual_header() -> String {
        "X-User-Context".to_owned()
    }
}

impl RateConfig {
    const fn usual_burst() -> Limit<1000> {
        Limit::near(10)
    }
}

impl<'de> Deserialize<'de> for KeyConfig {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // by hand: what was pasted here may be the key itself
        let what = "the path of a PEM file, or a reference such as `cred:NAME`";
        let text = String::deserialize(from).map_err(|_| expected(&what))?;
        if let Ok(secret) = text.parse() {
            return Ok(Self::Secret(secret));
        }
        if text.is_empty() || text.contains(['\n', ':']) || text.len() > 4096 {
            return Err(expected(&what));
        }
        Ok(Self::File(PathBuf::from(text)))
    }
}
