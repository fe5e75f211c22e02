//! Connects to a receiver.
//!
//! # Invariants
//!
//! - Without TLS nobody but this machine is even asked for a connection, whatever a name was resolved to.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tokio::net::lookup_host;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Line;
use super::Trouble;
use crate::show::escape;

/// A connection.
#[derive(Debug)]
pub(super) enum Wire {
    /// In the clear, on this machine.
    Plain(TcpStream),
    /// Over TLS, with a receiver that proved its name.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Connects.
pub(super) async fn dial(line: &Line) -> Result<Wire, Trouble> {
    let tcp = match timeout(DIAL, connect(line)).await {
        Ok(tcp) => tcp?,
        Err(_) => return Err(Trouble::Connect(io::ErrorKind::TimedOut)),
    };
    // it works without as well, only later
    let _set = tcp.set_nodelay(true);
    let Some((config, name)) = &line.tls else {
        return Ok(Wire::Plain(tcp));
    };
    let shaken = TlsConnector::from(Arc::clone(config)).connect(name.clone(), tcp);
    match timeout(HANDSHAKE, shaken).await {
        Ok(Ok(tls)) => Ok(Wire::Tls(Box::new(tls))),
        Ok(Err(error)) => {
            // it may hold names of a certificate that nobody vouches for
            let mut said = String::new();
            escape(&mut said, &error.to_string());
            Err(Trouble::Tls(said.chars().take(300).collect()))
        }
        Err(_) => Err(Trouble::Tls("no handshake in time".to_owned())),
    }
}

/// The first of its addresses that takes a connection.
async fn connect(line: &Line) -> Result<TcpStream, Trouble> {
    let failed = |error: io::Error| Trouble::Connect(error.kind());
    let name = (line.address.host(), line.address.port());
    let mut last = None;
    for address in lookup_host(name).await.map_err(failed)? {
        if line.tls.is_none() && !address.ip().to_canonical().is_loopback() {
            last.get_or_insert(Trouble::Elsewhere);
            continue;
        }
        match TcpStream::connect(address).await {
            Ok(tcp) => return Ok(tcp),
            Err(error) => last = Some(failed(error)),
        }
    }
    Err(last.unwrap_or(Trouble::Connect(io::ErrorKind::AddrNotAvailable)))
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

/// For a connection to stand.
const DIAL: Duration = Duration::from_secs(10);
/// For TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::forward::address::Address;

    #[tokio::test]
    async fn o3_without_tls_nobody_but_this_machine_is_dialled() {
        // a block for documentation, which no network routes: it would be waited for
        for elsewhere in ["http://192.0.2.1:4318", "tcp://[2001:db8::1]:601"] {
            let address = Address::parse(elsewhere).unwrap();
            let begun = Instant::now();
            let dialled = dial(&Line { address, tls: None }).await;
            assert_eq!(dialled.unwrap_err(), Trouble::Elsewhere, "{elsewhere}");
            assert!(begun.elapsed() < Duration::from_secs(5), "{elsewhere}");
        }
    }
}
