//! One `POST` over a connection of its own, by HTTP/1.1.
//!
//! # Invariants
//!
//! - Of an answer at most [`HEAD`] bytes of head and [`BODY`] of body are kept; what is more ends it.
//! - A header with a secret is marked as one, so that nothing writes it.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use hyper::Request;
use hyper::body::Body;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;
use hyper::rt::ReadBufCursor;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::time::timeout;

use super::Line;
use super::Trouble;
use super::answer::Answer;
use super::dial::Wire;
use super::dial::dial;
use crate::forward::backoff::retry_after;

/// Sends `body` to `path`.
pub(super) async fn post(
    line: &Line,
    path: &str,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: String,
    now: DateTime<Utc>,
) -> Result<Answer, Trouble> {
    let request = request(line, path, headers, body)?;
    let wire = dial(line).await?;
    let shaken = http1::Builder::new()
        .max_buf_size(HEAD)
        .max_headers(HEADERS)
        .handshake(Hyper(wire))
        .await;
    let (mut sender, connection) = shaken.map_err(|error| trouble(&error))?;
    let mut connection = std::pin::pin!(connection);
    let mut asked = std::pin::pin!(answer(sender.send_request(request), now));
    let mut open = true;
    // on this one task: when it is given up, the connection goes with it
    poll_fn(|cx| {
        // how it ended is told to the request that waits for it
        if open && connection.as_mut().poll(cx).is_ready() {
            open = false;
        }
        asked.as_mut().poll(cx)
    })
    .await
}

/// `text` as the value of a header that nothing writes; `None` if it cannot be one.
pub(super) fn hidden(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

async fn answer(
    asked: impl Future<Output = hyper::Result<hyper::Response<Incoming>>>,
    now: DateTime<Utc>,
) -> Result<Answer, Trouble> {
    let response = asked.await.map_err(|error| trouble(&error))?;
    let (head, body) = response.into_parts();
    let after = head.headers.get(header::RETRY_AFTER);
    let after = after.and_then(|value| retry_after(value.to_str().ok()?, now));
    // the status is the answer; a body that does not come, or does not end, changes nothing
    let mut kept = Vec::new();
    let _gathered = timeout(PATIENCE, gather(body, &mut kept)).await;
    Ok(Answer::new(head.status, after, kept))
}

async fn gather(mut body: Incoming, kept: &mut Vec<u8>) {
    while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        if let Some(data) = frame.data_ref() {
            if kept.len().saturating_add(data.len()) > BODY {
                return;
            }
            kept.extend_from_slice(data);
        }
    }
}

fn request(
    line: &Line,
    path: &str,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: String,
) -> Result<Request<String>, Trouble> {
    let mut request = Request::post(path)
        .header(header::HOST, line.address.authority())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, AGENT)
        .header(header::CONNECTION, "close")
        .body(body)
        .map_err(|_| Trouble::Garbled)?;
    request.headers_mut().extend(headers);
    Ok(request)
}

fn trouble(error: &hyper::Error) -> Trouble {
    if error.is_parse() {
        Trouble::Garbled
    } else {
        Trouble::Broken
    }
}

/// A connection as hyper wants it.
struct Hyper(Wire);

impl hyper::rt::Read for Hyper {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut bytes = [0; 4096];
        let most = bytes.len().min(buf.remaining());
        let mut own = ReadBuf::new(bytes.get_mut(..most).unwrap_or_default());
        ready!(Pin::new(&mut self.get_mut().0).poll_read(cx, &mut own))?;
        buf.put_slice(own.filled());
        Poll::Ready(Ok(()))
    }
}

impl hyper::rt::Write for Hyper {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}

/// The most bytes of a head.
const HEAD: usize = 64 << 10;
/// The most lines of a head.
const HEADERS: usize = 100;
/// The most bytes of a body.
const BODY: usize = 64 << 10;
/// For a body, once its head was read.
const PATIENCE: Duration = Duration::from_secs(5);
const AGENT: &str = concat!("audit-review/", env!("CARGO_PKG_VERSION"));
