//! Second names of a file whose first name lies outside.

use harness::CANARY;
use serde_json::json;

use super::assert_absent;
use super::finish;
use super::world;

#[test]
fn o2_a_hard_link_to_an_outside_file_does_not_exist() {
    let world = world();
    let (from, to) = (world.path("outside/secret.txt"), world.path("root/second.txt"));
    std::fs::hard_link(from, to).unwrap();
    world.dir("root/sub");
    std::fs::hard_link(world.path("outside/secret.txt"), world.path("root/sub/third.txt")).unwrap();
    let mut raw = world.serve();
    for path in ["docs/second.txt", "docs/sub/third.txt"] {
        assert_absent(&mut raw, path);
        let uri = format!("fs://{path}");
        assert!(!raw.ask("resources/read", json!({"uri": uri})).is_ok());
    }
    let listing = raw.call("list_directory", json!({"path": "docs", "depth": 3})).ok().text();
    assert_eq!(listing, "docs/small.txt\ndocs/sub/\n");
    let found = raw.call("search_text", json!({"pattern": "canary"})).ok();
    assert_eq!(found.lines(), [""; 0]);
    let found = raw.call("find_files", json!({"globs": ["**"]})).ok();
    assert_eq!(found.lines(), ["docs/small.txt"]);
    finish(&world, raw);
}

#[test]
fn a_hard_link_can_be_allowed_and_then_its_count_is_told() {
    let world = world();
    world.file("root/one.txt", "twice\n");
    std::fs::hard_link(world.path("root/one.txt"), world.path("root/two.txt")).unwrap();
    let config = "[[roots]]\nname = \"docs\"\npath = \"root\"\nlabel = \"public\"\nhard-links = \"allow\"\n";
    world.file("config.toml", config);
    let mut raw = world.serve_config(&[]);
    assert_eq!(raw.call("read_file", json!({"path": "docs/two.txt"})).ok().text(), "twice\n");
    let stat = raw.call("stat_files", json!({"paths": ["docs/two.txt"]})).ok();
    assert_eq!(stat.structured()["files"][0]["links"], 2);
    let ended = finish(&world, raw);
    assert!(!ended.heard.contains(CANARY));
}
