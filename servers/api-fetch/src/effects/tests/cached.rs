//! Answers that are kept, and upstreams that would have them kept for others or for ever.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use guard::call::Call;
use guard::call::Caller;
use guard::call::Shared;
use guard::cursor::Seal;
use guard::error::Refusal;
use guard::label::Clearance;
use guard::label::Label;
use guard::principal::Principal;
use hyper::StatusCode;
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::super::Upstreams;
use super::super::testing::*;
use super::super::upstream::UserContext;
use crate::permit::Keep;
use crate::permit::Method;
use crate::permit::Permit;
use crate::permit::Reply;

/// Leave to read `/a`, whose answers are kept for up to a minute.
fn kept() -> Permit {
    Permit {
        keep: Some(Keep {
            most: Duration::from_secs(60),
            label: Label::PUBLIC,
        }),
        ..permit()
    }
}

async fn ask(upstreams: &Upstreams, subject: &str, permit: &Permit) -> Result<Reply, Refusal> {
    let call = call_of(subject, &CancellationToken::new());
    upstreams.send(&call, permit, &context(), &|_| true).await
}

/// What ada gets, and how many requests that took so far.
async fn body(upstreams: &Upstreams, permit: &Permit) -> String {
    let reply = ask(upstreams, "ada", permit).await.unwrap();
    String::from_utf8(reply.body).unwrap()
}

/// A server whose answers are numbers, under these headers.
async fn counting(headers: &'static str) -> Server {
    Server::start(move |_, number| answer("200 OK", headers, number.to_string())).await
}

const FRESH: &str = "cache-control: max-age=60\r\n";

#[tokio::test(start_paused = true)]
async fn an_answer_is_given_again_until_it_is_no_longer_fresh() {
    let server = counting(FRESH).await;
    let upstreams = open(upstream(server.base()));
    for _ in 0..3 {
        assert_eq!(body(&upstreams, &kept()).await, "1");
    }
    assert_eq!(server.requests().len(), 1);
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(body(&upstreams, &kept()).await, "2");
}

#[tokio::test]
async fn nothing_is_kept_unless_the_operator_and_the_upstream_say_so() {
    let server = counting(FRESH).await;
    let upstreams = open(upstream(server.base()));
    assert_eq!(body(&upstreams, &permit()).await, "1");
    assert_eq!(body(&upstreams, &permit()).await, "2");
    for headers in [
        "",
        "cache-control: no-store, max-age=60\r\n",
        "cache-control: max-age=60\r\nset-cookie: session=1\r\n",
        "cache-control: max-age=60\r\nvary: *\r\n",
        "cache-control: max-age=60\r\nage: 60\r\n",
    ] {
        let server = counting(headers).await;
        let upstreams = open(upstream(server.base()));
        assert_eq!(body(&upstreams, &kept()).await, "1");
        assert_eq!(body(&upstreams, &kept()).await, "2", "{headers}");
    }
    let server =
        Server::start(|_, number| answer("404 Not Found", FRESH, number.to_string())).await;
    let upstreams = open(upstream(server.base()));
    assert_eq!(body(&upstreams, &kept()).await, "1");
    assert_eq!(body(&upstreams, &kept()).await, "2");
}

#[tokio::test(start_paused = true)]
async fn o4_an_endless_life_ends_with_the_operators_limit() {
    let forever = "cache-control: public, immutable, max-age=99999999999999999999\r\n";
    let server = counting(forever).await;
    let upstreams = open(upstream(server.base()));
    assert_eq!(body(&upstreams, &kept()).await, "1");
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(body(&upstreams, &kept()).await, "1");
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(body(&upstreams, &kept()).await, "2");
}

#[tokio::test]
async fn a3_what_one_principal_was_told_no_other_is_told() {
    // the upstream says that all may have it, and that it depends on nothing
    let shared = "cache-control: public, s-maxage=600, max-age=600\r\nvary: accept\r\n";
    let server = counting(shared).await;
    let upstreams = open(upstream(server.base()));
    for (subject, wanted) in [("ada", "1"), ("ben", "2"), ("ada", "1"), ("ben", "2")] {
        let reply = ask(&upstreams, subject, &kept()).await.unwrap();
        assert_eq!(reply.body, wanted.as_bytes(), "{subject}");
    }
}

fn as_caller(caller: Caller) -> Call {
    let shared = Shared::new(Seal::new([7; 32], chrono::TimeDelta::minutes(5)));
    let now = chrono::DateTime::from_timestamp(1_764_000_000, 0).unwrap();
    let (time, cancel) = (Duration::from_secs(60), CancellationToken::new());
    Call::new(Arc::new(caller), Uuid::nil(), now, time, cancel, &shared)
}

