//! One connection, from the handshake to the last packet.
//!
//! # Invariants
//!
//! - Whoever drops a [`Link`] closes its socket: nothing goes on behind a call that was given up.

use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::client::conn::http1;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::base::Base;
use super::base::Host;
use super::payload::Payload;
use super::trouble::Trouble;
use super::wire::Carrier;
use super::wire::Meter;
use super::wire::Wire;

/// A connection that can carry one request after another.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) sender: http1::SendRequest<Payload>,
    pub(super) meter: Arc<Meter>,
    /// When it was last used.
    pub(super) since: Instant,
    _driver: Driver,
}

/// The task that moves the bytes. It ends with its link.
#[derive(Debug)]
struct Driver(AbortHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Link {
    /// Makes a link of `tcp`, which leads to `base`.
    pub(super) async fn open(
        base: &Base,
        tcp: TcpStream,
        tls: Option<Arc<ClientConfig>>,
    ) -> Result<Self, Trouble> {
        let carrier = match tls {
            None => Carrier::Plain(tcp),
            Some(config) => {
                let name = server_name(base)?;
                let shaken = TlsConnector::from(config).connect(name, tcp);
                let shaken = timeout(HANDSHAKE, shaken).await;
                let shaken = shaken.map_err(|_| Trouble::Tls("no handshake in time".to_owned()))?;
                let tls = shaken.map_err(|error| Trouble::Tls(error.to_string()))?;
                Carrier::Tls(Box::new(tls))
            }
        };
        let meter = Meter::new();
        let wire = Wire::new(carrier, Arc::clone(&meter));
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(HEAD)
            .max_header_size(HEAD)
            .max_headers(HEADERS)
            .handshake(wire)
            .await?;
        // what ends it is told to the request that waits, if one does
        let driver = tokio::spawn(async move { connection.await.is_ok() });
        Ok(Self {
            sender,
            meter,
            since: Instant::now(),
            _driver: Driver(driver.abort_handle()),
        })
    }

    /// Whether it can take the next request. Gives the driver a moment to notice that the last one
    /// is over.
    pub(super) async fn is_free(&mut self) -> bool {
        for _ in 0..TURNS {
            if self.sender.is_ready() || self.sender.is_closed() {
                break;
            }
            tokio::task::yield_now().await;
        }
        self.sender.is_ready()
    }
}

fn server_name(base: &Base) -> Result<ServerName<'static>, Trouble> {
    match base.host() {
        Host::Address(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Name(name) => ServerName::try_from(name.clone())
            .map_err(|_| Trouble::Identity("the host is no name for a certificate")),
    }
}

/// The type of what is sent, for those who build it.
pub(super) type Outgoing = Request<Payload>;

/// For TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Bytes of one head, and the size of the buffer. The budget of a call is checked besides.
pub(super) const HEAD: usize = 64 << 10;
/// Lines of one head.
const HEADERS: usize = 128;
/// How often the driver is let on before a link is given up.
const TURNS: usize = 4;
