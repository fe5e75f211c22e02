//! Upstreams that send our secrets back.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use guard::error::Refusal;
use tokio::io::AsyncWriteExt;

use super::super::testing::*;
use super::super::upstream::Credential;
use super::super::upstream::Upstream;
use super::super::upstream::UserContext;

/// The upstream knows the secret `KEY`, as the password of a pair.
fn guarded(server: &Server) -> Upstream {
    let mut upstream = upstream(server.base());
    upstream.credential = Some(Credential::Basic {
        user: "ada".to_owned(),
        password: "env:KEY".parse().unwrap(),
    });
    upstream
}

fn is_shut(refusal: &Refusal) {
    let told = shown(refusal);
    assert_eq!(
        told,
        "could not pass on the upstream's answer: it repeats a secret"
    );
    for text in [told, chain(refusal)] {
        assert!(!text.contains(KEY) && !text.contains(TOKEN));
    }
}

fn disguises() -> Vec<Vec<u8>> {
    let hex = |upper: bool| -> String {
        let one = |byte| {
            if upper {
                format!("{byte:02X}")
            } else {
                format!("{byte:02x}")
            }
        };
        KEY.bytes().map(one).collect()
    };
    let each = |form: fn(u8) -> String| KEY.bytes().map(form).collect::<String>();
    [
        KEY.to_owned(),
        serde_json::to_string(KEY).unwrap(),
        serde_json::to_string(KEY).unwrap().replace('/', "\\/"),
        each(|byte| format!("\\u{byte:04x}")),
        each(|byte| format!("\\u{byte:04X}")),
        each(|byte| format!("%{byte:02x}")),
        each(|byte| format!("%{byte:02X}")),
        hex(false),
        hex(true),
        each(|byte| format!("&#{byte};")),
        each(|byte| format!("&#x{byte:x};")),
        KEY.replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;"),
        STANDARD.encode(format!("ada:{KEY}")),
        STANDARD.encode(format!("x{KEY}")),
        STANDARD.encode(format!("xx{KEY}")),
        STANDARD.encode(KEY).replace('+', "-").replace('/', "_"),
    ]
    .map(String::into_bytes)
    .to_vec()
}

#[tokio::test]
async fn o4_a_secret_in_a_body_shuts_the_answer_in_every_disguise() {
    for disguise in disguises() {
        let body = [b"{\"echo\": ", &disguise[..], b"}"].concat();
        let server = Server::start(move |_, _| answer("200 OK", "", &body)).await;
        let upstreams = open(guarded(&server));
        is_shut(&send(&upstreams, &permit()).await.unwrap_err());
    }
}

#[tokio::test]
async fn o4_a_secret_across_chunks_shuts_the_answer() {
    for disguise in disguises() {
        for size in [1, 5] {
            let disguise = disguise.clone();
            let server = Server::raw(move |mut stream| {
                let disguise = disguise.clone();
                async move {
                    read_request(&mut stream).await;
                    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                    stream.write_all(head).await.unwrap();
                    for piece in disguise.chunks(size) {
                        let size = format!("{:x}\r\n", piece.len());
                        let chunk = [size.as_bytes(), piece, b"\r\n"];
                        stream.write_all(&chunk.concat()).await.unwrap();
                        stream.flush().await.unwrap();
                        tokio::task::yield_now().await;
                    }
                    stream.write_all(b"0\r\n\r\n").await.unwrap();
                }
            });
            let server = server.await;
            let upstreams = open(guarded(&server));
            is_shut(&send(&upstreams, &permit()).await.unwrap_err());
        }
    }
}

#[tokio::test]
async fn o4_a_secret_in_a_gzip_body_shuts_the_answer() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder
        .write_all(format!("your key is {KEY}, ada").as_bytes())
        .unwrap();
    let body = encoder.finish().unwrap();
    let gzip = "content-encoding: gzip\r\n";
    let server = Server::start(move |_, _| answer("200 OK", gzip, &body)).await;
    let upstreams = open(guarded(&server));
    is_shut(&send(&upstreams, &permit()).await.unwrap_err());
}

