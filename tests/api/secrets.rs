//! The key: used, and never seen.

use serde_json::json;

use super::CUSTOMER;
use super::KEY;
use super::command;
use super::finish;
use super::serve;
use super::upstream::Upstream;
use super::upstream::respond;
use super::world;
use harness::Era;
use harness::Raw;

fn hex(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn l4_an_answer_that_repeats_the_key_in_any_spelling_is_kept_back() {
    let percent: String = KEY.bytes().map(|b| format!("%{b:02X}")).collect();
    let escaped: String = KEY.bytes().map(|b| format!("\\u{b:04x}")).collect();
    let spellings = [
        format!("{{\"echo\": \"{KEY}\"}}"),
        format!("{{\"echo\": \"Bearer {KEY} and more\"}}"),
        format!("{{\"{KEY}\": 1}}"),
        format!("{{\"echo\": \"{escaped}\"}}"),
        format!("{{\"echo\": \"{percent}\"}}"),
        format!("{{\"echo\": \"{}\"}}", hex(KEY)),
        format!("{{\"echo\": \"{}\"}}", hex(KEY).to_uppercase()),
        // base64 of the key alone, and behind one and two other bytes
        "{\"echo\": \"c2stY2FuYXJ5LTlmMmM3MWUwYjQ=\"}".to_owned(),
        "{\"echo\": \"eHNrLWNhbmFyeS05ZjJjNzFlMGI0\"}".to_owned(),
        "{\"echo\": \"eHhzay1jYW5hcnktOWYyYzcxZTBiNA\"}".to_owned(),
    ];
    let count = spellings.len();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let upstream = Upstream::start(move |_, stream| {
        let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        match spellings.get(at) {
            Some(body) => respond(stream, 200, "", body),
            None if at == spellings.len() => {
                respond(stream, 200, &format!("x-echo: {KEY}\r\n"), "{}");
            }
            None => respond(
                stream,
                500,
                "",
                &format!("{{\"detail\": \"bad key {KEY}\"}}"),
            ),
        }
    });
    let world = world(&upstream, CUSTOMER);
    let mut raw = serve(&world, "ben");
    for number in 0..count + 2 {
        let answer = raw.call("regions", json!({}));
        assert_eq!(
            answer.code(),
            Some("failed"),
            "{number}: {}",
            answer.short()
        );
        assert!(answer.structured()["ref"].is_string());
    }
    let ended = finish(&world, &upstream, raw);
    for spelling in [
        hex(KEY).as_str(),
        percent.as_str(),
        "canary-9f2c",
        "c2stY2FuYXJ5",
    ] {
        world.assert_never(&ended, spelling);
    }
    assert_eq!(
        upstream.heard().len(),
        count + 2,
        "and none of them is tried again"
    );
}

#[test]
fn a_server_starts_without_its_key_and_says_which_one_is_missing_when_it_needs_it() {
    let upstream = Upstream::json(&json!({}));
    let world = world(&upstream, CUSTOMER);
    let mut raw = Raw::spawn(
        &mut command(&world, &["--config={dir}/config.toml"]),
        Era::Modern,
    );
    raw.listen();
    raw.ask("tools/list", json!({})).ok();
    let answer = raw.call("regions", json!({}));
    assert_eq!(answer.code(), Some("failed"), "{}", answer.short());
    assert!(!answer.0.to_string().contains("EXTERNAL_API_KEY"));
    assert!(
        raw.stderr().contains("env:EXTERNAL_API_KEY"),
        "{}",
        raw.stderr()
    );
    assert!(
        upstream.heard().is_empty(),
        "nothing leaves without its key"
    );
    finish(&world, &upstream, raw);
}
