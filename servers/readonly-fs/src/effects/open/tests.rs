//! Every way out of a root that is known, tried.

#![expect(
    clippy::disallowed_methods,
    reason = "tests make the files they look at"
)]

mod at_once;
mod race;

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use rustix::fs::CWD;
use rustix::fs::FileType;
use rustix::fs::Mode;

use guard::error::Denial;
use guard::error::Refusal;
use guard::label::Clearance;
use guard::label::Label;

use crate::config::Limits;
use crate::effects::Handle;
use crate::effects::Handles;
use crate::effects::text_source::Source;
use crate::scope::HardLinks;
use crate::scope::Place;
use crate::scope::Root;
use crate::scope::Rules;
use crate::scope::Scope;
use crate::scope::Symlinks;
use crate::testing::World;

const SECRET: &str = "outside secret";

/// A root with every trap in it.
fn trapped(keys: &str) -> World {
    let world = World::new(
        &[
            ("in.md", "inside"),
            ("sub/deep.md", "deep"),
            ("hr/pay.md", "pay"),
        ],
        keys,
    );
    std::fs::write(world.outside("secret.md"), SECRET).unwrap();
    std::fs::create_dir(world.outside("docs2")).unwrap();
    std::fs::write(world.outside("docs2/a"), SECRET).unwrap();
    let link = |target: &str, name: &str| symlink(target, world.path(name)).unwrap();
    link("../secret.md", "out");
    link("sub/../../secret.md", "out-through-in");
    link("../docs/in.md", "out-and-in");
    link("/etc/passwd", "absolute");
    link("/proc/self/root/etc/passwd", "magic");
    link("/proc/self/cwd", "cwd");
    link("loop-b", "loop-a");
    link("loop-a", "loop-b");
    link("..", "up");
    link(".", "self");
    link("nowhere", "dangling");
    link("sub/deep.md", "good");
    link("sub", "good-dir");
    link("hr/pay.md", "to-hr");
    link("../docs2/a", "sibling");
    symlink(world.path("in.md"), world.path("absolute-inside")).unwrap();
    std::fs::hard_link(world.outside("secret.md"), world.path("hard")).unwrap();
    let mode = Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(CWD, world.path("fifo"), FileType::Fifo, mode, 0).unwrap();
    drop(UnixListener::bind(world.path("socket")).unwrap());
    // only root may make devices
    let device = rustix::fs::makedev(1, 5);
    let made = rustix::fs::mknodat(
        CWD,
        world.path("zero"),
        FileType::CharacterDevice,
        mode,
        device,
    );
    let _: bool = made.is_ok();
    world
}

const TRAPS: [&str; 20] = [
    "out",
    "out-through-in",
    "absolute",
    "magic",
    "cwd",
    "cwd/Cargo.toml",
    "loop-a",
    "up",
    "up/secret.md",
    "dangling",
    "sibling",
    "absolute-inside",
    "hard",
    "fifo",
    "socket",
    "zero",
    "to-hr",
    "in.md/",
    "in.md/x",
    "self/up/secret.md",
];

const HR: &str = "[[roots.label-rules]]\npaths = [\"hr/**\"]\nlabel = \"confidential\"\n";

#[test]
fn o2_nothing_that_leads_out_or_is_no_file_is_read_or_listed() {
    let world = trapped(HR);
    for trap in TRAPS.iter().filter(|trap| **trap != "in.md/") {
        let denial = world.read("internal", &format!("docs/{trap}")).unwrap_err();
        assert_eq!(denial.code(), "not_found", "{trap}");
        assert_eq!(denial.to_string(), Denial::NotFound.to_string());
    }
    let listed = world.listed("internal", "docs");
    let wanted = [
        "docs/good",
        "docs/good-dir/",
        "docs/in.md",
        "docs/self/",
        "docs/sub/",
        "docs/sub/deep.md",
    ];
    assert_eq!(listed, wanted);
    assert_eq!(world.read("internal", "docs/good").unwrap(), "deep");
    assert_eq!(
        world.read("internal", "docs/good-dir/deep.md").unwrap(),
        "deep"
    );
    assert_eq!(world.read("internal", "docs/self/in.md").unwrap(), "inside");
    // a link to what is above the reader's clearance is as absent as its target
    assert_eq!(world.read("confidential", "docs/to-hr").unwrap(), "pay");
    assert!(
        world
            .listed("confidential", "docs")
            .contains(&"docs/to-hr".to_owned())
    );
}

