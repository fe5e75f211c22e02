//! One request on its way through: who asks, until when it may run, what it touched.
//!
//! # Invariants
//!
//! - A [`Caller`] is computed anew for every request; nothing in a request's own arguments or
//!   `_meta` goes into it.
//! - A [`Call`] cannot make an answer. It only gathers what the audit record will say.

mod caller;
mod memory;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::cursor::Seal;
use crate::error::Denial;
use crate::error::Fault;
use crate::error::Refusal;
use crate::error::fault;
use crate::label::Label;
use crate::quota::Ledger;
use crate::trace::Span;

pub use self::caller::Caller;
use self::memory::Share;

/// One request. Cloning is cheap: all clones are the same request.
#[derive(Clone, Debug)]
pub struct Call(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    caller: Arc<Caller>,
    id: Uuid,
    now: DateTime<Utc>,
    deadline: Instant,
    cancel: CancellationToken,
    seal: Arc<Seal>,
    ledger: Arc<Ledger>,
    facts: Mutex<Facts>,
    refusal: Mutex<Option<Refusal>>,
    /// The record that announced what this call is about to do.
    intent: OnceLock<Uuid>,
    /// The span that it is of its caller's trace.
    span: OnceLock<Span>,
    /// Whether the answer was given up: what the work did by then is not undone.
    abandoned: AtomicBool,
    memory: Arc<Semaphore>,
    /// Given back with the call: the transport keeps it until the answer is out.
    share: Mutex<Share>,
}

/// What the audit record will say of the request beside who and when.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The join of the labels of all that was touched.
    pub label: Label,
    /// The first resource that was touched.
    pub resource: Option<String>,
    /// How many were.
    pub resources: u64,
    /// Figures of the server's own, under the keys of the record format.
    pub figures: BTreeMap<&'static str, u64>,
    /// Texts of the server's own, under keys of the same kind.
    pub notes: BTreeMap<&'static str, String>,
    /// By which permissions and rules it was allowed, where there are any.
    pub rules: Vec<Cow<'static, str>>,
    /// How many things were given.
    pub items: u64,
    /// How many bytes.
    pub bytes: u64,
    /// Whether a limit cut the answer short.
    pub truncated: bool,
}

/// What every call of one server shares.
#[derive(Clone, Debug)]
pub struct Shared {
    /// Seals the handles that are given out.
    pub seal: Arc<Seal>,
    /// What each principal has used up.
    pub ledger: Arc<Ledger>,
    /// Room for answers that are made or wait for the client, in KiB.
    memory: Arc<Semaphore>,
}

impl Shared {
    /// Handles sealed by `seal`, and nothing used up yet.
    #[must_use]
    pub fn new(seal: Seal) -> Self {
        Self {
            seal: Arc::new(seal),
            ledger: Arc::default(),
            memory: Arc::new(memory::all()),
        }
    }
}

impl Call {
    /// A call of `caller`, recorded as `id`, that ends after `time` or when `cancel` says so.
    #[must_use]
    pub fn new(
        caller: Arc<Caller>,
        id: Uuid,
        now: DateTime<Utc>,
        time: Duration,
        cancel: CancellationToken,
        shared: &Shared,
    ) -> Self {
        Self(Arc::new(Inner {
            caller,
            id,
            now,
            deadline: Instant::now() + time,
            cancel,
            seal: Arc::clone(&shared.seal),
            ledger: Arc::clone(&shared.ledger),
            facts: Mutex::default(),
            refusal: Mutex::default(),
            intent: OnceLock::new(),
            span: OnceLock::new(),
            abandoned: AtomicBool::new(false),
            memory: Arc::clone(&shared.memory),
            share: Mutex::default(),
        }))
    }

