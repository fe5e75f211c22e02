//! OAuth 2.0 client credentials against a token endpoint of the test.

use std::time::Duration;

use super::super::testing::*;
use super::super::upstream::Base;
use super::super::upstream::Credential;
use super::super::upstream::Shown;
use super::super::upstream::Upstream;

fn granted(number: usize, seconds: &str) -> Vec<u8> {
    let json = "content-type: application/json\r\n";
    let token = format!(
        r#"{{"access_token":"access-token-{number}","token_type":"Bearer","expires_in":{seconds}}}"#
    );
    answer("200 OK", json, token)
}

fn with(api: &Server, issuer: &Server) -> Upstream {
    let mut upstream = upstream(api.base());
    upstream.credential = Some(Credential::ClientCredentials {
        token_url: Base::parse(&format!("{}/oauth/token", issuer.base())).unwrap(),
        client_id: "keyhole:1".to_owned(),
        client_secret: "env:KEY".parse().unwrap(),
        scope: Some("read write".to_owned()),
        audience: Some("https://api.example.com/".to_owned()),
        shown: Shown::Header,
    });
    upstream
}

#[tokio::test]
async fn a_token_is_fetched_once_and_used_until_it_ends() {
    let issuer = Server::start(|_, number| granted(number, "3600")).await;
    let api = Server::start(|_, _| answer("200 OK", "", "fine")).await;
    let upstreams = open(with(&api, &issuer));
    for _ in 0..3 {
        send(&upstreams, &permit()).await.unwrap();
    }
    assert_eq!((issuer.requests().len(), api.requests().len()), (1, 3));
    for request in api.requests() {
        assert!(
            request.contains("authorization: Bearer access-token-1\r\n"),
            "{request}"
        );
    }
    let asked = issuer.requests().remove(0);
    assert!(
        asked.starts_with("POST /oauth/token HTTP/1.1\r\n"),
        "{asked}"
    );
    // each half is encoded before they are a pair
    assert!(
        asked.contains("authorization: Basic a2V5aG9sZSUzQTE6czNjcjN0JTJG"),
        "{asked}"
    );
    let form = "grant_type=client_credentials&scope=read%20write\
                &audience=https%3A%2F%2Fapi.example.com%2F";
    assert!(asked.ends_with(form), "{asked}");
}

#[tokio::test]
async fn a_secret_is_shown_in_the_form_where_the_endpoint_wants_it_there() {
    let issuer = Server::start(|_, number| granted(number, "3600")).await;
    let api = Server::start(|_, _| answer("200 OK", "", "fine")).await;
    let mut upstream = with(&api, &issuer);
    if let Some(Credential::ClientCredentials { shown, .. }) = &mut upstream.credential {
        *shown = Shown::Form;
    }
    send(&open(upstream), &permit()).await.unwrap();
    let asked = issuer.requests().remove(0);
    assert!(!asked.contains("authorization:"), "{asked}");
    let form = "&client_id=keyhole%3A1&client_secret=s3cr3t%2F";
    assert!(asked.contains(form), "{asked}");
    assert!(api.requests()[0].contains("authorization: Bearer access-token-1\r\n"));
}

#[tokio::test]
async fn many_calls_at_once_fetch_one_token() {
    let issuer = Server::start(|_, number| granted(number, "3600")).await;
    let api = Server::start(|_, _| answer("200 OK", "", "fine")).await;
    let upstreams = open(with(&api, &issuer));
    let permit = permit();
    let (a, b, c, d) = tokio::join!(
        send(&upstreams, &permit),
        send(&upstreams, &permit),
        send(&upstreams, &permit),
        send(&upstreams, &permit),
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok() && d.is_ok());
    assert_eq!(issuer.requests().len(), 1);
}

