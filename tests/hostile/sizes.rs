//! Files that are larger than anybody should read.

use std::io::Write;

use harness::World;
use serde_json::json;

use super::call_beside;
use super::finish;
use super::world;

#[test]
fn a_sparse_file_of_a_terabyte_is_answered_within_bounds() {
    let world = world();
    world.sparse("root/huge.bin", 1 << 40).sparse("root/huge.txt", 1 << 40);
    let mut raw = world.serve();
    for (tool, arguments) in [
        ("read_file", json!({"path": "docs/huge.txt"})),
        ("read_file", json!({"path": "docs/huge.bin", "from_byte": 1_u64 << 39, "to_byte": (1_u64 << 39) + 10})),
        ("read_file", json!({"path": "docs/huge.txt", "tail": 5})),
        ("read_file", json!({"path": "docs/huge.txt", "from_line": 5, "to_line": 6})),
        ("stat_files", json!({"paths": ["docs/huge.txt", "docs/huge.bin"]})),
        ("list_directory", json!({"path": "docs", "sizes": true, "sort": "size"})),
        ("search_text", json!({"pattern": "canary"})),
        ("search_text", json!({"pattern": "\\x00{1000}"})),
        ("find_files", json!({"globs": ["**"], "min_size": 1_u64 << 39})),
    ] {
        let answer = call_beside(&mut raw, tool, arguments);
        assert!(answer.0.to_string().len() < 8 << 20, "{tool}");
    }
    let stat = raw.call("stat_files", json!({"paths": ["docs/huge.txt"]})).ok();
    assert_eq!(stat.structured()["files"][0]["size"], 1_u64 << 40);
    let uri = "fs://docs/huge.txt";
    let read = raw.ask("resources/read", json!({"uri": uri}));
    assert!(read.0.to_string().len() < 8 << 20);
    finish(&world, raw);
}

/// A world with one line of 256 MB.
fn one_line() -> World {
    let world = World::in_memory();
    world.file("root/small.txt", "small\n");
    let mut file = std::fs::File::create(world.path("root/line.txt")).unwrap();
    let block = vec![b'a'; 1 << 20];
    for _ in 0..256 {
        file.write_all(&block).unwrap();
    }
    file.write_all(b"end\nsecond\n").unwrap();
    world
}

#[test]
fn a_line_of_256_mb_is_cut_and_said_to_be() {
    let world = one_line();
    let mut raw = world.serve();
    let whole = call_beside(&mut raw, "read_file", json!({"path": "docs/line.txt"})).ok();
    assert!(whole.text().len() < 300_000, "{}", whole.text().len());
    assert_eq!(whole.structured()["files"][0]["truncated"], true);
    let tail = json!({"path": "docs/line.txt", "tail": 1});
    let tail = call_beside(&mut raw, "read_file", tail).ok();
    assert!(tail.text().starts_with("second\n"), "{}", tail.short());
    for (tool, arguments) in [
        ("read_file", json!({"path": "docs/line.txt", "tail": 2})),
        ("read_file", json!({"path": "docs/line.txt", "from_line": 1, "to_line": 1, "numbered": true})),
        ("read_file", json!({"path": "docs/line.txt", "from_line": 2})),
        ("read_file", json!({"path": "docs/line.txt", "from_byte": 200_000_000})),
        ("search_text", json!({"pattern": "aaaab"})),
        ("search_text", json!({"pattern": "a+end"})),
        ("search_text", json!({"pattern": "end", "context": 5})),
        ("search_text", json!({"pattern": "(?:a?){1000}b"})),
        ("stat_files", json!({"paths": ["docs/line.txt"]})),
    ] {
        let answer = call_beside(&mut raw, tool, arguments);
        assert!(answer.0.to_string().len() < 700_000, "{tool}");
    }
    finish(&world, raw);
}

#[test]
fn a_batch_has_one_budget_for_all_its_files() {
    let world = world();
    world.file("root/big.txt", "0123456789\n".repeat(60_000));
    let paths: Vec<_> = (0..50).map(|n| format!("docs/big-{n}.txt")).collect();
    for path in &paths {
        let name = path.replace("docs", "root");
        world.file(&name, "0123456789\n".repeat(10_000));
    }
    let mut raw = world.serve();
    let answer = call_beside(&mut raw, "read_file", json!({"paths": paths})).ok();
    assert!(answer.text().len() < 300_000, "{}", answer.text().len());
    assert_eq!(answer.structured()["files"].as_array().unwrap().len(), 50);
    let same = vec!["docs/big.txt"; 50];
    let answer = call_beside(&mut raw, "read_file", json!({"paths": same}));
    assert!(answer.0.to_string().len() < 600_000);
    finish(&world, raw);
}

#[test]
fn the_next_call_of_a_cut_answer_goes_on_without_a_gap() {
    let world = world();
    let text: String = (0..30_000).map(|n| format!("line {n} of many\n")).collect();
    world.file("root/long.txt", &text);
    let mut raw = world.serve();
    let (mut read, mut arguments) = (String::new(), json!({"path": "docs/long.txt"}));
    for _ in 0..100 {
        let answer = raw.call("read_file", arguments).ok();
        let part = answer.text();
        let end = part.rfind("[lines ").unwrap_or(part.len());
        read.push_str(&part[..end]);
        match answer.structured()["files"][0].get("next") {
            Some(next) => arguments = next.clone(),
            None => break,
        }
    }
    let missing = text.lines().zip(read.lines()).find(|(a, b)| a != b);
    assert_eq!(missing, None);
    assert_eq!(read.len(), text.len());
    finish(&world, raw);
}

#[test]
fn a_binary_file_is_never_shown_as_text() {
    let world = world();
    let mut binary: Vec<u8> = (0..=255).collect();
    binary.extend(vec![0; 6 << 20]);
    world.file("root/data.bin", &binary);
    world.file("root/picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    let mut raw = world.serve();
    let whole = call_beside(&mut raw, "read_file", json!({"path": "docs/data.bin"}));
    assert!(whole.0.to_string().len() < 8 << 20);
    let part = json!({"path": "docs/data.bin", "from_byte": 0, "to_byte": 256});
    let part = raw.call("read_file", part).ok();
    assert_eq!(part.result()["content"][0]["type"], "resource", "{}", part.short());
    let picture = raw.call("read_file", json!({"path": "docs/picture.png"})).ok();
    assert_eq!(picture.result()["content"][0]["type"], "image");
    finish(&world, raw);
}
