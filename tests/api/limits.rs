//! Upstreams that send too much, too slowly, or nothing.

use std::io::Write;
use std::time::Duration;
use std::time::Instant;

use serde_json::json;

use super::finish;
use super::serve;
use super::upstream::Upstream;
use super::upstream::hang;
use super::upstream::respond;
use super::world;

const ENDPOINTS: &str = r#"
[endpoints.bad]
upstream = "crm"
get = "/bad/{how}"
label = "internal"
seconds = 3
parameters.how = { in = "path" }
[endpoints.good]
upstream = "crm"
get = "/good"
label = "internal"
"#;

#[test]
fn o6_no_upstream_makes_the_server_large_slow_or_silent() {
    let upstream = Upstream::start(|heard, stream| {
        let how = heard
            .path()
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        match how.as_str() {
            "large" => {
                let head = "HTTP/1.1 200 -\r\ncontent-type: application/json\r\ncontent-length: 2147483648\r\n\r\n[";
                stream.write_all(head.as_bytes()).ok();
                while stream.write_all(&[b' '; 65536]).is_ok() {}
            }
            "endless" => {
                let head =
                    "HTTP/1.1 200 -\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n";
                stream.write_all(head.as_bytes()).ok();
                while stream.write_all(&[b'x'; 65536]).is_ok() {}
            }
            "headers" => {
                stream.write_all(b"HTTP/1.1 200 -\r\n").ok();
                while stream
                    .write_all(b"x-more: and more and more and more\r\n")
                    .is_ok()
                {}
            }
            "deep" => respond(
                stream,
                200,
                "",
                &("[".repeat(100_000) + &"]".repeat(100_000)),
            ),
            "parts" => respond(
                stream,
                200,
                "",
                &format!("[{}0]", "{\"a\":0},".repeat(100_000)),
            ),
            "drip" => {
                stream
                    .write_all(b"HTTP/1.1 200 -\r\ncontent-length: 1000\r\n\r\n")
                    .ok();
                while stream.write_all(b" ").is_ok() {
                    std::thread::sleep(Duration::from_millis(200));
                }
            }
            "silent" => hang(stream),
            "gone" => {
                stream.shutdown(std::net::Shutdown::Both).ok();
            }
            _ => respond(stream, 200, "", "{\"fine\": true}"),
        }
    });
    let world = world(&upstream, ENDPOINTS);
    let mut raw = serve(&world, "ben");
    let mut ids = Vec::new();
    let ways = [
        "large", "endless", "headers", "deep", "parts", "drip", "silent", "gone",
    ];
    for how in ways {
        ids.push((how, raw.begin_call("bad", json!({"how": how}))));
    }
    let start = Instant::now();
    let good = raw.call("good", json!({})).ok();
    assert_eq!(good.structured()["data"], json!({"fine": true}));
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    for (how, id) in ids {
        let answer = raw.wait(id);
        let code = answer.code().unwrap_or("answered").to_owned();
        assert!(
            ["too_large", "timed_out", "failed"].contains(&code.as_str()),
            "{how}: {}",
            answer.short()
        );
    }
    finish(&world, &upstream, raw);
}

#[test]
fn a_wait_that_the_upstream_asks_for_comes_back_as_data() {
    let upstream = Upstream::start(|_, stream| {
        respond(
            stream,
            429,
            "retry-after: 77\r\n",
            "{\"title\": \"slow down\"}",
        );
    });
    let world = world(&upstream, ENDPOINTS);
    let mut raw = serve(&world, "ben");
    let answer = raw.call("good", json!({})).ok();
    let expected = json!({"status": 429, "retry_after": 77, "data": {"title": "slow down"}});
    assert_eq!(*answer.structured(), expected);
    finish(&world, &upstream, raw);
}

#[test]
fn a_long_list_is_cut_between_items_and_goes_on() {
    let items: Vec<_> = (0..500)
        .map(|n| json!({"id": n, "pad": "0123456789".repeat(5)}))
        .collect();
    let upstream = Upstream::json(&json!({"items": items}));
    let world = world(
        &upstream,
        &format!("[limits]\nanswer-bytes = \"16 KiB\"\n{ENDPOINTS}"),
    );
    let mut raw = serve(&world, "ben");
    let (mut seen, mut arguments) = (0, json!({}));
    loop {
        let answer = raw.call("good", arguments.clone()).ok();
        assert!(answer.text().len() < 17 << 10);
        let page = answer.structured();
        seen += page["data"]["items"].as_array().unwrap().len();
        match page["next"].as_str() {
            Some(next) => arguments = json!({"cursor": next}),
            None => break,
        }
        assert_eq!(
            (&page["truncated"], &page["total"]),
            (&json!(true), &json!(500))
        );
    }
    assert_eq!(seen, 500);
    finish(&world, &upstream, raw);
}
