//! The audit record of a request.

use std::borrow::Cow;
use std::time::Instant;

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

use super::desk::Desk;
use super::outcome::Asked;
use super::outcome::Ended;
use crate::audit::Decision;
use crate::audit::Kind;
use crate::audit::Marking;
use crate::audit::Outcome;
use crate::audit::Phase;
use crate::audit::Record;
use crate::call::Call;
use crate::label::Clearance;
use crate::label::Label;
use crate::label::Taxonomy;

/// A record that announces what a request is about to do, not yet written.
#[derive(Clone, Debug)]
pub(super) struct Intent(pub(super) Record);

type Text = Option<Cow<'static, str>>;

impl Desk {
    /// A record of this session, with nothing said yet of what happened.
    pub(crate) fn session_record(&self, kind: Kind, now: DateTime<Utc>) -> Record {
        let session = self.session();
        Record {
            principal_iss: owned(session.principal().issuer()),
            principal_id: owned(session.principal().subject()),
            auth_method: Some(Cow::Borrowed("local")),
            session_id: Some(Cow::Owned(session.id().to_string())),
            session_era: Some(Cow::Borrowed("stdio")),
            client_address: Some(Cow::Borrowed("pipe")),
            transport: Some(Cow::Borrowed("pipe")),
            peer_uid: self.peer_uid(),
            policy_hash: owned(session.policy().hash()),
            ..Record::new(kind, super::desk::record_id(now), now)
        }
    }

    /// The record that goes before what a request does: who, with what right, by which tool.
    pub(super) fn intent(&self, asked: &Asked, call: &Call) -> Intent {
        let caller = call.caller();
        let now = self.now();
        Intent(Record {
            phase: Some(Phase::Intent),
            roles: caller.roles.clone(),
            grants: caller.grants.clone(),
            decision: Some(Decision::Allow),
            clearance: Some(clearance(self.taxonomy(), caller.clearance, Label::PUBLIC)),
            ..self.request_record(asked, super::desk::record_id(now), now)
        })
    }

    /// What both records of a request say.
    fn request_record(&self, asked: &Asked, id: Uuid, time: DateTime<Utc>) -> Record {
        Record {
            id,
            time,
            method: Some(asked.method.clone()),
            protocol: asked.version.clone(),
            request_id: asked.request_id.clone().map(Cow::Owned),
            client_name: asked.client.clone(),
            tool: asked.tool.clone(),
            resource: asked.resource.clone().map(Cow::Owned),
            args_shape: asked.shape.clone(),
            args_hmac: asked.hmac.clone(),
            trace_id: asked
                .trace
                .as_ref()
                .map(|(trace, _)| Cow::Owned(trace.clone())),
            span_id: asked
                .trace
                .as_ref()
                .map(|(_, span)| Cow::Owned(span.clone())),
            ..self.session_record(Kind::Request, time)
        }
    }

    /// The outcome record of a request.
    pub(super) fn record(
        &self,
        asked: &Asked,
        call: Option<&Call>,
        ended: &Ended,
        started: Instant,
    ) -> Record {
        let facts = call.map(Call::facts).unwrap_or_default();
        let caller = call.map(Call::caller);
        let elapsed = started.elapsed().as_micros();
        let allowed = ended.outcome == Outcome::Allowed;
        let taxonomy = self.taxonomy();
        let mut request = self.request_record(asked, asked.id, asked.time);
        if let Some(resource) = facts.resource {
            request.resource = Some(Cow::Owned(resource));
        }
        Record {
            phase: Some(Phase::Outcome),
            intent: call.and_then(Call::intent),
            roles: caller
                .map(|caller| caller.roles.clone())
                .unwrap_or_default(),
            grants: caller
                .map(|caller| caller.grants.clone())
                .unwrap_or_default(),
            decision: Some(if allowed {
                Decision::Allow
            } else {
                Decision::Deny
            }),
            rule: ended.error.or(facts.rule).map(Cow::Borrowed),
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

fn owned(text: &str) -> Text {
    Some(Cow::Owned(text.to_owned()))
}

fn marking(taxonomy: &Taxonomy, label: Label) -> Marking {
    Marking {
        level: Cow::Owned(taxonomy.level(label).to_owned()),
        categories: taxonomy.categories(label).map(str::to_owned).collect(),
    }
}

/// Of several labels that a caller is cleared for, the one that covered the data; where none
/// did, the first.
fn clearance(taxonomy: &Taxonomy, clearance: Clearance, data: Label) -> Marking {
    let covering = clearance
        .covering(data)
        .filter(|label| *label != Label::PUBLIC);
    let label = covering
        .or_else(|| clearance.ceilings().next())
        .unwrap_or_default();
    marking(taxonomy, label)
}
