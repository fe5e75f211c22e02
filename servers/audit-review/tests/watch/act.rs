//! A record as a simulated server would write it.

use audit_review::watch::seen::Seen;
use chrono::DateTime;
use chrono::SecondsFormat;
use serde_json::Value;
use serde_json::json;

/// One record.
#[derive(Clone, Debug, Default)]
pub(crate) struct Act {
    pub(crate) time: i64,
    pub(crate) kind: &'static str,
    pub(crate) action: &'static str,
    pub(crate) server: &'static str,
    pub(crate) instance: String,
    pub(crate) who: Option<String>,
    pub(crate) address: String,
    pub(crate) resource: Option<String>,
    pub(crate) tables: Option<String>,
    pub(crate) request: Option<String>,
    pub(crate) level: Option<&'static str>,
    pub(crate) categories: Vec<&'static str>,
    pub(crate) outcome: &'static str,
    pub(crate) error: &'static str,
    pub(crate) items: u64,
    pub(crate) bytes: u64,
    /// The injection that it belongs to.
    pub(crate) injected: Option<usize>,
}

impl Act {
    /// As the detectors see it.
    pub(crate) fn seen(&self, seq: u64) -> Seen<'_> {
        Seen {
            seq,
            time: Some(self.time),
            kind: self.kind,
            is_intent: false,
            action: self.action,
            server: self.server,
            instance: &self.instance,
            issuer: self.who.as_ref().map_or("", |_| "https://id.example"),
            who: self.who.as_deref(),
            address: self.who.as_ref().map(|_| &*self.address),
            resource: self.resource.as_deref(),
            tables: self.tables.as_deref(),
            request: self.request.as_deref(),
            level: self.level,
            categories: self.categories.clone(),
            outcome: self.outcome,
            error: self.error,
            items: self.items,
            bytes: self.bytes,
            is_cut: false,
        }
    }

    /// As it stands in a trail, without what binds it to others.
    pub(crate) fn json(&self, seq: u64) -> Value {
        let time = DateTime::from_timestamp(self.time, 0).unwrap();
        let mut record = json!({
            "v": 1, "t": "event", "seq": seq, "kind": self.kind,
            "time": time.to_rfc3339_opts(SecondsFormat::Micros, true),
            "server.name": self.server, "server.instance": self.instance,
        });
        let mut put = |key: &str, value: Value| record[key] = value;
        if !self.action.is_empty() {
            put("action", json!(self.action));
        }
        if self.kind == "request" {
            put("phase", json!("outcome"));
        }
        if let Some(who) = &self.who {
            put("principal.iss", json!("https://id.example"));
            put("principal.id", json!(who));
            put("client.address", json!(self.address));
        }
        for (key, value) in [
            ("mcp.resource.uri", &self.resource),
            ("db.tables", &self.tables),
            ("api.request", &self.request),
        ] {
            if let Some(value) = value {
                put(key, json!(value));
            }
        }
        if let Some(level) = self.level {
            put("label.level", json!(level));
        }
        if !self.categories.is_empty() {
            put("label.categories", json!(self.categories));
        }
        if !self.outcome.is_empty() {
            put("outcome", json!(self.outcome));
        }
        if !self.error.is_empty() {
            put("error.type", json!(self.error));
        }
        if self.outcome == "allowed" {
            put("result.items", json!(self.items));
            put("result.bytes", json!(self.bytes));
        }
        record
    }
}
