//! A real document of more than a thousand operations: the REST API of GitHub, under the MIT licence.
//!
//! `tests/foreign/setup` installs it. Where it is missing the test says so and passes, unless
//! `KEYHOLE_FOREIGN` is set: then it fails.

use std::path::PathBuf;
use std::time::Instant;

use harness::loudly;
use harness::workspace;
use serde_json::json;

use super::KEY;
use super::run;
use super::serve;
use super::upstream::Upstream;
use super::world;

/// Of the document that `setup` pins.
const SHA256: &str = "829b4bebb19a53133289f7b0bc819f4f1118115821db2ca9f25e9ee995a7da2a";

fn document() -> Option<PathBuf> {
    let path = workspace().join("tests/foreign/openapi/package/generated/api.github.com.json");
    if path.exists() {
        return Some(path);
    }
    let set = std::env::var("KEYHOLE_FOREIGN");
    let must = set.is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    assert!(!must, "the document is missing: run tests/foreign/setup");
    loudly("large document: it is missing; run tests/foreign/setup");
    None
}

#[test]
fn a_document_of_a_thousand_operations_is_filtered_and_served_behind_three_tools() {
    let Some(document) = document() else {
        return;
    };
    let issues = json!([{"number": 7, "title": "Mend it", "user": {"login": "ada"}, "body": "x"}]);
    let upstream = Upstream::json(&issues);
    let config = format!(
        "[imports.github]\ndocument = \"{}\"\nsha256 = \"{SHA256}\"\nupstream = \"crm\"\n\
         permission = \"customer:read\"\nwrite-permission = \"customer:write\"\nlabel = \"internal\"\n\
         texts = true\ninclude = [\"method:get\", \"issues/create\", \"DELETE /user/keys/{{key_id}}\"]\n\
         exclude = [\"tag:copilot\", \"/enterprises/*\", \"DELETE /user/*\"]\n\
         [imports.github.overrides.\"issues/list-for-repo\"]\nname = \"list-issues\"\n\
         fields = [\"[*].{{number,title,user.login}}\"]\n\
         returns = {{ \"[*].number\" = \"integer\", \"[*].title\" = \"string\", \"[*].body\" = \"string\" }}\n\
         pagination = {{ page = \"page\" }}\nwithout = [\"page\"]\n",
        document.display()
    );
    let world = world(&upstream, &config);
    let ran = run(&world, &["check", "--config={dir}/config.toml"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let (notes, served): (Vec<&str>, Vec<&str>) = ran
        .stdout
        .lines()
        .partition(|line| line.starts_with("left out of github"));
    let count = |what: &str| served.iter().filter(|line| line.contains(what)).count();
    let (reads, left_out) = (count(" GET /"), notes.len());
    assert!(reads > 500, "{reads}");
    let writes = count(" POST /") + count(" DELETE /") + count(" PUT /") + count(" PATCH /");
    assert_eq!(writes, 1, "{}", ran.stdout);
    assert_eq!(count("/copilot/billing"), 0);

    let start = Instant::now();
    let mut raw = serve(&world, "ada");
    let listed = raw.ask("tools/list", json!({})).ok();
    let started = start.elapsed();
    let bytes = listed.result()["tools"].to_string().len();
    assert!(bytes < 4000, "{bytes}");
    let found = raw
        .call("search_endpoints", json!({"query": "issues repo"}))
        .ok();
    assert!(found.structured()["total"].as_u64().unwrap() > 10);
    let told = raw
        .call("describe_endpoint", json!({"endpoint": "list-issues"}))
        .ok();
    let arguments = &told.structured()["arguments"];
    assert_eq!(arguments["required"], json!(["owner", "repo"]));
    assert_eq!(
        arguments["properties"]["state"]["enum"],
        json!(["open", "closed", "all"])
    );
    assert!(arguments["properties"]["page"].is_null());
    let item = &told.structured()["returns"]["items"]["properties"];
    assert!(
        item["number"].is_object() && item["body"].is_null(),
        "{item}"
    );
    let arguments = json!({"owner": "ada", "repo": "engine", "state": "open"});
    let call = json!({"endpoint": "list-issues", "arguments": arguments});
    let answer = raw.call("call_endpoint", call).ok();
    let data = &answer.structured()["data"];
    assert_eq!(
        *data,
        json!([{"number": 7, "title": "Mend it", "user": {"login": "ada"}}])
    );
    for wrong in [
        json!({"endpoint": "list-issues", "arguments": {"owner": "..", "repo": "x"}}),
        json!({"endpoint": "list-issues", "arguments": {"owner": "a", "repo": "x", "state": "shut"}}),
    ] {
        assert_eq!(raw.call("call_endpoint", wrong).code(), Some("malformed"));
    }
    let none = raw.call("call_endpoint", json!({"endpoint": "repos-delete"}));
    assert_eq!(none.code(), Some("not_found"));
    assert_eq!(upstream.heard().len(), 1);
    assert!(
        upstream.heard()[0]
            .path()
            .starts_with("/v1/repos/ada/engine/issues?")
    );
    let ended = raw.close();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    world.assert_never(&ended, KEY);
    println!(
        "large document: {reads} endpoints that read, {left_out} notes, tools/list {bytes} bytes, \
         first answer after {} ms, peak {} KiB",
        started.as_millis(),
        ended.peak
    );
    assert!(ended.peak < 384 * 1024, "{} KiB", ended.peak);

    // the same document, drafted to be reviewed: what a server then reads is small
    let path = document.display().to_string();
    let arguments = ["import", &path, "--upstream=crm", "--include=tag:issues"];
    let ran = run(&world, &arguments);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.matches("\nget = ").count() > 15);
    assert_eq!(ran.stdout.matches("\npost = ").count(), 0);
}
