//! The side doors: errors, resources, completions, subscriptions, ignore files.

use std::time::Duration;

use harness::Era;
use harness::Raw;
use serde_json::Value;
use serde_json::json;

use super::SEALED;
use super::office;
use super::session;

/// Every way to ask for a path.
fn questions(path: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("read_file", json!({"path": path})),
        ("read_file", json!({"path": path, "from_line": 2})),
        ("read_file", json!({"path": path, "from_byte": 1_000_000})),
        (
            "read_file",
            json!({"path": path, "tail": 1, "numbered": true}),
        ),
        ("list_directory", json!({"path": path})),
        ("find_files", json!({"globs": ["*"], "path": path})),
        ("search_text", json!({"pattern": "word", "path": path})),
        ("read_file", json!({"paths": [path]})),
        ("stat_files", json!({"paths": [path]})),
    ]
}

#[test]
fn a3_forbidden_and_absent_are_the_same_bytes() {
    let world = office();
    for era in [Era::Modern, Era::Legacy] {
        let mut raw = session(&world, "stan", era);
        let mut answer = |tool: &str, arguments: Value, path: &str| {
            // only the path that was asked for may differ
            raw.call(tool, arguments).without_id().replace(path, "PATH")
        };
        for (forbidden, absent) in [
            ("docs/hr/pay.md", "docs/no/pay.md"),
            ("docs/hr", "docs/no"),
            ("docs/hr/deep", "docs/no/deep"),
            ("docs/hr/deep/pay.md", "docs/no/deep/pay.md"),
            ("docs/hr/absent.md", "docs/no/absent.md"),
            ("hr-vault", "no-vault"),
            ("hr-vault/hr-only.md", "no-vault/hr-only.md"),
        ] {
            for (one, other) in questions(forbidden).into_iter().zip(questions(absent)) {
                let tool = one.0;
                let (one, other) = (
                    answer(one.0, one.1, forbidden),
                    answer(other.0, other.1, absent),
                );
                assert_eq!(one, other, "{tool} {forbidden}");
            }
        }
    }
}

#[test]
fn a3_the_record_alone_knows_forbidden_from_absent() {
    let world = office();
    let mut raw = session(&world, "stan", Era::Modern);
    let forbidden = raw.begin_call("read_file", json!({"path": "docs/hr/pay.md"}));
    let absent = raw.begin_call("read_file", json!({"path": "docs/no/pay.md"}));
    raw.wait(forbidden);
    raw.wait(absent);
    assert_eq!(raw.close().code, Some(0));
    let trail = world.trail();
    let rule = |id: u64| trail.of(&id.to_string())[0]["decision.rule"].clone();
    assert_eq!(rule(forbidden), "not_cleared");
    assert_eq!(rule(absent), "not_found");
}

#[test]
fn a3_forbidden_and_absent_resources_are_the_same_bytes() {
    let world = office();
    for era in [Era::Modern, Era::Legacy] {
        let mut raw = session(&world, "stan", era);
        for (forbidden, absent) in [
            ("fs://docs/hr/pay.md", "fs://docs/no/pay.md"),
            ("fs://docs/hr/", "fs://docs/no/"),
            ("fs://hr-vault/", "fs://no-vault/"),
            ("fs://hr-vault/hr-only.md", "fs://no-vault/hr-only.md"),
        ] {
            for method in ["resources/read", "resources/subscribe"] {
                let one = raw.ask(method, json!({"uri": forbidden})).without_id();
                let other = raw.ask(method, json!({"uri": absent})).without_id();
                assert_eq!(one, other, "{method} {forbidden}");
            }
        }
    }
}

