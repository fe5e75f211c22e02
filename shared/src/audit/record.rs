//! One record: what happened, to whom it was allowed, and how it ended.
//!
//! # Invariants
//!
//! - Keys and their order are fixed here; nothing of a caller's text becomes a key.
//! - What is absent is omitted, never null.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

use super::encode::Fields;
use super::encode::is_plain;
use super::origin::Stamp;
use super::words::Decision;
use super::words::Kind;
use super::words::Outcome;
use super::words::Phase;
use crate::trace::Span;

/// One line of the trail, in the making. Values, secrets, contents and raw error texts do not
/// belong here; every text is bounded and escaped when it is written.
#[derive(Clone, Debug, Default)]
pub struct Record<'a> {
    /// `id`: a UUID of version 7.
    pub id: Uuid,
    /// `time`: when it happened.
    pub time: DateTime<Utc>,
    /// `kind`.
    pub kind: Kind,
    /// `phase`: whether it announces an effect or tells how it ended.
    pub phase: Option<Phase>,
    /// `ref`: the `id` of the intent that this outcome belongs to.
    pub intent: Option<Uuid>,
    /// `action`: what was done, where no method says it (`start`, `open`, `recover`).
    pub action: Option<&'static str>,
    /// `reason`: why a session ended, for example.
    pub reason: Option<Cow<'a, str>>,
    /// `principal.iss`: who vouches for the caller.
    pub principal_iss: Option<Cow<'a, str>>,
    /// `principal.id`: who asks.
    pub principal_id: Option<Cow<'a, str>>,
    /// `principal.roles`.
    pub roles: &'a [String],
    /// `grant.id`: by what right.
    pub grants: &'a [String],
    /// `auth.method`.
    pub auth_method: Option<Cow<'a, str>>,
    /// `session.id`: the server's own.
    pub session_id: Option<Cow<'a, str>>,
    /// `session.era`: `2025`, `2026` or `stdio`.
    pub session_era: Option<Cow<'a, str>>,
    /// `client.address`: an IP address, or `pipe`.
    pub client_address: Option<Cow<'a, str>>,
    /// `client.name`: what the client calls itself.
    pub client_name: Option<Cow<'a, str>>,
    /// `network.transport`.
    pub transport: Option<Cow<'a, str>>,
    /// `os.peer_uid`: who the operating system says is at the other end.
    pub peer_uid: Option<u32>,
    /// `mcp.method.name`.
    pub method: Option<Cow<'a, str>>,
    /// `mcp.protocol.version`.
    pub protocol: Option<Cow<'a, str>>,
    /// `jsonrpc.request.id`.
    pub request_id: Option<Cow<'a, str>>,
    /// `gen_ai.tool.name`; for an unknown tool `?` and a keyed hash.
    pub tool: Option<Cow<'a, str>>,
    /// `mcp.resource.uri`; the only text that may take 2 KiB.
    pub resource: Option<Cow<'a, str>>,
    /// `args.shape`: names and types of the arguments.
    pub args_shape: Option<Cow<'a, str>>,
    /// `args.hmac`: the keyed hash of their bytes.
    pub args_hmac: Option<Cow<'a, str>>,
    /// `decision`.
    pub decision: Option<Decision>,
    /// `decision.rule`: by which rule.
    pub rule: Option<Cow<'a, str>>,
    /// `policy.hash`; without it, that of [`Origin`](super::Origin) goes with every decision.
    pub policy_hash: Option<Cow<'a, str>>,
    /// `label.level` and `label.categories`: how sensitive the data was.
    pub label: Option<Marking<'a>>,
    /// `clearance.level` and `clearance.categories`: the most the caller may see.
    pub clearance: Option<Marking<'a>>,
    /// `outcome`.
    pub outcome: Option<Outcome>,
    /// `error.type`: a stable code.
    pub error_type: Option<Cow<'a, str>>,
    /// `error.ref`: what the caller may quote.
    pub error_ref: Option<Cow<'a, str>>,
    /// `result.items`.
    pub items: Option<u64>,
    /// `result.bytes`.
    pub bytes: Option<u64>,
    /// `result.truncated`: whether a limit cut the answer short.
    pub truncated: Option<bool>,
    /// `duration_us`.
    pub duration_us: Option<u64>,
    /// Figures of the server's own, for example `fs.bytes`; at most 32 are written.
    pub figures: BTreeMap<&'static str, u64>,
    /// Texts of the server's own, for example `db.tables`; at most 8 are written.
    pub notes: BTreeMap<&'static str, String>,
    /// `digest`: the SHA-256 of what was put aside by a recovery.
    pub digest: Option<Cow<'a, str>>,
    /// `trace_id`, `span_id`, `parent_span_id` and `trace_flags`, where the caller's request
    /// belongs to a trace: the span is this request, its parent the caller's.
    pub span: Option<Span>,
}

/// A label or a clearance, in the words of the taxonomy.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Marking<'a> {
    /// The level.
    pub level: &'a str,
    /// The categories.
    pub categories: Vec<&'a str>,
}

