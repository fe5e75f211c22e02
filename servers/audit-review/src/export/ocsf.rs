//! OCSF 1.7.0: API Activity (class 6003), with the profile `data_classification`.
//!
//! Everything that the class has no attribute for stands in `unmapped`, by its own name.

use std::net::IpAddr;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use guard::audit::Event;

use super::Activity;
use super::operation;
use super::others;
use super::resource;

/// The record as an event of the class.
pub(super) fn record(event: &Event<'_>) -> Value {
    let (activity, name) = activity(event);
    let (status_id, status) = match event.text("outcome") {
        Some("allowed") => (1, "Success"),
        Some("denied" | "error" | "cancelled") => (2, "Failure"),
        _ => (0, "Unknown"),
    };
    let (severity_id, severity) = match event.text("kind") {
        Some("detect") => (3, "Medium"),
        _ => (1, "Informational"),
    };
    let mut out = json!({
        "category_uid": 6,
        "category_name": "Application Activity",
        "class_uid": CLASS,
        "class_name": "API Activity",
        "activity_id": activity,
        "activity_name": name,
        "type_uid": CLASS * 100 + activity,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "time": event.time().map_or(0, |time| time.timestamp_millis()),
        "metadata": metadata(event),
        "actor": actor(event),
        "api": api(event),
        "src_endpoint": source(event),
        "unmapped": others(event, &MAPPED),
    });
    let classified = classifications(event);
    let resources = resource(event).map(|name| {
        let mut found = json!({"name": name});
        put(&mut found, "data_classifications", classified.clone());
        json!([found])
    });
    put(&mut out, "resources", resources);
    put(
        &mut out,
        "status_code",
        event.text("error.type").map(Value::from),
    );
    put(
        &mut out,
        "status_detail",
        event.text("error.ref").map(Value::from),
    );
    put(&mut out, "message", event.text("reason").map(Value::from));
    let duration = event.number("duration_us").map(|us| Value::from(us / 1000));
    put(&mut out, "duration", duration);
    if let Some(metadata) = out.get_mut("metadata") {
        put(metadata, "data_classifications", classified);
    }
    out
}

fn activity<'a>(event: &'a Event<'_>) -> (u32, &'a str) {
    match Activity::of(event) {
        Activity::Create => (1, "Create"),
        Activity::Read => (2, "Read"),
        Activity::Update => (3, "Update"),
        Activity::Delete => (4, "Delete"),
        Activity::Other => (99, operation(event)),
    }
}

fn metadata(event: &Event<'_>) -> Value {
    let mut out = json!({
        "version": "1.7.0",
        "profiles": ["data_classification"],
        "product": {
            "vendor_name": "Keyhole",
            "name": event.text("server.name").unwrap_or("unknown"),
        },
        "sequence": event.seq(),
    });
    put(&mut out, "uid", event.text("id").map(Value::from));
    put(
        &mut out,
        "original_time",
        event.text("time").map(Value::from),
    );
    put(
        &mut out,
        "correlation_uid",
        event.text("trace_id").map(Value::from),
    );
    let version = event.text("server.version").map(Value::from);
    if let Some(product) = out.get_mut("product") {
        put(product, "version", version);
    }
    out
}

/// Who acted; the server itself where nobody asked.
fn actor(event: &Event<'_>) -> Value {
    let mut out = Value::Object(Map::new());
    match event.text("principal.id") {
        Some(id) => {
            let mut user = json!({"name": id, "uid": id});
            put(
                &mut user,
                "domain",
                event.text("principal.iss").map(Value::from),
            );
            let roles = event.texts("principal.roles").iter();
            let groups: Vec<Value> = roles.map(|role| json!({"name": role})).collect();
            put(
                &mut user,
                "groups",
                (!groups.is_empty()).then(|| Value::from(groups)),
            );
            put(&mut out, "user", Some(user));
        }
        None => put(
            &mut out,
            "app_name",
            Some(json!(event.text("server.name").unwrap_or("unknown"))),
        ),
    }
    let session = event.text("session.id").map(|id| json!({"uid": id}));
    put(&mut out, "session", session);
    let decision = event.text("decision");
    let decision = decision.map(|decision| json!([{"decision": decision}]));
    put(&mut out, "authorizations", decision);
    out
}

fn api(event: &Event<'_>) -> Value {
    let mut out = json!({"operation": operation(event)});
    let request = event
        .text("jsonrpc.request.id")
        .map(|id| json!({"uid": id}));
    put(&mut out, "request", request);
    put(
        &mut out,
        "version",
        event.text("mcp.protocol.version").map(Value::from),
    );
    let error = event.text("error.type").map(|code| json!({"error": code}));
    put(&mut out, "response", error);
    out
}

/// An address where there is one; else the way by which the client is connected.
fn source(event: &Event<'_>) -> Value {
    let address = event.text("client.address").unwrap_or("unknown");
    let mut out = if address.parse::<IpAddr>().is_ok() {
        json!({"ip": address})
    } else {
        json!({"name": address})
    };
    put(
        &mut out,
        "svc_name",
        event.text("client.name").map(Value::from),
    );
    out
}

/// One for the level and one for each category; OCSF has no number for most of our words.
fn classifications(event: &Event<'_>) -> Option<Value> {
    let level = event.text("label.level")?;
    let id = match level {
        "public" => 1,
        "confidential" => 2,
        _ => 99,
    };
    let mut all = vec![json!({"confidentiality": level, "confidentiality_id": id})];
    for category in event.texts("label.categories") {
        let id = if category == "personal" { 1 } else { 99 };
        all.push(json!({"category": category, "category_id": id}));
    }
    Some(Value::from(all))
}

fn put(object: &mut Value, key: &str, value: Option<Value>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(key.to_owned(), value);
    }
}

const CLASS: u32 = 6003;
/// What stands in attributes of the class.
const MAPPED: [&str; 21] = [
    "id",
    "time",
    "seq",
    "server.name",
    "server.version",
    "principal.iss",
    "principal.id",
    "principal.roles",
    "session.id",
    "client.address",
    "client.name",
    "gen_ai.tool.name",
    "mcp.protocol.version",
    "jsonrpc.request.id",
    "label.level",
    "label.categories",
    "outcome",
    "error.type",
    "error.ref",
    "reason",
    "trace_id",
];
