//! Elastic Common Schema: one JSON object a line, with dotted names.
//!
//! What the schema has no field for stands below `keyhole.`, by its own name.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use guard::audit::Event;

use super::Activity;
use super::operation;
use super::others;
use super::resource;
use crate::show::label;

/// The record as a document.
pub(super) fn record(event: &Event<'_>) -> Value {
    let mut out = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(key.to_owned(), value);
        }
    };
    let text = |key: &str| event.text(key).map(Value::from);
    put("@timestamp", text("time"));
    put("ecs.version", Some(json!("9.0.0")));
    put(
        "event.kind",
        Some(json!(if event.text("kind") == Some("detect") {
            "alert"
        } else {
            "event"
        })),
    );
    put("event.category", Some(json!([category(event)])));
    put("event.type", Some(json!(types(event))));
    put("event.outcome", Some(json!(outcome(event))));
    put("event.action", Some(json!(operation(event))));
    put("event.provider", text("server.name"));
    put("event.dataset", Some(json!("keyhole.audit")));
    put("event.id", text("id"));
    put("event.sequence", Some(json!(event.seq())));
    put("event.code", text("error.type"));
    put("event.reason", text("reason"));
    let nanoseconds = event
        .number("duration_us")
        .and_then(|us| us.checked_mul(1000));
    put("event.duration", nanoseconds.map(Value::from));
    put("user.name", text("principal.id"));
    put("user.domain", text("principal.iss"));
    let roles = event.texts("principal.roles");
    put("user.roles", (!roles.is_empty()).then(|| json!(roles)));
    put("source.address", text("client.address"));
    let ip = event
        .text("client.address")
        .filter(|text| text.parse::<std::net::IpAddr>().is_ok());
    put("source.ip", ip.map(Value::from));
    put("user_agent.name", text("client.name"));
    put("service.name", text("server.name"));
    put("service.version", text("server.version"));
    put("service.node.name", text("server.instance"));
    put("trace.id", text("trace_id"));
    put("span.id", text("span_id"));
    put("url.original", text("mcp.resource.uri"));
    put("keyhole.resource", resource(event).map(Value::from));
    put("keyhole.label", label(event).map(Value::from));
    for (key, value) in others(event, &MAPPED) {
        out.insert(format!("keyhole.{key}"), value);
    }
    Value::Object(out)
}

fn category(event: &Event<'_>) -> &'static str {
    match event.text("kind") {
        Some("auth") => "authentication",
        Some("session") => "session",
        Some("admin" | "log") => "configuration",
        Some("detect") => "intrusion_detection",
        _ if event.text("db.tables").is_some() => "database",
        _ if event.text("mcp.resource.uri").is_some() => "file",
        _ => "api",
    }
}

fn types(event: &Event<'_>) -> Vec<&'static str> {
    let mut types = vec![match (event.text("kind"), event.text("action")) {
        (Some("session"), Some(action)) if action.ends_with("start") => "start",
        (Some("session"), _) => "end",
        (Some("request"), _) => match Activity::of(event) {
            Activity::Create => "creation",
            Activity::Update => "change",
            Activity::Delete => "deletion",
            Activity::Read | Activity::Other => "access",
        },
        _ => "info",
    }];
    match event.text("decision") {
        Some("allow") => types.push("allowed"),
        Some("deny") => types.push("denied"),
        _ => {}
    }
    types
}

fn outcome(event: &Event<'_>) -> &'static str {
    match event.text("outcome") {
        Some("allowed") => "success",
        Some("denied" | "error" | "cancelled") => "failure",
        _ => "unknown",
    }
}

/// What stands in fields of the schema.
const MAPPED: [&str; 20] = [
    "id",
    "time",
    "seq",
    "server.name",
    "server.version",
    "server.instance",
    "principal.iss",
    "principal.id",
    "principal.roles",
    "client.address",
    "client.name",
    "gen_ai.tool.name",
    "mcp.resource.uri",
    "error.type",
    "reason",
    "duration_us",
    "trace_id",
    "span_id",
    "label.level",
    "label.categories",
];
