//! Upstreams that are busy, and connections that break.

use std::time::Duration;
use std::time::Instant;

use tokio::io::AsyncWriteExt;

use super::super::testing::*;
use crate::permit::Method;
use crate::permit::Permit;

fn retrying(method: Method) -> Permit {
    let mut permit = permit();
    permit.method = method;
    permit.limits.retry = true;
    permit
}

#[tokio::test]
async fn who_is_asked_to_wait_hears_for_how_long() {
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        let server = Server::start(move |_, _| answer(status, "retry-after: 7\r\n", "later")).await;
        let upstreams = open(upstream(server.base()));
        let reply = send(&upstreams, &permit()).await.unwrap();
        assert_eq!(reply.retry_after, Some(7));
        assert_eq!(
            (reply.body, server.requests().len()),
            (b"later".to_vec(), 1)
        );
    }
}

#[tokio::test]
async fn what_may_be_repeated_is_repeated_once_after_the_wait() {
    for method in [Method::Get, Method::Head, Method::Put, Method::Delete] {
        let server = Server::start(|_, number| match number {
            1 => answer("429 Too Many Requests", "retry-after: 1\r\n", ""),
            _ => answer("200 OK", "", ""),
        });
        let server = server.await;
        let upstreams = open(upstream(server.base()));
        let started = Instant::now();
        let reply = send(&upstreams, &retrying(method)).await.unwrap();
        assert_eq!(
            (reply.status, server.requests().len()),
            (200, 2),
            "{method:?}"
        );
        assert!(started.elapsed() >= Duration::from_secs(1));
    }
    let server = Server::start(|_, _| answer("503 Service Unavailable", "", "")).await;
    let upstreams = open(upstream(server.base()));
    let reply = send(&upstreams, &retrying(Method::Get)).await.unwrap();
    assert_eq!((reply.status, server.requests().len()), (503, 2));
}

#[tokio::test]
async fn what_may_not_be_repeated_is_not() {
    let server = Server::start(|_, _| answer("503 Service Unavailable", "", "")).await;
    let upstreams = open(upstream(server.base()));
    for method in [Method::Post, Method::Patch] {
        let reply = send(&upstreams, &retrying(method)).await.unwrap();
        assert_eq!(reply.status, 503);
    }
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_wait_that_leaves_no_time_is_not_begun() {
    let header = "retry-after: 3600\r\n";
    let server = Server::start(|_, _| answer("429 Too Many Requests", header, "")).await;
    let upstreams = open(upstream(server.base()));
    let started = Instant::now();
    let reply = send(&upstreams, &retrying(Method::Get)).await.unwrap();
    assert_eq!(
        (reply.retry_after, server.requests().len()),
        (Some(3600), 1)
    );
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_connection_that_breaks_is_tried_once_more_where_that_does_no_harm() {
    for (method, attempts) in [(Method::Get, 2), (Method::Put, 2), (Method::Post, 1)] {
        let server = Server::start(|_, _| Vec::new()).await;
        let upstreams = open(upstream(server.base()));
        let refusal = send(&upstreams, &retrying(method)).await.unwrap_err();
        assert_eq!(shown(&refusal), "could not reach the upstream");
        assert_eq!(server.requests().len(), attempts, "{method:?}");
    }
}

#[tokio::test]
async fn a_kept_connection_that_breaks_costs_a_read_nothing_and_repeats_no_write() {
    // each connection answers once, and goes when it is asked again
    let start = || {
        Server::raw(|mut stream| async move {
            read_request(&mut stream).await;
            let _sent = stream.write_all(&answer("200 OK", "", "fine")).await;
            read_request(&mut stream).await;
        })
    };
    let server = start().await;
    let upstreams = open(upstream(server.base()));
    for _ in 0..3 {
        assert!(send(&upstreams, &permit()).await.is_ok());
    }
    assert_eq!(server.accepted(), 3);

    let server = start().await;
    let upstreams = open(upstream(server.base()));
    let mut permit = permit();
    permit.method = Method::Post;
    assert!(send(&upstreams, &permit).await.is_ok());
    assert!(send(&upstreams, &permit).await.is_err());
    assert_eq!(server.accepted(), 1);
}
