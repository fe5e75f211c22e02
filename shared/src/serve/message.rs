//! Reads a line as a message of the protocol.
//!
//! The protocol library tries one kind of request after the other, and builds an error for each
//! that it is not. Nearly all requests are calls of a tool, so those are tried first, in one go.
//!
//! # Invariants
//!
//! - A message is the same whichever way it is read (property test).

use std::fmt;
use std::marker::PhantomData;

use rmcp::model::CallToolRequest;
use rmcp::model::CallToolRequestMethod;
use rmcp::model::CallToolRequestParams;
use rmcp::model::ClientJsonRpcMessage;
use rmcp::model::ClientRequest;
use rmcp::model::JsonRpcRequest;
use rmcp::model::JsonRpcVersion2_0;
use rmcp::model::RequestId;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde::de::value::MapAccessDeserializer;

// with anything else in it the library may take it for no message at all
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolCall {
    jsonrpc: JsonRpcVersion2_0,
    id: RequestId,
    #[serde(rename = "method")]
    _method: CallToolRequestMethod,
    #[serde(deserialize_with = "object")]
    params: CallToolRequestParams,
}

/// The message that `line` is, if it is one.
pub(super) fn parse(line: &[u8]) -> serde_json::Result<ClientJsonRpcMessage> {
    if line.starts_with(b"{")
        && let Ok(call) = serde_json::from_slice::<ToolCall>(line)
    {
        return Ok(call.into());
    }
    serde_json::from_slice(line)
}

/// A structure that is written as an object: a list of its fields would do as well otherwise.
fn object<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Object<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }

    from.deserialize_map(Object(PhantomData))
}

impl From<ToolCall> for ClientJsonRpcMessage {
    fn from(call: ToolCall) -> Self {
        let mut params = call.params;
        let meta = params.meta.take();
        let mut request = CallToolRequest::new(params);
        if let Some(meta) = meta {
            request.extensions.insert(meta);
        }
        Self::Request(JsonRpcRequest {
            jsonrpc: call.jsonrpc,
            id: call.id,
            request: ClientRequest::CallToolRequest(request),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn the_long_way(line: &[u8]) -> Option<String> {
        let message = serde_json::from_slice::<ClientJsonRpcMessage>(line);
        message.ok().map(|message| format!("{message:?}"))
    }

    fn this_way(line: &[u8]) -> Option<String> {
        parse(line).ok().map(|message| format!("{message:?}"))
    }

    #[test]
    fn what_is_odd_is_read_as_the_library_reads_it() {
        for line in [
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}"#,
            r#"{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"a","arguments":{"b":[1,null]},"_meta":{"progressToken":7,"x":{}}}}"#,
            r#"{"params":{"arguments":null,"name":"a","_meta":null},"method":"tools/call","id":1,"jsonrpc":"2.0"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","_meta":7}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":[]}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","task":{"ttl":1},"more":1}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/call","params":{"name":"a"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"a"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"},"result":{},"more":1}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"a"}}"#,
            r#"{"jsonrpc":"1.0","id":1,"method":"tools/call","params":{"name":"a"}}"#,
            r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a"}}"#,
            r#"["2.0",1,"tools/call",{"name":"a"}]"#,
            r#"{"jsonrpc":"2.0","id":1.5,"method":"tools/call","params":{"name":"a"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["a"]}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[null,"a",null,null,null]}"#,
            r#" {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}} "#,
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"a"}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
        ] {
            assert_eq!(
                this_way(line.as_bytes()),
                the_long_way(line.as_bytes()),
                "{line}"
            );
        }
    }

    fn value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            "\\PC{0,8}".prop_map(Into::into),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                proptest::collection::btree_map("[a-z_]{1,8}", inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_message_is_the_same_whichever_way_it_is_read(
            id in value(), name in value(), arguments in value(), meta in value(),
            method in prop_oneof![Just("tools/call"), Just("tools/list"), Just("x")],
        ) {
            let params = serde_json::json!({"name": name, "arguments": arguments, "_meta": meta});
            for id in [id, 7.into()] {
                let line = serde_json::json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
                let line = line.to_string();
                prop_assert_eq!(this_way(line.as_bytes()), the_long_way(line.as_bytes()), "{}", line);
            }
        }
    }
}
