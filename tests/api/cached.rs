//! Answers that are kept: what the record says of them, and whom they are for.

use serde_json::Value;
use serde_json::json;

use super::finish;
use super::serve;
use super::upstream::Upstream;
use super::upstream::respond;
use super::world;

const KEPT: &str = r#"
[endpoints.regions]
upstream = "crm"
get = "/regions"
label = "internal"
cache = { seconds = 60 }
[endpoints.orders]
upstream = "crm"
get = "/orders"
label = "internal"
[endpoints.add-order]
upstream = "crm"
post = "/orders"
permission = "customer:write"
label = "internal"
"#;

/// An upstream that says how often it was asked, and that this holds for ever.
fn counting() -> Upstream {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    Upstream::start(move |heard, stream| {
        let number = 1 + asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let mut headers = "cache-control: public, max-age=31536000\r\netag: \"v1\"\r\n";
        if heard.line.starts_with("POST") {
            headers = "";
        }
        respond(
            stream,
            200,
            headers,
            &json!({ "number": number }).to_string(),
        );
    })
}

fn number(answer: &harness::Answer) -> Value {
    answer.structured()["data"]["number"].clone()
}

#[test]
fn l1_the_record_says_that_an_answer_was_kept_and_that_nothing_left() {
    let upstream = counting();
    let world = world(&upstream, KEPT);
    let mut raw = serve(&world, "ada");
    for (tool, wanted) in [
        ("regions", 1),
        ("regions", 1),
        ("orders", 2),
        ("orders", 3),
        ("add-order", 4),
        ("regions", 5),
    ] {
        assert_eq!(number(&raw.call(tool, json!({}))), wanted, "{tool}");
    }
    assert_eq!(upstream.heard().len(), 5);
    finish(&world, &upstream, raw);
    let trail = world.trail();
    let outcomes = trail.records.iter().filter(|r| r["phase"] == "outcome");
    let regions: Vec<String> = outcomes
        .filter(|r| r["mcp.resource.uri"] == "api://crm/regions")
        .map(ToString::to_string)
        .collect();
    let [first, second, third] = regions.as_slice() else {
        panic!("{regions:?}");
    };
    for (record, kept, requests) in [(first, "miss", 1), (second, "hit", 0), (third, "miss", 1)] {
        assert!(
            record.contains(&format!("\"http.cache\":\"{kept}\"")),
            "{record}"
        );
        assert!(
            record.contains(&format!("\"api.requests\":{requests}")),
            "{record}"
        );
        assert!(record.contains("\"label.level\":\"internal\""), "{record}");
    }
    // each was announced all the same: nobody knew before
    let announced = trail.records.iter().filter(|r| r["phase"] == "intent");
    assert_eq!(announced.count(), 6);
}

#[test]
fn a_cache_is_for_what_only_reads() {
    let upstream = counting();
    for (endpoint, place) in [
        (
            "post = \"/a\"\npermission = \"x:y\"\ncache = true",
            "expected a cache only of GET",
        ),
        (
            "head = \"/a\"\ncache = { seconds = 5 }",
            "expected a cache only of GET",
        ),
        ("get = \"/a\"\ncache = { seconds = 0 }", "config.toml:"),
        ("get = \"/a\"\ncache = { seconds = 86401 }", "config.toml:"),
        ("get = \"/a\"\ncache = { minutes = 1 }", "config.toml:"),
        ("get = \"/a\"\ncache = \"yes\"", "config.toml:"),
    ] {
        let text = format!("[endpoints.a]\nupstream = \"crm\"\n{endpoint}\n");
        let world = world(&upstream, &text);
        let ran = super::run(&world, &["check", "--config={dir}/config.toml"]);
        assert_ne!(ran.code, Some(0), "{endpoint}");
        assert!(ran.stderr.contains(place), "{endpoint}: {}", ran.stderr);
    }
    for endpoint in [
        "cache = true",
        "cache = false",
        "cache = {}",
        "cache = { seconds = 86400 }",
    ] {
        let text = format!("[endpoints.a]\nupstream = \"crm\"\nget = \"/a\"\n{endpoint}\n");
        let world = world(&upstream, &text);
        let ran = super::run(&world, &["check", "--config={dir}/config.toml"]);
        assert_eq!(ran.code, Some(0), "{endpoint}: {}", ran.stderr);
    }
}
