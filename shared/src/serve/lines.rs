//! One JSON-RPC message a line, over any pair of byte streams.
//!
//! # Invariants
//!
//! - A line that is too long, is not JSON or is not a message is answered with an error and
//!   recorded, and takes no more memory than the limit.
//! - No answer is sent whose record is not written, wherever it comes from.
//! - While the client does not read its answers, nothing more is read from it.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the protocol library adds variants; what is not known gets the strictest reading"
)]

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use rmcp::RoleServer;
use rmcp::model::ClientJsonRpcMessage;
use rmcp::model::ClientNotification;
use rmcp::model::ErrorCode;
use rmcp::model::ErrorData;
use rmcp::model::JsonRpcMessage;
use rmcp::model::RequestId;
use rmcp::model::ServerJsonRpcMessage;
use rmcp::transport::Transport;
use serde::Deserialize;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::BufReader;

use super::message;
use super::outlet;
use super::outlet::Outlet;
use crate::gate::Desk;
use crate::gate::Flight;

/// A connection of lines.
pub(crate) struct Lines<R, W> {
    reader: BufReader<R>,
    line: Vec<u8>,
    /// The rest of a line that was too long is being skipped.
    skipping: bool,
    most: usize,
    outlet: Outlet<W>,
    desk: Arc<Desk>,
    /// Whether a request has come yet: before that, the protocol knows no notification.
    begun: bool,
    /// A complaint that is being recorded and sent. It lives here because `receive` is polled
    /// inside a `select!` and may be dropped at any await.
    complaint: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

/// What came in.
enum Incoming {
    Message(Box<ClientJsonRpcMessage>),
    /// Not a message: the error to answer with, and its request's id where there is one.
    Wrong(ErrorData, Option<RequestId>),
    /// Nothing to act on.
    Nothing,
}

impl<R, W> Lines<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    /// Lines of at most `most` bytes from `reader`, answers to `writer`.
    pub(crate) fn new(reader: R, writer: W, most: usize, desk: Arc<Desk>) -> Self {
        Self {
            reader: BufReader::with_capacity(BUFFER, reader),
            line: Vec::new(),
            skipping: false,
            most,
            outlet: Outlet::new(writer),
            desk,
            begun: false,
            complaint: None,
        }
    }

    /// The next line, in `self.line` if it is not too long. None at the end.
    ///
    /// Dropping the future loses nothing: what was consumed is in `self.line`.
    async fn next_line(&mut self) -> io::Result<Option<Incoming>> {
        loop {
            let available = self.reader.fill_buf().await?;
            if available.is_empty() {
                // a last line that nobody ended is a line all the same
                let rest = !self.line.is_empty() && !self.skipping;
                return Ok(rest.then(|| self.end_of_line()));
            }
            let end = memchr(available);
            let part = available
                .get(..end.unwrap_or(available.len()))
                .unwrap_or_default();
            let consumed = part.len() + usize::from(end.is_some());
            let long = self.line.len() + part.len() > self.most;
            if !self.skipping && !long {
                self.line.extend_from_slice(part);
            }
            self.reader.consume(consumed);
            let first = long && !self.skipping;
            self.skipping = (self.skipping || long) && end.is_none();
            if first {
                self.line = Vec::new();
                return Ok(Some(Incoming::Wrong(too_long(), None)));
            }
            if end.is_some() {
                return Ok(Some(self.end_of_line()));
            }
        }
    }

    fn end_of_line(&mut self) -> Incoming {
        let incoming = self.parse();
        self.line.clear();
        incoming
    }

    fn parse(&mut self) -> Incoming {
        let line = self.line.trim_ascii();
        if line.is_empty() {
            return Incoming::Nothing;
        }
        match message::parse(line) {
            Ok(message) => self.accept(message),
            Err(_) => complain(line),
        }
    }

    fn accept(&mut self, message: ClientJsonRpcMessage) -> Incoming {
        match message {
            JsonRpcMessage::Request(request) => {
                self.begun = true;
                if self.desk.flights().start(&request.id) {
                    Incoming::Message(Box::new(JsonRpcMessage::Request(request)))
                } else {
                    Incoming::Wrong(invalid("a request of this id is on its way"), None)
                }
            }
            JsonRpcMessage::Notification(notification) if self.begun => {
                if let ClientNotification::CancelledNotification(cancelled) =
                    &notification.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.desk.flights().cancel(id);
                }
                Incoming::Message(Box::new(JsonRpcMessage::Notification(notification)))
            }
            // nothing is asked of clients, so no response of theirs has a meaning here
            _ => Incoming::Nothing,
        }
    }

    fn complain(&mut self, error: ErrorData, id: Option<RequestId>) {
        let (desk, outlet) = (Arc::clone(&self.desk), self.outlet.clone());
        self.complaint = Some(Box::pin(async move {
            if desk
                .record_rejected(id.as_ref(), Some(&error))
                .await
                .is_err()
            {
                return;
            }
            let sent = match outlet::line(&ServerJsonRpcMessage::error(error, id)) {
                Ok(line) => outlet.send(line).await,
                Err(error) => Err(error),
            };
            if sent.is_err() {
                tracing::debug!("the client is gone");
            }
        }));
    }
}

