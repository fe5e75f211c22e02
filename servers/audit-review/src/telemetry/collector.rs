//! Sends to the collector: one request a connection, over TLS, and nothing that redirects or retries by itself.
//!
//! # Invariants
//!
//! - Without TLS only a loopback address is dialled.
//! - What the collector answers is bounded in bytes and time, and none of its text is shown.
#![expect(
    clippy::disallowed_methods,
    reason = "certificates are a file that the operator names"
)]

mod wire;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::HeaderMap;
use hyper::Request;
use hyper::StatusCode;
use hyper::body::Body;
use hyper::body::Bytes;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header;
use hyper::header::HeaderValue;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use guard::secret::Secret;

use super::settings::Endpoint;
use super::settings::HeaderName;
use wire::Carrier;
use wire::Whole;
use wire::Wire;

/// A collector, and how it is reached.
#[derive(Debug)]
pub struct Collector {
    endpoint: Endpoint,
    tls: Option<Arc<ClientConfig>>,
    headers: Vec<(header::HeaderName, HeaderValue)>,
    patience: Duration,
}

/// What is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metrics.
    Metrics,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sent {
    /// It was taken, but for so many spans or points, which are of no use to this collector.
    Taken(u64),
    /// Not now; perhaps in so many seconds.
    Later(Option<u64>),
}

/// Why it is of no use to send again.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The collector does not take it.
    #[error(
        "the collector answered {0}: look at the address and the headers in [telemetry], or at its log"
    )]
    Status(u16),
    /// What it is to be sent with cannot be.
    #[error("{0}")]
    Form(&'static str),
    /// The authorities cannot be read.
    #[error("the file of `telemetry.ca` cannot be read: {0}")]
    Roots(io::ErrorKind),
}

impl Signal {
    const fn path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Metrics => "/v1/metrics",
        }
    }

    /// The count of what was not taken, in the answer.
    const fn rejected(self) -> &'static str {
        match self {
            Self::Traces => "rejectedSpans",
            Self::Metrics => "rejectedDataPoints",
        }
    }
}

impl Collector {
    /// The collector at `endpoint`, which `ca` alone may vouch for if it is given. A request is given up after
    /// `patience`.
    ///
    /// # Errors
    ///
    /// [`Refused`] if a header or a certificate is none.
    pub fn new(
        endpoint: Endpoint,
        ca: Option<PathBuf>,
        headers: &[(HeaderName, Secret)],
        patience: Duration,
    ) -> Result<Self, Refused> {
        let header = |(name, secret): &(HeaderName, Secret)| {
            let name = header::HeaderName::try_from(name.0.as_str());
            let value = secret.show_to(|text| HeaderValue::try_from(text));
            let (Ok(name), Ok(mut value)) = (name, value) else {
                return Err(Refused::Form(
                    "a secret of `telemetry.headers` is no value of a header",
                ));
            };
            value.set_sensitive(true);
            Ok((name, value))
        };
        Ok(Self {
            tls: endpoint.tls.then(|| config(ca)).transpose()?,
            endpoint,
            headers: headers.iter().map(header).collect::<Result<_, _>>()?,
            patience,
        })
    }

    /// Sends `body`.
    ///
    /// # Errors
    ///
    /// [`Refused`] if it would be of no use to send it again.
    pub async fn send(&self, signal: Signal, body: &Value) -> Result<Sent, Refused> {
        let request = self.request(signal, body.to_string().into())?;
        match timeout(self.patience, self.exchange(request)).await {
            Ok(Ok((status, headers, body))) => answer(signal, status, &headers, &body),
            // whatever it was, the next time may be better
            Ok(Err(_)) | Err(_) => Ok(Sent::Later(None)),
        }
    }

