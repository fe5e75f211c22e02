//! Who may ask what, and what the upstream is told of them.

use harness::Raw;
use rustix::process::Signal;
use serde_json::Value;
use serde_json::json;

use super::CUSTOMER;
use super::KEY;
use super::POLICY;
use super::finish;
use super::serve;
use super::upstream::Upstream;
use super::world;

const ADA: &str =
    r#"{"id": "AB1234", "name": "Ada", "plan": {"name": "pro", "price": 9}, "ssn": "078"}"#;

fn upstream() -> Upstream {
    Upstream::json(&serde_json::from_str(ADA).unwrap())
}

fn listed(raw: &mut Raw) -> Vec<String> {
    let answer = raw.ask("tools/list", json!({})).ok();
    let tools = answer.result()["tools"].as_array().unwrap().clone();
    let name = |tool: &Value| tool["name"].as_str().unwrap().to_owned();
    tools.iter().map(name).collect()
}

#[test]
fn the_endpoint_of_the_specification_works_as_it_is_written() {
    let upstream = upstream();
    let world = world(&upstream, CUSTOMER);
    let mut raw = serve(&world, "ada");
    assert_eq!(listed(&mut raw), ["fetch-customer-data", "regions"]);
    let answer = raw
        .call("fetch-customer-data", json!({"id": "AB1234"}))
        .ok();
    let shown =
        json!({"status": 200, "data": {"id": "AB1234", "name": "Ada", "plan": {"name": "pro"}}});
    assert_eq!(
        *answer.structured(),
        shown,
        "only the fields that the operator named"
    );
    assert_eq!(
        serde_json::from_str::<Value>(&answer.text()).unwrap(),
        shown
    );
    let label = &answer.result()["_meta"]["dev.keyhole/security-label"];
    let expected = json!({"level": "confidential", "categories": ["personal"], "untrusted": true});
    assert_eq!(*label, expected);
    let [heard] = upstream.heard().try_into().unwrap();
    assert_eq!(heard.line, "GET /v1/customers/AB1234 HTTP/1.1");
    assert_eq!(
        heard.header("authorization").unwrap(),
        format!("Bearer {KEY}")
    );
    finish(&world, &upstream, raw);
}

#[test]
fn l7_the_upstream_is_told_of_the_trace_where_the_operator_says_so_and_of_nothing_beside_it() {
    let upstream = upstream();
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for told in [true, false] {
        let world = world(&upstream, &format!("trace = {told}\n{CUSTOMER}"));
        let mut raw = serve(&world, "ada");
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "traceparent": parent, "tracestate": "vendor=canary-state", "baggage": "user=canary-bag",
        });
        let arguments = json!({"id": "AB1234"});
        let call = json!({"name": "fetch-customer-data", "arguments": arguments, "_meta": meta});
        raw.ask("tools/call", call).ok();
        let heard = upstream.heard().pop().unwrap();
        let trail = world.trail();
        let span = trail.records.last().unwrap()["span_id"].as_str().unwrap();
        let wanted = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{span}-01");
        assert_eq!(heard.header("traceparent"), told.then_some(wanted.as_str()));
        assert_eq!(heard.header("tracestate").or(heard.header("baggage")), None);
        assert!(
            trail
                .records
                .iter()
                .all(|r| !r.to_string().contains("canary-"))
        );
        assert!(
            trail
                .records
                .iter()
                .filter(|r| r["phase"] == "intent")
                .all(|r| r["span_id"] == span)
        );
        finish(&world, &upstream, raw);
    }
}

#[test]
fn i3_the_upstream_is_told_who_asks_by_the_session_and_by_nothing_that_was_sent() {
    let upstream = upstream();
    let world = world(&upstream, CUSTOMER);
    let mut raw = serve(&world, "ada");
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "mallory", "version": "0"},
        "user": "mallory", "X-User-Context": "bWFsbG9yeQ",
    });
    let call = json!({"name": "fetch-customer-data", "arguments": {"id": "AB1234"}, "_meta": meta});
    raw.ask("tools/call", call).ok();
    let [heard] = upstream.heard().try_into().unwrap();
    let context = heard.header("x-user-context").unwrap();
    let context: Value = serde_json::from_slice(&base64url(context)).unwrap();
    assert_eq!(context["sub"], "ada", "{context}");
    assert_eq!(context["roles"], json!(["reader"]), "{context}");
    assert!(!context.to_string().contains("mallory"));
    finish(&world, &upstream, raw);
}

