//! Looks whether upstreams can be reached and believed, without asking them for anything.
//!
//! # Invariants
//!
//! - No byte of a request leaves: a connection is made, TLS is agreed on, and both are dropped.
//! - No credential is used. A client certificate proves itself in the handshake, as in a call.
//! - Only vetted addresses are dialled, and exactly those that were vetted; nothing is resolved twice.

use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use guard::broker::Resolve;
use rustls::ClientConfig;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::Settings;
use super::base::Base;
use super::base::Host;
use super::charter;
use super::tls;
use super::upstream::Credential;
use super::upstream::Upstream;
use crate::address;

/// What was found at one place that an upstream uses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Probed {
    /// The upstream's name.
    pub upstream: String,
    /// `https://api.example.com`.
    pub origin: String,
    /// One after the other, in the words of an operator: `Err` is what keeps calls from working.
    /// Some words are the other side's, so they are made plain before they are shown.
    pub findings: Vec<Result<String, String>>,
}

impl Probed {
    /// Whether a call could get as far as its request.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.findings.iter().all(Result::is_ok)
    }
}

/// Looks at `upstream`, and at the token endpoint of its credential if that is elsewhere. Reads the
/// files of certificates: may block.
pub async fn probe(upstream: &Upstream, settings: &Settings) -> Vec<Probed> {
    let mut all = vec![place(upstream, &upstream.base, settings).await];
    if let Some(Credential::ClientCredentials { token_url, .. }) = &upstream.credential
        && token_url.origin() != upstream.base.origin()
    {
        all.push(place(upstream, token_url, settings).await);
    }
    all
}

async fn place(upstream: &Upstream, base: &Base, settings: &Settings) -> Probed {
    let mut findings = Vec::new();
    if let Err(trouble) = look(upstream, base, settings, &mut findings).await {
        findings.push(Err(trouble));
    }
    Probed {
        upstream: upstream.name.clone(),
        origin: base.origin(),
        findings,
    }
}

async fn look(
    upstream: &Upstream,
    base: &Base,
    settings: &Settings,
    findings: &mut Vec<Result<String, String>>,
) -> Result<(), String> {
    let allowed = &upstream.allow_addresses;
    let found = match base.host() {
        Host::Address(address) => vec![*address],
        Host::Name(name) => {
            let (resolver, name) = (Arc::clone(&settings.resolver), name.clone());
            let found = tokio::task::spawn_blocking(move || resolver.resolve(&name));
            let found = timeout(RESOLVE, found).await;
            let found = found.map_err(|_| "the name is not resolved in time".to_owned())?;
            let found = found.map_err(|_| "the name is not resolved".to_owned())?;
            found.map_err(|error| format!("the name is not resolved: {}", error.kind()))?
        }
    };
    for ip in &found {
        // the verdict on all of them comes below
        if let Err(shut) = address::vet(*ip, allowed) {
            let text = format!("{ip} may not be dialled: {shut} (allow-addresses opens it)");
            findings.push(Err(text));
        }
    }
    let target = charter::target(base, upstream);
    let vetted = target.addresses(&Known(found));
    let vetted =
        vetted.map_err(|failure| charter::trouble(failure, base, &target.policy).to_string())?;
    let config = if base.tls() {
        // as in a call: a token endpoint of another origin hears nothing of our certificate
        let own = base.origin() == upstream.base.origin();
        let certificate = upstream.client_certificate.as_ref().filter(|_| own);
        let outside = settings.outside(charter::charter(std::slice::from_ref(upstream)));
        let made = tls::config(&upstream.roots, certificate, outside.as_ref());
        Some(made.await.map_err(|trouble| trouble.to_string())?)
    } else {
        findings.push(Ok("without TLS: nobody vouches for what answers".to_owned()));
        None
    };
    for address in vetted {
        findings.push(connect(base, address, config.as_ref()).await);
    }
    Ok(())
}

/// One connection, and what was agreed on.
async fn connect(
    base: &Base,
    address: SocketAddr,
    config: Option<&Arc<ClientConfig>>,
) -> Result<String, String> {
    let failed = |what: String| format!("{address}: {what}");
    let tcp = timeout(DIAL, TcpStream::connect(address)).await;
    let tcp = tcp.map_err(|_| failed("no connection in time".to_owned()))?;
    let tcp = tcp.map_err(|error| failed(format!("no connection: {}", error.kind())))?;
    let Some(config) = config else {
        return Ok(failed("connected".to_owned()));
    };
    let name = match base.host() {
        Host::Address(ip) => Ok(ServerName::IpAddress((*ip).into())),
        Host::Name(name) => ServerName::try_from(name.clone()),
    };
    let name = name.map_err(|_| failed("the host is no name for a certificate".to_owned()))?;
    let asked = Arc::new(Asked {
        inner: Arc::clone(&config.client_auth_cert_resolver),
        was: AtomicBool::new(false),
    });
    let mut config = ClientConfig::clone(config);
    // a session that is resumed would not show what a first one needs
    config.resumption = rustls::client::Resumption::disabled();
    config.client_auth_cert_resolver = Arc::clone(&asked) as Arc<dyn ResolvesClientCert>;
    let shaken = TlsConnector::from(Arc::new(config)).connect(name, tcp);
    let shaken = timeout(HANDSHAKE, shaken).await;
    let shaken = shaken.map_err(|_| failed("no TLS in time".to_owned()))?;
    let mut stream = shaken.map_err(|error| failed(format!("TLS: {error}")))?;
    let (_, agreed) = stream.get_ref();
    let version = agreed
        .protocol_version()
        .and_then(|version| version.as_str());
    let version = version.unwrap_or("TLS").replace('_', ".");
    let chain = agreed.peer_certificates().map_or(0, <[_]>::len);
    let mut text = format!("{version}, a trusted certificate for this host (chain of {chain})");
    if asked.was.load(Ordering::Relaxed) {
        let shown = asked.has_certs();
        // with TLS 1.3 a certificate is refused only after the handshake
        match timeout(VERDICT, stream.read(&mut [0])).await {
            Ok(Err(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
                let ours = if shown {
                    "ours is refused"
                } else {
                    "there is none"
                };
                return Err(failed(format!(
                    "{text}; wants a client certificate, {ours}: {error}"
                )));
            }
            Ok(_) if !shown => {
                return Err(failed(format!(
                    "{text}; wants a client certificate, there is none"
                )));
            }
            Ok(Ok(_) | Err(_)) => return Err(failed(format!("{text}; hangs up on ours"))),
            Err(_) if shown => text.push_str("; asked for our certificate, and did not refuse it"),
            Err(_) => text.push_str("; asked for a client certificate, and goes on without"),
        }
    }
    Ok(failed(text))
}

/// Answers with what was found already.
#[derive(Debug)]
struct Known(Vec<IpAddr>);

impl Resolve for Known {
    fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(self.0.clone())
    }
}

/// Notes whether the other side asked for a client certificate.
#[derive(Debug)]
struct Asked {
    inner: Arc<dyn ResolvesClientCert>,
    was: AtomicBool,
}

impl ResolvesClientCert for Asked {
    fn resolve(&self, hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.was.store(true, Ordering::Relaxed);
        self.inner.resolve(hints, schemes)
    }

    fn has_certs(&self) -> bool {
        self.inner.has_certs()
    }
}

/// For a name.
const RESOLVE: Duration = Duration::from_secs(5);
/// For one address.
const DIAL: Duration = Duration::from_secs(5);
/// For TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// For the other side to refuse a certificate.
const VERDICT: Duration = Duration::from_millis(700);

#[cfg(test)]
mod tests;
