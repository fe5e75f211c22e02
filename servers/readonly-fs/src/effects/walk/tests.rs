//! Walks of trees that are deep, wide, or full of what a reader may not see.

#![expect(
    clippy::disallowed_methods,
    reason = "tests make the files they look at"
)]

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::time::Duration;
use std::time::Instant;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use guard::error::Denial;
use guard::error::Refusal;

use crate::testing::World;
use crate::testing::lines;

#[test]
fn a_tree_of_5000_levels_is_walked_as_deep_as_paths_may_be() {
    let world = World::new(&[("top.md", "x")], "");
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut dir = rustix::fs::open(world.path(""), flags, Mode::empty()).unwrap();
    for _ in 0..5000 {
        rustix::fs::mkdirat(&dir, "d", Mode::from_raw_mode(0o700)).unwrap();
        dir = rustix::fs::openat(&dir, "d", flags, Mode::empty()).unwrap();
    }
    let find = json!({"globs": ["d"], "type": "directory"});
    let answer = world.call("find_files", find);
    assert_eq!(answer.structured["matches"], 128);
    assert_eq!(answer.structured["truncated"], true);
    let deepest = lines(&answer).pop().unwrap();
    let list = world.call_as("internal", "list_directory", json!({ "path": deepest }));
    assert!(list.is_ok());
    // the tree is too deep for what removes the world
    remove_deep(&world);
}

/// Removes a chain of directories without a path longer than a name.
fn remove_deep(world: &World) {
    let mut count = 0;
    loop {
        let inner = world.path("d/d");
        let aside = world.outside(&format!("aside{count}"));
        if std::fs::rename(inner, &aside).is_err() {
            break;
        }
        std::fs::remove_dir(world.path("d")).unwrap();
        std::fs::rename(aside, world.path("d")).unwrap();
        count += 1;
    }
}

