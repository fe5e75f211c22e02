//! Clients that break the protocol.

use std::time::Duration;

use harness::Era;
use harness::PATIENCE;
use harness::Raw;
use harness::World;
use harness::bin;
use harness::until;
use serde_json::json;

use super::finish;
use super::small_read;
use super::world;

#[test]
fn a_line_that_is_no_message_is_answered_or_dropped_and_nothing_breaks() {
    let world = world();
    let mut raw = world.serve();
    let deep = |open: &str, close: &str, n: usize| open.repeat(n) + &close.repeat(n);
    let lines: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"   ".to_vec(),
        b"not json".to_vec(),
        b"null".to_vec(),
        b"1".to_vec(),
        b"[]".to_vec(),
        b"{}".to_vec(),
        b"\"text\"".to_vec(),
        b"{\"jsonrpc\":\"2.0\"".to_vec(),
        b"{\"jsonrpc\":\"1.0\",\"id\":901,\"method\":\"ping\"}".to_vec(),
        b"{\"jsonrpc\":\"2.0\",\"id\":902}".to_vec(),
        b"{\"jsonrpc\":\"2.0\",\"method\":5,\"id\":903}".to_vec(),
        b"{\"jsonrpc\":\"2.0\",\"id\":904,\"method\":\"tools/call\",\"params\":7}".to_vec(),
        b"{\"jsonrpc\":\"2.0\",\"id\":905,\"method\":\"tools/call\"}".to_vec(),
        b"[{\"jsonrpc\":\"2.0\",\"id\":906,\"method\":\"ping\"}]".to_vec(),
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}".to_vec(),
        b"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}".to_vec(),
        b"\xff\xfe\x00\x80".to_vec(),
        b"\xef\xbb\xbf{\"jsonrpc\":\"2.0\"}".to_vec(),
        b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/nothing\"}".to_vec(),
        b"Content-Length: 10\r\n\r\n{}".to_vec(),
        b"GET / HTTP/1.1".to_vec(),
        deep("[", "]", 100_000).into_bytes(),
        deep("{\"a\":", "}", 100_000).into_bytes(),
        vec![0; 1000],
    ];
    for line in lines {
        raw.send_bytes(line);
        raw.send_bytes(*b"\n");
        small_read(&mut raw);
    }
    finish(&world, raw);
}

#[test]
fn arguments_of_great_depth_are_refused() {
    let world = world();
    let mut raw = world.serve();
    for depth in [50, 120, 127, 200, 10_000] {
        let value = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let line = format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":\"deep{depth}\",\"method\":\"tools/call\",\"params\":{{\"name\":\
             \"read_file\",\"arguments\":{{\"path\":{value}}},\"_meta\":{{\"io.modelcontextprotocol/protocolVersion\":\
             \"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{{}}}}}}}}\n"
        );
        raw.send_bytes(line);
        small_read(&mut raw);
    }
    finish(&world, raw);
}

#[test]
fn a_request_longer_than_the_limit_is_refused_in_bounded_memory() {
    let world = world();
    let mut raw = world.serve();
    small_read(&mut raw);
    let quiet = raw.peak();
    for _ in 0..64 {
        raw.send_bytes(vec![b'x'; 1 << 20]);
    }
    raw.send_bytes(*b"\n");
    small_read(&mut raw);
    let grown = raw.peak() - quiet;
    assert!(grown < 16 * 1024, "{grown} KiB for a line of 64 MiB");
    let refused = raw
        .notes
        .iter()
        .filter(|note| note["error"]["code"] == -32600);
    assert_eq!(refused.count(), 1, "{:?}", raw.notes);
    // the longest that fits
    let path = "p".repeat(1_000_000);
    let answer = raw.call("read_file", json!({"path": path}));
    assert_eq!(answer.code(), Some("malformed"));
    finish(&world, raw);
}

#[test]
fn ids_of_every_kind_come_back_as_they_were() {
    let world = world();
    let mut raw = world.serve();
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let mut send = |id: serde_json::Value| {
        let params = json!({"name": "list_roots", "arguments": {}, "_meta": meta.clone()});
        raw.send(&json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}));
        let text = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        let answer = raw.wait_most(&text, Duration::from_secs(2));
        answer.map(|answer| answer.0["id"] == id)
    };
    for id in [
        json!(0),
        json!(-1),
        json!(i64::MAX),
        json!(i64::MIN),
        json!("text"),
        json!(""),
        json!("\u{202e}\n\u{0}\"},{\""),
        json!("7"),
        json!("x".repeat(200)),
    ] {
        assert_eq!(send(id.clone()), Some(true), "{id}");
    }
    // what is no id by the protocol may be refused, and must not come back as another
    for id in [
        json!(1.5),
        json!(u64::MAX),
        json!(true),
        json!([1]),
        json!({"a": 1}),
    ] {
        assert_ne!(send(id.clone()), Some(false), "{id}");
    }
    small_read(&mut raw);
    finish(&world, raw);
}