#[test]
fn o2_no_spelling_of_a_way_out_is_taken() {
    let world = trapped("");
    for path in [
        "docs/../secret.md",
        "../secret.md",
        "docs/sub/../../secret.md",
        "/etc/passwd",
        "docs//etc/passwd",
        "docs/\\x2e\\x2e/secret.md",
        "docs/..\\x2fsecret.md",
        "docs/%2e%2e/secret.md",
        "docs/sub/\\u{2e}\\u{2e}/in.md",
        "docs/in.md\\x00",
        "docs/in.md\0.png",
        "docs/...",
        "docs/..;/secret.md",
        "file:///etc/passwd",
        "docs2/a",
        "docs/..",
        "..",
        "~/.ssh/id_rsa",
        "docs/\u{ff0e}\u{ff0e}/secret.md",
        "C:\\secret.md",
        "\\\\.\\secret.md",
    ] {
        let denial = world.read("internal", path).unwrap_err();
        assert!(
            matches!(denial.code(), "malformed" | "not_found"),
            "{path}: {denial}"
        );
    }
}

#[test]
fn o2_a_fifo_does_not_hang() {
    let world = trapped("");
    let began = Instant::now();
    assert!(world.read("internal", "docs/fifo").is_err());
    assert!(world.read("internal", "docs/socket").is_err());
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[test]
fn links_are_followed_never_if_so_configured() {
    let world = trapped("symlinks = \"never\"\n");
    assert!(world.read("internal", "docs/good").is_err());
    assert!(world.read("internal", "docs/good-dir/deep.md").is_err());
    assert_eq!(world.read("internal", "docs/sub/deep.md").unwrap(), "deep");
    let listed = world.listed("internal", "docs");
    assert!(
        !listed
            .iter()
            .any(|path| path.contains("good") || path.contains("self"))
    );
}

#[test]
fn hard_links_are_read_only_if_so_configured() {
    let world = trapped("hard-links = \"allow\"\n");
    assert_eq!(world.read("internal", "docs/hard").unwrap(), SECRET);
    assert!(
        world
            .listed("internal", "docs")
            .contains(&"docs/hard".to_owned())
    );
}

#[test]
fn a_link_that_leads_out_looks_the_same_whether_or_not_its_target_exists() {
    let world = World::new(&[], "");
    std::fs::write(world.outside("there"), "x").unwrap();
    symlink("../there", world.path("one")).unwrap();
    symlink("../not-there", world.path("two")).unwrap();
    let [one, two] = ["docs/one", "docs/two"].map(|path| world.read("internal", path).unwrap_err());
    assert_eq!((one.code(), one.to_string()), (two.code(), two.to_string()));
}

#[test]
fn o4_odd_names_are_listed_on_one_line_and_read_by_that_spelling() {
    let world = World::new(&[], "");
    let names: [&[u8]; 9] = [
        b"new\nline",
        b"caf\xe9",
        "gpj\u{202e}.exe".as_bytes(),
        b"back\\slash",
        b"\\x41",
        b"tab\t",
        b" ",
        "日本語.txt".as_bytes(),
        b"docs",
    ];
    for name in names {
        let path = world
            .path("")
            .join(Path::new(std::ffi::OsStr::from_bytes(name)));
        std::fs::write(path, name).unwrap();
    }
    let listed = world.listed("internal", "docs");
    assert_eq!(listed.len(), names.len(), "{listed:?}");
    for path in listed {
        let read = world.read("internal", &path);
        assert!(read.is_ok(), "{path}: {read:?}");
    }
    assert_eq!(
        world.read("internal", "docs/new\\x0aline").unwrap(),
        "new\nline"
    );
}

#[test]
fn a_removed_file_is_gone_and_a_replaced_one_is_the_new_one() {
    let world = World::new(&[("a", "old"), ("gone (deleted)", "here")], "");
    assert_eq!(
        world.read("internal", "docs/gone (deleted)").unwrap(),
        "here"
    );
    std::fs::write(world.path("b"), "new").unwrap();
    std::fs::rename(world.path("b"), world.path("a")).unwrap();
    assert_eq!(world.read("internal", "docs/a").unwrap(), "new");
    std::fs::remove_file(world.path("a")).unwrap();
    assert!(world.read("internal", "docs/a").is_err());
}

#[test]
fn a_root_that_is_moved_is_still_the_root() {
    let world = World::new(&[("a/b", "text")], HR);
    assert_eq!(world.read("internal", "docs/a/b").unwrap(), "text");
    std::fs::rename(world.path(""), world.outside("moved")).unwrap();
    assert_eq!(world.read("internal", "docs/a/b").unwrap(), "text");
    assert_eq!(world.listed("internal", "docs"), ["docs/a/", "docs/a/b"]);
}

/// Handles of the world's root that lack what the kernel may lack.
fn lame(
    path: &Path,
    openat2: bool,
    descriptors: bool,
    symlinks: Symlinks,
) -> (Scope, Handles, Place) {
    let handle = Handle::open(path).unwrap();
    let handle = handle.without(openat2, descriptors);
    let root = Root {
        name: "docs".to_owned(),
        rules: Rules::new(Label::PUBLIC, &[], false).unwrap(),
        label: Label::PUBLIC,
        trusted: false,
        mounts: false,
        symlinks,
        hard_links: HardLinks::Deny,
        folds: false,
    };
    let scope = Scope::new(vec![root], Limits::default());
    let top = scope.top(0).unwrap();
    (scope, Handles::new(vec![handle]).unwrap(), top)
}

#[test]
fn o2_without_openat2_or_proc_the_same_is_refused() {
    let world = trapped("");
    for (no_openat2, no_proc) in [(true, false), (false, true), (true, true)] {
        for symlinks in [Symlinks::Inside, Symlinks::Never] {
            let (scope, handles, top) = lame(&world.path(""), no_openat2, no_proc, symlinks);
            let open = |path: &str| {
                let place = top.at(crate::scope::RelPath::parse(path)?);
                let permit = scope.permit_read(&place, Clearance::default())?;
                handles.open(&permit)
            };
            for trap in TRAPS {
                if matches!(trap, "to-hr" | "in.md/") {
                    continue;
                }
                match open(trap) {
                    Err(Refusal::Denied(denial)) => {
                        assert_eq!(denial.code(), "not_found", "{trap}")
                    }
                    other => panic!("{trap}: {other:?}"),
                }
            }
            assert!(open("in.md").is_ok() && open("sub/deep.md").is_ok());
            // where nobody can say what a link led to, none is followed
            let follows = symlinks == Symlinks::Inside && !no_proc;
            assert_eq!(
                open("good").is_ok(),
                follows,
                "{no_openat2} {no_proc} {symlinks:?}"
            );
            assert_eq!(open("good-dir/deep.md").is_ok(), follows);
        }
    }
}

#[test]
fn two_roots_are_compared_by_what_they_are() {
    let world = World::new(&[("sub/a", "")], "");
    symlink("docs", world.outside("alias")).unwrap();
    let handles = ["docs", "alias"].map(|name| Handle::open(&world.outside(name)).unwrap());
    assert!(Handles::new(handles.into()).is_err());
    let handles = ["docs", "docs/sub"].map(|name| Handle::open(&world.outside(name)).unwrap());
    assert!(handles[1].is_below(&handles[0]) && !handles[0].is_below(&handles[1]));
    assert!(
        Handle::open(&world.path("sub/a")).is_err() && Handle::open(&world.path("no")).is_err()
    );
}

#[test]
fn a_name_is_spelled_as_its_directory_lists_it_where_the_disk_folds_case() {
    let world = World::new(&[("Sub/File.md", "text")], "fold-case = true\n");
    assert_eq!(world.read("internal", "docs/Sub/File.md").unwrap(), "text");
    assert!(world.read("internal", "docs/sub/file.md").is_err());
    assert_eq!(
        world.listed("internal", "docs"),
        ["docs/Sub/", "docs/Sub/File.md"]
    );
}

#[test]
fn o2_what_is_mounted_below_a_root_is_not_in_it() {
    for (no_openat2, no_proc) in [(false, false), (true, false), (false, true), (true, true)] {
        let (scope, handles, top) = lame(Path::new("/"), no_openat2, no_proc, Symlinks::Inside);
        for path in [
            "proc/version",
            "proc/self/environ",
            "dev/null",
            "proc",
            "sys/kernel",
        ] {
            let place = top.at(crate::scope::RelPath::parse(path).unwrap());
            let permit = scope.permit_look(&place, Clearance::default()).unwrap();
            assert!(handles.look(&permit).is_err(), "{path}");
        }
        let place = top.at(crate::scope::RelPath::parse("etc").unwrap());
        let permit = scope.permit_look(&place, Clearance::default()).unwrap();
        assert!(handles.look(&permit).is_ok());
    }
}
