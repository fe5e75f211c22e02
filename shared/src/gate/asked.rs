//! Reduces a request to what may be recorded of it.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the protocol library adds variants; what is not known gets the strictest reading"
)]

use std::borrow::Cow;

use chrono::DateTime;
use chrono::Utc;
use rmcp::RoleServer;
use rmcp::model::ClientRequest;
use rmcp::service::RequestContext;

use super::desk::Desk;
use super::ids::record_id;
use super::outcome;
use super::outcome::Asked;
use super::outcome::id_text;
use crate::schema;
use crate::server::Server;
use crate::server::Tool;
use crate::trace::Parent;
use crate::trace::Span;

impl Desk {
    /// Reduces a request to what may be recorded of it.
    pub(super) fn asked<S: Server>(
        &self,
        server: &S,
        request: &ClientRequest,
        context: &RequestContext<RoleServer>,
        now: DateTime<Utc>,
    ) -> Asked {
        let version = context.protocol_version();
        let version = version.as_ref();
        let id = record_id(now);
        let parent = context.meta.get_traceparent().and_then(Parent::parse);
        let mut asked = Asked {
            id,
            time: now,
            kind: outcome::kind_of(request, version, context),
            method: Cow::Borrowed(""),
            request_id: Some(id_text(&context.id)),
            version: version.map(outcome::version_text),
            client: client(context),
            tool: None,
            resource: None,
            shape: None,
            hmac: None,
            span: parent.and_then(|parent| Span::below(parent, id)),
            modern: outcome::is_modern(version),
            announced: false,
            writes: false,
        };
        asked.method = match request {
            ClientRequest::CustomRequest(custom) => self.stranger(&custom.method),
            ClientRequest::CallToolRequest(_) => Cow::Borrowed(TOOLS_CALL),
            known => Cow::Owned(known.method().to_owned()),
        };
        match request {
            ClientRequest::CallToolRequest(call) => {
                let given = call.params.arguments.as_ref();
                let tool = server
                    .tools()
                    .iter()
                    .find(|tool| tool.name == call.params.name);
                asked.tool = Some(match tool {
                    Some(tool) => Cow::Borrowed(tool.name),
                    None => self.stranger(&call.params.name),
                });
                asked.announced = tool.is_some_and(Tool::is_announced);
                asked.writes = tool.is_some_and(|tool| tool.writes);
                if let Some(given) = given {
                    let parameters = tool.map_or(&[][..], |tool| tool.parameters);
                    asked.shape = Some(Cow::Owned(schema::shape(parameters, given)));
                    let bytes = serde_json::to_vec(given).unwrap_or_default();
                    asked.hmac = Some(Cow::Owned(self.audit().hmac(&[&bytes])));
                }
            }
            ClientRequest::ReadResourceRequest(read) => {
                asked.resource = Some(read.params.uri.clone());
            }
            ClientRequest::SubscribeRequest(subscribe) => {
                asked.resource = Some(subscribe.params.uri.clone());
            }
            ClientRequest::UnsubscribeRequest(unsubscribe) => {
                asked.resource = Some(unsubscribe.params.uri.clone());
            }
            _ => {}
        }
        asked
    }

    /// A name from outside that is none of ours: recorded so that equal ones can be told, and
    /// nothing can be written into the trail.
    fn stranger(&self, name: &str) -> Cow<'static, str> {
        Cow::Owned(format!("?{}", self.audit().hmac(&[name.as_bytes()])))
    }
}

/// What the client calls itself: in this request, else in the handshake.
fn client(context: &RequestContext<RoleServer>) -> Option<Cow<'static, str>> {
    if context.meta.is_empty() {
        // the whole of it need not be copied for its name
        let info = context.peer.peer_info();
        return info.map(|info| Cow::Owned(info.client_info.name.clone()));
    }
    context.client_info().map(|client| Cow::Owned(client.name))
}

const TOOLS_CALL: &str = "tools/call";