#[tokio::test]
async fn a_token_that_was_refused_is_renewed_once() {
    let issuer = Server::start(|_, number| granted(number, "3600")).await;
    let api = Server::start(|request, _| match request.contains("access-token-2") {
        true => answer("200 OK", "", "fine"),
        false => answer("401 Unauthorized", "", ""),
    });
    let api = api.await;
    let upstreams = open(with(&api, &issuer));
    assert_eq!(send(&upstreams, &permit()).await.unwrap().status, 200);
    assert_eq!((issuer.requests().len(), api.requests().len()), (2, 2));

    let api = Server::start(|_, _| answer("401 Unauthorized", "", "")).await;
    let upstreams = open(with(&api, &issuer));
    assert_eq!(send(&upstreams, &permit()).await.unwrap().status, 401);
    assert_eq!(api.requests().len(), 2);
}

#[tokio::test]
async fn a_token_is_dropped_before_it_ends() {
    let issuer = Server::start(|_, number| granted(number, "0.4")).await;
    let api = Server::start(|_, _| answer("200 OK", "", "fine")).await;
    let upstreams = open(with(&api, &issuer));
    send(&upstreams, &permit()).await.unwrap();
    send(&upstreams, &permit()).await.unwrap();
    assert_eq!(issuer.requests().len(), 1);
    tokio::time::sleep(Duration::from_millis(250)).await;
    send(&upstreams, &permit()).await.unwrap();
    assert_eq!(issuer.requests().len(), 2);
}

#[tokio::test]
async fn o4_neither_a_token_nor_the_client_secret_comes_back() {
    for secret in ["access-token-1", KEY] {
        let issuer = Server::start(|_, number| granted(number, "3600")).await;
        let api = Server::start(move |_, _| answer("200 OK", "", secret)).await;
        let refusal = send(&open(with(&api, &issuer)), &permit())
            .await
            .unwrap_err();
        assert!(
            chain(&refusal).contains("repeats a secret"),
            "{}",
            chain(&refusal)
        );
    }
}

#[tokio::test]
async fn a_token_endpoint_that_fails_is_not_asked_in_a_storm_and_says_nothing_to_the_caller() {
    for answered in [
        answer(
            "400 Bad Request",
            "",
            r#"{"error":"invalid_client","error_description":"x"}"#,
        ),
        answer("302 Found", "location: http://127.0.0.1:1/\r\n", ""),
        answer("200 OK", "", "no json"),
        answer("200 OK", "", "{}"),
        answer(
            "200 OK",
            "",
            r#"{"access_token":"abcdefgh1","token_type":"mac"}"#,
        ),
        answer(
            "200 OK",
            "",
            r#"{"access_token":"abc\r\nx-a: b","token_type":"bearer"}"#,
        ),
        answer("200 OK", "", r#"{"access_token":"","token_type":"bearer"}"#),
        answer("200 OK", "", "x".repeat(100_000)),
    ] {
        let issuer = Server::start(move |_, _| answered.clone()).await;
        let api = Server::start(|_, _| answer("200 OK", "", "fine")).await;
        let upstreams = open(with(&api, &issuer));
        for _ in 0..3 {
            let refusal = send(&upstreams, &permit()).await.unwrap_err();
            assert_eq!(
                shown(&refusal),
                "could not prepare the credential of the upstream"
            );
            assert!(
                chain(&refusal).contains("no access token"),
                "{}",
                chain(&refusal)
            );
        }
        assert_eq!((issuer.requests().len(), api.accepted()), (1, 0));
    }
}

#[tokio::test]
async fn o3_the_token_endpoint_is_vetted_as_well() {
    let issuer = Server::start(|_, number| granted(number, "3600")).await;
    let api = Server::start(|_, _| answer("200 OK", "", "fine")).await;
    let names = Names::new(&[&["10.0.0.1"]]);
    let mut upstream = with(&api, &issuer);
    if let Some(Credential::ClientCredentials { token_url, .. }) = &mut upstream.credential {
        let name = format!("http://login.example:{}/token", issuer.address.port());
        *token_url = Base::parse(&name).unwrap();
    }
    let refusal = send(&open_with(upstream, &names), &permit())
        .await
        .unwrap_err();
    assert!(
        chain(&refusal).contains("10.0.0.1 may not be dialled"),
        "{}",
        chain(&refusal)
    );
    assert_eq!(
        (issuer.accepted(), api.accepted(), names.asked()),
        (0, 0, 1)
    );
}
