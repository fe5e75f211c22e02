//! What all requests of a session share: its limits, its policy, its trail.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the protocol library adds variants; what is not known gets the strictest reading"
)]

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::Utc;
use rmcp::ErrorData;
use rmcp::RoleServer;
use rmcp::model::ClientRequest;
use rmcp::model::RequestId;
use rmcp::model::ServerResult;
use rmcp::service::RequestContext;
use tokio::sync::Semaphore;
use tokio::sync::SemaphorePermit;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::flights::Flights;
use super::outcome;
use super::outcome::Asked;
use super::outcome::Ended;
use super::reply::Refused;
use crate::audit::Audit;
use crate::audit::Outcome;
use crate::call::Call;
use crate::call::Caller;
use crate::call::Facts;
use crate::call::Shared;
use crate::error::Denial;
use crate::error::Fault;
use crate::error::Refusal;
use crate::label::Taxonomy;
use crate::schema;
use crate::server::Server;
use crate::server::Tool;
use crate::session::Session;

/// The desk beside the door.
#[derive(Debug)]
pub struct Desk {
    session: Session,
    /// The session's id, as records write it.
    session_name: String,
    taxonomy: Arc<Taxonomy>,
    audit: Audit,
    shared: Shared,
    limits: Limits,
    clock: fn() -> DateTime<Utc>,
    running: Semaphore,
    subscriptions: Semaphore,
    waiting: AtomicUsize,
    closing: CancellationToken,
    flights: Flights,
}

/// How much may happen at once, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long one request may take.
    pub deadline: Duration,
    /// How many run at once.
    pub concurrent: usize,
    /// How many more may wait for their turn.
    pub waiting: usize,
    /// The user id of the other end, where the operating system tells.
    pub peer_uid: Option<u32>,
}

/// A place among the running requests, given back on drop.
#[derive(Debug)]
pub(super) struct Admitted<'a> {
    _place: Option<SemaphorePermit<'a>>,
}

impl Desk {
    /// A desk for `session`, recording to `audit`. Time is what `clock` says.
    #[must_use]
    pub fn new(
        session: Session,
        audit: Audit,
        shared: Shared,
        limits: Limits,
        clock: fn() -> DateTime<Utc>,
    ) -> Self {
        Self {
            taxonomy: Arc::clone(session.policy().taxonomy()),
            session_name: session.id().to_string(),
            session,
            audit,
            shared,
            limits,
            clock,
            running: Semaphore::new(limits.concurrent),
            subscriptions: Semaphore::new(SUBSCRIPTIONS),
            waiting: AtomicUsize::new(0),
            closing: CancellationToken::new(),
            flights: Flights::default(),
        }
    }

    /// The instant now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// Whose session it is.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Its id, as records write it.
    pub(super) fn session_name(&self) -> &str {
        &self.session_name
    }

    /// Where records go.
    #[must_use]
    pub const fn audit(&self) -> &Audit {
        &self.audit
    }

    /// The words of labels.
    #[must_use]
    pub fn taxonomy(&self) -> &Taxonomy {
        &self.taxonomy
    }

    /// Says that the client is gone or the session over: subscriptions end.
    pub const fn closing(&self) -> &CancellationToken {
        &self.closing
    }

    /// The requests of this connection that are on their way.
    pub(crate) const fn flights(&self) -> &Flights {
        &self.flights
    }

    /// Records what the protocol layer or the transport answered on its own: `error`, or that
    /// all is well.
    ///
    /// # Errors
    ///
    /// If the record is not durable: then the answer must not leave either.
    pub(crate) async fn record_rejected(
        &self,
        id: Option<&RequestId>,
        error: Option<&ErrorData>,
    ) -> Result<(), Fault> {
        let now = self.now();
        let asked = Asked::unread(record_id(now), now, id);
        let ended = match error {
            Some(error) => Ended::refused_by_protocol(error.clone()),
            None => Ended::allowed(ServerResult::empty(())),
        };
        let (facts, policy) = (Facts::default(), self.session.policy());
        let record = self.record(&policy, &asked, None, facts, &ended, Instant::now());
        self.audit.write(record).await
    }

    /// A call with the authority of this instant, for what the server does of itself.
    ///
    /// # Errors
    ///
    /// [`Denial::Expired`] if there is none any more.
    pub(super) fn fresh_call(&self) -> Result<Call, Denial> {
        let now = self.now();
        let caller = self.session.caller(now)?;
        let (time, cancel) = (self.limits.deadline, self.closing.child_token());
        Ok(Call::new(
            caller,
            record_id(now),
            now,
            time,
            cancel,
            &self.shared,
        ))
    }

    /// Who the operating system says the other end is, where it can tell.
    pub(super) const fn peer_uid(&self) -> Option<u32> {
        self.limits.peer_uid
    }

