//! Who may see and do what, until when. Pure: the file is parsed elsewhere, the time comes in.
//!
//! # Invariants
//!
//! - [`Policy::decide`] is total and has no effect: the same principal at the same instant gets
//!   the same authority.
//! - What no role gives is denied; an empty policy gives nothing.
//! - A grant is in force from its first instant up to, and not at, its last.

mod file;
mod source;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::DateTime;
use chrono::Utc;

pub use source::PolicySource;
pub use source::ReloadError;

use crate::call::Caller;
use crate::label::Clearance;
use crate::label::Label;
use crate::label::Taxonomy;
use crate::principal::Principal;
use crate::quota::Quota;

/// The rules of one deployment.
#[derive(Clone, Debug)]
pub struct Policy {
    taxonomy: Arc<Taxonomy>,
    default_label: Label,
    roles: BTreeMap<String, Role>,
    grants: Vec<Grant>,
    stdio: Stdio,
    hash: String,
}

/// What those who have it may see and do.
#[derive(Clone, Debug, Default)]
struct Role {
    clearance: Clearance,
    permissions: BTreeSet<String>,
    quota: Quota,
}

/// A role for a while.
#[derive(Clone, Debug)]
struct Grant {
    subject: Principal,
    role: String,
    from: Option<DateTime<Utc>>,
    until: DateTime<Utc>,
}

impl Grant {
    fn is_in_force(&self, now: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| from <= now) && now < self.until
    }
}

/// Who a stdio connection is.
#[derive(Clone, Debug, Default)]
struct Stdio {
    subject: Option<Principal>,
    roles: Vec<String>,
    /// Without a policy file: the local user, whatever the name, has this.
    local: Option<Role>,
}

impl Policy {
    /// What holds over stdio where there is no policy file: the local user may see what was
    /// opened on the command line, and that is all.
    #[must_use]
    pub fn local(opened: Clearance) -> Self {
        let role = Role {
            clearance: opened,
            ..Role::default()
        };
        Self {
            taxonomy: Arc::default(),
            default_label: Taxonomy::default().unlabelled(),
            roles: BTreeMap::new(),
            grants: Vec::new(),
            stdio: Stdio {
                local: Some(role),
                ..Stdio::default()
            },
            hash: "none".to_owned(),
        }
    }

    /// The same, where the local user may do `permissions`, too.
    #[must_use]
    pub fn permitting(mut self, permissions: &[&str]) -> Self {
        if let Some(local) = &mut self.stdio.local {
            local
                .permissions
                .extend(permissions.iter().map(|&name| name.to_owned()));
        }
        self
    }

    /// What `principal` may see and do at the instant `now`, over stdio.
    #[must_use]
    pub fn decide(&self, principal: &Principal, now: DateTime<Utc>) -> Caller {
        let mut caller = Caller {
            principal: principal.clone(),
            quota: Quota::NOTHING,
            ..Caller::default()
        };
        if let Some(role) = &self.stdio.local {
            add(&mut caller, LOCAL_ROLE, role);
        }
        if self
            .stdio
            .subject
            .as_ref()
            .is_none_or(|subject| subject == principal)
        {
            for name in &self.stdio.roles {
                if let Some(role) = self.roles.get(name) {
                    add(&mut caller, name, role);
                }
            }
        }
        for (number, grant) in self.grants.iter().enumerate() {
            let theirs = grant.subject == *principal && grant.is_in_force(now);
            if let (true, Some(role)) = (theirs, self.roles.get(&grant.role)) {
                add(&mut caller, &grant.role, role);
                caller.grants.push(format!("grants[{number}]"));
                caller.until = Some(caller.until.map_or(grant.until, |u| u.min(grant.until)));
            }
        }
        caller
    }

    /// Whether `principal` will have any authority at `now` or later.
    #[must_use]
    pub fn has_a_future(&self, principal: &Principal, now: DateTime<Utc>) -> bool {
        let granted = |g: &Grant| g.subject == *principal && now < g.until;
        !self.decide(principal, now).roles.is_empty() || self.grants.iter().any(granted)
    }

    /// When the authority of `principal` changes next after `now`, if ever.
    #[must_use]
    pub fn next_change(&self, principal: &Principal, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let theirs = self
            .grants
            .iter()
            .filter(|grant| grant.subject == *principal);
        let instants = theirs.flat_map(|grant| grant.from.into_iter().chain([grant.until]));
        instants.filter(|instant| *instant > now).min()
    }

    /// The roles with the permissions that each gives.
    #[must_use]
    pub fn permitted(&self) -> Vec<(String, Vec<String>)> {
        let roles = self.roles.iter();
        roles
            .map(|(name, role)| (name.clone(), role.permissions.iter().cloned().collect()))
            .collect()
    }

