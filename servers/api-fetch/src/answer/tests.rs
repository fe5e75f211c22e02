//! What is left of an answer, for whom, under which label.

use serde_json::json;

use guard::config::Source;
use guard::label::Clearance;
use guard::label::Taxonomy;

use super::*;
use crate::config::Config;
use crate::endpoint;

const CONFIG: &str = r#"
    [limits]
    answer-bytes = 300
    depth = 6
    [upstreams.crm]
    base = "https://api.example.com/v1"

    [endpoints.one]
    upstream = "crm"
    get = "/one"
    label = "internal"
    fields = ["id", "name", "plan.name", "ssn", "items[*].{id,cost}"]
    field-labels = { ssn = "confidential+personal", "items[*].cost" = "confidential" }

    [endpoints.whole]
    upstream = "crm"
    get = "/whole"
    label = "internal"
    field-labels = { ssn = "confidential+personal" }
    pagination = { cursor = "next", parameter = "after" }
"#;

#[cfg(feature = "html")]
#[test]
fn o4_a_page_comes_as_markdown_under_the_highest_label_and_an_unreadable_one_not_at_all() {
    let page = "<h1>Hi</h1><script>x</script><p hidden>y</p><p>there</p>";
    let read = |endpoint: &Endpoint, page: &str| {
        let reply = reply(200, "text/html", page);
        let wanted = Wanted::default();
        shown(
            endpoint,
            &caller("confidential+personal"),
            &reply,
            &wanted,
            ("", ""),
            "/",
        )
        .unwrap()
    };
    let (whole, one) = (endpoint("whole"), endpoint("one"));
    assert!(whole.untrusted);
    let read_whole = read(&whole, page);
    assert_eq!(read_whole.value["data"], "# Hi\n\nthere");
    assert_eq!(read_whole.label, label("confidential+personal"));
    // where fields are named, a page has none
    assert_eq!(read(&one, page).value["data"], Value::Null);
    let deep = read(&whole, &"<div>".repeat(1000));
    assert_eq!(deep.value["data"], Value::Null);
    let why = "5000 bytes of text/html: HTML that is too large or nests too deep to be read";
    assert_eq!(deep.value["omitted"], why);
}

fn endpoint(name: &str) -> Endpoint {
    let source = Source::new("c", CONFIG);
    let known = Taxonomy::default();
    let config: Config = source.parse().unwrap();
    let declared = endpoint::declare(&config, &source, &known, known.unlabelled()).unwrap();
    declared
        .endpoints
        .into_iter()
        .find(|e| e.name == name)
        .unwrap()
}

fn label(text: &str) -> Label {
    Taxonomy::default().parse(text).unwrap()
}

fn caller(text: &str) -> Caller {
    Caller {
        clearance: Clearance::up_to(label(text)),
        ..Caller::default()
    }
}

