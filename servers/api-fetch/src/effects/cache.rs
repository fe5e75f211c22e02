//! Keeps answers for a while, each for the one who asked.
//!
//! # Invariants
//!
//! - An answer is given only to the principal whose question brought it, in the same roles, with
//!   the same credential, to the same question: the key has all that goes into a request.
//! - Nothing is given after something of the same upstream was changed from here.
//! - The bytes that are kept are bounded, and wiped when they go: with a newer answer, an hour after
//!   the last one, or at the end of the session.

mod question;
mod terms;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use guard::call::Caller;
use guard::principal::Principal;
use guard::secret::Secret;
use hyper::HeaderMap;
use hyper::header;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::permit::Keep;
use crate::permit::Reply;
pub(super) use question::Question;
use terms::Around;
use terms::OF_TERMS;
use terms::Terms;

/// All answers that are kept.
#[derive(Debug)]
pub(super) struct Cache {
    /// Bytes.
    most: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    answers: HashMap<[u8; 32], Kept>,
    bytes: usize,
    /// How often something of each upstream was changed.
    changes: HashMap<usize, u64>,
}

/// An answer that is kept.
#[derive(Debug)]
struct Kept {
    principal: Principal,
    secret: Option<Arc<Secret>>,
    upstream: usize,
    changes: u64,
    /// The rule under which it was kept, with the label.
    keep: Keep,
    terms: Terms,
    /// Those that the terms are made of.
    headers: HeaderMap,
    reply: Arc<Body>,
    /// When it came, or was last found to hold.
    since: Instant,
    used: Instant,
}

/// What is given of it.
#[derive(Debug)]
struct Body {
    media_type: String,
    link_next: Option<String>,
    bytes: Zeroizing<Vec<u8>>,
}

/// What was found.
#[derive(Debug)]
pub(super) enum Found {
    /// An answer that may be given.
    Fresh(Reply),
    /// One that may be given if the upstream says that it holds.
    Stale(Stale),
}

/// An answer that is asked about.
#[derive(Debug)]
pub(super) struct Stale {
    headers: HeaderMap,
    conditions: Vec<(HeaderName, HeaderValue)>,
    reply: Arc<Body>,
}