impl<R, W> Transport<RoleServer> for Lines<R, W>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin + 'static,
{
    type Error = io::Error;

    fn send(
        &mut self,
        message: ServerJsonRpcMessage,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let (desk, outlet) = (Arc::clone(&self.desk), self.outlet.clone());
        let id = match &message {
            JsonRpcMessage::Response(response) => Some(response.id.clone()),
            JsonRpcMessage::Error(error) => error.id.clone(),
            _ => None,
        };
        // now, not when the future is first polled: a cancellation that is read in between would
        // take the flight, and the answer would be recorded a second time
        let mut flight = id.as_ref().and_then(|id| desk.flights().land(id));
        let line = match (&message, flight.as_mut().and_then(Flight::take_line)) {
            (JsonRpcMessage::Response(_), Some(line)) => Ok(line),
            _ => outlet::line(&message),
        };
        let recorded = id.is_none() || flight.as_ref().is_some_and(Flight::is_recorded);
        let unrecorded = match message {
            _ if recorded => None,
            JsonRpcMessage::Error(error) => Some((id, Some(error.error))),
            _ => Some((id, None)),
        };
        // on the heap: the protocol layer moves what it spawns several times over
        Box::pin(async move {
            // ends with this, and with it what its call held
            let _flight = flight;
            if let Some(unrecorded) = unrecorded {
                // on the heap: it is rare, and large
                Box::pin(record(&desk, unrecorded, line?, &outlet)).await
            } else {
                outlet.send(line?).await
            }
        })
    }

    async fn receive(&mut self) -> Option<ClientJsonRpcMessage> {
        loop {
            if let Some(complaint) = self.complaint.as_mut() {
                complaint.await;
                self.complaint = None;
            }
            // wait until there is room for one more answer; a closed semaphore is never made
            self.outlet.room().await;
            match self.next_line().await {
                Ok(Some(Incoming::Message(message))) => return Some(*message),
                Ok(Some(Incoming::Wrong(error, id))) => self.complain(error, id),
                Ok(Some(Incoming::Nothing)) => {}
                Ok(None) => {
                    self.desk.closing().cancel();
                    return None;
                }
                Err(error) => {
                    tracing::warn!("standard input failed: {error}");
                    self.desk.closing().cancel();
                    return None;
                }
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.outlet.close().await;
        Ok(())
    }
}

/// Records what the protocol layer answered by itself, and sends it.
async fn record<W: AsyncWrite + Send + Unpin>(
    desk: &Desk,
    (id, error): (Option<RequestId>, Option<ErrorData>),
    line: Vec<u8>,
    outlet: &Outlet<W>,
) -> io::Result<()> {
    if desk
        .record_rejected(id.as_ref(), error.as_ref())
        .await
        .is_ok()
    {
        return outlet.send(line).await;
    }
    let error = ErrorData::internal_error("unavailable", None);
    let line = outlet::line(&ServerJsonRpcMessage::error(error, id))?;
    outlet.send(line).await
}

/// Says what is wrong with a line that is not a message, and whose request it was.
fn complain(line: &[u8]) -> Incoming {
    #[derive(Deserialize)]
    struct Envelope {
        id: Option<RequestId>,
        method: Option<serde::de::IgnoredAny>,
    }
    match serde_json::from_slice::<Envelope>(line) {
        // a notification is never answered
        Ok(Envelope {
            id: None,
            method: Some(_),
        }) => Incoming::Nothing,
        Ok(envelope) => Incoming::Wrong(invalid("not a request of this protocol"), envelope.id),
        Err(error) if error.is_data() => {
            Incoming::Wrong(invalid("not a request of this protocol"), None)
        }
        Err(_) => Incoming::Wrong(
            ErrorData::new(ErrorCode::PARSE_ERROR, "not JSON", None),
            None,
        ),
    }
}

fn invalid(reason: &'static str) -> ErrorData {
    ErrorData::new(ErrorCode::INVALID_REQUEST, reason, None)
}

fn too_long() -> ErrorData {
    invalid("the message is longer than the configured limit")
}

fn memchr(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == b'\n')
}

const BUFFER: usize = 16 * 1024;