#[test]
fn pages_of_a_large_directory_are_complete_and_in_order() {
    let world = World::new(&[], "");
    let count = 5000;
    for n in 0..count {
        std::fs::write(world.path(&format!("file-{n:05}-{}", "x".repeat(200))), "").unwrap();
    }
    let began = Instant::now();
    let mut request = json!({"path": "docs", "limit": 700});
    let mut all = Vec::new();
    loop {
        let answer = world.call("list_directory", request.clone());
        all.extend(lines(&answer));
        match answer.structured.get("next") {
            Some(next) => request["cursor"] = next.clone(),
            None => break,
        }
    }
    assert_eq!(all.len(), count);
    assert!(all.is_sorted());
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_walk_ends_when_nobody_waits_for_it() {
    let world = World::new(&[], "");
    for n in 0..300 {
        std::fs::write(world.path(&n.to_string()), "").unwrap();
    }
    let cancel = CancellationToken::new();
    let call = world.request_of("ada", "internal", cancel.clone());
    cancel.cancel();
    let outcome = world.call_with(call, "find_files", json!({"globs": ["*"]}));
    assert!(matches!(outcome, Err(Refusal::Denied(Denial::Cancelled))));
}

#[test]
fn what_a_reader_may_not_see_is_in_no_count() {
    let rule = "[[roots.label-rules]]\npaths = [\"hr/**\"]\nlabel = \"confidential\"\n";
    let world = World::new(&[("a", "x"), ("hr/a", "x"), ("hr/b", "x")], rule);
    let find = world.call("find_files", json!({"globs": ["*"]}));
    assert_eq!(
        (&find.structured["matches"], &find.structured["scanned"]),
        (&json!(1), &json!(1))
    );
    let search = world.call("search_text", json!({"pattern": "x"}));
    assert_eq!(search.structured["scanned"], 1);
}

#[test]
fn an_ignore_file_above_the_clearance_is_not_honoured() {
    let rule = "[[roots.label-rules]]\npaths = [\".gitignore\"]\nlabel = \"confidential\"\n";
    let world = World::new(
        &[(".gitignore", "a.md\n"), ("a.md", "x"), ("sub/a.md", "x")],
        rule,
    );
    let find = |clearance: &str, path: &str| {
        let find = json!({"globs": ["a.md"], "path": path});
        lines(&world.call_as(clearance, "find_files", find).unwrap())
    };
    assert_eq!(find("internal", "docs").len(), 2);
    assert!(find("confidential", "docs").is_empty());
    // also where the walk begins below it
    assert_eq!(find("internal", "docs/sub").len(), 1);
    assert!(find("confidential", "docs/sub").is_empty());
}

#[test]
fn what_is_reached_by_a_link_has_the_labels_of_both_ways() {
    let rules = r#"
        [[roots.label-rules]]
        paths = ["real/inner/**"]
        label = "confidential"
        [[roots.label-rules]]
        paths = ["link/other/**"]
        label = "confidential"
    "#;
    let files = [
        ("real/a", "x"),
        ("real/inner/b", "x"),
        ("real/other/c", "x"),
    ];
    let world = World::new(&files, rules);
    symlink("real", world.path("link")).unwrap();
    assert_eq!(world.listed("internal", "docs/link"), ["docs/link/a"]);
    assert!(world.read("internal", "docs/link/inner/b").is_err());
    assert!(world.read("internal", "docs/link/other/c").is_err());
    assert!(world.read("internal", "docs/real/other/c").is_ok());
    assert_eq!(world.listed("confidential", "docs/link").len(), 5);
}

#[test]
fn a_page_goes_on_though_its_last_entry_is_gone() {
    let world = World::new(&[("a/x", ""), ("a/y", ""), ("b", ""), ("c", "")], "");
    let request = json!({"globs": ["**"], "limit": 2});
    let first = world.call("find_files", request);
    assert_eq!(lines(&first), ["docs/a/x", "docs/a/y"]);
    std::fs::remove_dir_all(world.path("a")).unwrap();
    let request = json!({"globs": ["**"], "limit": 2, "cursor": first.structured["next"]});
    assert_eq!(
        lines(&world.call("find_files", request)),
        ["docs/b", "docs/c"]
    );
}

fn tree() -> impl Strategy<Value = Vec<String>> {
    let part = select(&["a", "b", ".c", "d\n"][..]);
    let path = vec(part, 1..4).prop_map(|parts| parts.join("/"));
    vec(path, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a2_what_is_listed_is_exactly_what_may_be_read(
        tree in tree(),
        links in vec((select(&["l", "a/l", "b"][..]), select(&["a", "b/a", "../x", "."][..])), 0..3),
        rules in vec((select(&["a/**", "**/b", "a/b/**", "**/.c/**", "b/*", "l/**"][..]),
            select(&["public", "internal", "confidential"][..])), 0..4),
        clearance in select(&["public", "internal", "confidential"][..]),
    ) {
        use std::fmt::Write;
        let mut keys = String::new();
        for (path, label) in rules {
            write!(keys, "[[roots.label-rules]]\npaths = [\"{path}\"]\nlabel = \"{label}\"\n").unwrap();
        }
        let world = World::new(&[], &keys);
        let mut all = BTreeSet::new();
        for path in &tree {
            let full = world.path(path);
            if std::fs::create_dir_all(full.parent().unwrap()).is_ok()
                && !full.is_dir()
                && std::fs::write(&full, "text").is_ok()
            {
                all.insert(path.clone());
            }
        }
        for (name, target) in links {
            drop(symlink(target, world.path(name)));
        }
        let listed = world.listed(clearance, "docs");
        let found = json!({"globs": ["**"], "type": "any", "hidden": true, "ignored": true});
        if let Ok(found) = world.call_as(clearance, "find_files", found) {
            let found = lines(&found);
            prop_assert!(found.iter().all(|path| listed.contains(path)));
        }
        for path in &listed {
            let tool = if path.ends_with('/') { "list_directory" } else { "read_file" };
            let given = world.call_as(clearance, tool, json!({"path": path}));
            prop_assert!(given.is_ok(), "{path} is listed and not given");
        }
        for path in all {
            let mut spelled = "docs/".to_owned();
            crate::scope::spelling::escape(&mut spelled, path.as_bytes());
            let readable = world.read(clearance, &spelled).is_ok();
            prop_assert_eq!(readable, listed.contains(&spelled), "{}", spelled);
        }
    }
}
