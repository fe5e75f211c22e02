//! What goes over the wire, whatever the server serves.

use harness::Answer;
use harness::Era;
use serde_json::Value;
use serde_json::json;

use super::subjects;

const LABELS: [&str; 3] = [
    "dev.keyhole/security-label",
    "io.modelcontextprotocol/trust-annotations",
    "ifc",
];

fn tools(answer: &Answer) -> Vec<Value> {
    answer.result()["tools"].as_array().expect("tools").clone()
}

#[test]
fn l1_a_malformed_call_is_refused_and_recorded() {
    for subject in subjects() {
        let mut raw = subject.start(Era::Modern, &[]);
        let all = tools(&raw.ask("tools/list", json!({})));
        let mut ids = Vec::new();
        for tool in &all {
            let name = tool["name"].as_str().unwrap();
            for arguments in [
                json!({"no-such-argument": 1}),
                json!({"no-such-argument": {"deep": ["x"]}, "": null}),
            ] {
                let id = raw.begin_call(name, arguments);
                let answer = raw.wait(id);
                assert_eq!(answer.code(), Some("malformed"), "{name}: {}", answer.short());
                assert!(!answer.0.to_string().contains("no-such-argument"));
                ids.push(id);
            }
        }
        assert_eq!(raw.close().code, Some(0));
        let trail = subject.world.trail();
        for id in ids {
            let records = trail.of(&id.to_string());
            assert_eq!(records.len(), 1, "{id}");
            assert_eq!(records[0]["error.type"], "malformed");
            assert_eq!(records[0]["outcome"], "denied");
        }
    }
}

#[test]
fn an_unknown_tool_or_method_is_refused_and_its_name_is_not_recorded() {
    for subject in subjects() {
        for era in [Era::Modern, Era::Legacy] {
            let mut raw = subject.start(era, &[]);
            let name = "no_such_tool\n\u{202e}\"},{";
            let answer = raw.call(name, json!({}));
            assert_eq!(answer.error()["code"], -32602, "{}", answer.short());
            let said = answer.error()["message"].as_str().unwrap();
            assert!(said.contains("unknown tool"), "{said}");
            let answer = raw.ask("no/such/method", json!({}));
            assert_eq!(answer.error()["code"], -32601, "{}", answer.short());
            let ended = raw.close();
            assert!(!ended.heard.contains("no_such"), "{}", ended.heard);
            subject.world.assert_never(&ended, "no_such");
            subject.world.assert_never(&ended, "no/such");
        }
    }
}

#[test]
fn o1_tools_have_all_hints_and_closed_schemas() {
    for subject in subjects() {
        for era in [Era::Modern, Era::Legacy] {
            let mut raw = subject.start(era, &[]);
            let answer = raw.ask("tools/list", json!({}));
            let all = tools(&answer);
            assert!(!all.is_empty());
            for tool in &all {
                let name = &tool["name"];
                let hints = tool["annotations"].as_object().expect("hints");
                for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
                    assert!(hints[hint].is_boolean(), "{name}: {hint}");
                }
                let schema = &tool["inputSchema"];
                assert_eq!(schema["type"], "object", "{name}");
                assert_eq!(schema["additionalProperties"], false, "{name}");
                assert!(!schema.to_string().contains("$ref"), "{name}");
                assert!(tool["_meta"][LABELS[0]].is_object(), "{name} has no label");
            }
            let names: Vec<_> = all.iter().map(|tool| tool["name"].as_str()).collect();
            assert!(names.is_sorted(), "{names:?}");
            let again = raw.ask("tools/list", json!({}));
            assert_eq!(tools(&again), all, "a list that does not change");
            assert_eq!(raw.close().code, Some(0));
        }
    }
}

#[test]
fn a8_the_tools_of_readonly_fs_take_less_than_5_kb() {
    let subjects = subjects();
    let subject = subjects.iter().find(|s| s.name == "readonly-fs").unwrap();
    let mut raw = subject.start(Era::Modern, &[]);
    let all = tools(&raw.ask("tools/list", json!({})));
    let shown: Vec<Value> = all
        .into_iter()
        .map(|mut tool| {
            // a host keeps `_meta` to itself
            tool.as_object_mut().unwrap().remove("_meta");
            tool
        })
        .collect();
    let size = json!({"tools": shown}).to_string().len();
    assert!(size < 5000, "{size}");
    for tool in &shown {
        assert_eq!(tool["annotations"]["readOnlyHint"], true, "{tool}");
        assert_eq!(tool["annotations"]["openWorldHint"], false, "{tool}");
    }
}

#[test]
fn every_result_carries_its_labels() {
    for subject in subjects() {
        for era in [Era::Modern, Era::Legacy] {
            let mut raw = subject.start(era, &[]);
            let mut answers = vec![raw.ask("tools/list", json!({}))];
            for tool in tools(&answers[0]) {
                let name = tool["name"].as_str().unwrap().to_owned();
                answers.push(raw.call(&name, json!({"no-such-argument": 1})));
                answers.push(raw.call(&name, json!({})));
            }
            for method in ["resources/list", "resources/templates/list"] {
                let answer = raw.ask(method, json!({}));
                if answer.is_ok() {
                    answers.push(answer);
                }
            }
            for answer in answers {
                for key in LABELS {
                    let meta = &answer.result()["_meta"];
                    assert!(meta[key].is_object(), "{key}: {}", answer.short());
                }
                let modern = answer.result().get("resultType").is_some();
                assert_eq!(modern, era == Era::Modern, "{}", answer.short());
            }
        }
    }
}

#[test]
fn both_eras_are_greeted() {
    for subject in subjects() {
        let mut raw = subject.start(Era::Modern, &[]);
        let found = raw.ask("server/discover", json!({}));
        let versions = found.result()["supportedVersions"].to_string();
        assert!(versions.contains("2026-07-28") && versions.contains("2025-11-25"));
        assert!(raw.ask("tools/list", json!({})).result()["ttlMs"].is_u64());
        for asked in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "1999-01-01"] {
            let mut raw = subject.start(Era::Bare, &[]);
            let client = json!({"name": "x", "version": "0"});
            let params = json!({"protocolVersion": asked, "capabilities": {}, "clientInfo": client});
            let answer = raw.ask("initialize", params);
            let version = answer.result()["protocolVersion"].as_str().unwrap();
            assert!(version == asked || version == "2025-11-25", "{asked}: {version}");
            assert_eq!(answer.result()["serverInfo"]["name"], subject.name);
            assert_eq!(raw.close().code, Some(0));
        }
    }
}

#[test]
fn a_request_of_the_newer_era_says_all_it_must() {
    for subject in subjects() {
        let mut raw = subject.start(Era::Bare, &[]);
        let bare = raw.ask("tools/list", json!({}));
        assert_eq!(bare.error()["code"], -32602, "{}", bare.short());
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2030-01-01",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let unknown = raw.ask("tools/list", json!({"_meta": meta}));
        assert_eq!(unknown.error()["code"], -32022, "{}", unknown.short());
        let ended = raw.close();
        assert_eq!(ended.code, Some(0));
        let trail = subject.world.trail();
        for id in ended.answered {
            assert_eq!(trail.of(&id).len(), 1, "{id} is recorded once");
        }
    }
}
