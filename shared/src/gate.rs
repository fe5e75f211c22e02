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

mod desk;
mod flights;
mod handler;
mod model;
mod outcome;
mod record;
mod reply;
mod watch;

use std::borrow::Cow;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
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
pub use desk::record_id;
pub(crate) use flights::Flight;
pub(crate) use outcome::Asked;

use crate::call::Call;
use crate::error::Denial;
use crate::error::Fault;
use crate::error::Refusal;
use crate::server::Server;
use handler::Handler;
use outcome::Ended;
use record::Intent;

/// The door in front of one server, for one session.
#[derive(Debug)]
pub struct Gate<S> {
    handler: Handler<S>,
    desk: Arc<Desk>,
}

impl<S: Server> Gate<S> {
    /// A gate that lets requests of `desk`'s session through to `server`.
    #[must_use]
    pub fn new(server: Arc<S>, desk: Arc<Desk>) -> Self {
        Self {
            handler: Handler::new(server, Arc::clone(&desk)),
            desk,
        }
    }

    /// Runs an admitted request under its deadline.
    async fn answer(
        &self,
        asked: &Arc<Asked>,
        call: &Call,
        request: ClientRequest,
        mut context: RequestContext<RoleServer>,
    ) -> Result<Ended, Refusal> {
        let _admitted = self.desk.admit(asked, call).await?;
        context.extensions.insert(call.clone());
        if asked.announced {
            context.extensions.insert(Intent(Arc::clone(asked)));
        }
        // on the heap: the protocol's futures are large, and every layer above would move them
        let work = Box::pin(self.handler.handle_request(request, context));
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
        match (result, call.take_refusal()) {
            (Err(_), _) => {
                call.abandon();
                Err(Fault::new("run the operation", "it panicked").into())
            }
            (Ok(_), Some(refusal)) => Err(refusal),
            (Ok(Ok(reply)), None) => Ok(Ended::allowed(reply)),
            (Ok(Err(error)), None) => Ok(Ended::refused_by_protocol(error)),
        }
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
        let asked = Arc::new(self.desk.asked(server, &request, &context, now));
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
