//! Makes a span of a request, of kind server, below the caller's span where it had one.
//!
//! # Invariants
//!
//! - The same record makes the same span: what is sent twice has the same ids.

use std::collections::BTreeMap;
use std::fmt;

use chrono::DateTime;
use chrono::Utc;
use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use serde_json::Value;
use serde_json::json;
use sha2::Sha256;

use guard::audit::Event;
use guard::secret::Secret;
use guard::trace::SpanId;
use guard::trace::TraceId;

use super::otlp;
use super::request::Request;
use super::settings::Ratio;
use super::word;

/// What is made a span, and what of it.
#[derive(Debug)]
pub struct Spans {
    ratio: Ratio,
    pseudonyms: Option<Pseudonyms>,
}

/// Spans on their way, each with the process that it is of.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// By name, version and instance of the server.
    resources: BTreeMap<[String; 3], Vec<Value>>,
}

/// Names a principal so that nobody without the key can tell who it is.
struct Pseudonyms(Hmac<Sha256>);

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms")
    }
}

impl Spans {
    /// Of so many traces that have no parent; with a key, principals have pseudonyms.
    #[must_use]
    pub fn new(ratio: Ratio, key: Option<&Secret>) -> Self {
        let keyed = |key: &str| Hmac::new_from_slice(key.as_bytes()).ok();
        Self {
            ratio,
            pseudonyms: key.and_then(|key| key.show_to(keyed)).map(Pseudonyms),
        }
    }

    /// Adds the span of `event` to `batch`, if it is the outcome of a request and sampled.
    pub fn add(&self, event: &Event<'_>, batch: &mut Batch) {
        if let Some(request) = Request::of(event)
            && let Some(span) = self.span(&request)
        {
            let name = |key| event.text(key).map_or(super::UNKNOWN, word).to_owned();
            let of = ["server.name", "server.version", "server.instance"].map(name);
            batch.resources.entry(of).or_default().push(span);
        }
    }

    fn span(&self, request: &Request<'_>) -> Option<Value> {
        let event = request.event;
        let took = request.took?;
        // the record's number: its last half is the span's, and without a caller's all is the trace's
        let own: String = event.text("id")?.split('-').collect();
        let (_, low) = own.split_at_checked(16)?;
        let id = SpanId::parse(low)?;
        let known = event.text("trace_id").and_then(TraceId::parse);
        let parent = event.text("parent_span_id").and_then(SpanId::parse);
        let (trace, parent, sampled) = match (known, parent) {
            (Some(trace), Some(parent)) => {
                (trace, Some(parent), event.text("trace_flags") == Some("01"))
            }
            _ => (TraceId::parse(&own)?, None, self.ratio.takes(low)?),
        };
        if !sampled {
            return None;
        }
        let name = match request.tool {
            Some(tool) => format!("{} {tool}", request.method),
            None => request.method.to_owned(),
        };
        let begun = otlp::nanoseconds(request.begun);
        let mut span = json!({
            "traceId": trace.to_string(),
            "spanId": id.to_string(),
            "name": name,
            "kind": SERVER,
            "flags": if parent.is_some() { SAMPLED | KNOWN | REMOTE } else { SAMPLED | KNOWN },
            "startTimeUnixNano": begun.to_string(),
            "endTimeUnixNano": begun.saturating_add(took.saturating_mul(1000)).to_string(),
            "attributes": self.attributes(request),
            "events": announced(request),
            "status": if request.failure().is_some() { json!({"code": ERROR}) } else { json!({}) },
        });
        if let (Some(parent), Some(span)) = (parent, span.as_object_mut()) {
            span.insert("parentSpanId".to_owned(), parent.to_string().into());
        }
        Some(span)
    }

