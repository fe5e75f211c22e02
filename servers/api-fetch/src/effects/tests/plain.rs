//! What works as it should.

use super::super::testing::*;
use crate::permit::Method;

#[tokio::test]
async fn an_answer_comes_back_and_the_credential_went_out() {
    let json = "content-type: application/json; charset=utf-8\r\n";
    let server = Server::start(move |_, _| answer("200 OK", json, r#"{"id":7}"#)).await;
    let upstreams = open(upstream(server.base()));
    let mut permit = permit();
    permit.path = "/customers/AB1234".to_owned();
    permit.query = vec![("q".to_owned(), "a%20b".to_owned())];
    permit.headers = vec![("accept-language".to_owned(), "de".to_owned())];
    let reply = send(&upstreams, &permit).await.unwrap();
    assert_eq!(
        (reply.status, reply.media_type.as_str()),
        (200, "application/json")
    );
    assert_eq!(reply.body, br#"{"id":7}"#);

    let request = server.requests().remove(0);
    assert!(
        request.starts_with("GET /customers/AB1234?q=a%20b HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.contains(&format!("authorization: Bearer {TOKEN}\r\n")),
        "{request}"
    );
    assert!(
        request.contains(&format!("host: {}\r\n", server.address)),
        "{request}"
    );
    assert!(request.contains("accept-language: de\r\n"), "{request}");
}

#[tokio::test]
async fn one_connection_carries_one_call_after_another() {
    let server = Server::start(|_, number| answer("200 OK", "", number.to_string())).await;
    let upstreams = open(upstream(server.base()));
    for number in 1..=5 {
        let reply = send(&upstreams, &permit()).await.unwrap();
        assert_eq!(reply.body, number.to_string().as_bytes());
    }
    assert_eq!(server.accepted(), 1);
}

#[tokio::test]
async fn a_body_is_sent_and_a_kept_connection_that_went_away_is_not_missed() {
    let server = Server::start(|_, _| answer("201 Created", "connection: close\r\n", "{}")).await;
    let upstreams = open(upstream(server.base()));
    let mut permit = permit();
    permit.method = Method::Post;
    permit.body = Some(br#"{"name":"Ada"}"#.to_vec());
    for _ in 0..3 {
        assert_eq!(send(&upstreams, &permit).await.unwrap().status, 201);
    }
    let request = server.requests().remove(2);
    assert!(
        request.contains("content-type: application/json\r\n"),
        "{request}"
    );
    assert!(request.ends_with("\r\n\r\n{\"name\":\"Ada\"}"), "{request}");
    assert_eq!(server.requests().len(), 3);
}
