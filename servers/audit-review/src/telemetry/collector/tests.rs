//! Collectors that are well, busy, broken or hostile.

use std::sync::Arc;
use std::sync::Mutex;

use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::*;

/// A collector that answers each request with the same bytes, and what it heard.
async fn collector(answer: &'static [u8], endless: bool) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !request.ends_with(b"}") {
                match tcp.read(&mut buffer).await.unwrap() {
                    0 => break,
                    read => request.extend_from_slice(&buffer[..read]),
                }
            }
            kept.lock()
                .unwrap()
                .push(String::from_utf8(request).unwrap());
            let mut sent = tcp.write_all(answer).await;
            while endless && sent.is_ok() {
                sent = tcp.write_all(&[b'x'; 4096]).await;
            }
        }
    });
    (port, heard)
}

fn at(text: &str, headers: &[(HeaderName, Secret)]) -> Collector {
    let endpoint = serde_json::from_value(json!(text)).unwrap();
    Collector::new(endpoint, None, headers, Duration::from_secs(2)).unwrap()
}

async fn told(answer: &'static [u8]) -> Result<Sent, Refused> {
    let (port, _) = collector(answer, false).await;
    let collector = at(&format!("http://127.0.0.1:{port}"), &[]);
    collector.send(Signal::Traces, &json!({"a": {}})).await
}

#[tokio::test]
async fn what_is_sent_is_a_post_below_the_path_with_the_headers_of_the_operator() {
    let ok = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let (port, heard) = collector(ok, false).await;
    let name = serde_json::from_value(json!("Authorization")).unwrap();
    let headers = [(name, Secret::new("Bearer canary").unwrap())];
    let collector = at(&format!("http://127.0.0.1:{port}/otlp/"), &headers);
    assert!(!format!("{collector:?}").contains("canary"));
    let sent = collector
        .send(Signal::Metrics, &json!({"resourceMetrics": []}))
        .await;
    assert_eq!(sent.unwrap(), Sent::Taken(0));
    let heard = heard.lock().unwrap().pop().unwrap();
    assert!(
        heard.starts_with("POST /otlp/v1/metrics HTTP/1.1\r\n"),
        "{heard}"
    );
    assert!(
        heard.contains("\r\ncontent-type: application/json\r\n"),
        "{heard}"
    );
    assert!(
        heard.contains("\r\nauthorization: Bearer canary\r\n"),
        "{heard}"
    );
    assert!(
        heard.contains(&format!("\r\nhost: 127.0.0.1:{port}\r\n")),
        "{heard}"
    );
    assert!(heard.ends_with("{\"resourceMetrics\":[]}"), "{heard}");
}

#[tokio::test]
async fn an_answer_is_taken_later_or_no_use() {
    let part = b"HTTP/1.1 200 OK\r\ncontent-length: 42\r\n\r\n{\"partialSuccess\":{\"rejectedSpans\":\"17\"}} ";
    assert_eq!(told(part).await.unwrap(), Sent::Taken(17));
    let odd = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n{{{{{";
    assert_eq!(told(odd).await.unwrap(), Sent::Taken(0));
    let busy = b"HTTP/1.1 503 x\r\nretry-after: 9\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(told(busy).await.unwrap(), Sent::Later(Some(9)));
    let busy = b"HTTP/1.1 429 x\r\nretry-after: soon\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(told(busy).await.unwrap(), Sent::Later(None));
    for (answer, status) in [
        (&b"HTTP/1.1 400 x\r\ncontent-length: 0\r\n\r\n"[..], 400),
        (b"HTTP/1.1 401 x\r\ncontent-length: 0\r\n\r\n", 401),
        (b"HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n", 500),
        // followed nowhere
        (
            b"HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            307,
        ),
    ] {
        let refused = told(answer).await.unwrap_err();
        assert!(
            matches!(refused, Refused::Status(found) if found == status),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn what_is_no_answer_is_asked_for_again() {
    for broken in [
        &b""[..],
        b"\xff\xfe\0garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort",
        b"HTTP/1.1 100 Continue\r\n\r\n",
    ] {
        assert_eq!(told(broken).await.unwrap(), Sent::Later(None), "{broken:?}");
    }
    let nobody = at("http://127.0.0.1:1", &[]);
    assert_eq!(
        nobody.send(Signal::Traces, &json!({})).await.unwrap(),
        Sent::Later(None)
    );
}

#[tokio::test]
async fn o6_an_answer_without_end_is_given_up() {
    for begin in [
        &b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffff\r\n"[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: ",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ] {
        let (port, _) = collector(begin, true).await;
        let collector = at(&format!("http://127.0.0.1:{port}"), &[]);
        let sent = collector.send(Signal::Traces, &json!({})).await;
        assert_eq!(sent.unwrap(), Sent::Later(None));
    }
}

#[tokio::test]
async fn a_collector_that_says_nothing_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let collector = at(&format!("http://127.0.0.1:{port}"), &[]);
    let begun = tokio::time::Instant::now();
    assert_eq!(
        collector.send(Signal::Traces, &json!({})).await.unwrap(),
        Sent::Later(None)
    );
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn without_tls_nobody_but_this_machine_is_dialled() {
    // of the block for documentation, which no network routes; a name would be looked up
    let collector = at("http://192.0.2.1:4318", &[]);
    let begun = tokio::time::Instant::now();
    assert_eq!(
        collector.send(Signal::Traces, &json!({})).await.unwrap(),
        Sent::Later(None)
    );
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "it was not even tried"
    );
}

#[tokio::test]
async fn a_collector_that_speaks_no_tls_hears_no_header() {
    let (port, heard) = collector(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false).await;
    let name = serde_json::from_value(json!("authorization")).unwrap();
    let collector = at(
        &format!("https://127.0.0.1:{port}"),
        &[(name, Secret::new("canary").unwrap())],
    );
    assert_eq!(
        collector.send(Signal::Traces, &json!({})).await.unwrap(),
        Sent::Later(None)
    );
    assert!(
        heard
            .lock()
            .unwrap()
            .iter()
            .all(|heard| !heard.contains("canary"))
    );
}
