//! Log records of OpenTelemetry, in the JSON encoding of OTLP 1.x.
//!
//! | of a record                  | becomes                                                  |
//! |------------------------------|----------------------------------------------------------|
//! | `time`                       | `timeUnixNano`                                           |
//! | the line                     | the body, byte for byte                                  |
//! | `trace_id`, `span_id`        | the ids of the log record                                |
//! | `server.*`                   | the resource: `service.name`, `.version`, `.instance.id` |
//! | what the conventions name    | that attribute, as `gen_ai.tool.name` or `user.id`       |
//! | everything else              | an attribute `keyhole.KEY`                               |
//!
//! # Invariants
//!
//! - An id that the protocol would refuse is left out of its place; the body has it all the same.

use serde_json::Value;
use serde_json::json;

use guard::audit::Event;
use guard::audit::Field;

use super::batch::Item;
use super::batch::weight;

/// The body of a request that holds `items`, observed at `now`, in nanoseconds since 1970.
#[must_use]
pub fn body(items: &[Item], now: i64) -> String {
    let mut out = String::from("{\"resourceLogs\":[");
    let mut last: Option<Resource> = None;
    for item in items {
        let line = item.text();
        let event = match item {
            Item::Line(_) => Event::parse(line.as_bytes()).ok(),
            Item::Notice(_) => None,
        };
        let resource = Resource::of(event.as_ref());
        // only neighbours are put together, so that the order stays
        if last.as_ref() == Some(&resource) {
            out.push(',');
        } else {
            if last.is_some() {
                out.push_str("]}]},");
            }
            let attributes = Value::from(resource.attributes());
            let scope = json!({"name": SCOPE});
            out.push_str(&format!(
                "{{\"resource\":{{\"attributes\":{attributes}}},\"scopeLogs\":[{{\"scope\":{scope},\"logRecords\":["
            ));
            last = Some(resource);
        }
        // one at a time: as values a batch takes many times its bytes
        out.push_str(&record(item, &line, event.as_ref(), now).to_string());
    }
    out.push_str(if last.is_some() { "]}]}]}" } else { "]}" });
    out
}

/// Which process wrote it.
#[derive(Eq, PartialEq)]
struct Resource([Option<String>; 3]);

impl Resource {
    fn of(event: Option<&Event<'_>>) -> Self {
        let field = |key| event.and_then(|event| event.text(key)).map(str::to_owned);
        Self(SERVER.map(|(key, _)| field(key)))
    }

    fn attributes(&self) -> Vec<Value> {
        let [name, ..] = &self.0;
        let mut out = Vec::new();
        if name.is_none() {
            // the one attribute that a resource must have
            out.push(attribute(
                "service.name",
                &json!({"stringValue": "keyhole"}),
            ));
        }
        for ((_, key), value) in SERVER.iter().zip(&self.0) {
            if let Some(value) = value {
                out.push(attribute(key, &json!({"stringValue": value})));
            }
        }
        out
    }
}

fn record(item: &Item, line: &str, event: Option<&Event<'_>>, now: i64) -> Value {
    let (number, text) = weight(event).otel();
    let time = event.and_then(Event::time);
    let time = time.and_then(|time| time.timestamp_nanos_opt());
    let mut out = json!({
        "timeUnixNano": time.unwrap_or(now).to_string(),
        "observedTimeUnixNano": now.to_string(),
        "severityNumber": number,
        "severityText": text,
        "body": {"stringValue": line},
        "attributes": event.map_or_else(|| noticed(item), attributes),
    });
    for (key, own, digits) in [("trace_id", "traceId", 32), ("span_id", "spanId", 16)] {
        let id = event.and_then(|event| event.text(key));
        if let (Some(out), Some(id)) = (out.as_object_mut(), id.filter(|id| is_id(id, digits))) {
            out.insert(own.to_owned(), id.into());
        }
    }
    out
}

fn noticed(item: &Item) -> Vec<Value> {
    let name = match item {
        Item::Line(_) => "unreadable",
        Item::Notice(notice) => notice.name(),
    };
    vec![attribute("keyhole.notice", &json!({"stringValue": name}))]
}

fn attributes(event: &Event<'_>) -> Vec<Value> {
    let fields = event.fields().filter(|(key, _)| !LEFT_OUT.contains(key));
    let named = fields.map(|(key, field)| {
        let known = NAMED.iter().find(|(own, _)| *own == key);
        let value = value(field);
        match known {
            Some((_, name)) => attribute(name, &value),
            None => attribute(&format!("keyhole.{key}"), &value),
        }
    });
    named.collect()
}

fn attribute(key: &str, value: &Value) -> Value {
    json!({"key": key, "value": value})
}

