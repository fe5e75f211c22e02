//! The client's log against the trail: one record for every request, whatever it was.

use std::collections::BTreeMap;
use std::time::Duration;

use harness::CANARY;
use harness::Era;
use serde_json::Value;
use serde_json::json;

use super::world;

/// Requests of every kind, good and bad.
fn kinds() -> Vec<(&'static str, Value)> {
    let call = |name: &str, arguments: Value| {
        ("tools/call", json!({"name": name, "arguments": arguments}))
    };
    vec![
        ("tools/list", json!({})),
        ("tools/list", json!({"cursor": "x"})),
        ("resources/list", json!({})),
        ("resources/list", json!({"cursor": "x"})),
        ("resources/templates/list", json!({})),
        ("resources/read", json!({"uri": "fs://docs/small.txt"})),
        ("resources/read", json!({"uri": "fs://docs/none"})),
        ("resources/read", json!({})),
        (
            "completion/complete",
            json!({"ref": {"type": "ref/resource", "uri": "fs://{root}/{+path}"}, "argument": {"name": "root", "value": ""}}),
        ),
        ("prompts/list", json!({})),
        ("prompts/get", json!({"name": "x"})),
        ("logging/setLevel", json!({"level": "debug"})),
        ("ping", json!({})),
        ("server/discover", json!({})),
        ("no/such", json!({"x": 1})),
        ("tools/call", json!({})),
        ("tools/call", json!({"name": 5})),
        ("tools/call", json!({"name": "list_roots", "arguments": []})),
        call("no_such", json!({})),
        call("list_roots", json!({})),
        call("list_roots", json!({"x": 1})),
        call("read_file", json!({"path": "docs/small.txt"})),
        call("read_file", json!({"path": "docs/none"})),
        call("read_file", json!({"path": "../x"})),
        call(
            "read_file",
            json!({"paths": ["docs/small.txt", "docs/none"]}),
        ),
        call("list_directory", json!({"path": "docs"})),
        call("find_files", json!({"globs": ["["]})),
        call("search_text", json!({"pattern": "("})),
        call("search_text", json!({"pattern": "small"})),
        call("stat_files", json!({"paths": ["docs"]})),
    ]
}

#[test]
fn l1_every_request_leaves_exactly_one_record() {
    for era in [Era::Modern, Era::Legacy] {
        let world = world();
        let mut raw = world.start(era, &["--audit={dir}/audit", "docs={dir}/root"]);
        let mut outcomes = BTreeMap::new();
        for _ in 0..3 {
            let begun: Vec<_> = kinds()
                .into_iter()
                .map(|(method, params)| (method, raw.begin(method, params)))
                .collect();
            for (method, id) in begun {
                outcomes.insert(id.to_string(), (method, raw.wait(id).is_ok()));
            }
        }
        let ended = raw.close();
        let trail = world.trail();
        for (id, (method, answered)) in &outcomes {
            let records = trail.of(id);
            assert_eq!(records.len(), 1, "{era:?} {id} {method}: {records:?}");
            let allowed = records[0]["outcome"] == "allowed";
            assert_eq!(allowed, *answered, "{era:?} {method}: {}", records[0]);
            let decision = if allowed { "allow" } else { "deny" };
            assert_eq!(records[0]["decision"], decision);
            assert!(records[0]["duration_us"].is_u64() && records[0]["time"].is_string());
        }
        assert_eq!(
            trail.outcomes().count(),
            ended.answered.len(),
            "and no other"
        );
    }
}

#[test]
fn l4_arguments_and_contents_are_never_recorded() {
    let world = world();
    world.file("root/secret.txt", CANARY);
    let mut raw = world.serve();
    let typed = "typed-secret-99";
    for (tool, arguments) in [
        ("read_file", json!({"path": "docs/secret.txt"})),
        ("search_text", json!({"pattern": format!("{typed}|canary")})),
        ("find_files", json!({"globs": [format!("*{typed}*")]})),
        ("read_file", json!({"path": "docs/small.txt", typed: typed})),
        (typed, json!({"path": typed})),
    ] {
        raw.call(tool, arguments);
    }
    let ended = raw.close();
    assert!(!ended.stderr.contains(typed) && !ended.stderr.contains(CANARY));
    for record in world.trail().records {
        let text = record.to_string();
        assert!(!text.contains(typed) && !text.contains(CANARY), "{text}");
    }
}

#[test]
fn l5_no_text_of_a_client_breaks_a_line_of_the_trail() {
    let world = world();
    let mut raw = world.start(Era::Bare, &["--audit={dir}/audit", "docs={dir}/root"]);
    let corpus = [
        "\r\n{\"v\":1,\"t\":\"event\"}",
        "\u{2028}\u{2029}\u{85}",
        "\u{202e}\u{200b}\u{feff}",
        "\u{1b}[31m\u{7}\u{0}",
        "\",\"hash\":\"0000",
        "=1+1|cmd",
        "\u{10ffff}\u{fffd}",
        "{\"a\":1}",
    ];
    let long = "x".repeat(100_000);
    for text in corpus.into_iter().chain([long.as_str()]) {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": text, "version": text},
            "traceparent": text,
            text: text,
        });
        let read = json!({"uri": format!("fs://docs/{text}"), "_meta": meta});
        raw.ask("resources/read", read);
        let call = json!({"name": text, "arguments": {text: text}, "_meta": meta});
        raw.ask("tools/call", call);
        raw.ask(text, json!({"_meta": meta}));
    }
    let ended = raw.close();
    assert_eq!(ended.code, Some(0));
    let trail = world.trail();
    assert_eq!(trail.outcomes().count(), ended.answered.len());
    for record in trail.records {
        assert!(record.to_string().len() < 16 << 10);
    }
}

#[test]
fn l7_a_trace_context_is_recorded_if_it_is_one() {
    let world = world();
    let mut raw = world.serve();
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let good = raw.begin("tools/list", json!({"_meta": {"traceparent": trace}}));
    let bad = raw.begin("tools/list", json!({"_meta": {"traceparent": "00-x-y-z"}}));
    raw.wait(good).ok();
    raw.wait(bad).ok();
    assert_eq!(raw.close().code, Some(0));
    let trail = world.trail();
    let record = trail.of(&good.to_string())[0].clone();
    assert_eq!(record["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(record["parent_span_id"], "00f067aa0ba902b7");
    assert_eq!(record["trace_flags"], "01");
    let id = record["id"].as_str().unwrap().replace('-', "");
    assert_eq!(
        record["span_id"],
        id[16..],
        "the request is a span of its own"
    );
    assert!(trail.of(&bad.to_string())[0].get("trace_id").is_none());
}

#[test]
fn l2_the_record_is_there_when_the_answer_comes() {
    let world = world();
    let mut raw = world.serve();
    for _ in 0..50 {
        let id = raw.begin_call("read_file", json!({"path": "docs/small.txt"}));
        raw.wait_most(&id.to_string(), Duration::from_secs(10))
            .expect("answered");
        assert_eq!(
            world.trail().of(&id.to_string()).len(),
            1,
            "{id} is on the disk by now"
        );
    }
}
