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
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use rmcp::ServiceExt;
use rmcp::service::QuitReason;
use rmcp::service::ServerInitializeError;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
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
pub use stdio::Streams;

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

/// Serves `server` to the client at the other end of the standard `streams`.
///
/// # Errors
///
/// If the runtime cannot start, or the start or the end of the session cannot be recorded.
pub fn stdio<S: Server>(
    server: Arc<S>,
    desk: &Arc<Desk>,
    policy: &PolicySource,
    streams: Streams,
    request_bytes: usize,
    blocking_threads: usize,
) -> Result<End, Fault> {
    let session = async {
        let (reader, writer) = streams.poll()?;
        let lines = Lines::new(reader, writer, request_bytes, Arc::clone(desk));
        Ok((connection(server, desk, policy, lines).await?, ()))
    };
    run(desk, blocking_threads, session).map(|(end, ())| end)
}

/// Serves `server` to a client that asks one thing and leaves; gives back what it was told.
///
/// `request` is one message of the protocol, without the end of its line. It passes the same
/// gate as all others.
///
/// # Errors
///
/// As [`stdio`].
pub fn once<S: Server>(
    server: Arc<S>,
    desk: &Arc<Desk>,
    policy: &PolicySource,
    request: &str,
    blocking_threads: usize,
) -> Result<String, Fault> {
    let session = async {
        let (mut ours, theirs) = tokio::io::duplex(PIPE);
        let (reader, writer) = tokio::io::split(theirs);
        let lines = Lines::new(reader, writer, request.len() + 1, Arc::clone(desk));
        let ask = async {
            ours.write_all(request.as_bytes()).await?;
            ours.write_all(b"\n").await?;
            ours.shutdown().await?;
            let mut answer = String::new();
            ours.read_to_string(&mut answer).await?;
            io::Result::Ok(answer)
        };
        let (end, answer) = tokio::join!(connection(server, desk, policy, lines), ask);
        Ok((end?, answer?))
    };
    run(desk, blocking_threads, session).map(|(_, answer)| answer)
}

/// Runs one session, with its start and its end recorded around it.
fn run<T>(
    desk: &Arc<Desk>,
    blocking_threads: usize,
    session: impl Future<Output = io::Result<(End, T)>>,
) -> Result<(End, T), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(blocking_threads)
        .build()
        .map_err(fault("start the runtime"))?;
    let ended = runtime.block_on(async {
        desk.record_session(START, None).await?;
        let ended = session.await;
        desk.closing().cancel();
        desk.wipe();
        let (end, told) = ended.map_err(fault("serve the client"))?;
        desk.record_session("session.end", Some(end.reason()))
            .await?;
        Ok((end, told))
    });
    // a read of a terminal cannot be cancelled, and nothing waits for its bytes
    runtime.shutdown_background();
    let closed = desk.audit().close(desk.now());
    ended.and_then(|ended| closed.map(|()| ended))
}

async fn connection<S, R, W>(
    server: Arc<S>,
    desk: &Arc<Desk>,
    policy: &PolicySource,
    lines: Lines<R, W>,
) -> io::Result<End>
where
    S: Server,
    R: AsyncRead + Send + Unpin + 'static,
    W: AsyncWrite + Send + Unpin + 'static,
{
    let stop = CancellationToken::new();
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
        let mut record = audit::Record {
            action: Some(action),
            reason: reason.map(Cow::Borrowed),
            ..self.session_record(&policy, kind, record_id(now), now)
        };
        if action == START {
            let enforced = self.enforced().to_string();
            record.notes.insert("process.sandbox", enforced);
        }
        self.audit().write(record).await
    }
}

const START: &str = "session.start";
/// How long running requests may take to end after a signal.
const GRACE: Duration = Duration::from_secs(3);
/// Bytes on their way between the two ends of a connection within the process.
const PIPE: usize = 64 << 10;
const LOOK_AGAIN: Duration = Duration::from_secs(60);
