//! What is neither a file nor a directory: pipes, devices, sockets, the kernel's own files.

use std::os::unix::net::UnixListener;
use std::process::Command;

use harness::Era;
use harness::Raw;
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
        (
            "list_directory",
            json!({"path": "docs", "depth": 8, "sizes": true}),
        ),
        ("find_files", json!({"globs": ["**"], "type": "any"})),
        ("search_text", json!({"pattern": "."})),
        (
            "read_file",
            json!({"paths": ["docs/pipe", "docs/small.txt"]}),
        ),
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
    let listing = raw
        .call("list_directory", json!({"path": "docs"}))
        .ok()
        .text();
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
fn o2_what_the_kernel_shows_of_itself_is_no_root() {
    let world = world();
    for view in ["/proc", "/proc/self", "/sys"] {
        let root = format!("docs={view}");
        let arguments = world.arguments(&["--audit={dir}/audit", &root]);
        let ran = harness::run(&harness::bin("readonly-fs"), &arguments);
        assert_eq!(ran.code, Some(3), "{view}: {}", ran.stderr);
    }
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
fn a_file_that_may_not_be_opened_is_not_read_and_does_no_harm() {
    let world = world();
    world
        .file("root/closed.txt", harness::CANARY)
        .mode("root/closed.txt", 0);
    world
        .file("root/sub/inner.txt", harness::CANARY)
        .mode("root/sub", 0);
    let server = harness::bin("readonly-fs");
    let served = world.arguments(&["--audit={dir}/audit", "docs={dir}/root"]);
    let mut command = Command::new(&server);
    if rustix::process::geteuid().is_root() {
        // root may read everything, until it may not any more
        if Command::new("setpriv").arg("--version").output().is_err() {
            loudly("unreadable files: root may read everything, and there is no setpriv");
            return;
        }
        command = Command::new("setpriv");
        command
            .args(["--bounding-set", "-dac_override,-dac_read_search"])
            .arg(&server);
    }
    command.args(served);
    let mut raw = Raw::spawn(&mut command, Era::Modern);
    raw.listen();
    for path in ["docs/closed.txt", "docs/sub/inner.txt"] {
        let read = raw.call("read_file", json!({"path": path}));
        assert!(!read.is_ok(), "{}", read.short());
    }
    for (tool, arguments) in [
        ("list_directory", json!({"path": "docs", "depth": 8})),
        ("find_files", json!({"globs": ["**"]})),
        ("search_text", json!({"pattern": "canary|small"})),
    ] {
        let answer = call_beside(&mut raw, tool, arguments).ok();
        assert!(
            answer.text().contains("docs/small.txt"),
            "{tool}: {}",
            answer.short()
        );
    }
    finish(&world, raw);
    world.mode("root/sub", 0o700);
}
