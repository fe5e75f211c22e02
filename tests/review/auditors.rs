//! Who of the auditors is shown what.

use std::collections::BTreeSet;

use harness::Answer;
use harness::Raw;
use harness::World;
use serde_json::Value;
use serde_json::json;

use super::EVIL;
use super::assert_plain;
use super::auditor;
use super::company;
use super::reader;

/// A trail in which two readers read what they may and what they may not.
fn lived() -> World {
    let world = company();
    for who in ["stan", "hanna"] {
        let mut raw = reader(&world, who);
        for path in ["docs/plan.md", "docs/hr/pay.md", "docs/hr/no-such.md"] {
            raw.call("read_file", json!({"path": path}));
        }
        assert_eq!(raw.close().code, Some(0));
    }
    world
}

/// The texts of all pages of a search.
fn pages(raw: &mut Raw, mut question: Value) -> Vec<String> {
    let mut lines = Vec::new();
    loop {
        let answer = raw.call("search_records", question.clone()).ok();
        lines.extend(answer.lines());
        match answer.structured()["next"].as_str() {
            Some(next) => question["cursor"] = next.into(),
            None => return lines,
        }
    }
}

fn label(answer: &Answer) -> &Value {
    &answer.result()["_meta"]["dev.keyhole/security-label"]
}

#[test]
fn a2_each_auditor_is_shown_exactly_what_they_are_cleared_for() {
    let world = lived();
    let question = json!({"tool": "read_file", "limit": 2});
    // who sees all sees all six
    let mut chief = auditor(&world, "charlotte");
    let all = pages(&mut chief, question.clone());
    assert_eq!(all.len(), 6, "{all:?}");
    let of = |who: &str, path: &str, outcome: &str| {
        let fits = |line: &&String| {
            line.contains(&format!(" {who} ")) && line.contains(path) && line.contains(outcome)
        };
        all.iter().filter(fits).count()
    };
    assert_eq!(of("stan", "docs/plan.md", " allowed "), 1);
    assert_eq!(of("stan", "docs/hr/pay.md", " denied:not_cleared "), 1);
    assert_eq!(
        of("hanna", "docs/hr/pay.md", " confidential+personal allowed "),
        1
    );
    assert_eq!(of("hanna", "docs/hr/no-such.md", " denied:not_found "), 1);
    // the other is shown two, and nothing of the folder
    let mut low = auditor(&world, "arthur");
    let some = pages(&mut low, question);
    assert_eq!(some.len(), 2, "{some:?}");
    assert!(some.iter().all(|line| line.contains("fs://docs/plan.md")));
    let counted = low
        .call(
            "count_access",
            json!({"group_by": ["principal", "resource"]}),
        )
        .ok();
    assert!(!counted.text().contains("hr"), "{}", counted.text());
    let tools = json!({"tool": "read_file", "group_by": ["principal"]});
    assert_eq!(
        low.call("count_access", tools.clone()).ok().structured()["requests"],
        2
    );
    assert_eq!(
        chief.call("count_access", tools).ok().structured()["requests"],
        6
    );
    // what is hidden is absent
    let trail = world.trail();
    let mut answers = BTreeSet::new();
    for record in &trail.records {
        let id = record["id"].as_str().unwrap();
        let answer = low.call("read_record", json!({ "id": id }));
        let mine = answer.is_ok();
        let named = record["mcp.resource.uri"].as_str().unwrap_or_default();
        assert!(!(mine && named.contains("hr")), "{record}");
        if !mine {
            answers.insert(answer.without_id());
        }
        let whole = chief.call("read_record", json!({ "id": id })).ok();
        assert_eq!(whole.structured()["record"]["hash"], record["hash"]);
    }
    let absent = low.call(
        "read_record",
        json!({"id": "019df804-5a00-7000-8000-000000000000"}),
    );
    answers.insert(absent.without_id());
    assert_eq!(
        answers.len(),
        1,
        "forbidden and absent are one answer: {answers:?}"
    );
    // and labels go with what is shown
    let personal = chief
        .call("search_records", json!({"label": "personal"}))
        .ok();
    assert_eq!(label(&personal)["level"], "confidential");
    assert_eq!(label(&personal)["categories"], json!(["personal"]));
    let nothing = low
        .call("search_records", json!({"label": "personal"}))
        .ok();
    assert_eq!(label(&nothing)["level"], "internal");
    assert_eq!(label(&nothing)["untrusted"], true);
    assert_eq!(nothing.structured()["records"], 0);
    let ended = low.close();
    for sealed in ["wages-4711", "docs/hr", "pay.md", "not_cleared"] {
        assert!(!ended.heard.contains(sealed), "{sealed}: {}", ended.heard);
    }
}