    /// Who asks.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.0.caller
    }

    /// The id of its audit record.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.0.id
    }

    /// The span that it is of its caller's trace, where the caller has one. To name it to somebody
    /// else is for the operator to allow.
    #[must_use]
    pub fn span(&self) -> Option<&Span> {
        self.0.span.get()
    }

    /// When the request came.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.0.now
    }

    /// To be asked inside every long loop.
    ///
    /// # Errors
    ///
    /// [`Denial::Cancelled`] or [`Denial::TimedOut`] once nobody waits for the answer.
    pub fn check(&self) -> Result<(), Denial> {
        if self.0.cancel.is_cancelled() {
            Err(Denial::Cancelled)
        } else if Instant::now() >= self.0.deadline {
            Err(Denial::TimedOut)
        } else {
            Ok(())
        }
    }

    /// How long the request may still run.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.0.deadline.saturating_duration_since(Instant::now())
    }

    /// Ends when the caller takes the request back or leaves.
    #[must_use]
    pub fn cancellation(&self) -> &CancellationToken {
        &self.0.cancel
    }

    /// Says that `resource`, labelled `label`, goes into the answer. Counts it against the
    /// quota, joins its label into the record.
    ///
    /// # Errors
    ///
    /// [`Denial::NotCleared`] if the caller may not see it, [`Denial::Quota`] if they have seen
    /// too many different ones.
    pub fn touch(&self, resource: &str, label: Label) -> Result<(), Denial> {
        if !self.0.caller.may_see(label) {
            return Err(Denial::NotCleared);
        }
        self.0
            .ledger
            .resource(&self.0.caller, resource, self.0.now)?;
        let mut facts = self.facts_mut();
        facts.label = facts.label.join(label);
        facts.resources += 1;
        if facts.resource.is_none() {
            facts.resource = Some(resource.to_owned());
        }
        Ok(())
    }

    /// Names in the record what was asked for, whether or not it will be given.
    pub fn asked_for(&self, resource: &str) {
        self.facts_mut().resource = Some(resource.to_owned());
    }

    /// Adds `amount` to a figure of the record, for example `fs.bytes`.
    pub fn count(&self, figure: &'static str, amount: u64) {
        *self.facts_mut().figures.entry(figure).or_default() += amount;
    }

    /// Writes `text` beside the figures of the record, under `key`, for example `db.tables`. It is
    /// bounded and escaped like every text there; what is noted later replaces it.
    ///
    /// A record tells what was touched, never what it holds: no values, no caller's text.
    pub fn note(&self, key: &'static str, text: impl Into<String>) {
        self.facts_mut().notes.insert(key, text.into());
    }

    /// Names a permission or a rule by which the request is allowed: a word without spaces. The
    /// record has all of them, in the order of their naming, with a space between two.
    pub fn allowed_by(&self, rule: impl Into<Cow<'static, str>>) {
        let rule = rule.into();
        let mut facts = self.facts_mut();
        if !facts.rules.contains(&rule) {
            facts.rules.push(rule);
        }
    }

    /// A handle for the next page: `position`, readable only here, only for this caller, only
    /// with the same `request` (the arguments without the cursor), and not for long.
    ///
    /// `position` is signed, not encrypted: put nothing into it that the caller has not seen.
    #[must_use]
    pub fn seal(&self, request: &impl Serialize, position: &impl Serialize) -> String {
        self.0
            .seal
            .seal(&self.0.caller.principal, request, position, self.0.now)
    }

    /// Opens what [`Call::seal`] made.
    ///
    /// # Errors
    ///
    /// [`Denial::StaleCursor`] for anything else.
    pub fn unseal<T: DeserializeOwned>(
        &self,
        request: &impl Serialize,
        cursor: &str,
    ) -> Result<T, Denial> {
        self.0
            .seal
            .open(&self.0.caller.principal, request, cursor, self.0.now)
    }

    /// Runs `work`, which may block, beside the other requests.
    ///
    /// # Errors
    ///
    /// A [`Fault`] if it panicked.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let call = self.clone();
        tokio::task::spawn_blocking(move || work(&call))
            .await
            .map_err(fault("run the operation"))
    }

    /// Counts what is about to be given, as far as the quota allows.
    pub(crate) fn give(
        &self,
        label: Label,
        items: u64,
        bytes: u64,
        truncated: bool,
    ) -> Result<(), Denial> {
        self.0
            .ledger
            .answer(&self.0.caller, items, bytes, self.0.now)?;
        let mut facts = self.facts_mut();
        facts.label = facts.label.join(label);
        facts.items += items;
        facts.bytes += bytes;
        facts.truncated |= truncated;
        Ok(())
    }

    /// Keeps why there is no answer, until the gate turns it into a reply and a record.
    pub(crate) fn refuse(&self, refusal: Refusal) {
        *self
            .0
            .refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(refusal);
    }

    pub(crate) fn take_refusal(&self) -> Option<Refusal> {
        self.0
            .refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Makes it a span of its caller's trace.
    #[must_use]
    pub fn within(self, span: Option<Span>) -> Self {
        if let Some(span) = span {
            // a call is one span, from its beginning
            let _first = self.0.span.set(span);
        }
        self
    }

    /// Says that the record `id` announces what this call is about to do.
    pub(crate) fn announce(&self, id: Uuid) {
        // there is one announcement in a call
        let _first = self.0.intent.set(id);
    }

    pub(crate) fn intent(&self) -> Option<Uuid> {
        self.0.intent.get().copied()
    }

    /// Says that there will be no answer of the work's own, whatever it did.
    pub(crate) fn abandon(&self) {
        self.0.abandoned.store(true, Ordering::Relaxed);
    }

    /// Whether something was announced and then given up, so that nobody can say if it was done.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.intent().is_some() && self.0.abandoned.load(Ordering::Relaxed)
    }

    pub(crate) fn facts(&self) -> Facts {
        self.facts_mut().clone()
    }

    /// The facts, for the last record of the request.
    pub(crate) fn take_facts(&self) -> Facts {
        std::mem::take(&mut *self.facts_mut())
    }

    fn facts_mut(&self) -> MutexGuard<'_, Facts> {
        self.0.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
