//! What upstreams get to see of us, and of who asks.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use serde_json::Value;
use serde_json::json;
use sha2::Sha256;
use uuid::Uuid;

use guard::trace::Parent;
use guard::trace::Span;

use super::super::Settings;
use super::super::Upstreams;
use super::super::testing::*;
use super::super::upstream::Credential;
use super::super::upstream::UserContext;

async fn fine() -> Server {
    Server::start(|_, _| answer("200 OK", "", "fine")).await
}

/// The value of a header of the last request.
fn header(server: &Server, name: &str) -> Option<String> {
    let request = server.requests().pop().unwrap();
    let of = |line: &str| Some(line.split_once(": ")?.1.to_owned());
    let mut lines = request.lines().filter(|line| {
        let begin = line.split(':').next().unwrap();
        begin.eq_ignore_ascii_case(name)
    });
    let found = lines.next().and_then(of);
    assert!(lines.next().is_none(), "one {name}");
    found
}

async fn with(credential: Credential) -> Server {
    let server = fine().await;
    let mut upstream = upstream(server.base());
    upstream.credential = Some(credential);
    let mut permit = permit();
    permit.query = vec![("q".to_owned(), "1".to_owned())];
    send(&open(upstream), &permit).await.unwrap();
    server
}

#[tokio::test]
async fn each_credential_goes_where_it_belongs() {
    let server = with(Credential::Bearer("env:TOKEN".parse().unwrap())).await;
    assert_eq!(
        header(&server, "authorization").unwrap(),
        format!("Bearer {TOKEN}")
    );

    let server = with(Credential::Basic {
        user: "ada".to_owned(),
        password: "env:KEY".parse().unwrap(),
    })
    .await;
    let pair = STANDARD.encode(format!("ada:{KEY}"));
    assert_eq!(
        header(&server, "authorization").unwrap(),
        format!("Basic {pair}")
    );

    let server = with(Credential::Header {
        name: "X-API-Key".to_owned(),
        value: "env:KEY".parse().unwrap(),
    })
    .await;
    assert_eq!(header(&server, "x-api-key").unwrap(), KEY);
    assert_eq!(header(&server, "authorization"), None);

    let server = with(Credential::Query {
        name: "api key".to_owned(),
        value: "env:KEY".parse().unwrap(),
    })
    .await;
    let first = server.requests()[0].lines().next().unwrap().to_owned();
    assert!(first.starts_with("GET /a?q=1&api%20key=s3cr3t%2FKey%2Bwith%3D%22odd%22%20%26%20"));
}

#[tokio::test]
async fn a_credential_that_is_missing_short_or_odd_is_the_operators_trouble_alone() {
    let server = fine().await;
    for (reference, told) in [
        ("env:NONE", "env:NONE"),
        ("env:SHORT", "shorter than 8 bytes"),
    ] {
        let mut upstream = upstream(server.base());
        upstream.credential = Some(Credential::Bearer(reference.parse().unwrap()));
        let refusal = send(&open(upstream), &permit()).await.unwrap_err();
        assert_eq!(
            shown(&refusal),
            "could not prepare the credential of the upstream"
        );
        assert!(chain(&refusal).contains(told), "{}", chain(&refusal));
        assert!(!chain(&refusal).contains("1234567"));
    }
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn nothing_is_read_before_it_is_needed_and_debug_shows_nothing() {
    let read = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = Arc::clone(&read);
    let providers = guard::secret::Providers::new(move |_| {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Some(TOKEN.into())
    });
    let server = fine().await;
    let settings = Settings::new(Arc::new(providers));
    let upstreams = Upstreams::open(vec![upstream(server.base())], &settings).unwrap();
    assert_eq!(read.load(std::sync::atomic::Ordering::SeqCst), 0);
    for _ in 0..3 {
        send(&upstreams, &permit()).await.unwrap();
    }
    assert_eq!(read.load(std::sync::atomic::Ordering::SeqCst), 1);
    assert!(!format!("{upstreams:?}").contains(TOKEN));
}

fn write(file: &Path, text: &str) {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    options
        .open(file)
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
}

#[tokio::test]
async fn a_secret_that_was_replaced_in_its_file_is_taken_up_at_once_when_the_old_one_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    write(&file, "token-number-one\n");
    let server = Server::start(|request, _| match request.contains("token-number-two") {
        true => answer("200 OK", "", "fine"),
        false => answer("401 Unauthorized", "", "no"),
    });
    let server = server.await;
    let mut upstream = upstream(server.base());
    let reference = format!("file:{}", file.display());
    upstream.credential = Some(Credential::Bearer(reference.parse().unwrap()));
    let upstreams = open(upstream);
    assert_eq!(send(&upstreams, &permit()).await.unwrap().status, 401);
    assert_eq!(server.requests().len(), 1);
    write(&file, "token-number-two\n");
    assert_eq!(send(&upstreams, &permit()).await.unwrap().status, 200);
}

