//! Names that lead elsewhere: no server that is not meant is ever reached.

use guard::error::Refusal;

use super::super::OpenTrouble;
use super::super::Settings;
use super::super::Upstreams;
use super::super::testing::*;
use super::super::upstream::Base;

fn named(server: &Server) -> Base {
    Base::parse(&format!("http://crm.example:{}", server.address.port())).unwrap()
}

async fn trap() -> Server {
    Server::start(|_, _| answer("200 OK", "", "internal")).await
}

#[tokio::test]
async fn o3_a_name_is_dialled_at_the_address_that_was_vetted() {
    let server = trap().await;
    let names = Names::new(&[&["127.0.0.1"]]);
    let upstreams = open_with(upstream(named(&server)), &names);
    let reply = send(&upstreams, &permit()).await.unwrap();
    assert_eq!((reply.status, names.asked()), (200, 1));
    let host = format!("host: crm.example:{}\r\n", server.address.port());
    assert!(server.requests()[0].contains(&host));
}

#[tokio::test]
async fn o3_a_name_that_leads_to_a_shut_address_looks_as_if_it_were_down() {
    let server = trap().await;
    for shut in [
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "10.0.0.1",
    ] {
        let names = Names::new(&[&[shut]]);
        let mut upstream = upstream(named(&server));
        upstream.allow_addresses = Vec::new();
        let upstreams = open_with(upstream, &names);
        let refusal = send(&upstreams, &permit()).await.unwrap_err();

        let down = trap().await;
        let address = down.address;
        drop(down);
        let nobody = open(super::super::testing::upstream(
            Base::parse(&format!("http://{address}")).unwrap(),
        ));
        tokio::task::yield_now().await;
        let unreachable = send(&nobody, &permit()).await.unwrap_err();
        assert_eq!(shown(&refusal), shown(&unreachable), "{shut}");
        assert!(matches!(refusal, Refusal::Failed(_)));
        assert!(
            chain(&refusal).contains("may not be dialled"),
            "{}",
            chain(&refusal)
        );
        assert!(!shown(&refusal).contains(shut));
    }
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn o3_one_bad_answer_refuses_the_lot() {
    let server = trap().await;
    for mixed in [
        &["127.0.0.1", "10.0.0.1"][..],
        &["10.0.0.1", "127.0.0.1"],
        &["127.0.0.1", "::1"],
        &["127.0.0.1", "64:ff9b::a00:1"],
        &[
            "127.0.0.1",
            "127.0.0.1",
            "127.0.0.1",
            "127.0.0.1",
            "127.0.0.1",
            "127.0.0.1",
            "0.0.0.0",
        ],
    ] {
        let names = Names::new(&[mixed]);
        let upstreams = open_with(upstream(named(&server)), &names);
        assert!(send(&upstreams, &permit()).await.is_err(), "{mixed:?}");
    }
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn o3_a_name_that_is_bound_anew_is_vetted_anew_and_never_between() {
    // a connection a call, so that each resolves
    let server = Server::start(|_, _| answer("200 OK", "connection: close\r\n", "fine")).await;
    let names = Names::new(&[&["127.0.0.1"], &["127.0.0.2"], &["127.0.0.1"]]);
    let mut upstream = upstream(named(&server));
    upstream.allow_addresses = vec!["127.0.0.1/32".parse().unwrap()];
    let upstreams = open_with(upstream, &names);
    let mut permit = permit();
    permit.limits.retry = true;
    assert!(send(&upstreams, &permit).await.is_ok());
    let refusal = send(&upstreams, &permit).await.unwrap_err();
    assert!(chain(&refusal).contains("127.0.0.2"), "{}", chain(&refusal));
    // what is blocked is not tried again until a better answer comes
    assert_eq!((names.asked(), server.accepted()), (2, 1));
    assert!(send(&upstreams, &permit).await.is_ok());
    assert_eq!(names.asked(), 3);
}

#[tokio::test]
async fn o3_an_address_never_reaches_the_resolver() {
    let server = trap().await;
    let names = Names::new(&[&["127.0.0.1"]]);
    let upstreams = open_with(upstream(server.base()), &names);
    assert!(send(&upstreams, &permit()).await.is_ok());
    assert_eq!(names.asked(), 0);
}

#[tokio::test]
async fn o3_a_shut_address_that_is_written_down_is_refused_at_start() {
    for host in [
        "127.0.0.1",
        "[::1]",
        "169.254.169.254",
        "[::ffff:a00:1]",
        "[64:ff9b::a00:1]",
    ] {
        let Ok(base) = Base::parse(&format!("http://{host}:8080")) else {
            // not even its usual spelling
            continue;
        };
        let mut upstream = upstream(base);
        upstream.allow_addresses = vec!["192.168.0.0/16".parse().unwrap()];
        let trouble = Upstreams::open(vec![upstream], &Settings::new(secrets())).unwrap_err();
        assert!(matches!(trouble, OpenTrouble::Address { .. }), "{host}");
    }
}

#[tokio::test]
async fn o3_plain_http_needs_the_operators_word() {
    let mut upstream = upstream(Base::parse("http://127.0.0.1:8080").unwrap());
    upstream.plain_http = false;
    let trouble = Upstreams::open(vec![upstream], &Settings::new(secrets())).unwrap_err();
    assert!(matches!(trouble, OpenTrouble::PlainHttp(_)));
}

#[tokio::test]
async fn o3_the_other_addresses_of_a_name_are_tried_in_turn() {
    let server = trap().await;
    let names = Names::new(&[&["127.0.0.9", "127.0.0.1"]]);
    let upstreams = open_with(upstream(named(&server)), &names);
    assert!(send(&upstreams, &permit()).await.is_ok());
}

#[tokio::test]
async fn a_name_without_addresses_is_down() {
    let server = trap().await;
    for names in [Names::new(&[]), Names::new(&[&[]])] {
        let upstreams = open_with(upstream(named(&server)), &names);
        let refusal = send(&upstreams, &permit()).await.unwrap_err();
        assert_eq!(shown(&refusal), "could not reach the upstream");
    }
}
