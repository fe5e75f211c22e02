//! The answer of a tool as the line that leaves: written once, from what the server gave.
//!
//! # Invariants
//!
//! - The line is what the protocol library would write for the same answer (test).
//! - Every line says how its answer is labelled.

use rmcp::model::ContentBlock;
use rmcp::model::RequestId;

use crate::error::Fault;
use crate::error::fault;
use crate::server::Facts;

/// What a line holds.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) id: &'a RequestId,
    /// Whether the peer speaks the protocol of 2026-07-28 or later.
    pub(super) modern: bool,
    pub(super) content: &'a [ContentBlock],
    pub(super) structured: &'a Facts,
}

impl Line<'_> {
    /// The line, with its line feed. `content` takes at most `weight` bytes; `meta` appends what
    /// `_meta` is.
    pub(super) fn write(
        &self,
        weight: u64,
        meta: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Vec<u8>, Fault> {
        let weight = usize::try_from(weight).unwrap_or_default();
        let structured = self.structured.as_json().as_bytes();
        let mut line = Vec::with_capacity(weight + structured.len() + USUAL);
        line.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
        serde_json::to_writer(&mut line, self.id).map_err(fault("write the answer"))?;
        line.extend_from_slice(b",\"result\":{");
        if self.modern {
            line.extend_from_slice(b"\"resultType\":\"complete\",");
        }
        line.extend_from_slice(b"\"content\":");
        serde_json::to_writer(&mut line, self.content).map_err(fault("write the answer"))?;
        if !structured.is_empty() {
            line.extend_from_slice(b",\"structuredContent\":");
            line.extend_from_slice(structured);
        }
        line.extend_from_slice(b",\"isError\":false,\"_meta\":");
        meta(&mut line);
        line.extend_from_slice(b"}}\n");
        Ok(line)
    }
}

/// What a line takes beside its content: its frame, its label.
const USUAL: usize = 640;

#[cfg(test)]
mod tests {
    use rmcp::model::CallToolResult;
    use rmcp::model::ServerJsonRpcMessage;
    use rmcp::model::ServerResult;
    use serde_json::Value;
    use serde_json::json;

    use super::*;
    use crate::label::Label;
    use crate::label::Taxonomy;
    use crate::label::wire;

    #[test]
    fn a_line_is_what_the_protocol_library_writes() {
        let meta = wire::meta(&Taxonomy::default(), Label::PUBLIC, true, None);
        let ids = [
            RequestId::Number(7),
            RequestId::String("a\"\n\u{e9}".into()),
        ];
        let image = ContentBlock::image("aGk=", "image/png");
        let text = || ContentBlock::text("one\n\"two\" \u{202e}\0");
        let contents = [vec![], vec![text()], vec![text(), image]];
        let facts = [Value::Null, json!({}), json!({"a": [1, null, "\u{7f}"]})];
        for id in &ids {
            for content in &contents {
                for structured in &facts {
                    for modern in [false, true] {
                        let mut result = CallToolResult::success(content.clone());
                        if !modern {
                            result.result_type = None;
                        }
                        if !structured.is_null() {
                            result.structured_content = Some(structured.clone());
                        }
                        let result = result.with_meta(Some(meta.clone()));
                        let result = ServerResult::CallToolResult(result);
                        let message = ServerJsonRpcMessage::response(result, id.clone());
                        let wanted = serde_json::to_string(&message).unwrap() + "\n";
                        let facts = Facts::from(structured.clone());
                        let line = Line {
                            id,
                            modern,
                            content,
                            structured: &facts,
                        };
                        let write = |line: &mut Vec<u8>| {
                            line.extend(serde_json::to_vec(&meta).unwrap());
                        };
                        let line = line.write(0, write).unwrap();
                        assert_eq!(String::from_utf8(line).unwrap(), wanted);
                    }
                }
            }
        }
    }
}