    fn attributes(&self, request: &Request<'_>) -> Vec<Value> {
        let event = request.event;
        let mut all = vec![otlp::text("mcp.method.name", request.method)];
        let mut put = |key, value: Option<&str>| {
            all.extend(value.map(|value| otlp::text(key, value)));
        };
        put("mcp.protocol.version", request.version);
        put("network.transport", request.transport);
        put("mcp.session.id", event.text("session.id").map(word));
        put(
            "gen_ai.operation.name",
            request.is_call().then_some("execute_tool"),
        );
        put("gen_ai.tool.name", request.tool);
        put("error.type", request.failure());
        put(
            "jsonrpc.request.id",
            event.text("jsonrpc.request.id").filter(|id| is_number(id)),
        );
        put("keyhole.record.id", event.text("id").map(word));
        put("keyhole.outcome", Some(request.outcome));
        put("keyhole.error.type", request.code);
        put(
            "keyhole.decision.rule",
            event.text("decision.rule").map(word),
        );
        put("keyhole.label.level", request.level);
        let pseudonym = self.pseudonyms.as_ref().and_then(|it| it.of(event));
        put("enduser.pseudo.id", pseudonym.as_deref());
        for (key, field) in [
            ("keyhole.result.items", "result.items"),
            ("keyhole.result.size", "result.bytes"),
        ] {
            all.extend(event.number(field).map(|value| otlp::number(key, value)));
        }
        all
    }
}

impl Batch {
    /// Whether there is no span in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// The body of a request to `/v1/traces`.
    #[must_use]
    pub fn body(self) -> Value {
        let resource = |([name, version, instance], spans): ([String; 3], Vec<Value>)| {
            let attributes = [
                otlp::text("service.name", &name),
                otlp::text("service.namespace", "keyhole"),
                otlp::text("service.version", &version),
                otlp::text("service.instance.id", &instance),
            ];
            json!({
                "resource": {"attributes": attributes},
                "scopeSpans": [{"scope": otlp::scope(), "spans": spans}],
            })
        };
        let resources = self.resources.into_iter().map(resource);
        json!({"resourceSpans": resources.collect::<Vec<Value>>()})
    }
}

impl Pseudonyms {
    fn of(&self, event: &Event<'_>) -> Option<String> {
        let (issuer, id) = (event.text("principal.iss")?, event.text("principal.id")?);
        // no text holds a NUL that a policy let in, so two pairs are never one text
        let mac = self.0.clone().chain_update(issuer).chain_update("\0");
        let mac = mac.chain_update(id).finalize().into_bytes();
        Some(
            mac.iter()
                .take(16)
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        )
    }
}

/// When the request was announced, as an event: what it changes, or reaches beyond the machine for, came after it.
fn announced(request: &Request<'_>) -> Vec<Value> {
    let at = request.event.text("ref").and_then(instant);
    // an id knows milliseconds
    let at = at.map(|at| at.max(request.begun));
    let event =
        |at| json!({"name": "keyhole.intent", "timeUnixNano": otlp::nanoseconds(at).to_string()});
    at.map(event).into_iter().collect()
}

/// The instant in a UUID of version 7.
fn instant(id: &str) -> Option<DateTime<Utc>> {
    let digits: String = id.split('-').collect();
    let (milliseconds, rest) = digits.split_at_checked(12)?;
    let milliseconds = i64::from_str_radix(milliseconds, 16).ok()?;
    rest.starts_with('7').then_some(())?;
    DateTime::from_timestamp_millis(milliseconds)
}

/// Whether an id is a number: as a text it may be anything that a client calls its requests.
fn is_number(id: &str) -> bool {
    (1..=20).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit())
}

/// `SPAN_KIND_SERVER`.
const SERVER: u32 = 2;
/// `STATUS_CODE_ERROR`.
const ERROR: u32 = 2;
/// Flags of a span: sampled; it is known where its parent is; its parent is of another process.
const SAMPLED: u32 = 0x001;
const KNOWN: u32 = 0x100;
const REMOTE: u32 = 0x200;
