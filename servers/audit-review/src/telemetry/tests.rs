//! What leaves and what does not.
#![expect(
    clippy::disallowed_methods,
    reason = "tests make and change the files they look at"
)]

mod followed;
mod metrics;

use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::Utc;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use guard::audit::Event;
use guard::secret::Secret;

use super::follow;
use super::follow::Follow;
use super::follow::Sent;
use super::metric::MOST_SERIES;
use super::metric::Meters;
use super::settings::Ratio;
use super::span::Batch;
use super::span::Spans;
use super::word;
use crate::effects::Trail;
use crate::testing;

const ID: &str = "01a213b7-7a44-78cc-be56-2afea7d78382";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A call of `read_file` within a trace, and `more` in place of what it says.
fn record(more: &Value) -> Value {
    let mut record = json!({
        "v": 1, "t": "event", "seq": 5, "prev": "00", "id": ID,
        "time": "2026-11-25T17:18:41.220070Z", "phase": "outcome", "kind": "request",
        "server.name": "readonly-fs", "server.version": "0.1.0", "server.instance": "01a213b7-7a0f",
        "principal.iss": "local", "principal.id": "canary-who", "principal.roles": ["canary-role"],
        "session.id": "01a213b7-7a0f-7c1c", "client.address": "pipe", "client.name": "canary-client",
        "network.transport": "pipe", "mcp.method.name": "tools/call",
        "mcp.protocol.version": "2026-07-28", "jsonrpc.request.id": "7",
        "gen_ai.tool.name": "read_file", "mcp.resource.uri": "fs://canary-resource",
        "args.shape": "canary-shape", "args.hmac": "canary-hmac", "decision": "allow",
        "policy.hash": "canary-policy", "label.level": "internal", "label.categories": ["canary-category"],
        "clearance.level": "canary-clearance", "outcome": "allowed", "result.items": 3,
        "result.bytes": 1500, "duration_us": 23373, "db.tables": "canary-table", "fs.bytes": 9,
        "trace_id": TRACE, "span_id": "be562afea7d78382", "parent_span_id": "00f067aa0ba902b7",
        "trace_flags": "01", "hash": "canary-hash",
    });
    let fields = record.as_object_mut().unwrap();
    for (key, value) in more.as_object().unwrap() {
        if value.is_null() {
            fields.remove(key);
        } else {
            fields.insert(key.clone(), value.clone());
        }
    }
    record
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn ratio(text: &str) -> Ratio {
    serde_json::from_str(text).unwrap()
}

fn spans_with(spans: &Spans, record: &Value) -> Vec<Value> {
    let line = record.to_string();
    let mut batch = Batch::default();
    spans.add(&Event::parse(line.as_bytes()).unwrap(), &mut batch);
    let body = batch.body();
    let resources = body["resourceSpans"].as_array().unwrap();
    let of = |resource: &Value| {
        resource["scopeSpans"][0]["spans"]
            .as_array()
            .unwrap()
            .clone()
    };
    resources.iter().flat_map(of).collect()
}

fn span(record: &Value) -> Value {
    let [span] = spans_with(&Spans::new(Ratio::default(), None), record)
        .try_into()
        .unwrap();
    span
}

/// The value of an attribute.
fn attribute(of: &Value, key: &str) -> Option<Value> {
    let all = of["attributes"].as_array().unwrap();
    let found = all.iter().find(|attribute| attribute["key"] == key)?;
    Some(
        found["value"]
            .as_object()
            .unwrap()
            .values()
            .next()
            .unwrap()
            .clone(),
    )
}

fn meters() -> Meters {
    Meters::new(now(), "here".to_owned())
}

fn count(meters: &mut Meters, record: &Value) {
    let line = record.to_string();
    meters.count(&Event::parse(line.as_bytes()).unwrap());
}

/// The points of a metric, of all services.
fn points(meters: &Meters, name: &str) -> Vec<Value> {
    let body = meters.body(now());
    let resources = body["resourceMetrics"].as_array().unwrap();
    let metrics = resources
        .iter()
        .flat_map(|of| of["scopeMetrics"][0]["metrics"].as_array().unwrap());
    let found = metrics.filter(|metric| metric["name"] == name);
    let points = found.flat_map(|metric| {
        let data = metric.get("histogram").or(metric.get("sum")).unwrap();
        assert_eq!(data["aggregationTemporality"], 2);
        data["dataPoints"].as_array().unwrap()
    });
    points.cloned().collect()
}

#[test]
fn l7_a_request_is_a_server_span_below_the_one_of_its_caller() {
    let span = span(&record(&json!({})));
    assert_eq!(span["traceId"], TRACE);
    assert_eq!(span["spanId"], "be562afea7d78382");
    assert_eq!(span["parentSpanId"], "00f067aa0ba902b7");
    assert_eq!(span["name"], "tools/call read_file");
    assert_eq!(span["kind"], 2);
    assert_eq!(span["flags"], 0x301);
    assert_eq!(span["startTimeUnixNano"], "1795627121220070000");
    assert_eq!(span["endTimeUnixNano"], "1795627121243443000");
    assert_eq!(span["status"], json!({}));
    for (key, value) in [
        ("mcp.method.name", json!("tools/call")),
        ("mcp.protocol.version", json!("2026-07-28")),
        ("gen_ai.operation.name", json!("execute_tool")),
        ("gen_ai.tool.name", json!("read_file")),
        ("jsonrpc.request.id", json!("7")),
        ("keyhole.label.level", json!("internal")),
        ("keyhole.result.size", json!("1500")),
    ] {
        assert_eq!(attribute(&span, key), Some(value), "{key}");
    }
    assert_eq!(attribute(&span, "error.type"), None);
    assert_eq!(attribute(&span, "enduser.pseudo.id"), None);
}

#[test]
fn a_request_of_no_trace_begins_one_that_its_record_names() {
    let no_trace =
        json!({"trace_id": null, "span_id": null, "parent_span_id": null, "trace_flags": null});
    let root = span(&record(&no_trace));
    assert_eq!(root["traceId"], ID.replace('-', ""));
    assert_eq!(root["spanId"], "be562afea7d78382");
    assert_eq!(root.get("parentSpanId"), None);
    assert_eq!(root["flags"], 0x101);
    assert_eq!(root, span(&record(&no_trace)), "the same each time");
}

#[test]
fn what_the_caller_does_not_record_is_no_span_and_counted_all_the_same() {
    let spans = Spans::new(Ratio::default(), None);
    let quiet = record(&json!({"trace_flags": "00"}));
    assert!(spans_with(&spans, &quiet).is_empty());
    let mut meters = meters();
    count(&mut meters, &quiet);
    assert_eq!(points(&meters, "mcp.server.operation.duration").len(), 1);
}

#[test]
fn the_ratio_says_how_many_traces_begin_here_and_nothing_of_those_of_callers() {
    let taken = |of: &str| {
        let spans = Spans::new(ratio(of), None);
        let root = |at: u64| {
            // spread over what the ratio looks at
            let low = 0x8000_0000_0000_0000 | (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 2);
            let low = format!("{low:016x}");
            let (a, b) = low.split_at(4);
            let id = format!("01a213b7-7a44-78cc-{a}-{b}");
            record(&json!({"id": id, "trace_id": null, "parent_span_id": null}))
        };
        (0..1000)
            .filter(|at| !spans_with(&spans, &root(*at)).is_empty())
            .count()
    };
    assert_eq!((taken("0"), taken("1")), (0, 1000));
    assert!((200..300).contains(&taken("0.25")), "{}", taken("0.25"));
    let spans = Spans::new(ratio("0"), None);
    assert_eq!(spans_with(&spans, &record(&json!({}))).len(), 1);
    for bad in ["1.1", "-0.1", "\"1\"", "1e400"] {
        assert!(serde_json::from_str::<Ratio>(bad).is_err(), "{bad}");
    }
}

#[test]
fn what_is_an_error_is_what_the_conventions_call_one() {
    for (more, wanted) in [
        (
            json!({"outcome": "denied", "error.type": "not_found"}),
            Some("tool_error"),
        ),
        (
            json!({"outcome": "error", "error.type": "failed"}),
            Some("tool_error"),
        ),
        (
            json!({"outcome": "cancelled", "error.type": "timed_out"}),
            Some("tool_error"),
        ),
        (
            json!({"outcome": "cancelled", "error.type": "cancelled"}),
            Some("cancelled"),
        ),
        (
            json!({"outcome": "denied", "error.type": "unknown_tool"}),
            None,
        ),
        (json!({"outcome": "unknown"}), Some("tool_error")),
        (
            json!({"mcp.method.name": "resources/read", "outcome": "denied", "error.type": "not_found"}),
            None,
        ),
        (
            json!({"mcp.method.name": "resources/read", "outcome": "denied", "error.type": "quota"}),
            Some("quota"),
        ),
        (
            json!({"mcp.method.name": "resources/read", "outcome": "error", "error.type": "failed"}),
            Some("failed"),
        ),
        (
            json!({"mcp.method.name": "tools/list", "outcome": "unknown"}),
            Some("_OTHER"),
        ),
    ] {
        let span = span(&record(&more));
        let found = attribute(&span, "error.type");
        assert_eq!(found.as_ref().and_then(Value::as_str), wanted, "{more}");
        assert_eq!(
            span["status"] == json!({"code": 2}),
            wanted.is_some(),
            "{more}"
        );
    }
}

#[test]
fn what_is_no_outcome_of_a_request_is_neither_span_nor_counted() {
    let spans = Spans::new(Ratio::default(), None);
    for more in [
        json!({"phase": "intent"}),
        json!({"kind": "session"}),
        json!({"kind": "detect", "phase": null}),
        json!({"time": "yesterday"}),
    ] {
        let record = record(&more);
        assert!(spans_with(&spans, &record).is_empty(), "{more}");
        let mut meters = meters();
        count(&mut meters, &record);
        assert_eq!(
            points(&meters, "mcp.server.operation.duration"),
            Vec::<Value>::new()
        );
    }
}

#[test]
fn what_was_announced_is_an_event_within_the_span() {
    let announced = record(&json!({"ref": "01a213b7-7a50-7000-8000-000000000000"}));
    let event = span(&announced)["events"][0].clone();
    assert_eq!(event["name"], "keyhole.intent");
    assert_eq!(event["timeUnixNano"], "1795627121232000000");
    let early = record(&json!({"ref": "01a213b7-7a43-7000-8000-000000000000"}));
    assert_eq!(
        span(&early)["events"][0]["timeUnixNano"],
        "1795627121220070000"
    );
    for odd in [
        "",
        "0",
        "01a213b7-7a50-4000-8000-000000000000",
        "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}7",
    ] {
        assert_eq!(
            span(&record(&json!({"ref": odd})))["events"],
            json!([]),
            "{odd}"
        );
    }
}

#[test]
fn a_principal_has_a_pseudonym_only_with_a_key_and_another_with_another() {
    let named = |key: &str, who: &str| {
        let spans = Spans::new(Ratio::default(), Some(&Secret::new(key).unwrap()));
        let [span] = spans_with(&spans, &record(&json!({"principal.id": who})))
            .try_into()
            .unwrap();
        attribute(&span, "enduser.pseudo.id").unwrap()
    };
    let ada = named("a key", "ada");
    assert_eq!(ada.as_str().unwrap().len(), 32);
    assert_eq!(ada, named("a key", "ada"));
    assert_ne!(ada, named("another key", "ada"));
    assert_ne!(ada, named("a key", "ben"));
}

/// Every text in `value` that is no key.
fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(all) => all.iter().for_each(|value| texts(value, into)),
        Value::Object(all) => all.values().for_each(|value| texts(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn l4_nothing_leaves_that_names_a_person_a_resource_or_an_argument() {
    let mut meters = meters();
    let whole = record(&json!({"jsonrpc.request.id": "canary-id"}));
    count(&mut meters, &whole);
    let leaves = format!("{}{}", span(&whole), meters.body(now()));
    assert!(!leaves.contains("canary"), "{leaves}");
}

proptest! {
    #[test]
    fn l4_no_text_leaves_that_is_not_a_plain_name(text in "\\PC{0,200}|[a-z]{1,8}[ =:;,@'\"\u{202e}\n][a-z]{1,8}") {
        let mut whole = record(&json!({}));
        let known = ["id", "time", "phase", "kind", "trace_id", "parent_span_id", "trace_flags"];
        for (key, value) in whole.as_object_mut().unwrap() {
            if value.is_string() && !known.contains(&key.as_str()) {
                *value = json!(text);
            }
        }
        let mut meters = meters();
        count(&mut meters, &whole);
        let fixed: BTreeSet<String> = {
            let mut all = Vec::new();
            let mut plain = self::meters();
            count(&mut plain, &record(&json!({})));
            texts(&plain.body(now()), &mut all);
            all.into_iter().collect()
        };
        let mut all = Vec::new();
        texts(&span(&whole), &mut all);
        texts(&meters.body(now()), &mut all);
        for found in all {
            // a span is named by two names
            let names = found.split(' ').all(|part| word(part) == part);
            prop_assert!(names && found.matches(' ').count() <= 1 || fixed.contains(&found), "{found:?}");
        }
    }

    #[test]
    fn a_name_is_short_and_plain_or_unknown(text in "\\PC{0,120}|[a-z/._-]{0,120}") {
        let found = word(&text);
        prop_assert!(found == "?" || (found == text && text.len() <= 96 && text.is_ascii()));
    }
}