#[tokio::test]
async fn a4_an_answer_is_kept_for_the_same_roles_and_under_its_label_only() {
    let server = counting(FRESH).await;
    let upstreams = open(upstream(server.base()));
    let call = |roles: &[&str], clearance| {
        as_caller(Caller {
            principal: Principal::new("local", "ada").unwrap(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            clearance,
            ..Caller::default()
        })
    };
    let label = guard::label::Taxonomy::default()
        .parse("confidential")
        .unwrap();
    let cleared = Clearance::up_to(label);
    let mut permit = kept();
    permit.keep = permit.keep.map(|keep| Keep { label, ..keep });
    for (roles, clearance, wanted) in [
        (&["a", "b"][..], cleared, "1"),
        (&["a", "b"], cleared, "1"),
        (&["ab"], cleared, "2"),
        (&["a"], cleared, "3"),
        (&["a"], cleared, "3"),
        // the same one, no longer cleared: what is kept is not for them
        (&["a"], Clearance::default(), "4"),
    ] {
        let call = call(roles, clearance);
        let reply = upstreams.send(&call, &permit, &context(), &|_| true).await;
        assert_eq!(reply.unwrap().body, wanted.as_bytes(), "{roles:?}");
    }
    // declared under another label, it is another thing
    let lower = kept();
    assert_eq!(body(&upstreams, &lower).await, "5");
}

#[tokio::test]
async fn o4_all_that_goes_into_a_request_makes_another_question() {
    let server = counting(FRESH).await;
    let upstreams = open(upstream(server.base()));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let with = |change: &dyn Fn(&mut Permit)| {
        let mut permit = kept();
        change(&mut permit);
        permit
    };
    let all = [
        with(&|_| {}),
        with(&|it| it.path = "/ab".to_owned()),
        with(&|it| it.endpoint = "fetch-b".to_owned()),
        with(&|it| it.query = vec![pair("a", "b")]),
        with(&|it| it.query = vec![pair("ab", "")]),
        with(&|it| it.query = vec![pair("a", "b"), pair("c", "d")]),
        with(&|it| it.query = vec![pair("c", "d"), pair("a", "b")]),
        with(&|it| it.headers = vec![pair("a", "b")]),
        with(&|it| it.headers = vec![pair("accept-language", "de")]),
        with(&|it| it.headers = vec![pair("accept-language", "fr")]),
    ];
    for (number, permit) in (1..).zip(&all) {
        assert_eq!(body(&upstreams, permit).await, number.to_string());
    }
    for (number, permit) in (1..).zip(&all) {
        assert_eq!(body(&upstreams, permit).await, number.to_string());
    }
    // what asks otherwise is always asked
    for name in ["cache-control", "pragma", "if-none-match", "if-range"] {
        let permit = with(&|it| it.headers = vec![pair(name, "no-cache")]);
        let first = body(&upstreams, &permit).await;
        assert_ne!(first, body(&upstreams, &permit).await, "{name}");
    }
    let head = with(&|it| it.method = Method::Head);
    let before = server.requests().len();
    let _unread = ask(&upstreams, "ada", &head).await;
    let _unread = ask(&upstreams, "ada", &head).await;
    assert!(server.requests().len() >= before + 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_still_holds_is_asked_about_and_not_fetched() {
    let server = Server::start(|request, number| match number {
        1 => answer(
            "200 OK",
            "etag: \"v1\"\r\ncache-control: max-age=5\r\n",
            "one",
        ),
        2 => {
            assert!(request.contains("if-none-match: \"v1\"\r\n"), "{request}");
            b"HTTP/1.1 304 Not Modified\r\netag: \"v1\"\r\ncache-control: max-age=20\r\n\r\n"
                .to_vec()
        }
        _ => answer("200 OK", "etag: \"v2\"\r\n", "two"),
    });
    let server = server.await;
    let upstreams = open(upstream(server.base()));
    let call = call();
    let send = async |call: &Call| upstreams.send(call, &kept(), &context(), &|_| true).await;
    assert_eq!(send(&call).await.unwrap().body, b"one");
    tokio::time::advance(Duration::from_secs(6)).await;
    let again = send(&call).await.unwrap();
    assert_eq!((again.status, again.body.as_slice()), (200, &b"one"[..]));
    tokio::time::advance(Duration::from_secs(19)).await;
    assert_eq!(send(&call).await.unwrap().body, b"one");
    assert_eq!(server.requests().len(), 2);
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(send(&call).await.unwrap().body, b"two");
}

#[tokio::test]
async fn o4_a_not_modified_that_speaks_of_another_answer_is_not_believed() {
    let server = Server::start(|request, number| match number {
        1 => answer("200 OK", "etag: \"v1\"\r\n", "one"),
        2 => b"HTTP/1.1 304 Not Modified\r\netag: \"v2\"\r\n\r\n".to_vec(),
        _ => {
            assert!(!request.contains("if-none-match"), "{request}");
            answer("200 OK", "etag: \"v2\"\r\n", "two")
        }
    });
    let server = server.await;
    let upstreams = open(upstream(server.base()));
    assert_eq!(body(&upstreams, &kept()).await, "one");
    assert_eq!(body(&upstreams, &kept()).await, "two");
    // and one that nobody asked for is an answer without a body
    let server = Server::start(|_, _| b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec()).await;
    let upstreams = open(upstream(server.base()));
    let reply = ask(&upstreams, "ada", &kept()).await.unwrap();
    assert_eq!(reply.status, StatusCode::NOT_MODIFIED.as_u16());
}

#[tokio::test]
async fn o4_a_not_modified_that_sets_a_cookie_ends_what_is_kept() {
    let server = Server::start(|_, number| match number {
        2 => b"HTTP/1.1 304 Not Modified\r\nset-cookie: a=b\r\n\r\n".to_vec(),
        _ => answer("200 OK", "etag: \"v1\"\r\n", number.to_string()),
    });
    let server = server.await;
    let upstreams = open(upstream(server.base()));
    for wanted in ["1", "1", "3"] {
        assert_eq!(body(&upstreams, &kept()).await, wanted);
    }
    assert!(!server.requests()[2].contains("if-none-match"));
}

#[tokio::test]
async fn after_a_change_nothing_is_given_that_was_asked_before() {
    let server = counting(FRESH).await;
    let upstreams = open(upstream(server.base()));
    assert_eq!(body(&upstreams, &kept()).await, "1");
    let mut change = permit();
    change.method = Method::Post;
    change.path = "/b".to_owned();
    // by whomever, and whatever comes of it
    let _done = ask(&upstreams, "ben", &change).await;
    assert_eq!(body(&upstreams, &kept()).await, "3");
}

#[tokio::test]
async fn an_answer_that_was_on_its_way_during_a_change_is_not_kept() {
    let changed = Arc::new(tokio::sync::Notify::new());
    let read = Arc::new(AtomicUsize::new(0));
    let server = Server::raw(move |mut stream| {
        let (changed, read) = (Arc::clone(&changed), Arc::clone(&read));
        async move {
            while let Some(request) = read_request(&mut stream).await {
                let text = match request.starts_with("GET") {
                    true => (1 + read.fetch_add(1, Ordering::SeqCst)).to_string(),
                    false => "changed".to_owned(),
                };
                // the first is answered after the change, with what was there before
                if text == "1" {
                    changed.notified().await;
                }
                stream
                    .write_all(&answer("200 OK", FRESH, &text))
                    .await
                    .unwrap();
                if text == "changed" {
                    changed.notify_one();
                }
            }
        }
    });
    let server = server.await;
    let upstreams = open(upstream(server.base()));
    let mut change = permit();
    change.method = Method::Post;
    let permit = kept();
    let before = ask(&upstreams, "ada", &permit);
    let change = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        ask(&upstreams, "ada", &change).await
    };
    let (before, changed) = tokio::join!(before, change);
    assert_eq!(before.unwrap().body, b"1");
    assert_eq!(changed.unwrap().body, b"changed");
    assert_eq!(body(&upstreams, &permit).await, "2");
    assert_eq!(body(&upstreams, &permit).await, "2");
}

#[tokio::test]
async fn o4_what_came_by_a_redirect_is_decided_anew_each_time() {
    let server = Server::start(|request, _| match request.starts_with("GET /a ") {
        true => answer("302 Found", &format!("location: /b\r\n{FRESH}"), ""),
        false => answer("200 OK", FRESH, "elsewhere"),
    });
    let server = server.await;
    let upstreams = open(upstream(server.base()));
    let mut permit = kept();
    permit.limits.redirects = 1;
    assert_eq!(body(&upstreams, &permit).await, "elsewhere");
    let call = call();
    // the same caller may no longer go there
    let done = upstreams.send(&call, &permit, &context(), &|_| false).await;
    assert!(done.is_err());
}

#[tokio::test]
async fn o4_a_kept_answer_with_a_secret_that_was_learnt_since_is_shut() {
    let server = Server::start(|_, _| answer("200 OK", FRESH, KEY)).await;
    let other = Server::start(|_, _| answer("200 OK", "", "fine")).await;
    let mut second = upstream(other.base());
    second.name = "other".to_owned();
    second.credential = Some(super::super::upstream::Credential::Basic {
        user: "ada".to_owned(),
        password: "env:KEY".parse().unwrap(),
    });
    let all = vec![upstream(server.base()), second];
    let upstreams = Upstreams::open(all, &super::super::Settings::new(secrets())).unwrap();
    assert_eq!(body(&upstreams, &kept()).await, KEY);
    let mut elsewhere = permit();
    elsewhere.upstream = 1;
    assert_eq!(body(&upstreams, &elsewhere).await, "fine");
    let refusal = ask(&upstreams, "ada", &kept()).await.unwrap_err();
    assert!(
        chain(&refusal).contains("repeats a secret"),
        "{}",
        chain(&refusal)
    );
}

#[tokio::test]
async fn o4_a_signed_statement_of_who_asks_is_nothing_to_vary_by() {
    let server = counting("cache-control: max-age=60\r\nvary: x-asks\r\n").await;
    let mut signed = upstream(server.base());
    signed.user_context = Some(UserContext {
        header: "X-Asks".to_owned(),
        signed: Some("env:SIGNING".parse().unwrap()),
    });
    let upstreams = open(signed);
    assert_eq!(body(&upstreams, &kept()).await, "1");
    assert_eq!(body(&upstreams, &kept()).await, "2");
    // plain, it is in the key
    let server = counting("cache-control: max-age=60\r\nvary: x-asks\r\n").await;
    let mut plain = upstream(server.base());
    plain.user_context = Some(UserContext {
        header: "X-Asks".to_owned(),
        signed: None,
    });
    let upstreams = open(plain);
    assert_eq!(body(&upstreams, &kept()).await, "1");
    assert_eq!(body(&upstreams, &kept()).await, "1");
}

#[tokio::test]
async fn o4_a_kept_answer_goes_with_the_credential_that_fetched_it() {
    let turn = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&turn);
    let providers = guard::secret::Providers::new(move |_| {
        Some(format!("token-number-{}", count.load(Ordering::SeqCst)).into())
    });
    let server = Server::start(|request, number| {
        let old = request.contains("token-number-0") && number > 1;
        let status = if old { "401 Unauthorized" } else { "200 OK" };
        answer(status, FRESH, number.to_string())
    });
    let server = server.await;
    let settings = super::super::Settings::new(Arc::new(providers));
    let upstreams = Upstreams::open(vec![upstream(server.base())], &settings).unwrap();
    assert_eq!(body(&upstreams, &kept()).await, "1");
    turn.store(1, Ordering::SeqCst);
    // the upstream refuses the old one, so the new one is taken up
    let mut other = kept();
    other.path = "/b".to_owned();
    assert_eq!(body(&upstreams, &other).await, "3");
    assert_eq!(body(&upstreams, &kept()).await, "4");
}

#[tokio::test]
async fn the_bytes_that_are_kept_are_bounded_and_the_oldest_goes_first() {
    let server = Server::start(|_, _| answer("200 OK", FRESH, "x".repeat(10_000))).await;
    let mut settings = super::super::Settings::new(secrets());
    settings.cache = 48 << 10;
    let upstreams = Upstreams::open(vec![upstream(server.base())], &settings).unwrap();
    let at = |path: &str| Permit {
        path: path.to_owned(),
        ..kept()
    };
    for path in ["/1", "/2", "/3", "/4", "/1", "/5", "/1"] {
        body(&upstreams, &at(path)).await;
    }
    assert_eq!(server.requests().len(), 5);
    body(&upstreams, &at("/2")).await;
    assert_eq!(server.requests().len(), 6);
    // one that would take more than its share is not kept
    let server = Server::start(|_, _| answer("200 OK", FRESH, "x".repeat(20_000))).await;
    let mut settings = super::super::Settings::new(secrets());
    settings.cache = 48 << 10;
    let upstreams = Upstreams::open(vec![upstream(server.base())], &settings).unwrap();
    for _ in 0..2 {
        body(&upstreams, &kept()).await;
    }
    assert_eq!(server.requests().len(), 2);
}
