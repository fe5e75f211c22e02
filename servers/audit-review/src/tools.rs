//! The tools as the model sees them.
//!
//! # Invariants
//!
//! - Every tool needs the permission `audit:read`; all definitions together take less than 4 kB.
//! - Nothing in an answer, no count, cursor or number of a line, depends on a record that the
//!   caller may not see (property test).
//! - Every answer is marked untrusted: what clients and files call themselves stands in it.

mod asked;
mod count;
mod page;
mod record;
mod search;
mod verify;

use std::sync::Arc;

use guard::call::Call;
use guard::error::Denial;
use guard::schema::Arguments;
use guard::schema::Kind;
use guard::schema::Parameter;
use guard::server::Answer;
use guard::server::Outcome;
use guard::server::Tool;

use crate::server::Inner;

/// The tools, sorted by name.
pub(crate) const TOOLS: [Tool; 4] = [
    Tool {
        about: "Count who accessed what, by group: requests, items, bytes.",
        parameters: &[
            Parameter::new("group_by", Kind::Texts(count::BY.len(), 16), count::WORDS),
            SINCE,
            UNTIL,
            PRINCIPAL,
            RESOURCE,
            TOOL,
            SERVER,
            SESSION,
            OUTCOME,
            LABEL,
            ERROR,
            Parameter::new("limit", Kind::Whole(1, count::MOST), "groups; 50"),
        ],
        output: r#"{"type":"object","properties":{"groups":{"type":"array"},"requests":{"type":"integer"},"others":{"type":"object"}}}"#,
        ..tool("count_access")
    },
    Tool {
        about: "All fields of one record.",
        parameters: &[
            Parameter::new("id", Kind::Text(36), ""),
            Parameter::new("seq", Kind::Whole(1, i64::MAX), "instead of id"),
        ],
        output: r#"{"type":"object","properties":{"record":{"type":"object"}}}"#,
        ..tool("read_record")
    },
    Tool {
        about: "Search the audit trail, one record a line: id or #seq, time, principal, tool, \
                resource, label, outcome, amount.",
        parameters: &[
            SINCE,
            UNTIL,
            PRINCIPAL,
            RESOURCE,
            TOOL,
            SERVER,
            SESSION,
            Parameter::new("kind", Kind::Choice(&KINDS), ""),
            OUTCOME,
            LABEL,
            ERROR,
            Parameter::new("intents", Kind::Flag, "announcements of effects, too"),
            Parameter::new("order", Kind::Choice(&["newest", "oldest"]), ""),
            Parameter::new("limit", Kind::Whole(1, search::MOST), "50"),
            Parameter::new("cursor", Kind::Text(1024), "from `next`"),
        ],
        output: r#"{"type":"object","properties":{"records":{"type":"integer"},"truncated":{"type":"boolean"},"next":{"type":"string"}}}"#,
        ..tool("search_records")
    },
    Tool {
        about: "Whether the trail is what was written, and what that cannot exclude.",
        parameters: &[],
        output: r#"{"type":"object","properties":{"verdict":{"type":"string"}}}"#,
        ..tool("verify_trail")
    },
];

const fn tool(name: &'static str) -> Tool {
    Tool {
        name,
        title: "",
        about: "",
        parameters: &[],
        output: "",
        permission: Some("audit:read"),
        open_world: false,
        writes: false,
    }
}

const SINCE: Parameter = Parameter::new("since", Kind::Text(64), "RFC 3339");
const UNTIL: Parameter = Parameter::new("until", Kind::Text(64), "exclusive");
const PRINCIPAL: Parameter = Parameter::new("principal", Kind::Text(TEXT), "`*`: any text");
const RESOURCE: Parameter = Parameter::new("resource", Kind::Text(4096), "`*/hr/*`");
const TOOL: Parameter = Parameter::new("tool", Kind::Text(TEXT), "");
const SERVER: Parameter = Parameter::new("server", Kind::Text(TEXT), "");
const SESSION: Parameter = Parameter::new("session", Kind::Text(TEXT), "");
const OUTCOME: Parameter = Parameter::new("outcome", Kind::Choice(&OUTCOMES), "");
const LABEL: Parameter = Parameter::new("label", Kind::Text(TEXT), "level or category");
const ERROR: Parameter = Parameter::new("error", Kind::Text(TEXT), "code");
const KINDS: [&str; 6] = ["request", "auth", "session", "admin", "detect", "log"];
const OUTCOMES: [&str; 5] = ["allowed", "denied", "error", "cancelled", "unknown"];
const TEXT: usize = 256;

/// Answers a call of one of [`TOOLS`].
pub(crate) async fn call(
    inner: &Arc<Inner>,
    call: Call,
    tool: &'static str,
    arguments: Arguments,
) -> Outcome<Answer> {
    type Work = fn(&Inner, &Call, Arguments) -> Outcome<Answer>;
    let (bytes, work): (usize, Work) = match tool {
        "count_access" => (count::BYTES, count::count),
        "read_record" => (record::BYTES, record::read),
        "search_records" => (search::BYTES, search::search),
        "verify_trail" => (verify::BYTES, verify::verify),
        _ => return Err(Denial::UnknownTool.into()),
    };
    inner
        .run(&call, bytes as u64, move |inner, call| {
            work(inner, call, arguments)
        })
        .await
}

#[cfg(test)]
mod tests;