/// `AnyValue`; numbers of 64 bits are texts (the JSON mapping of Protocol Buffers).
fn value(field: &Field<'_>) -> Value {
    match field {
        Field::Text(text) => json!({"stringValue": text}),
        Field::Number(number) => match i64::try_from(*number) {
            Ok(number) => json!({"intValue": number.to_string()}),
            Err(_) => json!({"stringValue": number.to_string()}),
        },
        Field::Flag(flag) => json!({"boolValue": flag}),
        Field::Texts(texts) => {
            let texts: Vec<Value> = texts
                .iter()
                .map(|text| json!({"stringValue": text}))
                .collect();
            json!({"arrayValue": {"values": texts}})
        }
    }
}

/// Hexadecimal, and not all zeros (W3C Trace Context).
fn is_id(text: &str, digits: usize) -> bool {
    let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == digits && text.bytes().all(hex) && text.bytes().any(|byte| byte != b'0')
}

const SCOPE: &str = "keyhole.audit";
const SERVER: [(&str, &str); 3] = [
    ("server.name", "service.name"),
    ("server.version", "service.version"),
    ("server.instance", "service.instance.id"),
];
/// What stands elsewhere in the log record. The tree of a checkpoint is in the body.
const LEFT_OUT: [&str; 8] = [
    "time",
    "trace_id",
    "span_id",
    "server.name",
    "server.version",
    "server.instance",
    "tree.frontier",
    "v",
];
/// What the semantic conventions have a name for.
const NAMED: [(&str, &str); 15] = [
    ("id", "log.record.uid"),
    ("principal.id", "user.id"),
    ("principal.roles", "user.roles"),
    ("session.id", "session.id"),
    ("client.address", "client.address"),
    ("network.transport", "network.transport"),
    ("mcp.method.name", "mcp.method.name"),
    ("mcp.protocol.version", "mcp.protocol.version"),
    ("mcp.resource.uri", "mcp.resource.uri"),
    ("jsonrpc.request.id", "jsonrpc.request.id"),
    ("gen_ai.tool.name", "gen_ai.tool.name"),
    ("error.type", "error.type"),
    ("http.route", "http.route"),
    ("http.status", "http.response.status_code"),
    ("db.fingerprint", "db.query.summary"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::batch::Notice;

    fn line(server: &str, more: &str) -> Item {
        Item::Line(format!(
            "{{\"t\":\"event\",\"seq\":7,\"time\":\"2026-05-05T12:00:00.000001Z\",\"server.name\":\"{server}\"{more}}}"
        ))
    }

    fn read(items: &[Item]) -> Value {
        serde_json::from_str(&body(items, 1_800_000_000_000_000_000)).unwrap()
    }

    #[test]
    fn a_record_has_its_time_severity_body_ids_and_names() {
        let more = ",\"principal.id\":\"ada\",\"principal.roles\":[\"x\"],\"outcome\":\"denied\",\
             \"result.items\":3,\"result.truncated\":true,\
             \"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"span_id\":\"00f067aa0ba902b7\"";
        let item = line("readonly-fs", more);
        let read = read(std::slice::from_ref(&item));
        let group = &read["resourceLogs"][0];
        assert_eq!(group["resource"]["attributes"][0]["key"], "service.name");
        let record = &group["scopeLogs"][0]["logRecords"][0];
        assert_eq!(record["timeUnixNano"], "1777982400000001000");
        assert_eq!(record["severityNumber"], 13);
        assert_eq!(record["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(record["spanId"], "00f067aa0ba902b7");
        assert_eq!(record["body"]["stringValue"], item.text().as_ref());
        let attributes = record["attributes"].as_array().unwrap();
        let of = |key: &str| {
            let found = attributes.iter().find(|one| one["key"] == key);
            found.unwrap_or_else(|| panic!("{key}"))["value"].clone()
        };
        assert_eq!(of("user.id")["stringValue"], "ada");
        assert_eq!(
            of("user.roles")["arrayValue"]["values"][0]["stringValue"],
            "x"
        );
        assert_eq!(of("keyhole.result.items")["intValue"], "3");
        assert_eq!(of("keyhole.result.truncated")["boolValue"], true);
        assert_eq!(of("keyhole.seq")["intValue"], "7");
    }

    #[test]
    fn neighbours_of_one_server_share_a_resource_and_the_order_stays() {
        let gap = Notice::Gap { after: 1, next: 5 };
        let items = [
            line("a", ""),
            line("a", ""),
            line("b", ""),
            Item::Notice(gap),
            line("a", ""),
        ];
        let read = read(&items);
        let groups = read["resourceLogs"].as_array().unwrap();
        let counts = groups.iter().map(|group| {
            group["scopeLogs"][0]["logRecords"]
                .as_array()
                .unwrap()
                .len()
        });
        assert_eq!(counts.collect::<Vec<_>>(), [2, 1, 1, 1]);
    }

    #[test]
    fn an_id_that_is_none_is_left_out() {
        for id in [
            "",
            "x",
            "00000000000000000000000000000000",
            "4BF92F3577B34DA6A3CE929D0E0E4736",
        ] {
            let read = read(&[line("a", &format!(",\"trace_id\":\"{id}\""))]);
            let record = &read["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0];
            assert!(record.get("traceId").is_none(), "{id}");
        }
    }
}
