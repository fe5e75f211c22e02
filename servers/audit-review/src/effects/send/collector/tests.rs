//! What a collector hears, and what its answers are taken for.

use std::io::Write;
use std::net::SocketAddr;

use guard::config::Source;

use super::*;
use crate::config::Config;
use crate::effects::send::testing::answering;
use crate::effects::send::testing::receiver;
use crate::effects::send::testing::request;

fn open(endpoint: &str, more: &str) -> Result<Collector, StartError> {
    let text = format!("[telemetry]\nendpoint = \"{endpoint}\"\ninsecure = true\n{more}\n");
    let source = Source::new("review.toml", text);
    let settings = source.parse::<Config>().unwrap().telemetry;
    let secrets = Providers::new(|name| match name {
        "KEY" => Some("Bearer canary".into()),
        "LINES" => Some("canary\r\nx: y".into()),
        _ => None,
    });
    let endpoint = settings.endpoint.clone().unwrap();
    let patience = Duration::from_secs(2);
    Collector::open(
        endpoint.get_ref(),
        &settings,
        Some(&source),
        &secrets,
        patience,
    )
}

fn send(collector: &Collector, signal: Signal) -> Sent {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let now = "2026-05-05T12:00:00Z".parse().unwrap();
    let body = serde_json::json!({"resourceMetrics": []});
    runtime.block_on(collector.send(signal, &body, now))
}

fn told(answer: &str) -> Sent {
    let at: SocketAddr = answering(answer);
    send(&open(&format!("http://{at}"), "").unwrap(), Signal::Traces)
}

#[test]
fn what_is_sent_is_a_post_below_the_path_with_the_headers_of_the_operator() {
    let (heard, hears) = std::sync::mpsc::channel();
    let at = receiver(move |mut tcp| {
        heard.send(request(&mut tcp)).unwrap();
        tcp.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
            .unwrap();
    });
    let headers = "headers = { Authorization = \"env:KEY\" }";
    let collector = open(&format!("http://{at}/otlp/"), headers).unwrap();
    assert!(!format!("{collector:?}").contains("canary"));
    let sent = send(&collector, Signal::Metrics);
    assert!(matches!(sent, Sent::Taken), "{sent:?}");
    let (head, body) = hears.recv().unwrap();
    assert!(
        head.starts_with("POST /otlp/v1/metrics HTTP/1.1\r\n"),
        "{head}"
    );
    for line in [
        "content-type: application/json",
        "authorization: Bearer canary",
        &format!("host: {at}"),
    ] {
        assert!(head.lines().any(|own| own == line), "{line} in {head}");
    }
    assert_eq!(body, "{\"resourceMetrics\":[]}");
}

#[test]
fn an_answer_is_taken_later_or_no_use() {
    let part = r#"{"partialSuccess":{"rejectedSpans":"17"}}"#;
    let length = part.len();
    let part = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{part}");
    assert!(matches!(told(&part), Sent::TakenBut(17)));
    let odd = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{{{{{";
    assert!(matches!(told(odd), Sent::Taken));
    let status = |code: u16, more: &str| {
        told(&format!(
            "HTTP/1.1 {code} x\r\n{more}content-length: 0\r\n\r\n"
        ))
    };
    for code in BUSY {
        let sent = status(code, "retry-after: 9\r\n");
        let Sent::Later(Trouble::Status(said), Some(after)) = sent else {
            panic!("{code}: {sent:?}");
        };
        assert_eq!((said, after), (code, Duration::from_secs(9)));
    }
    let sent = status(429, "retry-after: soon\r\n");
    assert!(matches!(sent, Sent::Later(_, None)), "{sent:?}");
    for code in [307, 400, 401, 408, 500] {
        let sent = status(code, "location: http://127.0.0.1:1/\r\n");
        assert!(matches!(sent, Sent::Refused(_)), "{code}: {sent:?}");
    }
}

#[test]
fn a_secret_that_is_no_header_is_told_at_the_start_and_not_repeated() {
    for (header, said) in [
        ("x = \"env:LINES\"", NO_HEADER),
        ("x = \"env:ABSENT\"", "ABSENT"),
    ] {
        let error = open("http://127.0.0.1", &format!("headers = {{ {header} }}")).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}