#[test]
fn two_requests_of_one_id_do_not_get_each_others_answers() {
    let world = world();
    world.file("root/other.txt", "other\n");
    let mut raw = world.serve();
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    for path in ["docs/small.txt", "docs/other.txt"] {
        let params = json!({"name": "read_file", "arguments": {"path": path}, "_meta": meta});
        raw.send(
            &json!({"jsonrpc": "2.0", "id": "twin", "method": "tools/call", "params": params}),
        );
    }
    let first = raw.wait("twin");
    assert_eq!(first.ok().text(), "small\n");
    // the second was refused without the id, so that it cannot be taken for the first
    let refused = raw.note(PATIENCE).expect("the twin is refused");
    assert_eq!(refused["error"]["code"], -32600, "{refused}");
    finish(&world, raw);
}

#[test]
fn a_client_that_never_reads_its_answers_stops_only_itself() {
    let world = World::new();
    world.file("root/small.txt", "small\n");
    world.file("root/big.txt", "0123456789abcde\n".repeat(16_000));
    let mut command = std::process::Command::new(bin("readonly-fs"));
    command.args(world.arguments(&["--audit={dir}/audit", "docs={dir}/root"]));
    let mut raw = Raw::spawn(&mut command, Era::Modern);
    let ids: Vec<_> = (0..2000)
        .map(|_| raw.begin_call("read_file", json!({"path": "docs/big.txt"})))
        .collect();
    std::thread::sleep(Duration::from_secs(3));
    let peak = raw.peak();
    assert!(peak < super::PEAK, "{peak} KiB while nobody reads");
    // and it was not given up: all come when they are read
    raw.listen();
    raw.wait(ids[0]).ok();
    raw.signal(rustix::process::Signal::TERM);
    let ended = raw.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    world.assert_kept(&ended);
}

#[test]
fn blobs_that_nobody_reads_take_no_more_than_the_limit() {
    let world = World::new();
    world.file("root/big.bin", vec![0; 3_900_000]);
    let mut command = std::process::Command::new(bin("readonly-fs"));
    command.args(world.arguments(&["--audit={dir}/audit", "docs={dir}/root"]));
    let mut raw = Raw::spawn(&mut command, Era::Modern);
    let batch = json!({"paths": vec!["docs/big.bin"; 50]});
    let ids: Vec<_> = (0..40)
        .map(|number| match number % 2 {
            0 => raw.begin_call("read_file", json!({"path": "docs/big.bin"})),
            _ => raw.begin_call("read_file", batch.clone()),
        })
        .collect();
    std::thread::sleep(Duration::from_secs(3));
    let peak = raw.peak();
    assert!(peak < super::PEAK, "{peak} KiB while nobody reads");
    // those that had to wait are answered as the others are
    raw.listen();
    for id in ids {
        raw.wait(id).ok();
    }
    let peak = raw.peak();
    assert!(peak < super::PEAK, "{peak} KiB while they are read");
    finish(&world, raw);
}

#[test]
fn i7_a_client_that_never_reads_does_not_keep_the_process_from_ending() {
    let world = World::new();
    world.file("root/big.txt", "0123456789abcde\n".repeat(16_000));
    let mut command = std::process::Command::new(bin("readonly-fs"));
    command.args(world.arguments(&["--audit={dir}/audit", "docs={dir}/root"]));
    let mut raw = Raw::spawn(&mut command, Era::Modern);
    for _ in 0..100 {
        raw.begin_call("read_file", json!({"path": "docs/big.txt"}));
    }
    let up = || world.path("audit/chain.lock").exists().then_some(());
    until(PATIENCE, up).expect("it starts");
    std::thread::sleep(Duration::from_millis(500));
    raw.signal(rustix::process::Signal::TERM);
    let ended = raw.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(world.trail().actions("session.end")[0]["reason"], "signal");
}