impl Cache {
    /// Room for so many bytes.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            held: Mutex::default(),
        }
    }

    /// What is kept of the answer to `question`.
    pub(super) fn find(&self, question: &Question, caller: &Caller) -> Option<Found> {
        let mut held = self.held();
        let now = Instant::now();
        let kept = held.answers.get_mut(&question.key)?;
        if !kept.answers(question, caller, now) {
            held.drop_one(&question.key);
            return None;
        }
        kept.used = now;
        if now - kept.since < kept.terms.fresh {
            return Some(Found::Fresh(kept.reply.reply()));
        }
        if kept.terms.conditions.is_empty() {
            held.drop_one(&question.key);
            return None;
        }
        Some(Found::Stale(Stale {
            headers: kept.headers.clone(),
            conditions: kept.terms.conditions.clone(),
            reply: Arc::clone(&kept.reply),
        }))
    }

    /// Keeps `reply`, which answered `question` with `headers` after so long, if it may.
    pub(super) fn keep(
        &self,
        question: &Question,
        headers: &HeaderMap,
        reply: &Reply,
        took: Duration,
        now: chrono::DateTime<chrono::Utc>,
    ) {
        if reply.status != 200 {
            // what it says now is not what is kept, whatever that is
            self.held().drop_one(&question.key);
            return;
        }
        let body = Body {
            media_type: reply.media_type.clone(),
            link_next: reply.link_next.clone(),
            bytes: Zeroizing::new(reply.body.clone()),
        };
        self.put(question, of_terms(headers), Arc::new(body), took, now);
    }

    /// The answer that `stale` holds, which the upstream says still holds: `headers` are those of
    /// its 304. None if they speak of another one.
    pub(super) fn renew(
        &self,
        question: &Question,
        stale: Stale,
        headers: &HeaderMap,
        took: Duration,
        now: chrono::DateTime<chrono::Utc>,
    ) -> Option<Reply> {
        let of_another = [header::ETAG, header::LAST_MODIFIED].iter().any(|name| {
            let (then, today) = (stale.headers.get(name), headers.get(name));
            then.zip(today)
                .is_some_and(|(then, today)| strong(then) != strong(today))
        });
        if of_another {
            self.held().drop_one(&question.key);
            return None;
        }
        let reply = stale.reply.reply();
        let newer = of_terms(headers);
        let mut all = stale.headers;
        // how old it was is told anew, or it is not old
        all.remove(header::AGE);
        all.remove(header::DATE);
        for name in newer.keys() {
            all.remove(name);
        }
        for (name, value) in &newer {
            all.append(name, value.clone());
        }
        self.put(question, all, stale.reply, took, now);
        Some(reply)
    }

    /// Drops all that is kept of an upstream: something there is about to be changed, or was.
    pub(super) fn changed(&self, upstream: usize) {
        let mut held = self.held();
        *held.changes.entry(upstream).or_default() += 1;
        held.retain(|kept| kept.upstream != upstream);
    }

    /// Drops what is kept of the answer to `question`.
    pub(super) fn forget(&self, question: &Question) {
        self.held().drop_one(&question.key);
    }

    fn put(
        &self,
        question: &Question,
        headers: HeaderMap,
        reply: Arc<Body>,
        took: Duration,
        now: chrono::DateTime<chrono::Utc>,
    ) {
        let around = Around {
            now,
            took,
            most: question.keep.most,
            unkeyed: &question.unkeyed,
        };
        let since = Instant::now();
        let mut held = self.held();
        held.drop_one(&question.key);
        held.retain(|kept| since - kept.since < HELD);
        let changes = held.changes.get(&question.upstream).copied();
        let weight = reply.weight();
        let fits = weight <= self.most / SHARE;
        let Some(terms) = Terms::of(&headers, around).filter(|_| fits) else {
            return;
        };
        // it was asked before something was changed
        if changes.unwrap_or(0) != question.changes {
            return;
        }
        while held.bytes + weight > self.most || held.answers.len() >= ANSWERS {
            let oldest = held.answers.iter().min_by_key(|(_, kept)| kept.used);
            let Some(key) = oldest.map(|(key, _)| *key) else {
                return;
            };
            held.drop_one(&key);
        }
        held.bytes += weight;
        let kept = Kept {
            principal: question.principal.clone(),
            secret: question.secret.clone(),
            upstream: question.upstream,
            changes: question.changes,
            keep: question.keep,
            terms,
            headers,
            reply,
            since,
            used: since,
        };
        held.answers.insert(question.key, kept);
    }

    fn changes(&self, upstream: usize) -> u64 {
        self.held().changes.get(&upstream).copied().unwrap_or(0)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn drop_one(&mut self, key: &[u8; 32]) {
        if let Some(kept) = self.answers.remove(key) {
            self.bytes = self.bytes.saturating_sub(kept.reply.weight());
        }
    }

    fn retain(&mut self, stays: impl Fn(&Kept) -> bool) {
        self.answers.retain(|_, kept| stays(kept));
        self.bytes = self.answers.values().map(|kept| kept.reply.weight()).sum();
    }
}

impl Kept {
    /// Whether it answers `question` of `caller`. The key says so already; this asks once more.
    fn answers(&self, question: &Question, caller: &Caller, now: Instant) -> bool {
        self.principal == caller.principal
            && self.principal == question.principal
            && self.upstream == question.upstream
            && self.changes == question.changes
            && self.keep == question.keep
            && caller.may_see(self.keep.label)
            && same(self.secret.as_deref(), question.secret.as_deref())
            && now - self.since < HELD
    }
}

impl Stale {
    /// The headers that ask whether it holds.
    pub(super) fn conditions(&self) -> &[(HeaderName, HeaderValue)] {
        &self.conditions
    }
}

impl Body {
    fn reply(&self) -> Reply {
        Reply {
            status: 200,
            media_type: self.media_type.clone(),
            retry_after: None,
            link_next: self.link_next.clone(),
            body: self.bytes.to_vec(),
        }
    }

    fn weight(&self) -> usize {
        let texts = self.media_type.len() + self.link_next.as_ref().map_or(0, String::len);
        self.bytes.len() + texts + BESIDE
    }
}

fn of_terms(headers: &HeaderMap) -> HeaderMap {
    let wanted = headers.iter().filter(|(name, _)| OF_TERMS.contains(name));
    let mut kept = HeaderMap::new();
    for (name, value) in wanted {
        kept.append(name, value.clone());
    }
    kept
}

/// A validator without the mark that says it is a weak one.
fn strong(value: &HeaderValue) -> &[u8] {
    let bytes = value.as_bytes();
    bytes.strip_prefix(b"W/").unwrap_or(bytes)
}

fn same(one: Option<&Secret>, other: Option<&Secret>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.show_to(|one| other.show_to(|other| one == other)),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// How long an answer is kept that nobody found to hold since.
const HELD: Duration = Duration::from_secs(3600);
/// One answer takes no more than this part of the room.
const SHARE: usize = 4;
/// Answers at once.
const ANSWERS: usize = 4096;
/// What an answer takes beside its bytes, roughly.
const BESIDE: usize = 1024;
