//! Serving one client over the standard streams, from the first byte to a clean end.
//!
//! # Invariants
//!
//! - The session's start is recorded before the first request is read, its end with the reason.
//! - Whatever ends the session (end of input, a signal, the last grant's end), running requests
//!   are answered or cancelled, what the session held is wiped, and the process ends with 0.

mod lines;
pub mod logging;
mod message;
mod outlet;
mod stdio;

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use rmcp::ServiceExt;
use rmcp::service::QuitReason;
use rmcp::service::ServerInitializeError;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio_util::sync::CancellationToken;

use crate::audit;
use crate::error::Fault;
use crate::error::fault;
use crate::gate::Desk;
use crate::gate::Gate;
use crate::gate::record_id;
use crate::policy::PolicySource;
use crate::server::Server;
pub(crate) use lines::Lines;

/// Why a session ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// The client closed its end, or never spoke the protocol.
    Eof,
    /// The operator asked for it.
    Signal,
    /// No grant of the principal is in force, now or later.
    Expired,
}

impl End {
    const fn reason(self) -> &'static str {
        match self {
            Self::Eof => "eof",
            Self::Signal => "signal",
            Self::Expired => "expired",
        }
    }
}

/// Serves `server` to the client at the other end of the standard streams.
///
/// # Errors
///
/// If the runtime cannot start, or the start or the end of the session cannot be recorded.
pub fn stdio<S: Server>(
    server: Arc<S>,
    desk: &Arc<Desk>,
    policy: &PolicySource,
    request_bytes: usize,
    blocking_threads: usize,
) -> Result<End, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(blocking_threads)
        .build()
        .map_err(fault("start the runtime"))?;
    let end = runtime.block_on(async {
        desk.record_session("session.start", None).await?;
        let end = connection(server, desk, policy, request_bytes).await;
        desk.closing().cancel();
        desk.wipe();
        let end = end.map_err(fault("serve the standard streams"))?;
        desk.record_session("session.end", Some(end.reason()))
            .await?;
        Ok(end)
    });
    // a read of a terminal cannot be cancelled, and nothing waits for its bytes
    runtime.shutdown_background();
    let closed = desk.audit().close(desk.now());
    end.and_then(|end| closed.map(|()| end))
}

async fn connection<S: Server>(
    server: Arc<S>,
    desk: &Arc<Desk>,
    policy: &PolicySource,
    request_bytes: usize,
) -> io::Result<End> {
    let stop = CancellationToken::new();
    let (reader, writer) = stdio::streams()?;
    let lines = Lines::new(reader, writer, request_bytes, Arc::clone(desk));
    let gate = Gate::new(server, Arc::clone(desk));
    let client = async {
        match gate.serve_with_ct(lines, stop.clone()).await {
            Ok(running) => match running.waiting().await {
                Ok(QuitReason::Cancelled | QuitReason::Closed) => {}
                Ok(_) | Err(_) => tracing::error!("the connection broke off"),
            },
            Err(ServerInitializeError::ConnectionClosed(_) | ServerInitializeError::Cancelled) => {}
            // the error's own text repeats the message it could not use
            Err(_) => tracing::warn!("the client did not speak the protocol"),
        }
    };
    let mut client = std::pin::pin!(client);
    let end = tokio::select! {
        biased;
        end = operator(desk, policy) => end?,
        () = &mut client => return Ok(End::Eof),
    };
    desk.closing().cancel();
    stop.cancel();
    if tokio::time::timeout(GRACE, client).await.is_err() {
        tracing::warn!("some requests did not end in time and were left");
    }
    Ok(end)
}

/// Waits for a signal that ends the session or for its expiry; reloads the policy on SIGHUP.
async fn operator(desk: &Desk, policy: &PolicySource) -> io::Result<End> {
    let mut term = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    loop {
        let now = desk.now();
        let principal = desk.session().principal();
        if !policy.current().has_a_future(principal, now) {
            return Ok(End::Expired);
        }
        let change = policy.current().next_change(principal, now);
        tokio::select! {
            _ = term.recv() => return Ok(End::Signal),
            _ = interrupt.recv() => return Ok(End::Signal),
            _ = hangup.recv() => reload(desk, policy).await,
            () = tokio::time::sleep(until(change, now)) => {}
        }
    }
}

async fn reload(desk: &Desk, policy: &PolicySource) {
    let (action, reason) = match policy.reload() {
        Ok(true) => ("policy.reload", None),
        Ok(false) => return,
        Err(error) => {
            tracing::error!("{error}");
            ("policy.reload", Some("refused"))
        }
    };
    if let Err(fault) = desk.record_admin(action, reason).await {
        tracing::error!("{}", fault.chain());
    }
}

/// Clocks are set and machines sleep, so no wait is longer than a minute.
fn until(change: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Duration {
    let wait = change.and_then(|change| (change - now).to_std().ok());
    wait.unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN)
}

impl Desk {
    async fn record_session(
        &self,
        action: &'static str,
        reason: Option<&'static str>,
    ) -> Result<(), Fault> {
        self.record_event(audit::Kind::Session, action, reason)
            .await
    }

    async fn record_admin(
        &self,
        action: &'static str,
        reason: Option<&'static str>,
    ) -> Result<(), Fault> {
        self.record_event(audit::Kind::Admin, action, reason).await
    }

    async fn record_event(
        &self,
        kind: audit::Kind,
        action: &'static str,
        reason: Option<&'static str>,
    ) -> Result<(), Fault> {
        let (policy, now) = (self.session().policy(), self.now());
        let record = audit::Record {
            action: Some(action),
            reason: reason.map(Cow::Borrowed),
            ..self.session_record(&policy, kind, record_id(now), now)
        };
        self.audit().write(record).await
    }
}

/// How long running requests may take to end after a signal.
const GRACE: Duration = Duration::from_secs(3);
const LOOK_AGAIN: Duration = Duration::from_secs(60);
