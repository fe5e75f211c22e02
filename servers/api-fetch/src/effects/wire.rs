//! A connection as hyper reads it, with a meter on what comes in.
//!
//! # Invariants
//!
//! - No more is read than the meter allows, whatever the framing says: endless headers, informational
//!   answers without end, chunks of nothing and padded chunk sizes all run dry.
//! - What is read goes through one buffer of fixed size, which is wiped when the connection ends: an
//!   access token or a secret that came back may have been in it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::task::Context;
use std::task::Poll;

use hyper::rt;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use zeroize::Zeroizing;

/// How much may still be read, and what it is called if that is not enough.
#[derive(Debug)]
pub(super) struct Meter(Mutex<(u64, &'static str)>);

/// The meter ran out.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("over the limit: {0}")]
pub(super) struct Drained(pub(super) &'static str);

impl Meter {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new((IDLE, "unasked bytes"))))
    }

    /// Lets so many bytes come from now on.
    pub(super) fn allow(&self, bytes: u64, name: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (bytes, name);
    }

    /// Nothing is asked for: what comes now ends the connection.
    pub(super) fn rest(&self) {
        self.allow(IDLE, "unasked bytes");
    }

    fn left(&self) -> (u64, &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, bytes: usize) {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        left.0 = left.0.saturating_sub(bytes as u64);
    }
}

/// What carries the bytes.
pub(super) enum Carrier {
    /// TCP alone.
    Plain(TcpStream),
    /// TLS over it.
    Tls(Box<TlsStream<TcpStream>>),
}

/// A carrier with a meter.
pub(super) struct Wire {
    carrier: Carrier,
    meter: Arc<Meter>,
    buffer: Zeroizing<Vec<u8>>,
}

impl Wire {
    pub(super) fn new(carrier: Carrier, meter: Arc<Meter>) -> Self {
        let buffer = Zeroizing::new(vec![0; BUFFER]);
        Self {
            carrier,
            meter,
            buffer,
        }
    }
}

impl rt::Read for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut into: rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let Self {
            carrier,
            meter,
            buffer,
        } = self.get_mut();
        let (left, name) = meter.left();
        if left == 0 {
            return Poll::Ready(Err(io::Error::other(Drained(name))));
        }
        let most = into
            .remaining()
            .min(usize::try_from(left).unwrap_or(BUFFER));
        let Some((buffer, _)) = buffer.split_at_mut_checked(most.min(BUFFER)) else {
            return Poll::Ready(Err(io::ErrorKind::InvalidInput.into()));
        };
        let mut read = ReadBuf::new(buffer);
        let done = match carrier {
            Carrier::Plain(tcp) => Pin::new(tcp).poll_read(cx, &mut read),
            Carrier::Tls(tls) => Pin::new(tls.as_mut()).poll_read(cx, &mut read),
        };
        if matches!(done, Poll::Ready(Ok(()))) {
            meter.take(read.filled().len());
            into.put_slice(read.filled());
        }
        done
    }
}

impl rt::Write for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().carrier {
            Carrier::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Carrier::Tls(tls) => Pin::new(tls.as_mut()).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().carrier {
            Carrier::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Carrier::Tls(tls) => Pin::new(tls.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().carrier {
            Carrier::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Carrier::Tls(tls) => Pin::new(tls.as_mut()).poll_shutdown(cx),
        }
    }
}

/// Enough to hear that the other side goes.
const IDLE: u64 = 4096;
/// As much as one TLS record.
pub(super) const BUFFER: usize = 16 << 10;
