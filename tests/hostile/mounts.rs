//! What is mounted below a root. Needs the rights to mount.

use std::path::Path;
use std::process::Command;

use harness::CANARY;
use harness::World;
use harness::loudly;
use serde_json::json;

use super::assert_absent;
use super::finish;
use super::world;

/// Something mounted, taken off on drop.
struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    fn bind(from: &Path, to: &'a Path) -> Option<Self> {
        let done = Command::new("mount").arg("--bind").arg(from).arg(to).output();
        let done = done.is_ok_and(|output| output.status.success());
        if !done {
            loudly("mounts: this user may not mount");
        }
        done.then_some(Self(to))
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.0).status().ok();
    }
}

fn two_mounts() -> World {
    let world = world();
    world.dir("root/mounted").file("root/pinned.txt", "below\n");
    world
}

#[test]
fn o2_a_mount_below_a_root_does_not_exist() {
    let world = two_mounts();
    let (folder, file) = (world.path("root/mounted"), world.path("root/pinned.txt"));
    let Some(_folder) = Mount::bind(&world.path("outside"), &folder) else { return };
    let Some(_file) = Mount::bind(&world.path("outside/secret.txt"), &file) else { return };
    let mut raw = world.serve();
    for path in ["mounted", "mounted/secret.txt", "mounted/folder/inner.txt", "pinned.txt"] {
        assert_absent(&mut raw, &format!("docs/{path}"));
    }
    let all = json!({"path": "docs", "depth": 8});
    let listing = raw.call("list_directory", all).ok().text();
    assert!(!listing.contains("secret") && !listing.contains("inner"), "{listing}");
    let found = raw.call("search_text", json!({"pattern": "canary"})).ok();
    assert_eq!(found.lines(), [""; 0]);
    finish(&world, raw);
}

#[test]
fn a_mount_can_be_part_of_a_root() {
    let world = two_mounts();
    world.file("shared/open.txt", "open\n");
    let folder = world.path("root/mounted");
    let Some(_folder) = Mount::bind(&world.path("shared"), &folder) else { return };
    let config = "[[roots]]\nname = \"docs\"\npath = \"root\"\nlabel = \"public\"\nmounts = true\n";
    world.file("config.toml", config);
    let mut raw = world.serve_config(&[]);
    let read = raw.call("read_file", json!({"path": "docs/mounted/open.txt"}));
    assert_eq!(read.ok().text(), "open\n");
    let ended = finish(&world, raw);
    assert!(!ended.heard.contains(CANARY));
}

#[test]
fn o2_what_is_mounted_over_a_root_later_is_not_seen() {
    let world = world();
    let root = world.path("root");
    let mut raw = world.serve();
    raw.call("list_directory", json!({"path": "docs"})).ok();
    let Some(_root) = Mount::bind(&world.path("outside"), &root) else { return };
    assert_absent(&mut raw, "docs/secret.txt");
    let listing = raw.call("list_directory", json!({"path": "docs"})).ok().text();
    assert_eq!(listing, "docs/small.txt\n");
    finish(&world, raw);
}
