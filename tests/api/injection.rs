//! Arguments that try to be more than arguments.

use serde_json::Value;
use serde_json::json;

use super::finish;
use super::serve;
use super::upstream::Upstream;
use super::world;

const ENDPOINTS: &str = r#"
[endpoints.item]
upstream = "crm"
get = "/items/{id}"
label = "internal"
parameters.id = { in = "path" }
parameters.q = { in = "query" }
parameters.n = { in = "query", type = "integer", min = 1, max = 10 }
parameters.tags = { in = "query", type = "string[]", max-items = 3 }
parameters.note = { in = "header", name = "X-Note" }
"#;

#[test]
fn o3_what_is_not_of_the_declared_form_never_leaves() {
    let upstream = Upstream::json(&json!({"fine": true}));
    let world = world(&upstream, ENDPOINTS);
    let mut raw = serve(&world, "ben");
    let mut wrong: Vec<Value> = [
        "..",
        ".",
        "../admin",
        "..%2fadmin",
        "%2e%2e",
        "%2e%2e%2f",
        "..;/admin",
        "a/b",
        "a\\b",
        "a?x=1",
        "a#b",
        "a;b",
        "//evil.example",
        "@evil.example",
        "a b",
        "",
        "a\r\nHost: evil.example",
        "a\0",
        "é",
        "\u{ff0e}\u{ff0e}",
        "\u{2215}",
        "http://169.254.169.254/",
        &"a".repeat(129),
    ]
    .iter()
    .map(|id| json!({"id": id}))
    .collect();
    wrong.extend([
        json!({}),
        json!({"id": 7}),
        json!({"id": ["a"]}),
        json!({"id": {"a": 1}}),
        json!({"id": "a", "q": "x\r\nX-Evil: 1"}),
        json!({"id": "a", "q": "x\u{0}"}),
        json!({"id": "a", "n": 0}),
        json!({"id": "a", "n": 11}),
        json!({"id": "a", "n": "1"}),
        json!({"id": "a", "n": 1.5}),
        json!({"id": "a", "tags": "x"}),
        json!({"id": "a", "tags": ["x", "x", "x", "x"]}),
        json!({"id": "a", "tags": [["x"]]}),
        json!({"id": "a", "note": "x\r\nX-Evil: 1"}),
        json!({"id": "a", "note": "x\ny"}),
        json!({"id": "a", "url": "https://evil.example"}),
        json!({"id": "a", "host": "evil.example"}),
        json!({"id": "a", "headers": {"authorization": "x"}}),
        json!({"id": "a", "Authorization": "x"}),
        json!({"id": "a", "X-User-Context": "x"}),
        json!({"id": "a", "x-http-method-override": "DELETE"}),
        json!({"id": "a", "fields": ["a.."]}),
        json!({"id": "a", "fields": "a"}),
    ]);
    for arguments in wrong {
        let answer = raw.call("item", arguments.clone());
        assert_eq!(
            answer.code(),
            Some("malformed"),
            "{arguments}: {}",
            answer.short()
        );
        assert!(!answer.0.to_string().contains("evil"), "{}", answer.short());
    }
    assert!(upstream.heard().is_empty(), "{:?}", upstream.heard());
    let ended = finish(&world, &upstream, raw);
    world.assert_never(&ended, "evil");
}

#[test]
fn o3_what_is_of_the_declared_form_arrives_as_it_was_given() {
    let upstream = Upstream::json(&json!({"fine": true}));
    let world = world(&upstream, ENDPOINTS);
    let mut raw = serve(&world, "ben");
    let arguments = json!({
        "id": "a.b~c-d_e", "q": "x&n=9#?/\\%2e+ é", "n": 10, "tags": ["1", "&tags=2"], "note": "plain text",
    });
    raw.call("item", arguments).ok();
    let [heard] = upstream.heard().try_into().unwrap();
    assert_eq!(
        heard.path(),
        "/v1/items/a.b~c-d_e?n=10&q=x%26n%3D9%23%3F%2F%5C%252e%2B%20%C3%A9&tags=1&tags=%26tags%3D2"
    );
    assert_eq!(heard.header("x-note"), Some("plain text"));
    assert_eq!(
        heard
            .headers
            .iter()
            .filter(|(name, _)| name == "authorization")
            .count(),
        1
    );
    for never in [
        "cookie",
        "referer",
        "origin",
        "x-forwarded-for",
        "forwarded",
    ] {
        assert_eq!(heard.header(never), None, "{never}");
    }
    finish(&world, &upstream, raw);
}