fn reply(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Reply {
    Reply {
        status,
        media_type: kind.to_owned(),
        body: body.into(),
        ..Reply::default()
    }
}

fn ask(name: &str, who: &str, reply: &Reply, wanted: &Wanted) -> Result<Shown, Denial> {
    let base = ("https://api.example.com", "/v1");
    shown(&endpoint(name), &caller(who), reply, wanted, base, "/x")
}

fn customer() -> Reply {
    let body = json!({
        "id": 7, "name": "Ada", "ssn": "078-05", "hidden": "x", "plan": {"name": "pro", "price": 1},
        "items": [{"id": 1, "cost": 2, "other": 3}],
    });
    reply(200, "application/json", body.to_string())
}

#[test]
fn a4_fields_above_the_clearance_are_dropped_and_the_rest_has_its_own_label() {
    for (who, expected, given) in [
        (
            "internal",
            "internal",
            json!({"id": 7, "name": "Ada", "plan": {"name": "pro"}, "items": [{"id": 1}]}),
        ),
        (
            "confidential",
            "confidential",
            json!({"id": 7, "name": "Ada", "plan": {"name": "pro"}, "items": [{"id": 1, "cost": 2}]}),
        ),
        (
            "confidential+personal",
            "confidential+personal",
            json!({"id": 7, "name": "Ada", "ssn": "078-05", "plan": {"name": "pro"}, "items": [{"id": 1, "cost": 2}]}),
        ),
    ] {
        let shown = ask("one", who, &customer(), &Wanted::default()).unwrap();
        assert_eq!(shown.value["data"], given, "{who}");
        assert_eq!(shown.label, label(expected), "{who}");
    }
}

#[test]
fn a4_who_asks_for_less_gets_the_label_of_less() {
    let wanted = Wanted {
        fields: Some(Fields::parse(["id", "hidden", "ssn.x"]).unwrap()),
        ..Wanted::default()
    };
    let shown = ask("one", "confidential+personal", &customer(), &wanted).unwrap();
    assert_eq!(shown.value["data"], json!({"id": 7}));
    assert_eq!(shown.label, label("internal"));
}

#[test]
fn a4_what_cannot_be_told_apart_has_the_label_of_all() {
    let text = reply(200, "text/plain", "ssn 078-05");
    let shown = ask("whole", "internal", &text, &Wanted::default()).unwrap();
    assert_eq!(
        shown.label,
        label("confidential+personal"),
        "the gate keeps it back"
    );
    let shown = ask("one", "internal", &text, &Wanted::default()).unwrap();
    assert!(
        !Value::Object(shown.value.clone())
            .to_string()
            .contains("078")
    );
    assert!(
        shown.value["omitted"]
            .as_str()
            .unwrap()
            .contains("10 bytes of text/plain")
    );
}

#[test]
fn o5_an_error_says_what_went_wrong_and_brings_no_data_along() {
    let body = json!({
        "error": {"code": "E7", "message": "no", "customer": {"ssn": "078-05"}},
        "detail": "gone", "ssn": "078-05", "title": {"ssn": "078-05"},
    });
    for status in [301, 400, 404, 500, 503] {
        let reply = reply(status, "application/problem+json", body.to_string());
        let shown = ask("one", "internal", &reply, &Wanted::default()).unwrap();
        assert_eq!(
            shown.value["data"],
            json!({"detail": "gone", "error": {"code": "E7", "message": "no"}})
        );
        assert_eq!(shown.value["status"], status);
        // without a list of fields it is whole, but for what is labelled above the caller
        let shown = ask("whole", "internal", &reply, &Wanted::default()).unwrap();
        assert_eq!(shown.value["data"].get("ssn"), None);
    }
    let long = reply(
        500,
        "application/json",
        json!({"detail": "x".repeat(5000)}).to_string(),
    );
    let shown = ask("whole", "internal", &long, &Wanted::default()).unwrap();
    assert!(Value::Object(shown.value).to_string().len() < 200);
}

#[test]
fn a_wait_that_the_upstream_asks_for_is_data() {
    let mut reply = reply(429, "application/json", "{}");
    reply.retry_after = Some(7);
    let shown = ask("whole", "internal", &reply, &Wanted::default()).unwrap();
    assert_eq!(
        (&shown.value["status"], &shown.value["retry_after"]),
        (&json!(429), &json!(7))
    );
}

#[test]
fn o6_what_nests_or_weighs_too_much_is_refused_before_it_is_read() {
    for body in [
        "[".repeat(7) + &"]".repeat(7),
        "[".repeat(100_000),
        format!("[{}0]", "{\"a\":0},".repeat(30_000)),
    ] {
        let reply = reply(200, "application/json", body);
        let refused = ask("whole", "internal", &reply, &Wanted::default()).unwrap_err();
        assert_eq!(refused.code(), "too_large");
    }
}

#[test]
fn a_list_is_cut_between_items_and_goes_on_by_page_and_by_item() {
    let items: Vec<Value> = (0..40)
        .map(|n| json!({"id": n, "pad": "0123456789"}))
        .collect();
    let body = json!({"data": items, "next": "p2"}).to_string();
    let reply = reply(200, "application/json", body);
    let (mut seen, mut from) = (Vec::new(), Position::default());
    loop {
        let wanted = Wanted {
            from: from.clone(),
            fields: None,
        };
        let shown = ask("whole", "internal", &reply, &wanted).unwrap();
        let page = Value::Object(shown.value.clone());
        assert!(page.to_string().len() < 400);
        seen.extend(page["data"]["data"].as_array().unwrap().clone());
        from = shown.next.unwrap();
        if !shown.truncated {
            break;
        }
        assert_eq!(page["total"], 40);
        assert_eq!(from.onward, None);
    }
    assert_eq!(seen, items);
    assert_eq!(
        from.onward,
        Some(Onward::Cursor("p2".to_owned())),
        "then the upstream's next page"
    );
}

#[test]
fn what_is_no_json_is_text_or_is_not_shown() {
    let text = "grüße ".repeat(100);
    let shown = ask(
        "whole",
        "confidential+personal",
        &reply(200, "text/csv", text.clone()),
        &Wanted::default(),
    )
    .unwrap();
    assert_eq!(shown.value["truncated"], true);
    assert_eq!(shown.value["total"], text.len());
    assert!(text.starts_with(shown.value["data"].as_str().unwrap()));
    for (kind, body) in [
        ("image/png", &b"\x89PNG"[..]),
        ("text/plain", &b"a\0b"[..]),
        ("text/plain", &b"\xff\xfe"[..]),
        ("evil\u{202e}\n", &b"abc"[..]),
    ] {
        let shown = ask(
            "whole",
            "internal",
            &reply(200, kind, body),
            &Wanted::default(),
        )
        .unwrap();
        assert_eq!(shown.value["data"], Value::Null, "{kind}");
        assert!(
            !shown.value["omitted"]
                .as_str()
                .unwrap()
                .contains('\u{202e}')
        );
    }
    for status in [200, 204] {
        let shown = ask(
            "whole",
            "internal",
            &reply(status, "", ""),
            &Wanted::default(),
        )
        .unwrap();
        assert_eq!(shown.value["data"], Value::Null);
    }
}
