//! The one way from a request to an answer.
//!
//! Every request of either protocol era comes through [`Gate::handle_request`]: who asks is
//! verified, quotas and limits are applied, the server answers under a deadline, what it gives
//! is released against the caller's clearance, the audit record is made durable, and only then
//! does the answer leave.
//!
//! # Invariants
//!
//! - No answer leaves without its record: if the record cannot be written, the caller gets an
//!   error and no data.
//! - What changes something or reaches beyond this machine is announced by a durable record before
//!   it begins, and its outcome record refers to that; without the announcement nothing is done.
//! - Every request leaves one outcome record, also when it is malformed, unknown, denied, out
//!   of time, cancelled, or panics.
//! - A server can make no protocol message of its own; only this module and its parts can.

mod asked;
mod desk;
mod flights;
mod handler;
mod ids;
mod model;
mod outcome;
mod record;
mod reply;
mod tools;
mod watch;
mod written;

use std::borrow::Cow;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;
use std::time::Instant;

use futures::FutureExt;
use rmcp::ErrorData;
use rmcp::RoleServer;
use rmcp::Service;
use rmcp::model::ClientNotification;
use rmcp::model::ClientRequest;
use rmcp::model::ProtocolVersion;
use rmcp::model::ServerConfig;
use rmcp::model::ServerResult;
use rmcp::service::NotificationContext;
use rmcp::service::RequestContext;

pub use desk::Desk;
pub use desk::Limits;
pub use ids::record_id;
pub use outcome::is_known_version;

pub(crate) use flights::Flight;
pub(crate) use outcome::Asked;

use crate::call::Call;
use crate::error::Denial;
use crate::error::Fault;
use crate::error::Refusal;
use crate::server::Server;
use handler::Handler;
use outcome::Ended;

/// The door in front of one server, for one session.
///
/// What a tool answers is written by the gate and handed to the transport of
/// [`serve`](crate::serve) with the note that its record is written. Over another transport a
/// result of a tool is empty.
#[derive(Debug)]
pub struct Gate<S> {
    handler: Handler<S>,
    desk: Arc<Desk>,
    /// Whether the session began with a handshake, as older peers begin it; what comes later does
    /// not change that.
    shaken: OnceLock<bool>,
}

/// How a request is answered that nothing keeps from it.
type Work<'a> = Pin<Box<dyn Future<Output = Result<Ended, Refusal>> + Send + 'a>>;

impl<S: Server> Gate<S> {
    /// A gate that lets requests of `desk`'s session through to `server`.
    #[must_use]
    pub fn new(server: Arc<S>, desk: Arc<Desk>) -> Self {
        Self {
            handler: Handler::new(server, Arc::clone(&desk)),
            desk,
            shaken: OnceLock::new(),
        }
    }

    /// What answers `request`. On the heap: the protocol's futures are large, and every layer
    /// above would move them.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all but calls of tools are the protocol library's to tell apart"
    )]
    fn work<'a>(
        &'a self,
        asked: &'a Asked,
        call: &'a Call,
        request: ClientRequest,
        mut context: RequestContext<RoleServer>,
    ) -> Work<'a> {
        match request {
            ClientRequest::CallToolRequest(request) if self.is_complete(&context) => {
                Box::pin(async move {
                    let (id, params) = (context.id, request.params);
                    let line = self.handler.call_tool(call, asked, &id, params).await;
                    line.map(Ended::written)
                })
            }
            request => Box::pin(async move {
                context.extensions.insert(call.clone());
                let result = self.handler.handle_request(request, context).await;
                match (call.take_refusal(), result) {
                    (Some(refusal), _) => Err(refusal),
                    (None, Ok(result)) => Ok(Ended::allowed(result)),
                    (None, Err(error)) => Ok(Ended::refused_by_protocol(error)),
                }
            }),
        }
    }

    /// Whether a request says of itself all that it must, as the protocol library would judge;
    /// what does not is left to the library to refuse.
    fn is_complete(&self, context: &RequestContext<RoleServer>) -> bool {
        let requested = context.meta.protocol_version();
        let known = |version| ProtocolVersion::KNOWN_VERSIONS.contains(version);
        let shaken = self.shaken.get() == Some(&true);
        let demanding = !shaken || outcome::is_modern(requested.as_ref());
        let modern = ProtocolVersion::V_2026_07_28;
        requested.as_ref().is_none_or(known)
            && (!demanding || context.meta.missing_required_keys(&modern).is_empty())
    }

    /// Runs an admitted request under its deadline.
    async fn answer(
        &self,
        asked: &Asked,
        call: &Call,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<Ended, Refusal> {
        let _admitted = self.desk.admit(asked, call).await?;
        let work = self.work(asked, call, request, context);
        let work = AssertUnwindSafe(work).catch_unwind();
        let end = if asked.is_subscription() {
            // it lasts as long as the client wants, so what is recorded is that it was opened
            self.desk.record_opened(asked, call).await?;
            Duration::MAX
        } else {
            call.remaining()
        };
        let result = tokio::select! {
            biased;
            () = call.cancellation().cancelled() => {
                call.abandon();
                return Err(Denial::Cancelled.into());
            }
            () = self.desk.closing().cancelled(), if asked.is_subscription() => {
                return Err(Denial::Cancelled.into());
            }
            result = work => result,
            () = tokio::time::sleep(end) => {
                call.abandon();
                return Err(Denial::TimedOut.into());
            }
        };
        result.unwrap_or_else(|_| {
            call.abandon();
            Err(Fault::new("run the operation", "it panicked").into())
        })
    }

    /// The whole way of one request, from who asks to its record.
    async fn pass(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        let started = Instant::now();
        let now = self.desk.now();
        let server = self.handler.server();
        if !matches!(request, ClientRequest::DiscoverRequest(_)) {
            let shakes = || matches!(request, ClientRequest::InitializeRequest(_));
            self.shaken.get_or_init(shakes);
        }
        let asked = self.desk.asked(server, &request, &context, now);
        let id = context.id.clone();
        let call = self.desk.begin(&asked, context.ct.clone(), now);
        let ended = match &call {
            Ok(call) => self.answer(&asked, call, request, context).await,
            Err(denial) => Err((*denial).into()),
        };
        let ended = ended.unwrap_or_else(|refusal| self.desk.refused(&asked, refusal));
        self.desk
            .conclude(&asked, call.ok().as_ref(), ended, started, &id)
            .await
    }
}

impl<S: Server> Service<RoleServer> for Gate<S> {
    fn handle_request(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ServerResult, ErrorData>> + Send + '_ {
        // on the heap: the protocol layer moves what it spawns several times over
        Box::pin(self.pass(request, context))
    }

    async fn handle_notification(
        &self,
        notification: ClientNotification,
        context: NotificationContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        // cancellation reaches a request by its token; nothing else is acted upon
        self.handler
            .handle_notification(notification, context)
            .await
    }

    fn get_info(&self) -> ServerConfig {
        Service::get_info(&self.handler)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(ProtocolVersion::KNOWN_VERSIONS)
    }
}

#[cfg(test)]
mod tests;
