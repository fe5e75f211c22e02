//! `check --online`: what is told of hosts, and that they hear nothing.

use serde_json::json;

use super::CUSTOMER;
use super::KEY;
use super::run;
use super::upstream::Upstream;
use super::world;

#[test]
fn s1_a_host_that_can_be_called_is_told_and_hears_nothing() {
    let upstream = Upstream::json(&json!({}));
    let world = world(&upstream, CUSTOMER);
    let ran = run(&world, &["check", "--online", "--config={dir}/config.toml"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("without TLS") && ran.stdout.contains("connected"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains(KEY) && !ran.stderr.contains(KEY));
    assert!(upstream.heard().is_empty());
}

#[test]
fn s4_a_name_that_leads_inside_and_a_port_that_is_shut_fail_the_check() {
    let upstream = Upstream::json(&json!({}));
    let world = world(&upstream, CUSTOMER);
    let config = world.read("config.toml");
    let inside = config
        .replace("127.0.0.1", "localhost")
        .replace("allow-addresses = [\"127.0.0.0/8\"]", "");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let shut = config.replace(&upstream.base(), &format!("http://127.0.0.1:{port}/v1"));
    for (config, word) in [(inside, "may not be dialled"), (shut, "no connection")] {
        world.file("config.toml", config);
        let ran = run(&world, &["check", "--online", "--config={dir}/config.toml"]);
        assert_eq!(ran.code, Some(3), "{}", ran.stdout);
        assert!(ran.stdout.contains(word), "{word}: {}", ran.stdout);
        assert!(ran.stderr.contains("1 of 1"), "{}", ran.stderr);
    }
    assert!(upstream.heard().is_empty());
}