    /// The grants: place in the file, as records name it, subject, role, and end.
    #[must_use]
    pub fn granted(&self) -> Vec<(String, String, String, DateTime<Utc>)> {
        let numbered = self.grants.iter().enumerate();
        numbered
            .map(|(number, grant)| {
                let place = format!("grants[{number}]");
                (
                    place,
                    grant.subject.to_string(),
                    grant.role.clone(),
                    grant.until,
                )
            })
            .collect()
    }

    /// The grants of `principal` that ended before `now`: place in the file and end of each.
    #[must_use]
    pub fn ended(&self, principal: &Principal, now: DateTime<Utc>) -> Vec<String> {
        let numbered = self.grants.iter().enumerate();
        let theirs = numbered.filter(|(_, g)| g.subject == *principal && g.until <= now);
        theirs
            .map(|(number, g)| format!("grants[{number}] ended {}", g.until.to_rfc3339()))
            .collect()
    }

    /// The subject that the policy gives to a stdio connection.
    #[must_use]
    pub const fn stdio_subject(&self) -> Option<&Principal> {
        self.stdio.subject.as_ref()
    }

    /// The words of labels.
    #[must_use]
    pub const fn taxonomy(&self) -> &Arc<Taxonomy> {
        &self.taxonomy
    }

    /// What data is that nobody labelled.
    #[must_use]
    pub const fn default_label(&self) -> Label {
        self.default_label
    }

    /// Hash of the file, for the record of each decision.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

/// Several roles add up; of several quotas the widest counts, figure by figure.
fn add(caller: &mut Caller, name: &str, role: &Role) {
    caller.clearance = caller.clearance.or(role.clearance);
    caller.permissions.extend(role.permissions.iter().cloned());
    caller.quota = caller.quota.or(role.quota);
    if !caller.roles.iter().any(|known| known == name) {
        caller.roles.push(name.to_owned());
    }
}

const LOCAL_ROLE: &str = "local";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;
    use proptest::prelude::*;

    const POLICY: &str = r#"
        [roles.support]
        clearance = "internal"
        permissions = ["customer:read"]

        [roles.auditor]
        clearance = "personal"
        permissions = ["audit:read"]
        quota = { calls-per-minute = 7 }

        [[grants]]
        subject = "alice"
        role = "auditor"
        from = 1970-01-01T00:01:40Z
        until = 1970-01-01T00:03:20Z

        [stdio]
        subject = "alice"
        roles = ["support"]
    "#;

    fn policy() -> Policy {
        Policy::parse(&Source::new("policy.toml", POLICY)).unwrap()
    }

    fn who(name: &str) -> Principal {
        Principal::new(Principal::LOCAL, name).unwrap()
    }

    fn at(milli: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(milli).unwrap()
    }

    #[test]
    fn i10_a_grant_flips_exactly_at_its_instants() {
        let roles = |milli| policy().decide(&who("alice"), at(milli)).roles.len();
        let seen = [99_999, 100_000, 199_999, 200_000].map(roles);
        assert_eq!(seen, [1, 2, 2, 1]);
        assert_eq!(
            policy().next_change(&who("alice"), at(0)),
            Some(at(100_000))
        );
        assert_eq!(
            policy().next_change(&who("alice"), at(100_000)),
            Some(at(200_000))
        );
        assert_eq!(policy().next_change(&who("alice"), at(200_000)), None);
    }

    #[test]
    fn a1_whoever_no_role_names_gets_nothing() {
        let nobody = policy().decide(&who("bob"), at(150_000));
        assert_eq!(nobody.clearance, Clearance::default());
        assert!(nobody.roles.is_empty() && nobody.permissions.is_empty());
        assert!(!policy().has_a_future(&who("bob"), at(0)));
        let empty = Policy::parse(&Source::new("empty.toml", "")).unwrap();
        assert!(empty.decide(&who("alice"), at(0)).roles.is_empty());
    }

    #[test]
    fn roles_add_up_and_the_widest_quota_counts() {
        let alice = policy().decide(&who("alice"), at(150_000));
        let personal = policy().taxonomy().parse("personal").unwrap();
        assert!(alice.may_see(personal) && alice.may(Some("audit:read")));
        assert_eq!(alice.quota, Quota::default());
        assert_eq!(alice.until, Some(at(200_000)));
    }

    proptest! {
        #[test]
        fn nobody_sees_more_than_some_role_of_theirs(milli in 0_i64..300_000, name in "alice|bob", label in "public|internal|confidential|personal") {
            let policy = policy();
            let caller = policy.decide(&who(&name), at(milli));
            let label = policy.taxonomy().parse(&label).unwrap();
            let given = caller.roles.iter().any(|role| label.flows_to(policy.roles[role].clearance));
            prop_assert_eq!(caller.may_see(label), given || label == Label::PUBLIC);
        }
    }
}
