//! What is neither a file nor a directory: pipes, devices, sockets, the kernel's own files.

use std::os::unix::net::UnixListener;

use harness::loudly;
use rustix::fs::CWD;
use rustix::fs::FileType;
use rustix::fs::Mode;
use serde_json::json;

use super::assert_absent;
use super::call_beside;
use super::finish;
use super::world;

#[test]
fn o2_a_fifo_does_not_hang_and_does_not_exist() {
    let world = world();
    world.fifo("root/pipe").fifo("root/pipe.txt");
    world.dir("root/sub").fifo("root/sub/inner.md");
    let mut raw = world.serve();
    for path in ["docs/pipe", "docs/pipe.txt", "docs/sub/inner.md"] {
        assert_absent(&mut raw, path);
    }
    for (tool, arguments) in [
        ("list_directory", json!({"path": "docs", "depth": 8, "sizes": true})),
        ("find_files", json!({"globs": ["**"], "type": "any"})),
        ("search_text", json!({"pattern": "."})),
        ("read_file", json!({"paths": ["docs/pipe", "docs/small.txt"]})),
    ] {
        let answer = call_beside(&mut raw, tool, arguments).ok();
        let told = answer.text().contains("pipe") && tool != "read_file";
        assert!(!told, "{tool}: {}", answer.text());
    }
    finish(&world, raw);
}

#[test]
fn o2_a_socket_does_not_exist() {
    let world = world();
    let _listener = UnixListener::bind(world.path("root/socket")).unwrap();
    let mut raw = world.serve();
    assert_absent(&mut raw, "docs/socket");
    let listing = raw.call("list_directory", json!({"path": "docs"})).ok().text();
    assert_eq!(listing, "docs/small.txt\n");
    finish(&world, raw);
}

#[test]
fn o2_a_device_is_not_opened() {
    let world = world();
    let devices = [("zero", 5), ("random", 8), ("full", 7), ("tty", 0)];
    for (name, minor) in devices {
        let mode = Mode::from_raw_mode(0o666);
        let (kind, device) = (FileType::CharacterDevice, rustix::fs::makedev(1, minor));
        let path = world.path(&format!("root/{name}"));
        if rustix::fs::mknodat(CWD, path, kind, mode, device).is_err() {
            loudly("devices: this user may not make device files");
            return;
        }
    }
    let mut raw = world.serve();
    for (name, _) in devices {
        assert_absent(&mut raw, &format!("docs/{name}"));
    }
    let found = call_beside(&mut raw, "search_text", json!({"pattern": "."})).ok();
    assert!(!found.text().contains("zero"));
    finish(&world, raw);
}

#[test]
fn o2_links_into_proc_lead_nowhere() {
    let world = world();
    let names = [
        ("environ", "/proc/self/environ"),
        ("cwd", "/proc/self/cwd"),
        ("root-of", "/proc/self/root"),
        ("exe", "/proc/self/exe"),
        ("fd", "/proc/self/fd"),
        ("maps", "../../../../../../proc/self/maps"),
    ];
    for (name, to) in names {
        world.link(&format!("root/{name}"), to);
    }
    let mut raw = world.serve();
    for (name, _) in names {
        assert_absent(&mut raw, &format!("docs/{name}"));
        assert_absent(&mut raw, &format!("docs/{name}/0"));
    }
    finish(&world, raw);
}

#[test]
fn a_root_in_the_kernels_own_files_does_no_harm() {
    let world = world();
    let roots = ["--audit={dir}/audit", "docs={dir}/root", "proc=/proc/self"];
    let mut raw = world.start(harness::Era::Modern, &roots);
    for path in ["proc/exe", "proc/cwd", "proc/root", "proc/fd/0", "proc/task/../exe"] {
        assert_absent(&mut raw, path);
    }
    for (tool, arguments) in [
        ("list_directory", json!({"path": "proc", "depth": 2, "limit": 1000})),
        ("search_text", json!({"pattern": "canary", "path": "proc"})),
        ("read_file", json!({"path": "proc/mem"})),
        ("read_file", json!({"path": "proc/status"})),
    ] {
        let _answer = call_beside(&mut raw, tool, arguments);
    }
    finish(&world, raw);
}

#[test]
fn a_file_that_may_not_be_opened_reads_like_one_that_is_not_there() {
    if rustix::process::geteuid().is_root() {
        loudly("unreadable files: root may read everything");
        return;
    }
    let world = world();
    world.file("root/closed.txt", harness::CANARY).mode("root/closed.txt", 0);
    let mut raw = world.serve();
    assert_absent(&mut raw, "docs/closed.txt");
    finish(&world, raw);
}
