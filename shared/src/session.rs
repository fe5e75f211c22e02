//! One connection of one principal: who it is, and what that is worth at this instant.
//!
//! # Invariants
//!
//! - The authority is computed for every request; what is kept between two requests is thrown
//!   away when the policy or the time says so.
//! - The session's id names it in the audit and proves nothing.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

use crate::call::Caller;
use crate::error::Denial;
use crate::policy::Policy;
use crate::policy::PolicySource;
use crate::principal::Principal;

/// One connection.
#[derive(Debug)]
pub struct Session {
    id: Uuid,
    principal: Principal,
    policy: Arc<PolicySource>,
    last: Mutex<Option<Decided>>,
}

/// A decision and how long it stays the right one.
#[derive(Clone, Debug)]
struct Decided {
    policy: Arc<Policy>,
    from: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
    caller: Arc<Caller>,
}

impl Session {
    /// A session of `principal` under the policy that `policy` holds at each request.
    #[must_use]
    pub const fn new(id: Uuid, principal: Principal, policy: Arc<PolicySource>) -> Self {
        Self {
            id,
            principal,
            policy,
            last: Mutex::new(None),
        }
    }

    /// The server's own name for it.
    #[must_use]
    pub const fn id(&self) -> Uuid {
        self.id
    }

    /// Whose it is.
    #[must_use]
    pub const fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The policy in force now.
    #[must_use]
    pub fn policy(&self) -> Arc<Policy> {
        self.policy.current()
    }

    /// What the principal may see and do at `now`.
    ///
    /// # Errors
    ///
    /// [`Denial::Expired`] if no role of theirs is in force.
    pub fn caller(&self, now: DateTime<Utc>) -> Result<Arc<Caller>, Denial> {
        let policy = self.policy.current();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let caller = match last.as_ref().filter(|last| last.holds(&policy, now)) {
            Some(last) => Arc::clone(&last.caller),
            None => {
                let caller = Arc::new(policy.decide(&self.principal, now));
                *last = Some(Decided {
                    from: now,
                    until: policy.next_change(&self.principal, now),
                    caller: Arc::clone(&caller),
                    policy,
                });
                caller
            }
        };
        if caller.roles.is_empty() {
            Err(Denial::Expired)
        } else {
            Ok(caller)
        }
    }
}

impl Decided {
    /// A decision holds under the same policy from its instant up to the next change. A clock
    /// that is set back before it makes it void as well.
    fn holds(&self, policy: &Arc<Policy>, now: DateTime<Utc>) -> bool {
        Arc::ptr_eq(&self.policy, policy)
            && self.from <= now
            && self.until.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;

    const POLICY: &str = "
        [roles.a]
        clearance = \"internal\"
        [[grants]]
        subject = \"ada\"
        role = \"a\"
        from = 1970-01-01T00:00:10Z
        until = 1970-01-01T00:00:20Z
    ";

    #[test]
    fn i10_a_kept_decision_ends_with_its_grant_and_is_not_revived_by_the_clock() {
        let policy = Policy::parse(&Source::new("p", POLICY)).unwrap();
        let policy = Arc::new(PolicySource::fixed(policy));
        let ada = Principal::new(Principal::LOCAL, "ada").unwrap();
        let session = Session::new(Uuid::nil(), ada, policy);
        let allowed = |second| {
            let now = DateTime::from_timestamp(second, 0).unwrap();
            session.caller(now).is_ok()
        };
        let seen = [9, 10, 19, 20, 15, 9, 10].map(allowed);
        assert_eq!(seen, [false, true, true, false, true, false, true]);
    }
}