#[test]
fn a1_who_has_not_the_permission_is_shown_no_tool() {
    let world = lived();
    let mut raw = auditor(&world, "hanna");
    let listed = raw.ask("tools/list", json!({})).ok();
    assert_eq!(listed.result()["tools"], json!([]));
    for tool in [
        "search_records",
        "count_access",
        "read_record",
        "verify_trail",
    ] {
        let refused = raw.call(tool, json!({}));
        assert!(!refused.is_ok(), "{tool}");
        let unknown = raw.call("no_such_tool", json!({}));
        assert_eq!(refused.without_id(), unknown.without_id());
    }
}

#[test]
fn l6_what_auditors_ask_is_recorded_and_found_by_the_next() {
    let world = lived();
    let mut low = auditor(&world, "arthur");
    let before = pages(&mut low, json!({"tool": "read_file"})).len();
    assert_eq!(low.close().code, Some(0));
    let trail = world.trail();
    let asked = trail
        .outcomes()
        .find(|r| r["gen_ai.tool.name"] == "search_records");
    let asked = asked.expect("it is recorded");
    assert_eq!(asked["mcp.resource.uri"], "audit://trail");
    assert_eq!(asked["principal.id"], "arthur");
    assert_eq!(asked["result.items"], before);
    let mut chief = auditor(&world, "charlotte");
    let found = pages(
        &mut chief,
        json!({"principal": "arthur", "tool": "search_*"}),
    );
    assert_eq!(found.len(), 1, "{found:?}");
    // page by page it does not find itself for ever
    let mine = pages(
        &mut chief,
        json!({"principal": "charlotte", "order": "oldest", "limit": 1}),
    );
    let again = pages(
        &mut chief,
        json!({"principal": "charlotte", "order": "newest", "limit": 1}),
    );
    assert!(
        mine.len() < again.len() && again.len() < 100,
        "{} {}",
        mine.len(),
        again.len()
    );
}

#[test]
fn i9_a_cursor_is_for_one_auditor() {
    let world = lived();
    let mut chief = auditor(&world, "charlotte");
    let page = chief.call("search_records", json!({"limit": 1})).ok();
    let next = page.structured()["next"].as_str().unwrap().to_owned();
    let mut low = auditor(&world, "arthur");
    let refused = low.call("search_records", json!({"limit": 1, "cursor": next}));
    assert_eq!(refused.code(), Some("stale_cursor"));
}

#[test]
fn o4_a_name_that_gives_orders_comes_back_escaped() {
    let world = company();
    let mut raw = reader(&world, EVIL);
    raw.call("read_file", json!({"path": "docs/plan.md"})).ok();
    assert_eq!(raw.close().code, Some(0));
    let mut chief = auditor(&world, "charlotte");
    for (tool, question) in [
        ("search_records", json!({"tool": "read_file"})),
        ("count_access", json!({"tool": "read_file"})),
    ] {
        let answer = chief.call(tool, question).ok();
        // a count gives JSON, in which a backslash is two
        let text = answer.text().replace("\\\\", "\\");
        assert!(text.contains("instructions\\u{202e}\\u{200b}"), "{text}");
        assert_plain(&answer.text());
        assert_eq!(label(&answer)["untrusted"], true);
    }
    let shown = super::review(&world, &["show"]);
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    assert_plain(&shown.stdout);
}

#[test]
fn verify_trail_tells_totals_to_who_sees_all() {
    let world = lived();
    let verdict = auditor(&world, "charlotte")
        .call("verify_trail", json!({}))
        .ok();
    assert_eq!(verdict.structured()["verdict"], "ok-unanchored");
    assert!(verdict.structured()["records"].as_u64().unwrap() > 6);
    assert!(
        !verdict.structured()["not_excluded"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let verdict = auditor(&world, "arthur")
        .call("verify_trail", json!({}))
        .ok();
    assert_eq!(verdict.structured(), &json!({"verdict": "ok-unanchored"}));
}
