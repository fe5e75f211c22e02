//! Calls that are taken back, and limits on how many there are.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use guard::error::Denial;
use guard::error::Refusal;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use super::super::testing::*;
use super::super::upstream::Rate;

#[tokio::test]
async fn o5_a_call_that_is_taken_back_takes_its_connection_with_it() {
    for begin in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc"] {
        let (arrived, gone) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicBool::new(false)),
        );
        let (seen, ended) = (Arc::clone(&arrived), Arc::clone(&gone));
        let server = Server::raw(move |mut stream| {
            let (seen, ended) = (Arc::clone(&seen), Arc::clone(&ended));
            async move {
                read_request(&mut stream).await;
                let _sent = stream.write_all(begin.as_bytes()).await;
                seen.store(true, Ordering::SeqCst);
                let end = stream.read(&mut [0; 1]).await;
                ended.store(matches!(end, Ok(0) | Err(_)), Ordering::SeqCst);
            }
        });
        let server = server.await;
        let upstreams = open(upstream(server.base()));
        let cancel = CancellationToken::new();
        let call = call_until(&cancel);
        let (permit, context) = (permit(), context());
        let sending = upstreams.send(&call, &permit, &context, &|_| false);
        let taking_back = async {
            while !arrived.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            cancel.cancel();
        };
        let (done, ()) = tokio::join!(sending, taking_back);
        assert!(matches!(done, Err(Refusal::Denied(Denial::Cancelled))));
        for _ in 0..200 {
            if gone.load(Ordering::SeqCst) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(gone.load(Ordering::SeqCst), "the socket is still open");
    }
}

#[tokio::test]
async fn a_call_that_was_taken_back_before_reaches_nobody() {
    let server = Server::start(|_, _| answer("200 OK", "", "")).await;
    let upstreams = open(upstream(server.base()));
    let cancel = CancellationToken::new();
    cancel.cancel();
    let done = send_in(&upstreams, &call_until(&cancel)).await;
    assert!(matches!(done, Err(Refusal::Denied(Denial::Cancelled))));
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn o6_no_more_calls_at_once_than_the_operator_allows() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (inside, peak) = (Arc::clone(&now), Arc::clone(&most));
    let server = Server::raw(move |mut stream| {
        let (inside, peak) = (Arc::clone(&inside), Arc::clone(&peak));
        async move {
            while read_request(&mut stream).await.is_some() {
                let at_once = inside.fetch_add(1, Ordering::SeqCst) + 1;
                peak.fetch_max(at_once, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(20)).await;
                inside.fetch_sub(1, Ordering::SeqCst);
                let _sent = stream.write_all(&answer("200 OK", "", "")).await;
            }
        }
    });
    let server = server.await;
    let mut upstream = upstream(server.base());
    upstream.concurrent = 2;
    let upstreams = open(upstream);
    let permit = permit();
    let all = (0..8).map(|_| send(&upstreams, &permit));
    let mut all: Vec<_> = all.map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        all.retain_mut(|one| one.as_mut().poll(cx).is_pending());
        match all.is_empty() {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    assert_eq!(most.load(Ordering::SeqCst), 2);
    assert!(server.accepted() <= 2);
}

#[tokio::test]
async fn o6_who_calls_too_often_hears_when_to_try_again_and_others_do_not_notice() {
    let server = Server::start(|_, _| answer("200 OK", "", "")).await;
    let mut upstream = upstream(server.base());
    upstream.rate = Some(Rate {
        per_minute: 6,
        burst: 2,
    });
    let upstreams = open(upstream);
    let none = CancellationToken::new();
    for _ in 0..2 {
        let done = send_in(&upstreams, &call_of("ada", &none)).await;
        assert!(done.is_ok());
    }
    let done = send_in(&upstreams, &call_of("ada", &none)).await;
    let refusal = done.unwrap_err();
    let Refusal::Denied(Denial::Quota { retry_after_s, .. }) = refusal else {
        panic!("{refusal:?}");
    };
    assert!((9..=10).contains(&retry_after_s));
    let done = send_in(&upstreams, &call_of("bob", &none)).await;
    assert!(done.is_ok());
    assert_eq!(server.requests().len(), 3);
}
