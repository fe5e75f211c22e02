//! Paths that climb, in every spelling.

use harness::Raw;
use serde_json::json;

use super::assert_absent;
use super::finish;
use super::world;

const BENT: &[&str] = &[
    "..",
    "../",
    "../outside/secret.txt",
    "docs/..",
    "docs/../outside/secret.txt",
    "docs/../root/../outside/secret.txt",
    "docs/sub/../../outside/secret.txt",
    "docs/sub/../../../../../../../../etc/passwd",
    "docs/./../outside/secret.txt",
    "docs//../outside/secret.txt",
    "docs/.../outside/secret.txt",
    "docs/....//....//outside/secret.txt",
    "docs/..;/outside/secret.txt",
    "docs\\..\\outside\\secret.txt",
    "..\\outside\\secret.txt",
    "docs/..\\outside/secret.txt",
    "docs/%2e%2e/outside/secret.txt",
    "docs/%2e%2e%2foutside%2fsecret.txt",
    "docs/%252e%252e%252foutside%252fsecret.txt",
    "docs/..%2foutside%2fsecret.txt",
    "docs/..%00/outside/secret.txt",
    "docs/\\x2e\\x2e/outside/secret.txt",
    "docs/\\x2e\\x2e\\x2foutside\\x2fsecret.txt",
    "docs/\\u{2e}\\u{2e}/outside/secret.txt",
    "docs/..\\u{2f}outside/secret.txt",
    "docs/\\xc0\\xae\\xc0\\xae/outside/secret.txt",
    "docs/..\\xc0\\xafoutside/secret.txt",
    "docs/%c0%ae%c0%ae/outside/secret.txt",
    "docs/\u{ff0e}\u{ff0e}/outside/secret.txt",
    "docs/\u{2024}\u{2024}/outside/secret.txt",
    "docs/..\u{2215}outside/secret.txt",
    "docs/.. /outside/secret.txt",
    "docs/ ../outside/secret.txt",
    "docs/..\t/outside/secret.txt",
    "docs/..\u{0}/outside/secret.txt",
    "docs/small.txt\u{0}.png",
    "docs/small.txt\\x00.png",
    "docs/small.txt/./..",
    "docs/small.txt/..",
    "docs/small.txt/../../outside/secret.txt",
    "docs/small.txt.",
    "docs/small.txt ",
    "docs/small.txt. .",
    "docs/small.txt::$DATA",
    "docs/SMALL.TXT",
    "docs//small.txt",
    "/docs/small.txt",
    "//docs/small.txt",
    "DOCS/small.txt",
    "docs /small.txt",
    "docs./small.txt",
    "root/small.txt",
    "/etc/passwd",
    "/proc/self/environ",
    "/proc/self/root/etc/passwd",
    "/dev/stdin",
    "~/.ssh/id_rsa",
    "~root",
    "$HOME/.profile",
    "C:\\Windows\\win.ini",
    "\\\\server\\share",
    "file:///etc/passwd",
    "fs://docs/small.txt",
    "fs://docs/../outside/secret.txt",
    "docs/\\",
    "docs/\\x",
    "docs/\\x2",
    "docs/\\u{}",
    "docs/\\u{110000}",
    "docs/\\u{d800}",
    "docs/\\q",
    "-rf",
    "docs/*",
    "docs/{small}.txt",
    "docs/$(id)",
    "docs/`id`",
    "docs/|id",
];

#[test]
fn o2_no_spelling_of_a_path_leads_out() {
    let world = world();
    world.dir("root/sub");
    let mut raw = world.serve();
    for path in BENT {
        assert_absent(&mut raw, path);
    }
    finish(&world, raw);
}

#[test]
fn o2_no_absolute_path_leads_out_even_where_it_is_inside() {
    let world = world();
    let mut raw = world.serve();
    for path in ["root/small.txt", "root", "outside/secret.txt", "outside", "audit"] {
        let path = world.path(path).display().to_string();
        assert_absent(&mut raw, &path);
        assert_absent(&mut raw, &format!("docs{path}"));
    }
    finish(&world, raw);
}

#[test]
fn o2_no_uri_leads_out() {
    let world = world();
    let mut raw = world.serve();
    for uri in [
        "fs://docs/../outside/secret.txt",
        "fs://docs/%2e%2e/outside/secret.txt",
        "fs://docs/%2E%2E%2Foutside%2Fsecret.txt",
        "fs://docs/%252e%252e/outside/secret.txt",
        "fs://docs/..%5coutside%5csecret.txt",
        "fs://docs/%c0%ae%c0%ae/outside/secret.txt",
        "fs://docs/small.txt%00",
        "fs://docs/small.txt%",
        "fs://docs/small.txt%2",
        "fs://docs/small.txt%zz",
        "fs://docs/small.txt?x=1",
        "fs://docs/small.txt#x",
        "fs://docs//small.txt",
        "fs:///docs/small.txt",
        "fs:///etc/passwd",
        "fs://../outside/secret.txt",
        "fs://user@docs/small.txt",
        "fs://docs:80/small.txt",
        "fs:docs/small.txt",
        "FS://docs/small.txt/../small.txt",
        "file:///etc/passwd",
        "docs/small.txt",
        "",
        "://",
    ] {
        for method in ["resources/read", "resources/subscribe"] {
            refused(&mut raw, method, uri);
        }
    }
    finish(&world, raw);
}

fn refused(raw: &mut Raw, method: &str, uri: &str) {
    let answer = raw.ask(method, json!({"uri": uri}));
    let code = answer.error()["code"].as_i64();
    // the newer era has no `subscribe`
    assert!(matches!(code, Some(-32602 | -32601)), "{method} {uri}: {}", answer.short());
}

#[test]
fn o2_odd_and_long_paths_are_refused_before_the_disk_is_asked() {
    let world = world();
    let mut raw = world.serve();
    let long = "a".repeat(256);
    let deep = "a/".repeat(3000);
    let dots = "../".repeat(1500);
    for path in [long, deep, dots, "a".repeat(5000), "\u{10ffff}".repeat(1200), "/".repeat(4096)] {
        assert_absent(&mut raw, &format!("docs/{path}"));
    }
    for odd in [json!(1), json!(null), json!(["docs"]), json!({"a": 1}), json!(true), json!(1e300)] {
        let answer = raw.call("read_file", json!({"path": odd}));
        assert!(!answer.is_ok(), "{odd}: {}", answer.short());
    }
    finish(&world, raw);
}

#[test]
fn a_spelling_that_is_only_odd_means_the_same_file_or_nothing() {
    let world = world();
    let mut raw = world.serve();
    for path in ["docs/./small.txt", "./docs/small.txt", "docs/small.txt/", "docs/small.txt/.",
        "small.txt", "./small.txt", "docs/sm\\x61ll.txt", "docs/small\\u{2e}txt"]
    {
        let answer = raw.call("read_file", json!({"path": path}));
        if answer.is_ok() {
            assert_eq!(answer.text(), "small\n", "{path}");
            let told = &answer.structured()["files"][0]["path"];
            assert_eq!(told, "docs/small.txt", "every answered path has one spelling");
        }
    }
    finish(&world, raw);
}
