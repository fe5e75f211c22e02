//! Symbolic links: those that stay inside are followed, all others do not exist.

use harness::World;
use serde_json::json;

use super::assert_absent;
use super::finish;
use super::world;

fn linked() -> World {
    let world = world();
    world.file("root/real/inner.txt", "inside\n");
    world.link("root/in", "real/inner.txt");
    world.link("root/in-dir", "real");
    world.link("root/in-chain", "in");
    world.link("root/real/up", "../small.txt");
    world.link("root/out", "../outside/secret.txt");
    world.link("root/out-dir", "../outside");
    world.link("root/out-absolute", "{dir}/outside/secret.txt");
    world.link("root/in-absolute", "{dir}/root/small.txt");
    world.link("root/out-chain", "out-dir/secret.txt");
    world.link("root/loop-a", "loop-b");
    world.link("root/loop-b", "loop-a");
    world.link("root/self", "self");
    world.link("root/here", ".");
    world.link("root/dangling", "nothing");
    world.link("root/out-dangling", "../outside/nothing");
    world.link("root/back-in", "../root/small.txt");
    world.link("root/proc", "/proc/self/root/etc/passwd");
    world.link("root/fd", "/proc/self/fd/0");
    world
}

#[test]
fn o2_a_link_that_stays_inside_is_followed() {
    let world = linked();
    let mut raw = world.serve();
    for (path, text) in [
        ("docs/in", "inside\n"),
        ("docs/in-chain", "inside\n"),
        ("docs/in-dir/inner.txt", "inside\n"),
        ("docs/real/up", "small\n"),
        ("docs/here/small.txt", "small\n"),
    ] {
        assert_eq!(
            raw.call("read_file", json!({"path": path})).ok().text(),
            text,
            "{path}"
        );
    }
    let listing = raw
        .call("list_directory", json!({"path": "docs/in-dir"}))
        .ok();
    assert!(listing.text().contains("inner.txt"));
    finish(&world, raw);
}

#[test]
fn o2_a_link_that_leads_out_does_not_exist() {
    let world = linked();
    let mut raw = world.serve();
    let absent = raw
        .call("read_file", json!({"path": "docs/never-was"}))
        .without_id();
    for path in [
        "out",
        "out-dir",
        "out-dir/secret.txt",
        "out-dir/folder/inner.txt",
        "out-absolute",
        "in-absolute",
        "out-chain",
        "loop-a",
        "self",
        "dangling",
        "out-dangling",
        "back-in",
        "proc",
        "fd",
    ] {
        let path = format!("docs/{path}");
        assert_absent(&mut raw, &path);
        let answer = raw.call("read_file", json!({"path": path}));
        assert_eq!(
            answer.without_id(),
            absent,
            "{path}: an outside target cannot be probed"
        );
    }
    let all = json!({"path": "docs", "depth": 8, "hidden": true, "ignored": true, "sizes": true});
    let listing = raw.call("list_directory", all).ok().text();
    assert!(!listing.contains("secret"), "{listing}");
    for name in [
        "out", "loop", "dangling", "proc", "fd", "absolute", "back-in",
    ] {
        assert!(
            !listing.contains(&format!("docs/{name}")),
            "{name} in {listing}"
        );
    }
    let found = raw.call(
        "search_text",
        json!({"pattern": "canary|inside", "hidden": true}),
    );
    assert!(!found.ok().text().contains("out"));
    finish(&world, raw);
}

#[test]
fn o2_a_switch_turns_links_off_altogether() {
    let world = linked();
    let config =
        "[[roots]]\nname = \"docs\"\npath = \"root\"\nlabel = \"public\"\nsymlinks = \"never\"\n";
    world.file("config.toml", config);
    let mut raw = world.serve_config(&[]);
    for path in [
        "docs/in",
        "docs/in-dir",
        "docs/in-dir/inner.txt",
        "docs/here/small.txt",
    ] {
        assert_absent(&mut raw, path);
    }
    let listing = raw
        .call("list_directory", json!({"path": "docs"}))
        .ok()
        .text();
    assert_eq!(listing, "docs/real/\ndocs/small.txt\n");
    finish(&world, raw);
}

#[test]
fn o2_a_link_into_a_sealed_folder_does_not_unseal_it() {
    let world = world();
    world.file("root/hr/pay.txt", harness::CANARY);
    world.file("root/.hidden/open.txt", "open\n");
    world.link("root/wages", "hr/pay.txt");
    world.link("root/people", "hr");
    world.link("root/open", ".hidden/open.txt");
    world.link("root/hr/news", "../small.txt");
    let config = "[[roots]]\nname = \"docs\"\npath = \"root\"\nlabel = \"public\"\n\
                  [[roots.label-rules]]\npaths = [\"hr/**\"]\nlabel = \"confidential\"\n";
    world.file("config.toml", config);
    world.file(
        "policy.toml",
        "[roles.r]\nclearance = \"internal\"\n[stdio]\nroles = [\"r\"]\n",
    );
    let mut raw = world.serve_config(&["--policy={dir}/policy.toml"]);
    for path in [
        "wages",
        "people",
        "people/pay.txt",
        "hr",
        "hr/pay.txt",
        "hr/news",
    ] {
        assert_absent(&mut raw, &format!("docs/{path}"));
    }
    raw.call("read_file", json!({"path": "docs/open"})).ok();
    let absent = raw
        .call("read_file", json!({"path": "docs/never-was"}))
        .without_id();
    assert_eq!(
        raw.call("read_file", json!({"path": "docs/people/pay.txt"}))
            .without_id(),
        absent
    );
    let all = json!({"path": "docs", "depth": 8, "hidden": true});
    let listing = raw.call("list_directory", all).ok().text();
    for name in ["wages", "people", "hr", "pay"] {
        assert!(!listing.contains(name), "{listing}");
    }
    let found = raw
        .call("search_text", json!({"pattern": "canary", "hidden": true}))
        .ok();
    assert_eq!(found.lines(), [""; 0]);
    finish(&world, raw);
}

#[test]
fn o2_a_path_through_a_sealed_folder_tells_nothing_of_what_is_in_it() {
    let world = world();
    world
        .dir("root/hr")
        .link("root/people", "hr")
        .link("root/hr/news", "../small.txt");
    let config = "[[roots]]\nname = \"docs\"\npath = \"root\"\nlabel = \"public\"\n\
                  [[roots.label-rules]]\npaths = [\"hr/**\"]\nlabel = \"confidential\"\n";
    world.file("config.toml", config);
    world.file(
        "policy.toml",
        "[roles.r]\nclearance = \"internal\"\n[stdio]\nroles = [\"r\"]\n",
    );
    let mut raw = world.serve_config(&["--policy={dir}/policy.toml"]);
    assert_absent(&mut raw, "docs/hr/news");
    assert_absent(&mut raw, "docs/people/news");
    finish(&world, raw);
}

#[test]
fn a_root_that_is_itself_a_link_is_what_it_leads_to_at_start() {
    let world = world();
    world.link("door", "root");
    let mut raw = world.start(
        harness::Era::Modern,
        &["--audit={dir}/audit", "docs={dir}/door"],
    );
    raw.call("list_roots", json!({})).ok(); // now it has started
    std::fs::remove_file(world.path("door")).unwrap();
    world.link("door", "outside");
    assert_eq!(
        raw.call("read_file", json!({"path": "docs/small.txt"}))
            .ok()
            .text(),
        "small\n"
    );
    assert_absent(&mut raw, "docs/secret.txt");
    finish(&world, raw);
}
