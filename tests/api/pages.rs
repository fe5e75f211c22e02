//! Lists that go on, by cursors that nobody can bend.

use serde_json::Value;
use serde_json::json;

use super::finish;
use super::serve;
use super::upstream::Upstream;
use super::upstream::respond;
use super::world;

const ENDPOINTS: &str = r#"
[endpoints.items]
upstream = "crm"
get = "/items"
label = "internal"
pagination = { next = "links.next" }
parameters.kind = { in = "query" }
[endpoints.others]
upstream = "crm"
get = "/others"
label = "internal"
pagination = { next = "links.next" }
"#;

/// Three items a page, and a link to the next.
fn upstream() -> Upstream {
    Upstream::start(|heard, stream| {
        let after: u64 = heard
            .path()
            .split_once("after=")
            .and_then(|(_, rest)| rest.split('&').next()?.parse().ok())
            .unwrap_or(0);
        let items: Vec<Value> = (after + 1..=after + 3).map(|n| json!({"id": n})).collect();
        let next = (after < 6).then(|| format!("/v1/items?after={}&kind=x", after + 3));
        respond(
            stream,
            200,
            "",
            &json!({"items": items, "links": {"next": next}}).to_string(),
        );
    })
}

#[test]
fn a_list_is_walked_to_its_end_by_sealed_cursors() {
    let upstream = upstream();
    let world = world(&upstream, ENDPOINTS);
    let mut raw = serve(&world, "ben");
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut arguments = json!({"kind": "x"});
        if let Some(cursor) = &cursor {
            arguments["cursor"] = json!(cursor);
        }
        let answer = raw.call("items", arguments).ok();
        let page = answer.structured()["data"]["items"]
            .as_array()
            .unwrap()
            .clone();
        seen.extend(page.into_iter().map(|item| item["id"].as_u64().unwrap()));
        match answer.structured()["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(seen, (1..=9).collect::<Vec<_>>());
    let paths: Vec<String> = upstream
        .heard()
        .iter()
        .map(|h| h.path().to_owned())
        .collect();
    assert_eq!(
        paths,
        [
            "/v1/items?kind=x",
            "/v1/items?after=3&kind=x",
            "/v1/items?after=6&kind=x"
        ]
    );
    finish(&world, &upstream, raw);
}

#[test]
fn i9_a_cursor_of_another_request_or_another_hand_is_refused() {
    let upstream = upstream();
    let world = world(&upstream, ENDPOINTS);
    let mut raw = serve(&world, "ben");
    let first = raw.call("items", json!({"kind": "x"})).ok();
    let cursor = first.structured()["next"].as_str().unwrap().to_owned();
    let asked = upstream.heard().len();
    let mut bent = cursor.clone().into_bytes();
    bent[20] ^= 1;
    for (tool, arguments) in [
        ("items", json!({"cursor": cursor})),
        ("items", json!({"kind": "y", "cursor": cursor})),
        ("others", json!({"cursor": cursor})),
        (
            "items",
            json!({"kind": "x", "cursor": String::from_utf8(bent).unwrap()}),
        ),
        ("items", json!({"kind": "x", "cursor": ""})),
        (
            "items",
            json!({"kind": "x", "cursor": "eyJvbndhcmQiOm51bGx9"}),
        ),
    ] {
        let answer = raw.call(tool, arguments);
        assert_eq!(answer.code(), Some("stale_cursor"), "{}", answer.short());
    }
    assert_eq!(upstream.heard().len(), asked);
    finish(&world, &upstream, raw);
    let mut raw = serve(&world, "ada");
    let answer = raw.call("items", json!({"kind": "x", "cursor": cursor}));
    assert_eq!(answer.code(), Some("stale_cursor"));
    finish(&world, &upstream, raw);
}