    fn request(&self, signal: Signal, body: Bytes) -> Result<Request<Whole>, Refused> {
        let uri = format!("{}{}", self.endpoint.path, signal.path());
        let mut request = Request::post(uri)
            .header(header::HOST, self.endpoint.authority())
            .header(header::USER_AGENT, AGENT)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONNECTION, "close")
            .body(Whole::from(body))
            .map_err(|_| Refused::Form("`telemetry.endpoint` is no address"))?;
        request.headers_mut().extend(self.headers.iter().cloned());
        Ok(request)
    }

    async fn exchange(
        &self,
        request: Request<Whole>,
    ) -> io::Result<(StatusCode, HeaderMap, Vec<u8>)> {
        let wire = Wire::new(self.connect().await?, MOST);
        let (mut sender, connection) = http1::Builder::new()
            .max_headers(HEADERS)
            .handshake(wire)
            .await
            .map_err(io::Error::other)?;
        let exchange = async {
            let answer = sender
                .send_request(request)
                .await
                .map_err(io::Error::other)?;
            let (head, body) = answer.into_parts();
            Ok((head.status, head.headers, whole(body).await?))
        };
        tokio::pin!(connection, exchange);
        // the connection moves the bytes of the exchange; when it ends first, the exchange still has the rest
        tokio::select! {
            came = &mut exchange => came,
            _ended = &mut connection => exchange.await,
        }
    }

    async fn connect(&self) -> io::Result<Carrier> {
        let Endpoint { host, port, .. } = &self.endpoint;
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in tokio::net::lookup_host((host.as_str(), *port)).await? {
            if self.tls.is_none() && !address.ip().is_loopback() {
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(tcp) => return self.shake(tcp).await,
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn shake(&self, tcp: TcpStream) -> io::Result<Carrier> {
        let Some(tls) = &self.tls else {
            return Ok(Carrier::Plain(tcp));
        };
        let name = ServerName::try_from(self.endpoint.host.clone()).map_err(io::Error::other)?;
        let tls = TlsConnector::from(Arc::clone(tls))
            .connect(name, tcp)
            .await?;
        Ok(Carrier::Tls(Box::new(tls)))
    }
}

/// What the answer says (OTLP 1.x, sections "OTLP/HTTP response" and "throttling").
fn answer(
    signal: Signal,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Sent, Refused> {
    if status.is_success() {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let rejected = body
            .get("partialSuccess")
            .and_then(|partial| partial.get(signal.rejected()));
        let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
        return Ok(Sent::Taken(rejected.and_then(number).unwrap_or_default()));
    }
    if AGAIN.contains(&status) {
        let after = headers.get(header::RETRY_AFTER);
        return Ok(Sent::Later(
            after.and_then(|after| after.to_str().ok()?.parse().ok()),
        ));
    }
    Err(Refused::Status(status.as_u16()))
}

async fn whole(mut body: Incoming) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let frame = std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await;
        match frame {
            None => return Ok(bytes),
            // the wire ends before it is too much
            Some(frame) => {
                if let Ok(data) = frame.map_err(io::Error::other)?.into_data() {
                    bytes.extend_from_slice(&data);
                }
            }
        }
    }
}

fn config(ca: Option<PathBuf>) -> Result<Arc<ClientConfig>, Refused> {
    let mut roots = RootCertStore::empty();
    match ca {
        // with no roots at all, nothing is trusted
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Some(file) => {
            let pem = std::fs::read(file).map_err(|error| Refused::Roots(error.kind()))?;
            let all = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
            let all = all.map_err(|_| Refused::Form("the file of `telemetry.ca` is not PEM"))?;
            let (added, _) = roots.add_parsable_certificates(all);
            if added == 0 {
                return Err(Refused::Form(
                    "the file of `telemetry.ca` has no certificate",
                ));
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| Refused::Form("no version of TLS"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

const AGENT: &str = concat!("keyhole-audit-review/", env!("CARGO_PKG_VERSION"));
/// What OTLP calls retryable.
const AGAIN: [StatusCode; 4] = [
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::BAD_GATEWAY,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::GATEWAY_TIMEOUT,
];
/// Bytes of an answer, head and framing included.
const MOST: usize = 64 << 10;
/// Lines of one head.
const HEADERS: usize = 64;

#[cfg(test)]
mod tests;
