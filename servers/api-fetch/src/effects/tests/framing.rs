//! Heads without end, and answers that could be read in two ways.

use std::time::Duration;

use guard::error::Denial;
use guard::error::Refusal;
use tokio::io::AsyncWriteExt;

use super::super::testing::*;

/// Sends `begin`, then `again` until the other side goes or for ever with a pause between.
async fn repeating(begin: &'static str, again: &'static str, pause: Option<Duration>) -> Server {
    Server::raw(move |mut stream| async move {
        read_request(&mut stream).await;
        let mut next = stream.write_all(begin.as_bytes()).await;
        while next.is_ok() {
            next = stream.write_all(again.as_bytes()).await;
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn o5_headers_without_end_are_stopped() {
    for (begin, again) in [
        ("HTTP/1.1 200 OK\r\n", "x-a: b\r\n"),
        (
            "HTTP/1.1 200 OK\r\nx-a: ",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ),
        (
            "HTTP/1.1 200 ",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ),
        ("", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("", "\r\n\r\n\r\n\r\n"),
    ] {
        let server = repeating(begin, again, None).await;
        let upstreams = open(upstream(server.base()));
        let started = std::time::Instant::now();
        assert!(send(&upstreams, &permit()).await.is_err(), "{begin}{again}");
        assert!(started.elapsed() < Duration::from_secs(3));
    }
}

#[tokio::test]
async fn o5_informational_answers_without_end_are_stopped() {
    for again in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 102 Processing\r\nx-a: b\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n",
    ] {
        let server = repeating("", again, None).await;
        let upstreams = open(upstream(server.base()));
        let started = std::time::Instant::now();
        let refusal = send(&upstreams, &permit()).await.unwrap_err();
        let over = matches!(refusal, Refusal::Denied(Denial::TooLarge(_)));
        assert!(over, "{}", chain(&refusal));
        assert!(started.elapsed() < Duration::from_secs(3));
    }
}

#[tokio::test]
async fn a_few_informational_answers_are_passed_over() {
    let server = Server::start(|_, _| {
        let before = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n";
        [&before[..], &answer("200 OK", "", "fine")].concat()
    });
    let server = server.await;
    let upstreams = open(upstream(server.base()));
    assert_eq!(send(&upstreams, &permit()).await.unwrap().body, b"fine");
}

#[tokio::test]
async fn o5_more_headers_than_the_budget_are_refused() {
    let headers = format!("x-a: {}\r\n", "a".repeat(2000));
    let server = Server::start(move |_, _| answer("200 OK", &headers, "fine")).await;
    let upstreams = open(upstream(server.base()));
    let mut permit = permit();
    permit.limits.headers = 1500;
    let refusal = send(&upstreams, &permit).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Denied(Denial::TooLarge(_))));
    permit.limits.headers = 2500;
    assert!(send(&upstreams, &permit).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn o5_a_byte_at_a_time_runs_into_the_total_time() {
    for (begin, again) in [
        ("HTTP/1.1 200 OK\r\nx-a: ", "a"),
        ("HTTP/1.1 200 OK\r\n\r\n", "a"),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "1\r\na\r\n",
        ),
        ("", "HTTP/1.1 100 Continue\r\n\r\n"),
    ] {
        let server = repeating(begin, again, Some(Duration::from_millis(20))).await;
        let upstreams = open(upstream(server.base()));
        let mut permit = permit();
        permit.limits.time = Duration::from_millis(500);
        let started = std::time::Instant::now();
        let refusal = send(&upstreams, &permit).await.unwrap_err();
        assert!(
            matches!(refusal, Refusal::Denied(Denial::TimedOut)),
            "{}",
            chain(&refusal)
        );
        assert!(started.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn o5_silence_is_stopped_before_the_total_time() {
    for begin in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab",
    ] {
        let server = Server::raw(move |mut stream| async move {
            read_request(&mut stream).await;
            let _sent = stream.write_all(begin.as_bytes()).await;
            std::future::pending::<()>().await;
        });
        let server = server.await;
        let upstreams = open(upstream(server.base()));
        let mut permit = permit();
        permit.limits.silence = Duration::from_millis(300);
        let started = std::time::Instant::now();
        let refusal = send(&upstreams, &permit).await.unwrap_err();
        assert!(
            matches!(refusal, Refusal::Denied(Denial::TimedOut)),
            "{}",
            chain(&refusal)
        );
        assert!(started.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn o5_an_answer_that_could_be_read_in_two_ways_is_refused() {
    for raw in [
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcde",
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\ncontent-length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\ncontent-length: 4, 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\ncontent-length: +4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\ncontent-length: 0x4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked, chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\nabcd\n0\n\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcdefgh\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-4\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\nabcd\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nx-a : b\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx-a: b\r\n folded\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx-a: b\rc\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx-a: b\0c\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: b\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        "HTTP/1.1 999 What\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 99 What\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 0200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/2 200 OK\r\ncontent-length: 0\r\n\r\n",
        "HTTP/3.0 200 OK\r\ncontent-length: 0\r\n\r\n",
        "http/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        "<html>hello</html>",
        "SSH-2.0-OpenSSH_9.0\r\n",
        "\0\0\0\0\0\0\0\0",
    ] {
        let server = Server::raw(move |mut stream| async move {
            read_request(&mut stream).await;
            let _sent = stream.write_all(raw.as_bytes()).await;
        });
        let server = server.await;
        let upstreams = open(upstream(server.base()));
        let done = send(&upstreams, &permit()).await;
        assert!(done.is_err(), "{raw:?} gave {done:?}");
    }
}

#[tokio::test]
async fn o5_what_is_sent_after_an_answer_is_not_the_next_answer() {
    let server = Server::start(|_, number| match number {
        1 => {
            let smuggled = answer("200 OK", "", "smuggled");
            [answer("200 OK", "", "first"), smuggled].concat()
        }
        _ => answer("200 OK", "", "second"),
    });
    let server = server.await;
    let upstreams = open(upstream(server.base()));
    assert_eq!(send(&upstreams, &permit()).await.unwrap().body, b"first");
    assert_eq!(send(&upstreams, &permit()).await.unwrap().body, b"second");
    assert_eq!(server.accepted(), 2);
}
