//! Trees that are deeper or wider than any that people make.

use std::collections::BTreeSet;
use std::process::Command;

use harness::World;
use rustix::fs::CWD;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use serde_json::json;

use super::call_beside;
use super::finish;

/// A world whose removal needs no stack: deeper than the usual way bears.
struct Deep(World);

impl Deep {
    fn new(levels: usize) -> Self {
        let world = World::in_memory();
        world.file("root/small.txt", "small\n");
        let flags = OFlags::DIRECTORY | OFlags::PATH;
        let mut here = rustix::fs::openat(CWD, world.path("root"), flags, Mode::empty()).unwrap();
        for _ in 0..levels {
            rustix::fs::mkdirat(&here, "d", Mode::RWXU).unwrap();
            here = rustix::fs::openat(&here, "d", flags, Mode::empty()).unwrap();
        }
        Self(world)
    }
}

impl Drop for Deep {
    fn drop(&mut self) {
        Command::new("rm").arg("-rf").arg(self.0.path("root")).status().ok();
    }
}

#[test]
fn a_tree_of_5000_levels_is_walked_as_far_as_the_limit() {
    let deep = Deep::new(5000);
    let world = &deep.0;
    let mut raw = world.serve();
    let longest = format!("docs{}", "/d".repeat(2000));
    for (tool, arguments) in [
        ("list_directory", json!({"path": "docs", "depth": 8})),
        ("find_files", json!({"globs": ["**"], "type": "any"})),
        ("search_text", json!({"pattern": "small"})),
        ("list_directory", json!({"path": longest, "depth": 8})),
        ("stat_files", json!({"paths": [longest]})),
        ("find_files", json!({"globs": ["**/d/**/d/**/x"], "type": "any"})),
    ] {
        let answer = call_beside(&mut raw, tool, arguments);
        assert!(answer.0.to_string().len() < 600_000, "{tool}: {}", answer.short());
    }
    finish(world, raw);
}

#[test]
fn two_hundred_thousand_entries_are_listed_found_and_searched_in_pages() {
    const MANY: usize = 200_000;
    let world = World::in_memory();
    world.file("root/small.txt", "small\n").dir("root/many");
    let folder = world.path("root/many");
    for number in 0..MANY {
        std::fs::File::create(folder.join(format!("{number:06}.txt"))).unwrap();
    }
    let mut raw = world.serve();
    let mut seen = BTreeSet::new();
    let mut arguments = json!({"path": "docs/many", "limit": 1000});
    for _ in 0..3 {
        let page = call_beside(&mut raw, "list_directory", arguments.clone()).ok();
        assert_eq!(page.lines().len(), 1000);
        seen.extend(page.lines());
        arguments["cursor"] = page.structured()["next"].clone();
    }
    let first = format!("docs/many/{:06}.txt", 0);
    assert_eq!(seen.len(), 3000, "no entry stands on two pages");
    assert_eq!(seen.first(), Some(&first));
    for (tool, arguments) in [
        ("list_directory", json!({"path": "docs/many", "sort": "modified", "limit": 1000})),
        ("list_directory", json!({"path": "docs/many", "sort": "size", "sizes": true})),
        ("find_files", json!({"globs": ["*9999.txt"]})),
        ("find_files", json!({"globs": ["**"], "limit": 1000, "min_size": 1})),
        ("search_text", json!({"pattern": "small", "path": "docs/many"})),
    ] {
        let answer = call_beside(&mut raw, tool, arguments.clone()).ok();
        assert!(answer.0.to_string().len() < 600_000, "{tool} {arguments}");
    }
    let found = raw.call("find_files", json!({"globs": ["many/*99999.txt"]})).ok();
    assert_eq!(found.lines(), ["docs/many/099999.txt", "docs/many/199999.txt"]);
    finish(&world, raw);
}
