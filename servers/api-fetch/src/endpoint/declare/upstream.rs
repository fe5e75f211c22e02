//! From `[upstreams.NAME]` to what the network side wants.

use ipnet::IpNet;

use guard::config::ConfigError;
use guard::config::Source;
use guard::config::Spanned;

use crate::config::ClientCertificateConfig;
use crate::config::CredentialConfig;
use crate::config::KeyConfig;
use crate::config::TokenEndpointAuthMethod;
use crate::config::UpstreamConfig;
use crate::effects::upstream::Base;
use crate::effects::upstream::ClientCertificate;
use crate::effects::upstream::ClientKey;
use crate::effects::upstream::Credential;
use crate::effects::upstream::Rate;
use crate::effects::upstream::Roots;
use crate::effects::upstream::Shown;
use crate::effects::upstream::Upstream;
use crate::effects::upstream::UserContext;
use crate::endpoint::is_name;

/// The upstream that `config` declares under `name`.
pub(super) fn declare(
    name: &Spanned<String>,
    config: &UpstreamConfig,
    source: &Source,
) -> Result<Upstream, ConfigError> {
    let wrong = |span, reason: &str| Err(source.error_at(span, reason));
    if !is_name(name.get_ref()) {
        return wrong(name.span(), NAME);
    }
    let base = Base::parse(config.base.get_ref());
    let base = base.map_err(|reason| source.error_at(config.base.span(), reason))?;
    if !base.tls() && !config.dangerous_plain_http {
        return wrong(config.base.span(), PLAIN);
    }
    let mut allow_addresses = Vec::with_capacity(config.allow_addresses.len());
    for text in &config.allow_addresses {
        match text.get_ref().parse::<IpNet>() {
            Ok(net) => allow_addresses.push(net),
            Err(_) => return wrong(text.span(), "expected a network such as 10.2.0.0/16"),
        }
    }
    let credential = config.credential.as_ref();
    let credential = credential.map(|at| credential_of(at, source)).transpose()?;
    let user_context = match &config.user_context {
        None => None,
        Some(at) if !is_header(&at.get_ref().header) => return wrong(at.span(), HEADER),
        Some(at) => Some(UserContext {
            header: at.get_ref().header.clone(),
            signed: at.get_ref().signed.clone(),
        }),
    };
    if let (Some(Credential::Header { name, .. }), Some(context)) = (&credential, &user_context)
        && name.eq_ignore_ascii_case(&context.header)
        && let Some(at) = &config.user_context
    {
        return wrong(at.span(), "this header is the credential's");
    }
    Ok(Upstream {
        name: name.get_ref().clone(),
        base,
        credential,
        roots: match &config.ca {
            Some(path) => Roots::File(source.resolve(path)),
            None => Roots::System,
        },
        client_certificate: config
            .client_certificate
            .as_ref()
            .map(|own| certificate(own, source)),
        allow_addresses,
        plain_http: config.dangerous_plain_http,
        user_context,
        trace: config.trace,
        rate: config.rate.map(|rate| Rate {
            per_minute: u32::try_from(rate.per_minute.get()).unwrap_or(u32::MAX),
            burst: u32::try_from(rate.burst.get()).unwrap_or(u32::MAX),
        }),
        concurrent: config.concurrent.count(),
    })
}

fn credential_of(
    at: &Spanned<CredentialConfig>,
    source: &Source,
) -> Result<Credential, ConfigError> {
    let wrong = |reason: &str| Err(source.error_at(at.span(), reason));
    Ok(match at.get_ref() {
        CredentialConfig::Bearer(secret) => Credential::Bearer(secret.clone()),
        CredentialConfig::Basic(basic) => {
            if basic.user.contains(':') || basic.user.chars().any(char::is_control) {
                return wrong("expected a user without a colon");
            }
            Credential::Basic {
                user: basic.user.clone(),
                password: basic.password.clone(),
            }
        }
        CredentialConfig::Header(named) => {
            if !is_header(&named.name) {
                return wrong(HEADER);
            }
            Credential::Header {
                name: named.name.clone(),
                value: named.value.clone(),
            }
        }
        CredentialConfig::Query(named) => {
            if named.name.is_empty() || named.name.chars().any(char::is_control) {
                return wrong("expected the name of a parameter");
            }
            Credential::Query {
                name: named.name.clone(),
                value: named.value.clone(),
            }
        }
        CredentialConfig::Oauth2(oauth2) => match Base::parse(&oauth2.token_url) {
            Ok(token_url) if token_url.tls() || is_loopback(&token_url) => {
                Credential::ClientCredentials {
                    token_url,
                    client_id: oauth2.client_id.clone(),
                    client_secret: oauth2.client_secret.clone(),
                    scope: oauth2.scope.clone(),
                    audience: oauth2.audience.clone(),
                    shown: match oauth2.token_endpoint_auth_method {
                        TokenEndpointAuthMethod::ClientSecretBasic => Shown::Header,
                        TokenEndpointAuthMethod::ClientSecretPost => Shown::Form,
                    },
                }
            }
            Ok(_) => return wrong("expected a token-url with https"),
            Err(_) => return wrong("expected a token-url such as https://HOST/PATH"),
        },
    })
}

/// For tests and for a sidecar: such a request does not leave the machine.
fn is_loopback(base: &Base) -> bool {
    use crate::effects::upstream::Host;
    matches!(base.host(), Host::Address(address) if address.is_loopback())
}

fn certificate(own: &ClientCertificateConfig, source: &Source) -> ClientCertificate {
    ClientCertificate {
        chain: source.resolve(&own.chain),
        key: match &own.key {
            KeyConfig::File(path) => ClientKey::File(source.resolve(path)),
            KeyConfig::Secret(secret) => ClientKey::Secret(secret.clone()),
        },
    }
}

/// The name of a header that the operator may choose for a credential or the user context: any but
/// those that frame a message or say where it goes.
fn is_header(name: &str) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let name_in_lower_case = name.to_ascii_lowercase();
    (1..=64).contains(&name.len())
        && name.bytes().all(token)
        && !FRAMING.contains(&name_in_lower_case.as_str())
}

const FRAMING: [&str; 12] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
const NAME: &str =
    "expected a name of letters, digits, `_`, `-` and `.` that begins with a letter, up to 64";
const PLAIN: &str = "http without TLS needs dangerous-plain-http = true";
const HEADER: &str = "expected the name of a header that does not frame a message";
