//! Each reader's view through each tool.

use harness::Era;
use harness::bin;
use harness::run;
use serde_json::Value;
use serde_json::json;

use super::SEALED;
use super::office;
use super::session;

/// What each tool shows to `who`.
fn view(who: &str) -> (Vec<String>, Vec<String>, Vec<String>, Value) {
    let world = office();
    let mut raw = session(&world, who, Era::Modern);
    let all = json!({"path": "docs", "depth": 8, "hidden": true, "ignored": true});
    let listed = raw.call("list_directory", all).ok();
    let found = raw
        .call("find_files", json!({"globs": ["**"], "hidden": true}))
        .ok();
    let searched = raw
        .call("search_text", json!({"pattern": "word", "mode": "files"}))
        .ok();
    let roots = raw.call("list_roots", json!({})).ok().structured()["roots"].clone();
    for (answer, key) in [(&listed, "entries"), (&found, "matches")] {
        let count = answer.structured()[key].as_u64().unwrap();
        assert_eq!(
            count,
            answer.lines().len() as u64,
            "{who}: counts say no more than lines"
        );
    }
    let lines = (listed.lines(), found.lines(), searched.lines(), roots);
    let ended = raw.close();
    assert_eq!(ended.code, Some(0));
    if who != "hanna" {
        for sealed in SEALED {
            let told = ended.heard.replace("hr-like", "").contains(sealed);
            assert!(!told, "{who} was told of {sealed}");
        }
        assert!(!ended.heard.contains("minutes-0815"));
    }
    lines
}

#[test]
fn a2_each_reader_sees_exactly_what_they_are_cleared_for() {
    let (listed, found, searched, roots) = view("vera");
    assert_eq!(listed, ["docs/news.md"]);
    assert_eq!(found, ["docs/news.md"]);
    assert_eq!(searched, ["docs/news.md"]);
    assert_eq!(roots, json!([{"name": "docs", "label": "public"}]));
    let (listed, found, searched, roots) = view("stan");
    let shown = [
        "docs/listed/",
        "docs/listed/minutes.md",
        "docs/news.md",
        "docs/plan.md",
        "docs/sub/",
        "docs/sub/hr-like.md",
    ];
    assert_eq!(listed, shown);
    let files = shown.iter().filter(|line| !line.ends_with('/'));
    assert_eq!(found, files.copied().collect::<Vec<_>>());
    assert_eq!(
        searched,
        ["docs/news.md", "docs/plan.md", "docs/sub/hr-like.md"]
    );
    assert_eq!(roots, json!([{"name": "docs", "label": "internal"}]));
    let (listed, found, searched, roots) = view("hanna");
    assert_eq!(listed.len(), shown.len() + 4);
    assert_eq!(found.len(), 7);
    assert_eq!(searched.len(), 7);
    assert_eq!(roots.as_array().unwrap().len(), 2);
}

#[test]
fn a4_a_result_is_labelled_by_all_that_is_in_it() {
    let world = office();
    let mut raw = session(&world, "hanna", Era::Modern);
    let mut label = |tool: &str, arguments: Value| {
        let answer = raw.call(tool, arguments).ok();
        let label = answer.result()["_meta"]["dev.keyhole/security-label"].clone();
        let level = label["level"].as_str().unwrap().to_owned();
        (
            level,
            label["categories"].as_array().unwrap().len(),
            label["untrusted"] == true,
        )
    };
    let public = ("public".to_owned(), 0, true);
    let sealed = ("confidential".to_owned(), 1, true);
    assert_eq!(label("read_file", json!({"path": "docs/news.md"})), public);
    assert_eq!(
        label("read_file", json!({"path": "docs/plan.md"})).0,
        "internal"
    );
    assert_eq!(
        label("read_file", json!({"path": "docs/hr/pay.md"})),
        sealed
    );
    let both = json!({"paths": ["docs/news.md", "docs/hr/pay.md"]});
    assert_eq!(label("read_file", both.clone()), sealed);
    assert_eq!(label("stat_files", both), sealed);
    assert_eq!(label("search_text", json!({"pattern": "wages"})), sealed);
    // that the sealed files do not hold it is told as well
    assert_eq!(label("search_text", json!({"pattern": "day"})), sealed);
    let one = json!({"pattern": "day", "path": "docs", "glob": "news.md"});
    assert_ne!(label("search_text", one).0, "confidential");
    let all = json!({"path": "docs", "depth": 8});
    assert_eq!(label("list_directory", all), sealed);
}

#[test]
fn a2_visible_shows_a_name_and_never_the_content() {
    let world = office();
    let mut raw = session(&world, "stan", Era::Modern);
    let path = "docs/listed/minutes.md";
    let stat = raw.call("stat_files", json!({"paths": [path]})).ok();
    assert_eq!(stat.structured()["files"][0]["path"], path);
    for arguments in [json!({"path": path}), json!({"path": path, "tail": 1})] {
        let answer = raw.call("read_file", arguments);
        assert_eq!(answer.code(), Some("not_found"), "{}", answer.short());
    }
    let uri = json!({"uri": format!("fs://{path}")});
    assert!(!raw.ask("resources/read", uri).is_ok());
    let found = raw
        .call(
            "search_text",
            json!({"pattern": "minutes", "path": "docs/listed"}),
        )
        .ok();
    assert_eq!(found.lines(), [""; 0]);
    let ended = raw.close();
    world.assert_never(&ended, "minutes-0815");
}

#[test]
fn a4_the_record_has_the_label_and_the_clearance() {
    let world = office();
    let mut raw = session(&world, "hanna", Era::Modern);
    raw.call("read_file", json!({"path": "docs/hr/pay.md"}))
        .ok();
    let ended = raw.close();
    let trail = world.trail();
    let record = trail.of(&ended.answered[0])[0].clone();
    assert_eq!(record["principal.id"], "hanna");
    assert_eq!(record["label.level"], "confidential");
    assert_eq!(record["label.categories"], json!(["personal"]));
    assert_eq!(record["clearance.level"], "confidential");
    assert_eq!(record["mcp.resource.uri"], "fs://docs/hr/pay.md");
    assert_eq!(record["principal.roles"], json!(["hr"]));
}

#[test]
fn the_operator_is_told_why_and_it_is_what_the_reader_gets() {
    let world = office();
    for who in ["vera", "stan", "hanna", "nobody"] {
        for path in [
            "docs/news.md",
            "docs/plan.md",
            "docs/hr/pay.md",
            "hr-vault/hr-only.md",
            "docs/none/x",
        ] {
            let arguments = [
                "explain",
                who,
                path,
                "--config={dir}/config.toml",
                "--policy={dir}/policy.toml",
                "--audit={dir}/audit",
            ];
            let ran = run(&bin("readonly-fs"), &world.arguments(&arguments));
            assert_eq!(ran.code, Some(0), "{}", ran.stderr);
            let allowed = ran.stdout.starts_with("allowed");
            if who == "nobody" {
                assert!(!allowed, "{path}: {}", ran.stdout);
                continue;
            }
            let mut raw = session(&world, who, Era::Modern);
            let read = raw.call("read_file", json!({"path": path})).is_ok();
            assert!(allowed || !read, "{who} {path}: {}", ran.stdout);
            let there = !path.contains("none");
            assert!(!there || allowed == read, "{who} {path}: {}", ran.stdout);
        }
    }
}