fn completions(raw: &mut Raw, argument: &str, typed: &str, known: Value) -> Vec<String> {
    let params = json!({
        "ref": {"type": "ref/resource", "uri": "fs://{root}/{+path}"},
        "argument": {"name": argument, "value": typed},
        "context": {"arguments": known},
    });
    let answer = raw.ask("completion/complete", params).ok();
    let completion = &answer.result()["completion"];
    let values = completion["values"].as_array().unwrap();
    if let Some(total) = completion.get("total").and_then(Value::as_u64) {
        assert_eq!(
            total,
            values.len() as u64,
            "a total tells no more than is shown"
        );
    }
    values
        .iter()
        .map(|v| v.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a2_completions_show_what_may_be_read() {
    let world = office();
    let mut stan = session(&world, "stan", Era::Modern);
    assert_eq!(completions(&mut stan, "root", "", json!({})), ["docs"]);
    assert_eq!(completions(&mut stan, "root", "hr", json!({})), [""; 0]);
    let docs = json!({"root": "docs"});
    let shown = completions(&mut stan, "path", "", docs.clone());
    assert!(shown.contains(&"plan.md".to_owned()), "{shown:?}");
    for typed in ["hr", "hr/", "hr/p", "h", "../", "listed/../hr/", "hr/deep/"] {
        assert_eq!(
            completions(&mut stan, "path", typed, docs.clone()),
            [""; 0],
            "{typed}"
        );
    }
    let vault = json!({"root": "hr-vault"});
    assert_eq!(completions(&mut stan, "path", "", vault.clone()), [""; 0]);
    let ended = stan.close();
    for sealed in SEALED {
        assert!(
            !ended.heard.replace("hr-like", "").contains(sealed),
            "{sealed}"
        );
    }
    let mut hanna = session(&world, "hanna", Era::Modern);
    assert!(!completions(&mut hanna, "path", "hr/", docs).is_empty());
    assert!(!completions(&mut hanna, "path", "", vault).is_empty());
}

#[test]
fn a2_the_resource_list_shows_what_may_be_read() {
    let world = office();
    for (who, count) in [("vera", 2), ("stan", 3), ("hanna", 5)] {
        let mut raw = session(&world, who, Era::Modern);
        let listed = raw.ask("resources/list", json!({})).ok();
        let resources = listed.result()["resources"].as_array().unwrap().clone();
        assert_eq!(resources.len(), count, "{who}: {resources:?}");
        for resource in resources {
            assert!(resource["_meta"]["dev.keyhole/security-label"].is_object());
            raw.ask("resources/read", json!({"uri": resource["uri"]}))
                .ok();
        }
        let ended = raw.close();
        assert_eq!(who == "hanna", ended.heard.contains("hr-vault"), "{who}");
    }
}

#[test]
fn a2_nobody_hears_of_changes_of_what_they_may_not_read() {
    let world = office();
    let mut raw = session(&world, "stan", Era::Legacy);
    for uri in ["fs://docs/plan.md", "fs://docs/"] {
        raw.ask("resources/subscribe", json!({"uri": uri})).ok();
    }
    let refused = raw.ask("resources/subscribe", json!({"uri": "fs://docs/hr/pay.md"}));
    assert!(!refused.is_ok());
    std::thread::sleep(Duration::from_millis(200));
    world.file("root/hr/pay.md", "word of more wages-4711\n");
    world.file("root/hr/new.md", "word\n");
    let note = raw.note(Duration::from_millis(800));
    assert_eq!(note, None, "what is sealed changed");
    world.file("root/plan.md", "another plan\n");
    let note = raw
        .note(Duration::from_secs(5))
        .expect("an open file changed");
    assert_eq!(note["method"], "notifications/resources/updated");
    let ended = raw.close();
    assert!(!ended.heard.contains("pay.md") && !ended.heard.contains("wages"));
}

#[test]
fn a2_a_sealed_ignore_file_does_not_speak() {
    let world = office();
    // what is ignored by a file that may not be read would tell of its content
    world.file("root/.gitignore", "plan.md\n");
    let config = world.read("config.toml");
    let rule = "[[roots.label-rules]]\npaths = [\".gitignore\"]\nlabel = \"confidential\"\n\n[[roots]]\nname = \"hr-vault\"";
    world.file(
        "config.toml",
        config.replace("[[roots]]\nname = \"hr-vault\"", rule),
    );
    let mut raw = session(&world, "stan", Era::Modern);
    let listed = raw.call("list_directory", json!({"path": "docs"})).ok();
    assert!(listed.text().contains("plan.md"), "{}", listed.text());
    let mut raw = session(&world, "hanna", Era::Modern);
    let listed = raw.call("list_directory", json!({"path": "docs"})).ok();
    assert!(!listed.text().contains("plan.md"), "{}", listed.text());
}
