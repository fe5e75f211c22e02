//! What is left of an answer for whom.

use serde_json::Value;
use serde_json::json;

use super::finish;
use super::serve;
use super::upstream::Upstream;
use super::upstream::respond;
use super::world;

const ENDPOINTS: &str = r#"
[endpoints.people]
upstream = "crm"
get = "/people"
label = "internal"
field-labels = { "people[*].ssn" = "confidential+personal", "people[*].salary" = "confidential" }
"#;

fn label(answer: &harness::Answer) -> Value {
    answer.result()["_meta"]["dev.keyhole/security-label"].clone()
}

#[test]
fn a4_a_field_above_the_clearance_is_dropped_and_the_label_is_that_of_what_is_left() {
    let people =
        json!({"people": [{"name": "Ada", "ssn": "078-05-1120", "salary": 900}], "count": 1});
    let upstream = Upstream::json(&people);
    let world = world(&upstream, ENDPOINTS);
    let mut raw = serve(&world, "ben");
    let answer = raw.call("people", json!({})).ok();
    assert_eq!(
        answer.structured()["data"],
        json!({"people": [{"name": "Ada"}], "count": 1})
    );
    assert_eq!(label(&answer)["level"], "internal");
    let ended = finish(&world, &upstream, raw);
    world.assert_never(&ended, "078-05");
    let mut raw = serve(&world, "ada");
    let answer = raw.call("people", json!({})).ok();
    assert_eq!(answer.structured()["data"], people);
    assert_eq!(label(&answer)["categories"], json!(["personal"]));
    let answer = raw
        .call("people", json!({"fields": ["people[*].{name,salary}"]}))
        .ok();
    assert_eq!(
        answer.structured()["data"],
        json!({"people": [{"name": "Ada", "salary": 900}]})
    );
    assert_eq!(
        label(&answer),
        json!({"level": "confidential", "categories": [], "untrusted": true})
    );
    finish(&world, &upstream, raw);
}

#[test]
fn a4_an_upstream_that_changes_its_form_does_not_lower_a_label() {
    let bodies = [
        json!([{"people": {"ssn": "078-05-1120"}}]).to_string(),
        json!({"people": {"7": {"ssn": "078-05-1120"}}}).to_string(),
        json!({"People": [{"SSN": "078-05-1120"}]}).to_string(),
        "ssn: 078-05-1120".to_owned(),
    ];
    let next = std::sync::atomic::AtomicUsize::new(0);
    let all = bodies.clone();
    let upstream = Upstream::start(move |_, stream| {
        let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let kind = if all[at].starts_with("ssn") {
            "content-type: text/plain\r\n"
        } else {
            ""
        };
        respond(stream, 200, kind, &all[at]);
    });
    let world = world(&upstream, ENDPOINTS);
    let mut raw = serve(&world, "ben");
    for body in &bodies {
        let answer = raw.call("people", json!({}));
        assert!(
            !answer.0.to_string().contains("078-05"),
            "{body}: {}",
            answer.short()
        );
    }
    let ended = finish(&world, &upstream, raw);
    world.assert_never(&ended, "078-05");
}

#[test]
fn o5_an_error_of_the_upstream_is_data_with_its_status_and_no_more_than_its_words() {
    let upstream = Upstream::start(|_, stream| {
        let body =
            json!({"title": "no", "detail": "not today", "customer": {"ssn": "078-05-1120"}});
        respond(stream, 409, "", &body.to_string());
    });
    let world = world(
        &upstream,
        &ENDPOINTS.replace("field-labels", "fields = [\"people\"]\nfield-labels"),
    );
    let mut raw = serve(&world, "ben");
    let answer = raw.call("people", json!({})).ok();
    let expected = json!({"status": 409, "data": {"title": "no", "detail": "not today"}});
    assert_eq!(*answer.structured(), expected);
    let ended = finish(&world, &upstream, raw);
    world.assert_never(&ended, "078-05");
}
