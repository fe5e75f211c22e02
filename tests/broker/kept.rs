//! What a broker has: no secret of its worker, no file, no connection, one thread.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use harness::until;
use serde_json::json;

use super::KEY;
use super::broker_of;
use super::cmdline;
use super::descriptors;
use super::figure;
use super::serve;
use super::serve_to_be_seen;
use super::world;
use crate::api::upstream::Upstream;
use crate::api::upstream::respond;

#[test]
fn l4_a_broker_has_no_secret_in_its_arguments_or_its_environment() {
    let upstream = Upstream::json(&json!({"a": 1}));
    let world = world(&upstream, "env:EXTERNAL_API_KEY");
    let mut raw = serve_to_be_seen(&world);
    raw.call("things", json!({})).ok();
    let broker = broker_of(raw.pid());
    let environment = std::fs::read(format!("/proc/{broker}/environ")).unwrap();
    let environment = String::from_utf8_lossy(&environment);
    assert_eq!(environment, "", "of what it may have nothing was set");
    let line = cmdline(broker);
    assert!(
        line.ends_with(" --as-the-broker-of-a-server text warn off root-refused "),
        "{line}"
    );
    assert!(!line.contains(KEY) && !line.contains("config"), "{line}");
    assert_eq!(raw.close().code, Some(0));
}

#[test]
fn a_broker_has_the_socket_to_its_worker_and_nothing_else() {
    let upstream = Upstream::json(&json!({"a": 1}));
    let world = world(&upstream, "env:EXTERNAL_API_KEY");
    let mut raw = serve_to_be_seen(&world);
    raw.call("things", json!({})).ok();
    let broker = broker_of(raw.pid());
    // the thread of the last request may just be on its way out
    let rests = || (figure(broker, "Threads:") == 1).then_some(());
    until(Duration::from_secs(2), rests).expect("one thread at rest");
    let mut all = descriptors(broker);
    // what the tests themselves were left with, whoever starts them
    let stray = descriptors(std::process::id());
    all.retain(|one| one.starts_with("/dev") || !stray.contains(one) || is_log(broker, one));
    all.sort();
    all.dedup();
    let text: Vec<String> = all.iter().map(|one| one.display().to_string()).collect();
    let socket = text.iter().filter(|one| one.starts_with("socket:")).count();
    let pipe = text.iter().filter(|one| one.starts_with("pipe:")).count();
    let null = text.iter().filter(|one| *one == "/dev/null").count();
    assert_eq!((socket, pipe, null, text.len()), (1, 1, 1, 3), "{text:?}");
    assert_eq!(raw.close().code, Some(0));
}

fn is_log(broker: u32, one: &std::path::Path) -> bool {
    std::fs::read_link(format!("/proc/{broker}/fd/2")).is_ok_and(|log| log == one)
}

#[test]
fn a_thousand_connections_leave_no_descriptor_in_either_process() {
    let upstream = Upstream::start(|_, stream| {
        respond(stream, 200, "connection: close\r\n", "{\"a\": 1}");
        stream.shutdown(std::net::Shutdown::Both).ok();
    });
    let world = world(&upstream, "env:EXTERNAL_API_KEY");
    let mut raw = serve_to_be_seen(&world);
    raw.call("things", json!({})).ok();
    let broker = broker_of(raw.pid());
    let before = (descriptors(raw.pid()).len(), descriptors(broker).len());
    for _ in 0..1000 {
        raw.call("things", json!({})).ok();
    }
    let after = || {
        let now = (descriptors(raw.pid()).len(), descriptors(broker).len());
        (now.0 <= before.0 && now.1 <= before.1).then_some(())
    };
    until(Duration::from_secs(2), after).expect("as many as before");
    assert_eq!(upstream.heard().len(), 1001);
    // what it has beside the pages of the program, which are those of its worker
    assert!(figure(broker, "RssAnon:") < 8 * 1024, "KiB");
    assert_eq!(raw.close().code, Some(0));
}

#[test]
fn a_secret_in_a_file_is_read_again_by_the_broker_once_the_upstream_refuses_it() {
    let upstream = Upstream::start(|heard, stream| match heard.header("authorization") {
        Some("Bearer second-of-two-keys") => respond(stream, 200, "", "{\"a\": 1}"),
        _ => respond(stream, 401, "", "{}"),
    });
    let world = world(&upstream, "file:{dir}/key");
    world.file("config.toml", world.read("config.toml"));
    world.file("key", "first-of-two-keys").mode("key", 0o600);
    let mut raw = serve(&world);
    let answer = raw.call("things", json!({}));
    assert_eq!(answer.structured()["status"], 401, "{}", answer.short());
    std::fs::remove_file(world.path("key")).unwrap();
    world.file("key", "second-of-two-keys");
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(world.path("key"), mode).unwrap();
    let answer = raw.call("things", json!({}));
    assert_eq!(answer.structured()["status"], 200, "{}", answer.short());
    let ended = raw.close();
    assert_eq!(ended.code, Some(0));
    world.assert_never(&ended, "of-two-keys");
}
