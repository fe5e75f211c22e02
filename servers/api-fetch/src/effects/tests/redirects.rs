//! Redirects to everywhere.

use guard::error::Denial;
use guard::error::Refusal;

use super::super::testing::*;
use crate::permit::Method;
use crate::permit::Permit;

fn following(most: u8) -> Permit {
    let mut permit = permit();
    permit.limits.redirects = most;
    permit
}

fn to(location: &str) -> Vec<u8> {
    answer("302 Found", &format!("location: {location}\r\n"), "")
}

#[tokio::test]
async fn o3_a_redirect_is_not_followed_unless_it_may_be() {
    let server = Server::start(|_, _| to("/b")).await;
    let upstreams = open(upstream(server.base()));
    let reply = send(&upstreams, &permit()).await.unwrap();
    assert_eq!((reply.status, server.requests().len()), (302, 1));
}

#[tokio::test]
async fn o3_a_redirect_to_an_open_endpoint_of_the_upstream_is_followed() {
    let server = Server::start(|request, _| match request.starts_with("GET /b?c=1 ") {
        true => answer("200 OK", "", "there"),
        false => to("/b?c=1#x"),
    });
    let server = server.await;
    let upstreams = open(upstream(server.base()));
    let done = follow(&upstreams, &following(1), |path| path == "/b").await;
    assert_eq!(done.unwrap().body, b"there");
    assert!(server.requests()[1].contains(&format!("authorization: Bearer {TOKEN}\r\n")));

    let refused = follow(&upstreams, &following(1), |path| path == "/c").await;
    let refusal = refused.unwrap_err();
    assert!(matches!(refusal, Refusal::Denied(Denial::Unsuitable(_))));
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn o3_a_redirect_anywhere_else_reaches_nobody() {
    let other = Server::start(|_, _| answer("200 OK", "", "internal")).await;
    let port = other.address.port();
    for location in [
        format!("http://127.0.0.1:{port}/b"),
        format!("//127.0.0.1:{port}/b"),
        format!("http://localhost:{port}/b"),
        format!("http://2130706433:{port}/b"),
        format!("http://0x7f.1:{port}/b"),
        format!("http://[::ffff:127.0.0.1]:{port}/b"),
        format!("http://127.0.0.1:{port}@127.0.0.1:1/b"),
        format!("https://127.0.0.1:{port}/b"),
        format!("\\\\127.0.0.1:{port}\\b"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "http://metadata.google.internal/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1:6379/_x".to_owned(),
        "data:text/plain,x".to_owned(),
        "b".to_owned(),
        "../b".to_owned(),
        "/x/../b".to_owned(),
        "/%2e%2e/b".to_owned(),
        "".to_owned(),
    ] {
        for status in [301, 302, 303, 307, 308] {
            let header = format!("location: {location}\r\n");
            let server = Server::start(move |_, _| answer(&format!("{status} X"), &header, ""));
            let server = server.await;
            let upstreams = open(upstream(server.base()));
            let done = follow(&upstreams, &following(3), |_| true).await;
            let refusal = done.unwrap_err();
            assert!(
                matches!(refusal, Refusal::Denied(Denial::Unsuitable(_))),
                "{location}"
            );
            assert_eq!(server.requests().len(), 1, "{location}");
        }
    }
    assert_eq!(other.accepted(), 0);
}

#[tokio::test]
async fn o3_redirects_in_a_ring_have_an_end() {
    let server = Server::start(|_, number| to(&format!("/{number}"))).await;
    let upstreams = open(upstream(server.base()));
    let done = follow(&upstreams, &following(200), |_| true).await;
    assert_eq!(done.unwrap().status, 302);
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn o3_what_changes_something_is_not_redirected() {
    let server = Server::start(|_, _| answer("307 X", "location: /b\r\n", "")).await;
    let upstreams = open(upstream(server.base()));
    for method in [Method::Post, Method::Put, Method::Patch, Method::Delete] {
        let mut permit = following(3);
        permit.method = method;
        let done = follow(&upstreams, &permit, |_| true).await;
        assert_eq!(done.unwrap().status, 307);
    }
    assert_eq!(server.requests().len(), 4);
}
