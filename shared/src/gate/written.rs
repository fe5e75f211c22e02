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
        match self.content {
            [ContentBlock::Text(only)] if only.meta.is_none() && only.annotations.is_none() => {
                line.extend_from_slice(b"[{\"type\":\"text\",\"text\":");
                push_text(&mut line, &only.text);
                line.extend_from_slice(b"}]");
            }
            several => {
                serde_json::to_writer(&mut line, several).map_err(fault("write the answer"))?;
            }
        }
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

/// Appends `text` as a JSON string, sixteen bytes at a time where none of them is escaped.
fn push_text(line: &mut Vec<u8>, text: &str) {
    line.push(b'"');
    let (chunks, rest) = text.as_bytes().as_chunks::<16>();
    for chunk in chunks {
        if chunk.iter().fold(false, |any, &b| any | is_escaped(b)) {
            chunk.iter().for_each(|&b| push_byte(line, b));
        } else {
            line.extend_from_slice(chunk);
        }
    }
    rest.iter().for_each(|&b| push_byte(line, b));
    line.push(b'"');
}

fn push_byte(line: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'\n' => b'n',
        b'"' | b'\\' => byte,
        b'\t' => b't',
        b'\r' => b'r',
        0x08 => b'b',
        0x0c => b'f',
        0..0x20 => {
            let letter = |digit: u8| digit + if digit < 10 { b'0' } else { b'a' - 10 };
            line.extend_from_slice(b"\\u00");
            return line.extend_from_slice(&[letter(byte >> 4), letter(byte & 15)]);
        }
        _ => return line.push(byte),
    };
    line.extend_from_slice(&[b'\\', short]);
}

const fn is_escaped(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
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

    use proptest::prelude::*;

    use super::*;
    use crate::label::Label;
    use crate::label::Taxonomy;
    use crate::label::wire;

    proptest! {
        #[test]
        fn a_text_is_escaped_as_the_protocol_library_does(text in "[\0-\u{80}]{0,99}|\\PC{0,40}") {
            let mut line = Vec::new();
            push_text(&mut line, &text);
            let wanted = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(String::from_utf8(line).unwrap(), wanted);
        }
    }

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