/// Decodes base64 in the alphabet for URLs, without padding.
fn base64url(text: &str) -> Vec<u8> {
    let digit = |b: u8| match b {
        b'A'..=b'Z' => u32::from(b - b'A'),
        b'a'..=b'z' => u32::from(b - b'a') + 26,
        b'0'..=b'9' => u32::from(b - b'0') + 52,
        b'-' => 62,
        b'_' => 63,
        other => panic!("{other} is no digit"),
    };
    let (mut bits, mut held, mut out) = (0_u32, 0, Vec::new());
    for byte in text.bytes() {
        bits = (bits << 6 | digit(byte)) & 0xff_ffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    out
}

#[test]
fn a1_without_the_permission_there_is_no_such_tool_and_nothing_leaves() {
    let upstream = upstream();
    let world = world(&upstream, CUSTOMER);
    let mut raw = serve(&world, "ben");
    assert_eq!(listed(&mut raw), ["regions"]);
    let hidden = raw.call("fetch-customer-data", json!({"id": "AB1234"}));
    let absent = raw.call("no-such-tool", json!({"id": "AB1234"}));
    assert_eq!(hidden.without_id(), absent.without_id());
    // also when the arguments are wrong, or somebody else's cursor comes along
    let wrong = raw.call("fetch-customer-data", json!({"x": 1, "cursor": "AAAA"}));
    assert_eq!(wrong.without_id(), absent.without_id());
    assert!(upstream.heard().is_empty(), "{:?}", upstream.heard());
    let ended = finish(&world, &upstream, raw);
    let trail = world.trail();
    assert!(trail.records.iter().all(|r| r["phase"] != "intent"));
    let denied = trail
        .outcomes()
        .filter(|r| r["error.type"] == "not_permitted");
    assert_eq!(denied.count(), 2, "{}", ended.heard);
}

#[test]
fn i10_a_permission_that_is_granted_or_taken_holds_at_the_next_call() {
    let upstream = upstream();
    let world = world(&upstream, CUSTOMER);
    let mut raw = serve(&world, "ben");
    let call = |raw: &mut Raw| raw.call("fetch-customer-data", json!({"id": "AB1234"}));
    assert!(!call(&mut raw).is_ok());
    let granted = POLICY.replace("roles = [\"clerk\"]", "roles = [\"reader\"]");
    for (policy, allowed) in [(granted.as_str(), true), (POLICY, false)] {
        world.file("policy.toml", policy);
        raw.signal(Signal::HUP);
        let seen = || (call(&mut raw).is_ok() == allowed).then_some(());
        harness::until(harness::PATIENCE, seen).expect("the new policy holds");
    }
    finish(&world, &upstream, raw);
}

#[test]
fn a4_an_endpoint_above_the_clearance_is_not_there_whatever_the_permission() {
    let upstream = upstream();
    let endpoints = CUSTOMER.replace("permission = \"customer:read\"\n", "");
    let world = world(&upstream, &endpoints);
    let mut raw = serve(&world, "ben");
    assert_eq!(listed(&mut raw), ["regions"]);
    let hidden = raw.call("fetch-customer-data", json!({"id": "AB1234"}));
    let absent = raw.call("no-such-tool", json!({}));
    assert_eq!(hidden.without_id(), absent.without_id());
    assert!(upstream.heard().is_empty());
    finish(&world, &upstream, raw);
}

#[test]
fn a_write_needs_a_permission_of_its_own_and_sends_the_declared_body() {
    let upstream = upstream();
    let endpoints = r#"
[endpoints.rename]
upstream = "crm"
patch = "/customers/{id}"
permission = "customer:write"
label = "internal"
parameters.id = { in = "path" }
parameters.name = { in = "body", required = true, max-length = 20 }
parameters.if-match = { in = "header" }
"#;
    let world = world(&upstream, endpoints);
    let mut raw = serve(&world, "ada");
    let tools = raw.ask("tools/list", json!({})).ok();
    let hints = &tools.result()["tools"][0]["annotations"];
    assert_eq!(
        (&hints["readOnlyHint"], &hints["destructiveHint"]),
        (&json!(false), &json!(true))
    );
    let arguments = json!({"id": "7", "name": "a\"b", "if-match": "\"x\""});
    raw.call("rename", arguments).ok();
    let [heard] = upstream.heard().try_into().unwrap();
    assert_eq!(heard.line, "PATCH /v1/customers/7 HTTP/1.1");
    assert_eq!(heard.body, r#"{"name":"a\"b"}"#);
    assert_eq!(heard.header("if-match"), Some("\"x\""));
    assert_eq!(heard.header("content-type"), Some("application/json"));
    finish(&world, &upstream, raw);
    let trail = world.trail();
    let mut calls = trail.outcomes();
    let call = calls.find(|record| record["gen_ai.tool.name"] == "rename");
    assert_eq!(call.unwrap()["decision.rule"], "customer:write");
    let mut raw = serve(&world, "ben");
    assert!(listed(&mut raw).is_empty());
    finish(&world, &upstream, raw);
}
