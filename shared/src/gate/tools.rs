//! A call of a tool, from its arguments to the line that leaves.
//!
//! Nearly all requests are calls of a tool, so they do not go through the protocol library's own
//! dispatch, and what they answer is written once.

use rmcp::model::CallToolRequestParams;
use rmcp::model::Implementation;
use rmcp::model::RequestId;

use super::handler::Handler;
use super::model;
use super::outcome::Asked;
use super::written::Line;
use crate::call::Call;
use crate::error::Denial;
use crate::error::Refusal;
use crate::label::Label;
use crate::label::Labeled;
use crate::label::wire;
use crate::label::wire::Written;
use crate::schema::Arguments;
use crate::server::Answer;
use crate::server::Server;

/// What is said in `_meta` of every answer: its label, and since 2026-07-28 who answers.
#[derive(Debug)]
pub(super) struct Labels {
    older: Written,
    modern: Written,
    server: serde_json::Map<String, serde_json::Value>,
}

impl Labels {
    pub(super) fn new(implementation: &Implementation) -> Self {
        let info = serde_json::to_value(implementation).unwrap_or_default();
        let server: serde_json::Map<_, _> = [(SERVER_INFO.to_owned(), info)].into_iter().collect();
        Self {
            older: Written::default(),
            modern: Written::with(server.clone()),
            server,
        }
    }

    const fn of(&self, modern: bool) -> &Written {
        if modern { &self.modern } else { &self.older }
    }
}

/// An answer that may leave.
struct Released {
    answer: Answer,
    label: Label,
    /// How many bytes the content takes at most.
    weight: u64,
}

impl<S: Server> Handler<S> {
    /// Answers a call of a tool with the line that is to leave.
    pub(super) async fn call_tool(
        &self,
        call: &Call,
        asked: &Asked,
        id: &RequestId,
        params: CallToolRequestParams,
    ) -> Result<Vec<u8>, Refusal> {
        let Released {
            answer,
            label,
            weight,
        } = self.tool(call, asked, params).await?;
        let (taxonomy, labels) = (self.desk.taxonomy(), self.labels.of(asked.modern));
        let meta = (answer.blocks.len() > 1).then(|| {
            let id = call.id().to_string();
            let mut meta = wire::meta(taxonomy, label, answer.untrusted, Some(&id));
            if asked.modern {
                meta.0.extend(self.labels.server.clone());
            }
            meta
        });
        let line = Line {
            id,
            modern: asked.modern,
            content: &model::blocks(answer.blocks, meta.as_ref()),
            structured: &answer.structured,
        };
        let marks = (label, answer.untrusted);
        Ok(line.write(weight, |line| labels.push(line, taxonomy, marks, call.id()))?)
    }

    async fn tool(
        &self,
        call: &Call,
        asked: &Asked,
        params: CallToolRequestParams,
    ) -> Result<Released, Refusal> {
        let found = self.tools.iter().find(|(tool, _)| tool.name == params.name);
        let (tool, _) = found.ok_or(Denial::UnknownTool)?;
        if !self.may_use(call.caller(), tool) {
            return Err(Denial::NotPermitted.into());
        }
        if let Some(permission) = tool.permission {
            call.allowed_by(permission);
        }
        let given = params.arguments.unwrap_or_default();
        let arguments = Arguments::check(tool.parameters, given)?;
        if tool.is_announced() {
            self.desk.announce(call, asked).await?;
        }
        let labeled = self.server.call(call.clone(), tool.name, arguments).await?;
        let released = release(call, labeled).await;
        if released.is_err() {
            // what it did is done, whoever may not see the answer
            call.abandon();
        }
        Ok(released?)
    }
}

/// Lets out an answer that the caller may see, within the quota, when there is memory for it.
async fn release(call: &Call, labeled: Labeled<Answer>) -> Result<Released, Denial> {
    let label = labeled.label();
    let answer = labeled.release(call.caller().clearance)?;
    let size = model::size(&answer.blocks) + answer.structured.as_json().len() as u64;
    let weight = model::weight(&answer.blocks);
    call.reserve(weight).await?;
    call.give(label, answer.items, size, answer.truncated)?;
    Ok(Released {
        answer,
        label,
        weight,
    })
}

/// SHOULD be in every result since 2026-07-28 (SEP-2575).
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
