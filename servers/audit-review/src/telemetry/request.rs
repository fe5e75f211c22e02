//! Reads what a record says of a request, as far as it may leave.
//!
//! # Invariants
//!
//! - Each text is a [`word`](super::word).

use chrono::DateTime;
use chrono::Utc;

use guard::audit::Event;
use guard::gate::is_known_version;

use super::word;

/// A request and how it ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) event: &'a Event<'a>,
    pub(super) service: &'a str,
    pub(super) method: &'a str,
    pub(super) tool: Option<&'a str>,
    /// The version of the protocol, if it is one that there is.
    pub(super) version: Option<&'a str>,
    pub(super) transport: Option<&'a str>,
    pub(super) outcome: &'a str,
    /// Our own code of what went wrong.
    pub(super) code: Option<&'a str>,
    /// The level of what was given.
    pub(super) level: Option<&'a str>,
    pub(super) begun: DateTime<Utc>,
    /// Microseconds; nothing where it is not known when it ended.
    pub(super) took: Option<u64>,
}

impl<'a> Request<'a> {
    /// What `event` says, if it is the outcome of a request.
    pub(super) fn of(event: &'a Event<'a>) -> Option<Self> {
        if event.text("kind") != Some("request") || event.text("phase") != Some("outcome") {
            return None;
        }
        let name = |key| event.text(key).map(word);
        let version = event.text("mcp.protocol.version");
        Some(Self {
            event,
            service: name("server.name").unwrap_or(super::UNKNOWN),
            method: name("mcp.method.name").unwrap_or(super::UNKNOWN),
            tool: name("gen_ai.tool.name"),
            version: version.filter(|version| is_known_version(version)),
            transport: name("network.transport"),
            outcome: name("outcome").unwrap_or(super::UNKNOWN),
            code: name("error.type"),
            level: name("label.level"),
            begun: event.time()?,
            took: event.number("duration_us"),
        })
    }

    /// Whether it is a call of a tool.
    pub(super) fn is_call(&self) -> bool {
        self.method == "tools/call"
    }

    /// `error.type`, where the conventions see an error of the server: what a tool refuses is
    /// `tool_error`; what a caller asked wrongly elsewhere is none.
    pub(super) fn failure(&self) -> Option<&'a str> {
        let code = self.code.unwrap_or("_OTHER");
        match self.outcome {
            "allowed" => None,
            "cancelled" if code == "cancelled" => Some(code),
            _ if self.is_call() && !UNROUTABLE.contains(&code) => Some("tool_error"),
            "denied" if !OWN.contains(&code) => None,
            _ => Some(code),
        }
    }
}

/// Answered as no call of a tool at all.
const UNROUTABLE: [&str; 3] = ["unknown_tool", "not_permitted", "invalid_request"];
/// Denials that say nothing against the request.
const OWN: [&str; 3] = ["busy", "quota", "expired"];
