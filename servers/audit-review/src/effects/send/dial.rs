//! Connects to a receiver.
//!
//! # Invariants
//!
//! - Without TLS the connection is to this machine, whatever a name was resolved to.

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
    let address = &line.address;
    let tcp = timeout(DIAL, TcpStream::connect((address.host(), address.port()))).await;
    let tcp = match tcp {
        Ok(Ok(tcp)) => tcp,
        Ok(Err(error)) => return Err(Trouble::Connect(error.kind())),
        Err(_) => return Err(Trouble::Connect(io::ErrorKind::TimedOut)),
    };
    // it works without as well, only later
    let _set = tcp.set_nodelay(true);
    let Some((config, name)) = &line.tls else {
        let peer = tcp.peer_addr().map_err(|_| Trouble::Broken)?;
        if !peer.ip().to_canonical().is_loopback() {
            return Err(Trouble::Elsewhere);
        }
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
