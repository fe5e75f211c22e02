//! The audit record of a request.

use std::borrow::Cow;
use std::time::Instant;

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

use super::desk::Desk;
use super::ids::record_id;
use super::outcome::Asked;
use super::outcome::Ended;
use crate::audit::Decision;
use crate::audit::Kind;
use crate::audit::Marking;
use crate::audit::Outcome;
use crate::audit::Phase;
use crate::audit::Record;
use crate::call::Call;
use crate::call::Caller;
use crate::call::Facts;
use crate::label::Clearance;
use crate::label::Label;
use crate::label::Taxonomy;
use crate::policy::Policy;

impl Desk {
    /// A record of this session under `policy`, with nothing said yet of what happened.
    pub(crate) fn session_record<'a>(
        &'a self,
        policy: &'a Policy,
        kind: Kind,
        id: Uuid,
        time: DateTime<Utc>,
    ) -> Record<'a> {
        let principal = self.session().principal();
        Record {
            principal_iss: Some(principal.issuer().into()),
            principal_id: Some(principal.subject().into()),
            auth_method: Some("local".into()),
            session_id: Some(self.session_name().into()),
            session_era: Some("stdio".into()),
            client_address: Some("pipe".into()),
            transport: Some("pipe".into()),
            peer_uid: self.peer_uid(),
            policy_hash: Some(policy.hash().into()),
            ..Record::new(kind, id, time)
        }
    }

    /// The record that goes before what a request does: who, with what right, by which tool.
    pub(super) fn intent<'a>(
        &'a self,
        policy: &'a Policy,
        asked: &'a Asked,
        caller: &'a Caller,
    ) -> Record<'a> {
        let now = self.now();
        let clearance = clearance(self.taxonomy(), caller.clearance, Label::PUBLIC);
        Record {
            phase: Some(Phase::Intent),
            roles: &caller.roles,
            grants: &caller.grants,
            decision: Some(Decision::Allow),
            clearance: Some(clearance),
            ..self.request_record(policy, asked, record_id(now), now)
        }
    }

    /// What both records of a request say.
    fn request_record<'a>(
        &'a self,
        policy: &'a Policy,
        asked: &'a Asked,
        id: Uuid,
        time: DateTime<Utc>,
    ) -> Record<'a> {
        Record {
            method: text(asked.method.as_ref()),
            protocol: asked.version.as_deref().and_then(text),
            request_id: asked.request_id.as_deref().and_then(text),
            client_name: asked.client.as_deref().and_then(text),
            tool: asked.tool.as_deref().and_then(text),
            resource: asked.resource.as_deref().and_then(text),
            args_shape: asked.shape.as_deref().and_then(text),
            args_hmac: asked.hmac.as_deref().and_then(text),
            span: asked.span,
            ..self.session_record(policy, Kind::Request, id, time)
        }
    }

    /// The outcome record of a request that touched `facts`.
    pub(super) fn record<'a>(
        &'a self,
        policy: &'a Policy,
        asked: &'a Asked,
        call: Option<&'a Call>,
        facts: Facts,
        ended: &Ended,
        started: Instant,
    ) -> Record<'a> {
        let caller = call.map(Call::caller);
        let elapsed = started.elapsed().as_micros();
        let allowed = ended.outcome == Outcome::Allowed;
        let taxonomy = self.taxonomy();
        let mut request = self.request_record(policy, asked, asked.id, asked.time);
        if let Some(resource) = facts.resource {
            request.resource = Some(Cow::Owned(resource));
        }
        Record {
            phase: Some(Phase::Outcome),
            intent: call.and_then(Call::intent),
            roles: caller.map_or(&[], |caller| &caller.roles),
            grants: caller.map_or(&[], |caller| &caller.grants),
            decision: Some(if allowed {
                Decision::Allow
            } else {
                Decision::Deny
            }),
            rule: rule(ended.error, facts.rules),
            label: allowed.then(|| marking(taxonomy, facts.label)),
            clearance: caller.map(|caller| clearance(taxonomy, caller.clearance, facts.label)),
            outcome: Some(if asked.writes && call.is_some_and(Call::is_in_doubt) {
                Outcome::Unknown
            } else {
                ended.outcome
            }),
            error_type: ended.error.map(Cow::Borrowed),
            error_ref: ended.reference.then(|| Cow::Owned(asked.id.to_string())),
            items: allowed.then_some(facts.items),
            bytes: allowed.then_some(facts.bytes),
            truncated: facts.truncated.then_some(true),
            duration_us: Some(u64::try_from(elapsed).unwrap_or(u64::MAX)),
            figures: facts.figures,
            notes: facts.notes,
            ..request
        }
    }
}

/// What decided: the code of a refusal, else what it was allowed by.
fn rule(
    error: Option<&'static str>,
    mut allowed: Vec<Cow<'static, str>>,
) -> Option<Cow<'static, str>> {
    match (error, allowed.len()) {
        (Some(error), _) => Some(Cow::Borrowed(error)),
        (None, 0 | 1) => allowed.pop(),
        (None, _) => Some(Cow::Owned(allowed.join(" "))),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "fields of a record are optional")]
const fn text(text: &str) -> Option<Cow<'_, str>> {
    Some(Cow::Borrowed(text))
}

fn marking(taxonomy: &Taxonomy, label: Label) -> Marking<'_> {
    Marking {
        level: taxonomy.level(label),
        categories: taxonomy.categories(label).collect(),
    }
}

/// Of several labels that a caller is cleared for, the one that covered the data; where none
/// did, the first.
fn clearance(taxonomy: &Taxonomy, clearance: Clearance, data: Label) -> Marking<'_> {
    let covering = clearance
        .covering(data)
        .filter(|label| *label != Label::PUBLIC);
    let label = covering
        .or_else(|| clearance.ceilings().next())
        .unwrap_or_default();
    marking(taxonomy, label)
}
