//! What is asked, by whom, with what: two questions are the same if their requests would be.
//!
//! # Invariants
//!
//! - All that goes into a request is in the key, and who asks in which roles.

use std::sync::Arc;

use guard::call::Caller;
use guard::principal::Principal;
use guard::secret::Secret;
use hyper::header::HeaderName;
use sha2::Digest;
use sha2::Sha256;

use super::Cache;
use super::terms::CONDITIONS;
use crate::permit::Keep;
use crate::permit::Method;
use crate::permit::Permit;

/// What is asked, by whom, with what.
#[derive(Debug)]
pub(in crate::effects) struct Question {
    pub(super) key: [u8; 32],
    pub(super) principal: Principal,
    /// What the credential is made of.
    pub(super) secret: Option<Arc<Secret>>,
    pub(super) upstream: usize,
    /// How often something was changed when it was asked.
    pub(super) changes: u64,
    pub(super) keep: Keep,
    /// Headers of the request whose values are not in the key.
    pub(super) unkeyed: Vec<HeaderName>,
}

impl Cache {
    /// The question of `permit`, if its answers are kept. `secret` is what the credential is made
    /// of, `unkeyed` are headers that change from one request to the next.
    pub(in crate::effects) fn question(
        &self,
        caller: &Caller,
        permit: &Permit,
        secret: Option<Arc<Secret>>,
        unkeyed: Vec<HeaderName>,
    ) -> Option<Question> {
        let keep = permit.keep.filter(|_| permit.method == Method::Get)?;
        let mut own = permit.headers.iter().map(|(name, _)| name.as_str());
        let asks_otherwise = |name: &str| {
            matches!(name, "cache-control" | "pragma") || CONDITIONS.iter().any(|it| it == name)
        };
        if permit.body.is_some() || own.any(asks_otherwise) {
            return None;
        }
        Some(Question {
            key: key(caller, permit),
            principal: caller.principal.clone(),
            secret,
            upstream: permit.upstream,
            changes: self.changes(permit.upstream),
            keep,
            unkeyed,
        })
    }
}

/// A digest of all that goes into the request of `permit`, and of who asks in which roles. Texts
/// have their length before them and lists their count, so that no two requests are one text.
fn key(caller: &Caller, permit: &Permit) -> [u8; 32] {
    let mut digest = Sha256::new();
    let mut add = |text: &str| {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text);
    };
    add(caller.principal.issuer());
    add(caller.principal.subject());
    add(&permit.upstream.to_string());
    add(&permit.endpoint);
    add(&permit.path);
    for pairs in [&permit.query, &permit.headers] {
        add(&pairs.len().to_string());
        for (name, value) in pairs {
            add(name);
            add(value);
        }
    }
    for role in &caller.roles {
        add(role);
    }
    digest.finalize().into()
}
