//! Who asks, and what that is worth for one request.

use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::Utc;

use crate::label::Clearance;
use crate::label::Label;
use crate::principal::Principal;
use crate::quota::Quota;

/// Who asks, and how far this one request may go.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// The most they may see.
    pub clearance: Clearance,
    /// What they may do beyond being cleared.
    pub permissions: BTreeSet<String>,
    /// The roles that gave it.
    pub roles: Vec<String>,
    /// The grants that are in force, as `grants[N]` of the policy.
    pub grants: Vec<String>,
    /// The most they may use.
    pub quota: Quota,
    /// When the first of it ends.
    pub until: Option<DateTime<Utc>>,
}

impl Caller {
    /// Whether the caller may see what is labelled so.
    #[must_use]
    pub fn may_see(&self, label: Label) -> bool {
        label.flows_to(self.clearance)
    }

    /// Whether the caller has `permission`; needing none is had by all.
    #[must_use]
    pub fn may(&self, permission: Option<&str>) -> bool {
        permission.is_none_or(|name| self.permissions.contains(name))
    }
}