    /// Forgets what the session's principal did here.
    pub fn wipe(&self) {
        self.shared.ledger.forget(self.session.principal());
    }

    /// A call of the session's principal at `now`, if they have any authority.
    pub(super) fn begin(
        &self,
        asked: &Asked,
        cancel: CancellationToken,
        now: DateTime<Utc>,
    ) -> Result<Call, Denial> {
        let caller = self.session.caller(now)?;
        if !asked.is_lifecycle() {
            self.shared.ledger.call(&caller, now)?;
        }
        let time = self.time(&caller, asked, now);
        Ok(Call::new(caller, asked.id, now, time, cancel, &self.shared))
    }

    /// How long a request may take: no longer than the grants by which it is allowed. A
    /// subscription outlasts them: each of its messages is decided anew.
    fn time(&self, caller: &Caller, asked: &Asked, now: DateTime<Utc>) -> Duration {
        let left = caller.until.and_then(|until| (until - now).to_std().ok());
        let left = left.filter(|_| !asked.is_subscription());
        left.map_or(self.limits.deadline, |left| left.min(self.limits.deadline))
    }

    /// Waits for a place among the running requests.
    pub(super) async fn admit(&self, asked: &Asked, call: &Call) -> Result<Admitted<'_>, Denial> {
        let place = match asked.kind {
            outcome::Kind::Lifecycle => None,
            outcome::Kind::Subscription => {
                Some(self.subscriptions.try_acquire().map_err(|_| Denial::Busy)?)
            }
            outcome::Kind::Tool | outcome::Kind::Resource | outcome::Kind::Other => {
                Some(self.place(call).await?)
            }
        };
        Ok(Admitted { _place: place })
    }

    async fn place(&self, call: &Call) -> Result<SemaphorePermit<'_>, Denial> {
        if let Ok(place) = self.running.try_acquire() {
            return Ok(place);
        }
        let _waiting = Waiting::one_more(&self.waiting, self.limits.waiting)?;
        tokio::select! {
            biased;
            () = call.cancellation().cancelled() => Err(Denial::Cancelled),
            place = self.running.acquire() => place.map_err(|_| Denial::Busy),
            () = tokio::time::sleep(call.remaining()) => Err(Denial::TimedOut),
        }
    }

    /// Reduces a request to what may be recorded of it.
    pub(super) fn asked<S: Server>(
        &self,
        server: &S,
        request: &ClientRequest,
        context: &RequestContext<RoleServer>,
        now: DateTime<Utc>,
    ) -> Asked {
        let version = context.protocol_version();
        let version = version.as_ref();
        let mut asked = Asked {
            id: record_id(now),
            time: now,
            kind: outcome::kind_of(request, version, context),
            method: Cow::Borrowed(""),
            request_id: Some(outcome::id_text(&context.id)),
            version: version.map(outcome::version_text),
            client: context.client_info().map(|client| Cow::Owned(client.name)),
            tool: None,
            resource: None,
            shape: None,
            hmac: None,
            trace: context.meta.get_traceparent().and_then(outcome::trace),
            modern: outcome::is_modern(version),
            announced: false,
            writes: false,
        };
        asked.method = match request {
            ClientRequest::CustomRequest(custom) => self.stranger(&custom.method),
            ClientRequest::CallToolRequest(_) => Cow::Borrowed(TOOLS_CALL),
            known => Cow::Owned(known.method().to_owned()),
        };
        match request {
            ClientRequest::CallToolRequest(call) => {
                let given = call.params.arguments.as_ref();
                let tool = server
                    .tools()
                    .iter()
                    .find(|tool| tool.name == call.params.name);
                asked.tool = Some(match tool {
                    Some(tool) => Cow::Borrowed(tool.name),
                    None => self.stranger(&call.params.name),
                });
                asked.announced = tool.is_some_and(Tool::is_announced);
                asked.writes = tool.is_some_and(|tool| tool.writes);
                if let Some(given) = given {
                    let parameters = tool.map_or(&[][..], |tool| tool.parameters);
                    asked.shape = Some(Cow::Owned(schema::shape(parameters, given)));
                    let bytes = serde_json::to_vec(given).unwrap_or_default();
                    asked.hmac = Some(Cow::Owned(self.audit.hmac(&[&bytes])));
                }
            }
            ClientRequest::ReadResourceRequest(read) => {
                asked.resource = Some(read.params.uri.clone());
            }
            ClientRequest::SubscribeRequest(subscribe) => {
                asked.resource = Some(subscribe.params.uri.clone());
            }
            ClientRequest::UnsubscribeRequest(unsubscribe) => {
                asked.resource = Some(unsubscribe.params.uri.clone());
            }
            _ => {}
        }
        asked
    }

    /// A name from outside that is none of ours: recorded so that equal ones can be told, and
    /// nothing can be written into the trail.
    fn stranger(&self, name: &str) -> Cow<'static, str> {
        Cow::Owned(format!("?{}", self.audit.hmac(&[name.as_bytes()])))
    }

    /// Turns a refusal into what the caller hears and the record says. The cause of a fault
    /// goes to the operator's log.
    pub(super) fn refused(&self, asked: &Asked, refusal: Refusal) -> Ended {
        let (refused, outcome, error) = match refusal {
            Refusal::Denied(denial) => {
                let refused = Refused::denied(denial);
                (refused, outcome::outcome_of(denial), denial.rule())
            }
            Refusal::Failed(fault) => {
                tracing::error!(r#ref = %asked.id, "{}", fault.chain());
                (Refused::failed(asked.id), Outcome::Error, "failed")
            }
        };
        Ended {
            reply: refused.reply(asked.kind, asked.modern, &self.taxonomy),
            outcome,
            error: Some(error),
            reference: refused.reference.is_some(),
        }
    }

    /// Records that a subscription was opened, before its first message leaves.
    pub(super) async fn record_opened(&self, asked: &Asked, call: &Call) -> Result<(), Fault> {
        let opened = Ended::allowed(ServerResult::empty(()));
        let (facts, policy) = (call.facts(), self.session.policy());
        let call = Some(call);
        let record = self.record(&policy, asked, call, facts, &opened, Instant::now());
        self.audit.write(record).await
    }

    /// Makes it durable that `call` is about to change something, or to reach beyond the machine.
    ///
    /// # Errors
    ///
    /// If it is not durable: then nothing may be done.
    pub(super) async fn announce(&self, call: &Call, asked: &Asked) -> Result<(), Fault> {
        let policy = self.session.policy();
        let intent = self.intent(&policy, asked, call.caller());
        // before it is written: who stops waiting for the disk does not know whether it was
        call.announce(intent.id);
        self.audit.write(intent).await
    }

    /// Makes the record durable, then lets the reply go; without a record there is none.
    pub(super) async fn conclude(
        &self,
        asked: &Asked,
        call: Option<&Call>,
        ended: Ended,
        started: Instant,
        id: &RequestId,
    ) -> Result<ServerResult, ErrorData> {
        if asked.is_subscription() && ended.outcome != Outcome::Denied {
            self.flights.recorded(id, None);
            return ended.reply; // recorded when it was opened
        }
        let facts = call.map(Call::take_facts).unwrap_or_default();
        let policy = self.session.policy();
        let record = self.record(&policy, asked, call, facts, &ended, started);
        let written = self.audit.write(record).await;
        self.flights.recorded(id, call.cloned());
        match written {
            Ok(()) => ended.reply,
            Err(fault) => {
                tracing::error!(r#ref = %asked.id, "no answer without its record: {}", fault.chain());
                Refused::unrecorded(asked.id).reply(asked.kind, asked.modern, &self.taxonomy)
            }
        }
    }
}

/// One more in the queue, counted off on drop.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn one_more(count: &'a AtomicUsize, most: usize) -> Result<Self, Denial> {
        let before = count.fetch_add(1, Ordering::Relaxed);
        let waiting = Self(count);
        if before < most {
            Ok(waiting)
        } else {
            Err(Denial::Busy)
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A version 7 UUID of the instant `now`.
#[must_use]
pub fn record_id(now: DateTime<Utc>) -> Uuid {
    static POOL: Mutex<Pool> = Mutex::new(Pool::EMPTY);
    let random = POOL.lock().unwrap_or_else(PoisonError::into_inner).take();
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    let Some(random) = random else {
        let nanos = now.timestamp_subsec_nanos();
        return Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos));
    };
    let millis = seconds.saturating_mul(1000) + u64::from(now.timestamp_subsec_millis());
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// Random bytes for ids, many at a time: to ask for them is a system call. An id names a record
/// and proves nothing, so that the next ones are in memory tells nobody anything.
struct Pool {
    bytes: [u8; 10 * IDS],
    left: usize,
}

impl Pool {
    const EMPTY: Self = Self {
        bytes: [0; 10 * IDS],
        left: 0,
    };

    /// Ten bytes that nobody had before; nothing if the system gives none.
    fn take(&mut self) -> Option<[u8; 10]> {
        if self.left == 0 {
            getrandom::fill(&mut self.bytes).ok()?;
            self.left = self.bytes.len();
        }
        self.left = self.left.saturating_sub(10);
        self.bytes.get(self.left..)?.first_chunk().copied()
    }
}

/// How many ids are drawn at a time.
const IDS: usize = 64;
const TOOLS_CALL: &str = "tools/call";

/// Streams of notifications that one session may keep open.
const SUBSCRIPTIONS: usize = 64;
