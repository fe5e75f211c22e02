//! Clients of both eras, and what neither may leave out.

use serde_json::Value;
use serde_json::json;

use super::World;

/// How an older client begins.
fn hello() -> Value {
    json!({
        "jsonrpc": "2.0", "id": "hello", "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}},
    })
}

#[tokio::test]
async fn an_older_client_shakes_hands_and_is_recorded_too() {
    let mut world = World::new();
    let hello = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "c\u{1b}[2J", "version": "1"}},
    });
    world.say(&hello.to_string()).await;
    let reply = world.hear().await;
    assert_eq!(reply["result"]["protocolVersion"], "2025-06-18");
    world
        .say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)
        .await;
    world
        .say(r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"act","arguments":{"act":"absent"}}}"#)
        .await;
    let reply = world.hear().await;
    assert_eq!(reply["result"]["structuredContent"]["code"], "not_found");
    assert!(reply["result"].get("resultType").is_none(), "{reply}");
    world
        .say(r#"{"jsonrpc":"2.0","id":3,"method":"resources/read","params":{"uri":"x://y"}}"#)
        .await;
    assert_eq!(world.hear().await["error"]["code"], -32002);
    let names: Vec<Value> = world
        .records()
        .iter()
        .map(|r| r["mcp.method.name"].clone())
        .collect();
    assert_eq!(
        Value::from(names),
        json!(["initialize", "tools/call", "resources/read"])
    );
}

#[tokio::test]
async fn before_a_handshake_nothing_is_answered_unrecorded_and_nothing_ends_the_server() {
    let mut world = World::new();
    world
        .say(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#)
        .await;
    world.say(r#"{"jsonrpc":"2.0","id":9,"result":{}}"#).await;
    world
        .say(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#)
        .await;
    assert_eq!(world.hear().await["error"]["code"], -32602);
    world
        .say(r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#)
        .await;
    assert_eq!(world.hear().await["id"], 2);
    assert_eq!(world.records().len(), 2);
    assert_eq!(world.act("fine").await["result"]["isError"], json!(false));
}

#[tokio::test]
async fn l1_a_subscription_that_is_refused_is_recorded_once_and_as_refused() {
    let mut world = World::new();
    world.say(&hello().to_string()).await;
    world.hear().await;
    let version = "io.modelcontextprotocol/protocolVersion";
    let capabilities = "io.modelcontextprotocol/clientCapabilities";
    for (id, meta) in [
        (1, json!({})),
        (2, json!({version: "2026-07-28"})),
        (3, json!({version: "2999-01-01", capabilities: {}})),
    ] {
        let params = json!({"notifications": {"resourceSubscriptions": []}, "_meta": meta});
        let listen =
            json!({"jsonrpc": "2.0", "id": id, "method": "subscriptions/listen", "params": params});
        world.say(&listen.to_string()).await;
        assert!(world.hear().await["error"].is_object());
        let records = world.records();
        let id = id.to_string();
        let own: Vec<_> = records
            .iter()
            .filter(|r| r["jsonrpc.request.id"] == *id)
            .collect();
        assert_eq!(own.len(), 1, "{own:?}");
        assert_eq!(own[0]["outcome"], "denied");
    }
}

#[tokio::test]
async fn a_call_is_refused_for_what_it_does_not_say_of_itself_as_every_request_is() {
    let version = "io.modelcontextprotocol/protocolVersion";
    let capabilities = "io.modelcontextprotocol/clientCapabilities";
    let metas = [
        json!({}),
        json!({version: "2026-07-28"}),
        json!({capabilities: {}}),
        json!({version: "2025-06-18"}),
        json!({version: "2025-06-18", capabilities: {}}),
        json!({version: "2999-01-01", capabilities: {}}),
        json!({version: 7, capabilities: {}}),
        json!({version: "2026-07-28", capabilities: 7}),
        json!({version: "2026-07-28", capabilities: {}}),
    ];
    for shakes_hands in [false, true] {
        let mut world = World::new();
        if shakes_hands {
            world.say(&hello().to_string()).await;
            world.hear().await;
        } else {
            world.act("fine").await;
        }
        // one that opens with its first request stays what it is
        for late in [false, true] {
            if late {
                world.say(&hello().to_string()).await;
                world.hear().await;
            }
            let mut refused = 0;
            for meta in &metas {
                let list = json!({"_meta": meta});
                let call = json!({"name": "act", "arguments": {"act": "fine"}, "_meta": meta});
                let mut codes = Vec::new();
                for (method, params) in [("tools/list", list), ("tools/call", call)] {
                    let request =
                        json!({"jsonrpc": "2.0", "id": "x", "method": method, "params": params});
                    world.say(&request.to_string()).await;
                    let reply = world.hear().await;
                    let given = reply["result"]
                        .get("tools")
                        .or(reply["result"].get("content"));
                    assert_eq!(given.is_some(), reply.get("error").is_none(), "{reply}");
                    codes.push(reply["error"]["code"].clone());
                }
                assert_eq!(codes[0], codes[1], "{shakes_hands} {late} {meta}");
                refused += usize::from(!codes[0].is_null());
            }
            assert!((1..metas.len()).contains(&refused), "{refused}");
        }
    }
}
