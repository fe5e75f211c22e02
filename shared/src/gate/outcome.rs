//! What was asked and how it ended, as far as the record and the reply need it.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the protocol library adds variants; what is not known gets the strictest reading"
)]

use std::borrow::Cow;

use chrono::DateTime;
use chrono::Utc;
use rmcp::ErrorData;
use rmcp::RoleServer;
use rmcp::model::ClientRequest;
use rmcp::model::ErrorCode;
use rmcp::model::ProtocolVersion;
use rmcp::model::RequestId;
use rmcp::model::ServerResult;
use rmcp::service::RequestContext;
use uuid::Uuid;

use crate::audit::Outcome;
use crate::error::Denial;
use crate::trace::Span;

/// One request, reduced to what may be recorded of it.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The id of its audit record; a caller may quote it.
    pub(crate) id: Uuid,
    pub(crate) time: DateTime<Utc>,
    pub(crate) kind: Kind,
    pub(crate) method: Cow<'static, str>,
    /// None where the request has none that can be read.
    pub(crate) request_id: Option<String>,
    pub(crate) version: Option<Cow<'static, str>>,
    pub(crate) client: Option<Cow<'static, str>>,
    pub(crate) tool: Option<Cow<'static, str>>,
    pub(crate) resource: Option<String>,
    pub(crate) shape: Option<Cow<'static, str>>,
    pub(crate) hmac: Option<Cow<'static, str>>,
    /// The span that it is of its caller's trace.
    pub(crate) span: Option<Span>,
    pub(crate) modern: bool,
    /// Whether it is announced first.
    pub(crate) announced: bool,
    /// Whether it may change something: given up halfway, nobody can say if it did.
    pub(crate) writes: bool,
}

/// How a request wants to be answered when it fails.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A tool's failure is a result, so that the model sees it.
    Tool,
    /// A resource that is not there has a code of its own.
    Resource,
    /// A stream of notifications.
    Subscription,
    /// A list, completion or other question.
    Other,
    /// Handshakes and liveness: no data, so no quota and no place in the queue.
    Lifecycle,
}

impl Asked {
    /// A request that was refused before anybody read what it wants.
    pub(super) fn unread(id: Uuid, time: DateTime<Utc>, request: Option<&RequestId>) -> Self {
        Self {
            id,
            time,
            kind: Kind::Lifecycle,
            method: Cow::Borrowed("?"),
            request_id: request.map(id_text),
            version: None,
            client: None,
            tool: None,
            resource: None,
            shape: None,
            hmac: None,
            span: None,
            modern: false,
            announced: false,
            writes: false,
        }
    }

    pub(crate) const fn is_subscription(&self) -> bool {
        matches!(self.kind, Kind::Subscription)
    }

    pub(crate) const fn is_lifecycle(&self) -> bool {
        matches!(self.kind, Kind::Lifecycle)
    }
}

/// Which kind of request this is, as it will be answered: a subscription that the protocol layer
/// is going to refuse never opens, so it is a question like any other.
pub(super) fn kind_of(
    request: &ClientRequest,
    version: Option<&ProtocolVersion>,
    context: &RequestContext<RoleServer>,
) -> Kind {
    let opens = || {
        let spoken = version.is_some_and(|v| ProtocolVersion::KNOWN_VERSIONS.contains(v));
        let modern = ProtocolVersion::V_2026_07_28;
        let complete = context.meta.missing_required_keys(&modern).is_empty();
        is_modern(version) && spoken && complete
    };
    match kind(request) {
        Kind::Subscription if !opens() => Kind::Other,
        kind => kind,
    }
}

/// Which kind of request this is.
const fn kind(request: &ClientRequest) -> Kind {
    match request {
        ClientRequest::CallToolRequest(_) => Kind::Tool,
        ClientRequest::ReadResourceRequest(_)
        | ClientRequest::SubscribeRequest(_)
        | ClientRequest::UnsubscribeRequest(_) => Kind::Resource,
        ClientRequest::SubscriptionsListenRequest(_) => Kind::Subscription,
        ClientRequest::PingRequest(_)
        | ClientRequest::InitializeRequest(_)
        | ClientRequest::DiscoverRequest(_) => Kind::Lifecycle,
        _ => Kind::Other,
    }
}

/// Whether the request speaks the protocol of 2026-07-28 or later. The versions are dates in
/// ISO form, so their order is that of their texts.
pub(super) fn is_modern(version: Option<&ProtocolVersion>) -> bool {
    version.is_some_and(|v| v.as_str() >= ProtocolVersion::V_2026_07_28.as_str())
}

/// Whether `text` is a version of the protocol, as a record writes it, that is spoken here.
#[must_use]
pub fn is_known_version(text: &str) -> bool {
    let mut known = ProtocolVersion::KNOWN_VERSIONS.iter();
    known.any(|known| known.as_str() == text)
}

/// The version as a record writes it.
pub(super) fn version_text(version: &ProtocolVersion) -> Cow<'static, str> {
    let known = ProtocolVersion::KNOWN_VERSIONS.iter();
    match known.into_iter().find(|known| *known == version) {
        Some(known) => Cow::Borrowed(known.as_str()),
        None => Cow::Owned(version.as_str().to_owned()),
    }
}

/// The id of a request as text, bounded by the record's own limit.
pub(crate) fn id_text(id: &RequestId) -> String {
    id.to_string()
}

/// How a request ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) reply: Result<Reply, ErrorData>,
    pub(super) outcome: Outcome,
    /// Why it was not allowed.
    pub(super) error: Option<&'static str>,
    /// Under which reference the operator's log has the cause.
    pub(super) reference: bool,
}

/// What leaves.
#[derive(Debug)]
pub(super) enum Reply {
    /// A result that the protocol layer writes.
    Result(Box<ServerResult>),
    /// A line that is written already.
    Line(Vec<u8>),
}

impl Reply {
    /// What the protocol layer is to say, and the line that leaves instead. Should that line be
    /// lost on its way, what leaves is nothing.
    pub(super) fn split(self) -> (ServerResult, Option<Vec<u8>>) {
        match self {
            Self::Result(result) => (*result, None),
            Self::Line(line) => (ServerResult::empty(()), Some(line)),
        }
    }
}

impl Ended {
    pub(super) fn allowed(result: ServerResult) -> Self {
        Self::with(Reply::Result(Box::new(result)))
    }

    pub(super) const fn written(line: Vec<u8>) -> Self {
        Self::with(Reply::Line(line))
    }

    const fn with(reply: Reply) -> Self {
        Self {
            reply: Ok(reply),
            outcome: Outcome::Allowed,
            error: None,
            reference: false,
        }
    }

    /// A request that the protocol layer itself refused.
    pub(super) fn refused_by_protocol(error: ErrorData) -> Self {
        let rule = if error.code == ErrorCode::METHOD_NOT_FOUND {
            "unknown_method"
        } else {
            "invalid_request"
        };
        Self {
            reply: Err(error),
            outcome: Outcome::Denied,
            error: Some(rule),
            reference: false,
        }
    }
}

/// The outcome word of a denial.
pub(super) fn outcome_of(denial: Denial) -> Outcome {
    if denial == Denial::Cancelled || denial == Denial::TimedOut {
        Outcome::Cancelled
    } else {
        Outcome::Denied
    }
}