#[tokio::test]
async fn o4_a_secret_anywhere_else_in_an_answer_shuts_it() {
    let pair = STANDARD.encode(format!("ada:{KEY}"));
    let plain = TOKEN;
    for (status, headers) in [
        ("200 OK", format!("x-echo: Basic {pair}\r\n")),
        ("200 OK", format!("x-{plain}: 1\r\n")),
        ("200 OK", format!("content-type: text/{plain}\r\n")),
        ("200 OK", format!("link: </b?key={plain}>; rel=next\r\n")),
        ("200 OK", format!("retry-after: {plain}\r\n")),
        ("302 Found", format!("location: /b?key={plain}\r\n")),
        (
            "302 Found",
            format!("location: https://evil.example/{pair}\r\n"),
        ),
        (
            "401 Unauthorized",
            format!("www-authenticate: Basic realm=\"{plain}\"\r\n"),
        ),
        (format!("500 Bad key {plain}").leak(), String::new()),
        (format!("200 {pair}").leak(), String::new()),
    ] {
        let (status, with) = (status.to_owned(), headers.clone());
        let server = Server::start(move |_, _| answer(&status, &with, "")).await;
        let mut other = upstream(server.base());
        other.name = "other".to_owned();
        let upstreams = super::super::Upstreams::open(
            vec![guarded(&server), other],
            &super::super::Settings::new(secrets()),
        )
        .unwrap();
        let mut permit = permit();
        permit.limits.redirects = 1;
        // so that both secrets are known
        let mut second = permit.clone();
        second.upstream = 1;
        let _unheeded = send(&upstreams, &second).await;
        let done = follow(&upstreams, &permit, |_| true).await;
        is_shut(&done.unwrap_err());
    }
}

#[tokio::test]
async fn o4_an_error_page_that_shows_the_request_is_shut() {
    let server = Server::start(|request, _| answer("400 Bad Request", "", request)).await;
    let upstreams = open(upstream(server.base()));
    is_shut(&send(&upstreams, &permit()).await.unwrap_err());
}

#[tokio::test]
async fn o4_a_secret_in_the_query_or_a_header_is_looked_for_as_well() {
    let server = Server::start(|request, _| answer("200 OK", "", request)).await;
    let query = Credential::Query {
        name: "key".to_owned(),
        value: "env:KEY".parse().unwrap(),
    };
    let header = Credential::Header {
        name: "X-API-Key".to_owned(),
        value: "env:KEY".parse().unwrap(),
    };
    for credential in [query, header] {
        let mut upstream = upstream(server.base());
        upstream.credential = Some(credential);
        is_shut(&send(&open(upstream), &permit()).await.unwrap_err());
    }
}

#[tokio::test]
async fn o4_a_signed_user_context_does_not_come_back_either() {
    let server = Server::start(|request, _| {
        let line = request
            .lines()
            .find(|line| line.starts_with("x-user-context:"));
        answer("200 OK", "", line.unwrap())
    });
    let server = server.await;
    let mut upstream = upstream(server.base());
    upstream.user_context = Some(UserContext {
        header: "X-User-Context".to_owned(),
        signed: Some("env:SIGNING".parse().unwrap()),
    });
    is_shut(&send(&open(upstream), &permit()).await.unwrap_err());
}

#[tokio::test]
async fn o4_what_is_shut_is_recorded_and_the_connection_goes() {
    let server = Server::start(|_, number| match number {
        1 => answer("200 OK", "", TOKEN),
        _ => answer("200 OK", "", "fine"),
    });
    let server = server.await;
    let upstreams = open(upstream(server.base()));
    is_shut(&send(&upstreams, &permit()).await.unwrap_err());
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(send(&upstreams, &permit()).await.unwrap().body, b"fine");
    assert_eq!(server.accepted(), 2);
}
