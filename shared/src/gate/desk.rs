//! What all requests of a session share: its limits, its policy, its trail.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::Utc;
use rmcp::ErrorData;
use rmcp::model::RequestId;
use rmcp::model::ServerResult;
use tokio::sync::Semaphore;
use tokio::sync::SemaphorePermit;
use tokio_util::sync::CancellationToken;

use super::flights::Flights;
use super::ids::record_id;
use super::outcome;
use super::outcome::Asked;
use super::outcome::Ended;
use super::outcome::Reply;
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
use crate::sandbox::Enforced;
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
    enforced: Enforced,
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
            enforced: Enforced::default(),
        }
    }

    /// As it is, in a process that the kernel holds down so.
    #[must_use]
    pub fn confined(mut self, enforced: Enforced) -> Self {
        self.enforced = enforced;
        self
    }

    /// What the kernel enforces of this process.
    #[must_use]
    pub const fn enforced(&self) -> &Enforced {
        &self.enforced
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
        let call = Call::new(caller, asked.id, now, time, cancel, &self.shared);
        Ok(call.within(asked.span))
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
            reply: refused
                .reply(asked.kind, asked.modern, &self.taxonomy)
                .map(|result| Reply::Result(Box::new(result))),
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
            self.flights.recorded(id, None, None);
            // recorded when it was opened
            return ended.reply.map(Reply::split).map(|(result, _)| result);
        }
        let facts = call.map(Call::take_facts).unwrap_or_default();
        let policy = self.session.policy();
        let record = self.record(&policy, asked, call, facts, &ended, started);
        let written = self.audit.write(record).await;
        let (reply, line) = match (written, ended.reply) {
            (Ok(()), Ok(reply)) => {
                let (result, line) = reply.split();
                (Ok(result), line)
            }
            (Ok(()), Err(error)) => (Err(error), None),
            (Err(fault), _) => {
                tracing::error!(r#ref = %asked.id, "no answer without its record: {}", fault.chain());
                let refused = Refused::unrecorded(asked.id);
                let reply = refused.reply(asked.kind, asked.modern, &self.taxonomy);
                (reply, None)
            }
        };
        self.flights.recorded(id, call.cloned(), line);
        reply
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

/// Streams of notifications that one session may keep open.
const SUBSCRIPTIONS: usize = 64;