#[tokio::test]
async fn who_asks_is_told_plainly_and_from_the_session() {
    let server = fine().await;
    let mut upstream = upstream(server.base());
    upstream.user_context = Some(UserContext {
        header: "X-User-Context".to_owned(),
        signed: None,
    });
    let upstreams = open(upstream);
    send(&upstreams, &permit()).await.unwrap();
    let value = URL_SAFE_NO_PAD
        .decode(header(&server, "x-user-context").unwrap())
        .unwrap();
    let told: Value = serde_json::from_slice(&value).unwrap();
    let wanted = json!({"sub": "ada@example.com", "iss": "local", "roles": ["support"]});
    assert_eq!(told, wanted);

    let mut forged = permit();
    forged.headers = vec![(
        "x-user-context".to_owned(),
        "eyJzdWIiOiJyb290In0".to_owned(),
    )];
    assert!(send(&upstreams, &forged).await.is_err());
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn l7_the_trace_of_the_client_is_told_only_where_the_operator_says_so() {
    let server = fine().await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let id = Uuid::from_u128(0x0190_0000_0000_7000_8123_4567_89ab_cdef);
    let span = Span::below(Parent::parse(parent).unwrap(), id);
    let ask = async |trace: bool, span: Option<Span>| {
        let mut upstream = upstream(server.base());
        upstream.trace = trace;
        let call = call().within(span);
        let (context, permit) = (context(), permit());
        let sent = open(upstream)
            .send(&call, &permit, &context, &|_| false)
            .await;
        assert_eq!(sent.unwrap().status, 200);
        header(&server, "traceparent")
    };
    assert_eq!(ask(false, span).await, None);
    assert_eq!(ask(true, None).await, None);
    let told = "00-4bf92f3577b34da6a3ce929d0e0e4736-8123456789abcdef-01";
    assert_eq!(ask(true, span).await.as_deref(), Some(told));

    let mut forged = permit();
    forged.headers = vec![("traceparent".to_owned(), parent.to_owned())];
    assert!(send(&open(upstream(server.base())), &forged).await.is_err());
}

#[tokio::test]
async fn who_asks_is_signed_for_one_upstream_and_one_minute() {
    let server = fine().await;
    let mut upstream = upstream(server.base());
    upstream.user_context = Some(UserContext {
        header: "X-Asks".to_owned(),
        signed: Some("env:SIGNING".parse().unwrap()),
    });
    send(&open(upstream), &permit()).await.unwrap();
    let token = header(&server, "x-asks").unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let mac = Hmac::<Sha256>::new_from_slice(SIGNING.as_bytes()).unwrap();
    let mac = mac.chain_update(signed);
    mac.verify_slice(&URL_SAFE_NO_PAD.decode(signature).unwrap())
        .unwrap();
    let parts: Vec<Value> = signed
        .split('.')
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    assert_eq!(parts[0], json!({"alg": "HS256", "typ": "JWT"}));
    let wanted = json!({
        "sub": "ada@example.com", "iss": "local", "roles": ["support"], "aud": "crm",
        "iat": 1_764_000_000, "exp": 1_764_000_060, "jti": "00000000-0000-0000-0000-000000000000",
    });
    assert_eq!(parts[1], wanted);
}

#[tokio::test]
async fn a_weak_key_and_an_endless_list_of_roles_sign_nothing() {
    let server = fine().await;
    let mut weak = upstream(server.base());
    weak.user_context = Some(UserContext {
        header: "X-Asks".to_owned(),
        signed: Some("env:TOKEN".parse().unwrap()),
    });
    let refusal = send(&open(weak), &permit()).await.unwrap_err();
    assert!(chain(&refusal).contains("32 bytes"), "{}", chain(&refusal));

    let mut plain = upstream(server.base());
    plain.user_context = Some(UserContext {
        header: "X-Asks".to_owned(),
        signed: None,
    });
    let mut context = context();
    context.roles = vec!["r".repeat(100); 100];
    let upstreams = open(plain);
    let done = upstreams
        .send(&call(), &permit(), &context, &|_| false)
        .await;
    assert!(done.is_err());
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn an_upstream_without_a_credential_gets_none() {
    let server = fine().await;
    let mut upstream = upstream(server.base());
    upstream.credential = None;
    send(&open(upstream), &permit()).await.unwrap();
    assert_eq!(header(&server, "authorization"), None);
}
