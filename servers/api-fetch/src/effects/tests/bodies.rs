//! Bodies without end, bombs, and codings that nobody asked for.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use flate2::Compression;
use flate2::write::GzEncoder;
use guard::error::Denial;
use guard::error::Refusal;
use tokio::io::AsyncWriteExt;

use super::super::testing::*;
use crate::permit::Method;

/// A server that sends `head`, and then `piece` for ever; and how many bytes it got rid of.
async fn endless(head: String, piece: Vec<u8>) -> (Server, Arc<AtomicU64>) {
    let sent = Arc::new(AtomicU64::new(0));
    let (head, piece, count) = (Arc::new(head), Arc::new(piece), Arc::clone(&sent));
    let server = Server::raw(move |mut stream| {
        let (head, piece, count) = (Arc::clone(&head), Arc::clone(&piece), Arc::clone(&count));
        async move {
            read_request(&mut stream).await;
            let mut next = stream.write_all(head.as_bytes()).await;
            while next.is_ok() {
                next = stream.write_all(&piece).await;
                count.fetch_add(piece.len() as u64, Ordering::SeqCst);
            }
        }
    })
    .await;
    (server, sent)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn too_large(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::Denied(Denial::TooLarge(_)))
}

#[tokio::test]
async fn o5_a_body_without_end_is_stopped_at_the_budget() {
    let chunk = [b"10000\r\n".as_slice(), &vec![b'x'; 65536], b"\r\n"].concat();
    for (head, piece) in [
        ("HTTP/1.1 200 OK\r\n\r\n", vec![b'x'; 65536]),
        ("HTTP/1.0 200 OK\r\n\r\n", vec![b'x'; 65536]),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            chunk,
        ),
    ] {
        let (server, sent) = endless(head.to_owned(), piece).await;
        let upstreams = open(upstream(server.base()));
        let refusal = send(&upstreams, &permit()).await.unwrap_err();
        assert!(too_large(&refusal), "{}", chain(&refusal));
        // the budget, and what the sockets hold
        assert!(sent.load(Ordering::SeqCst) < 16 << 20);
    }
}

#[tokio::test]
async fn o5_a_length_that_is_too_large_is_not_even_begun() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 2147483648\r\n\r\n";
    let (server, _) = endless(head.to_owned(), vec![b'x'; 1024]).await;
    let upstreams = open(upstream(server.base()));
    assert!(too_large(&send(&upstreams, &permit()).await.unwrap_err()));
}

#[tokio::test]
async fn o5_a_bomb_is_stopped_while_it_is_inflated() {
    let bomb = gzip(&vec![0; 64 << 20]);
    assert!(bomb.len() < 1 << 20);
    let server = Server::start(move |_, _| answer("200 OK", "content-encoding: gzip\r\n", &bomb));
    let server = server.await;
    let upstreams = open(upstream(server.base()));
    assert!(too_large(&send(&upstreams, &permit()).await.unwrap_err()));
}

#[tokio::test]
async fn o5_members_that_inflate_to_nothing_have_an_end_as_well() {
    let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n";
    let (server, sent) = endless(head.to_owned(), gzip(b"").repeat(100)).await;
    let upstreams = open(upstream(server.base()));
    assert!(too_large(&send(&upstreams, &permit()).await.unwrap_err()));
    assert!(sent.load(Ordering::SeqCst) < 16 << 20);
}

#[tokio::test]
async fn o5_chunks_of_next_to_nothing_and_padded_sizes_run_dry() {
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for piece in [
        "1\r\nx\r\n".repeat(10_000),
        "0".repeat(65536),
        format!("1;{}\r\nx\r\n", "e".repeat(1000)),
        format!("{}1\r\nx\r\n", "0".repeat(1000)),
    ] {
        let (server, sent) = endless(head.to_owned(), piece.into_bytes()).await;
        let upstreams = open(upstream(server.base()));
        let mut permit = permit();
        permit.limits.body = 64 << 10;
        assert!(send(&upstreams, &permit).await.is_err());
        assert!(sent.load(Ordering::SeqCst) < 16 << 20);
    }
}

#[tokio::test]
async fn a_body_that_is_gzip_comes_inflated() {
    let text = "{\"name\":\"Ada\"}".repeat(1000);
    let body = gzip(text.as_bytes());
    let two = [gzip(b"one "), gzip(b"two")].concat();
    let server = Server::start(move |_, number| {
        let body = if number == 1 { &body } else { &two };
        answer("200 OK", "content-encoding: GZIP\r\n", body)
    });
    let server = server.await;
    let upstreams = open(upstream(server.base()));
    assert_eq!(
        send(&upstreams, &permit()).await.unwrap().body,
        text.as_bytes()
    );
    assert_eq!(send(&upstreams, &permit()).await.unwrap().body, b"one two");
}

#[tokio::test]
async fn o5_a_coding_that_was_not_asked_for_or_is_broken_is_refused() {
    let whole = gzip(b"{\"name\":\"Ada\"}");
    let cut = whole[..whole.len() - 3].to_vec();
    let mut wrong = whole.clone();
    let last = wrong.len() - 6;
    wrong[last] ^= 1;
    let trailing = [&whole[..], b"garbage"].concat();
    for (coding, body) in [
        ("br", whole.clone()),
        ("deflate", whole.clone()),
        ("gzip, gzip", whole.clone()),
        ("gzip\r\ncontent-encoding: gzip", whole.clone()),
        ("gzip", cut),
        ("gzip", wrong),
        ("gzip", trailing),
        ("gzip", b"{\"name\":\"Ada\"}".to_vec()),
    ] {
        let header = format!("content-encoding: {coding}\r\n");
        let server = Server::start(move |_, _| answer("200 OK", &header, &body)).await;
        let upstreams = open(upstream(server.base()));
        let refusal = send(&upstreams, &permit()).await.unwrap_err();
        assert_eq!(
            shown(&refusal),
            "could not understand the upstream's answer",
            "{coding}"
        );
    }
}

#[tokio::test]
async fn an_answer_to_head_and_one_without_content_have_no_body() {
    let server = Server::start(|request, _| match request.starts_with("HEAD") {
        true => b"HTTP/1.1 200 OK\r\ncontent-length: 9999999999\r\n\r\n".to_vec(),
        false => b"HTTP/1.1 204 No Content\r\ncontent-encoding: gzip\r\n\r\n".to_vec(),
    });
    let server = server.await;
    let upstreams = open(upstream(server.base()));
    let mut permit = permit();
    assert_eq!(send(&upstreams, &permit).await.unwrap().status, 204);
    permit.method = Method::Head;
    let reply = send(&upstreams, &permit).await.unwrap();
    assert_eq!((reply.status, reply.body.len()), (200, 0));
}