impl Record<'_> {
    /// A record of `kind` with the given `id`, of what happened at `time`.
    #[must_use]
    pub fn new(kind: Kind, id: Uuid, time: DateTime<Utc>) -> Self {
        Self {
            id,
            time,
            kind,
            ..Self::default()
        }
    }

    /// Whether it stands for work that could as well be refused: the disk's last bytes are
    /// kept for denials.
    pub(super) fn is_work(&self) -> bool {
        self.phase == Some(Phase::Intent)
            || (self.outcome == Some(Outcome::Allowed) && self.intent.is_none())
    }

    /// All fields after `prev`, ready to be sealed.
    pub(super) fn encode(&self, stamp: &Stamp) -> Vec<u8> {
        let mut out = Fields::new();
        out.uuid("id", self.id);
        out.time("time", self.time);
        if let Some(phase) = self.phase {
            out.word("phase", phase.name());
        }
        if let Some(intent) = self.intent {
            out.uuid("ref", intent);
        }
        out.word("kind", self.kind.name());
        if let Some(action) = self.action {
            out.word("action", action);
        }
        out.text("reason", self.reason.as_deref());
        out.ready_made(&stamp.server);
        self.encode_who(&mut out);
        self.encode_what(&mut out);
        self.encode_decision(&mut out, stamp);
        self.encode_result(&mut out);
        if let Some(span) = &self.span {
            out.text("trace_id", Some(&span.trace().to_string()));
            out.text("span_id", Some(&span.id().to_string()));
            out.text("parent_span_id", Some(&span.parent().to_string()));
            out.word("trace_flags", if span.is_sampled() { "01" } else { "00" });
        }
        out.finish()
    }

    fn encode_who(&self, out: &mut Fields) {
        out.text("principal.iss", self.principal_iss.as_deref());
        out.text("principal.id", self.principal_id.as_deref());
        out.list("principal.roles", self.roles);
        out.list("grant.id", self.grants);
        out.text("auth.method", self.auth_method.as_deref());
        out.text("session.id", self.session_id.as_deref());
        out.text("session.era", self.session_era.as_deref());
        out.text("client.address", self.client_address.as_deref());
        out.text("client.name", self.client_name.as_deref());
        out.text("network.transport", self.transport.as_deref());
        if let Some(uid) = self.peer_uid {
            out.number("os.peer_uid", u64::from(uid));
        }
    }

    fn encode_what(&self, out: &mut Fields) {
        out.text("mcp.method.name", self.method.as_deref());
        out.text("mcp.protocol.version", self.protocol.as_deref());
        out.text("jsonrpc.request.id", self.request_id.as_deref());
        out.text("gen_ai.tool.name", self.tool.as_deref());
        out.address("mcp.resource.uri", self.resource.as_deref());
        out.text("args.shape", self.args_shape.as_deref());
        out.text("args.hmac", self.args_hmac.as_deref());
    }

    fn encode_decision(&self, out: &mut Fields, stamp: &Stamp) {
        if let Some(decision) = self.decision {
            out.word("decision", decision.name());
        }
        out.text("decision.rule", self.rule.as_deref());
        match self.decision {
            Some(_) if self.policy_hash.is_none() => {
                out.text("policy.hash", stamp.policy_hash.as_deref());
            }
            _ => out.text("policy.hash", self.policy_hash.as_deref()),
        }
        if let Some(label) = &self.label {
            out.text("label.level", Some(label.level));
            out.list("label.categories", &label.categories);
        }
        if let Some(clearance) = &self.clearance {
            out.text("clearance.level", Some(clearance.level));
            out.list("clearance.categories", &clearance.categories);
        }
        if let Some(outcome) = self.outcome {
            out.word("outcome", outcome.name());
        }
        out.text("error.type", self.error_type.as_deref());
        out.text("error.ref", self.error_ref.as_deref());
    }

    fn encode_result(&self, out: &mut Fields) {
        if let Some(items) = self.items {
            out.number("result.items", items);
        }
        if let Some(bytes) = self.bytes {
            out.number("result.bytes", bytes);
        }
        if let Some(truncated) = self.truncated {
            out.flag("result.truncated", truncated);
        }
        if let Some(duration) = self.duration_us {
            out.number("duration_us", duration);
        }
        for (key, figure) in self.figures.iter().take(MAX_FIGURES) {
            if is_unfit(key) {
                out.truncate();
            } else {
                out.number(key, *figure);
            }
        }
        for (key, note) in self.notes.iter().take(MAX_NOTES) {
            if is_unfit(key) || self.figures.contains_key(key) {
                out.truncate();
            } else {
                out.text(key, Some(note));
            }
        }
        if self.figures.len() > MAX_FIGURES || self.notes.len() > MAX_NOTES {
            out.truncate();
        }
        out.text("digest", self.digest.as_deref());
    }
}

/// Whether a key of a server's cannot be written beside those of the format.
fn is_unfit(key: &str) -> bool {
    OWN_KEYS.contains(&key) || key.len() > MAX_KEY || !is_plain(key)
}

/// The most figures of one record.
const MAX_FIGURES: usize = 32;
/// The most notes of one record.
const MAX_NOTES: usize = 8;
/// The longest key of a figure or a note.
const MAX_KEY: usize = 64;
/// Keys that neither can take: no key stands twice in a line.
const OWN_KEYS: [&str; 53] = [
    "v",
    "t",
    "seq",
    "prev",
    "hash",
    "truncated",
    "id",
    "time",
    "phase",
    "ref",
    "kind",
    "action",
    "reason",
    "server.name",
    "server.version",
    "server.instance",
    "principal.iss",
    "principal.id",
    "principal.roles",
    "grant.id",
    "auth.method",
    "session.id",
    "session.era",
    "client.address",
    "client.name",
    "network.transport",
    "os.peer_uid",
    "mcp.method.name",
    "mcp.protocol.version",
    "jsonrpc.request.id",
    "gen_ai.tool.name",
    "mcp.resource.uri",
    "args.shape",
    "args.hmac",
    "decision",
    "decision.rule",
    "policy.hash",
    "label.level",
    "label.categories",
    "clearance.level",
    "clearance.categories",
    "outcome",
    "error.type",
    "error.ref",
    "result.items",
    "result.bytes",
    "result.truncated",
    "duration_us",
    "digest",
    "trace_id",
    "span_id",
    "parent_span_id",
    "trace_flags",
];
