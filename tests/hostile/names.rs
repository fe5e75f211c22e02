//! Names that no text can show as they are.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use serde_json::json;

use super::finish;
use super::world;

const NAMES: &[&[u8]] = &[
    b"new\nline",
    b"x\n[nothing]",
    b"two\r\nlines",
    b"tab\there",
    b"esc\x1b[2Jape",
    b"bell\x07",
    b"delete\x7f",
    b"c1-\xc2\x9b31m",
    b"not-utf8-\xff\xfe",
    b"cut-\xe2\x82",
    b"overlong-\xc0\xaf",
    b"surrogate-\xed\xa0\x80",
    b"back\\slash",
    b"fake\\x0aescape",
    b"fake\\u{202e}escape",
    b"quote\"'`",
    b"percent%2e%2e",
    b" leading",
    b"trailing ",
    b"trailing.",
    b"x...",
    b"-rf",
    b"*?[]{}",
    b"$(id)",
    b"@at",
    b"[more: nothing]",
    "bidi-\u{202e}txt.exe".as_bytes(),
    "isolate-\u{2066}x\u{2069}".as_bytes(),
    "zero\u{200b}width".as_bytes(),
    "bom\u{feff}".as_bytes(),
    "line\u{2028}separator".as_bytes(),
    "soft\u{ad}hyphen".as_bytes(),
    "tag\u{e0041}".as_bytes(),
    "nel\u{85}".as_bytes(),
    "emoji-\u{1f600}".as_bytes(),
    "composed-\u{e9}".as_bytes(),
    "decomposed-e\u{301}".as_bytes(),
    "\u{65e5}\u{672c}".as_bytes(),
];

fn made() -> harness::World {
    let world = world();
    for (number, name) in NAMES.iter().enumerate() {
        let path = world.path("root").join(OsStr::from_bytes(name));
        std::fs::write(path, format!("content {number}\n")).unwrap();
    }
    world.file("root/.hidden", "x");
    world
}

#[test]
fn o4_a_name_is_one_line_of_a_listing_whatever_it_holds() {
    let world = made();
    let mut raw = world.serve();
    for (tool, arguments) in [
        ("list_directory", json!({"path": "docs"})),
        ("find_files", json!({"globs": ["*"]})),
        ("search_text", json!({"pattern": "content", "mode": "files"})),
        ("search_text", json!({"pattern": "content", "mode": "count"})),
    ] {
        let answer = raw.call(tool, arguments).ok();
        let text = answer.text();
        // `small.txt` does not hold what is searched
        let expected = NAMES.len() + usize::from(tool != "search_text");
        assert_eq!(text.lines().count(), expected, "{tool}: {text}");
        assert!(text.lines().all(|line| line.starts_with("docs/")), "{tool}: {text}");
        assert!(!text.contains("docs/docs"), "{text}");
        let odd = |c: char| c != '\n' && (c.is_control() || hidden(c));
        assert_eq!(text.find(odd), None, "{tool}: {text:?}");
    }
    finish(&world, raw);
}

/// Characters that change how a text looks without being seen.
fn hidden(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[test]
fn the_spelling_of_a_name_is_accepted_back() {
    let world = made();
    let mut raw = world.serve();
    let listing = raw.call("list_directory", json!({"path": "docs"})).ok();
    let mut seen = Vec::new();
    for path in listing.lines() {
        let read = raw.call("read_file", json!({"path": path})).ok().text();
        seen.extend(read.strip_prefix("content ").map(|n| n.trim().parse::<usize>().unwrap()));
        let stat = raw.call("stat_files", json!({"paths": [path]})).ok();
        let answered = stat.structured()["files"][0]["path"].as_str().unwrap().to_owned();
        assert_eq!(answered, path);
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..NAMES.len()).collect::<Vec<_>>(), "every file, each by its own path");
    finish(&world, raw);
}

#[test]
fn names_have_uris_that_read_back() {
    let world = made();
    let mut raw = world.serve();
    let listed = raw.ask("resources/list", json!({})).ok();
    let resources = listed.result()["resources"].as_array().unwrap().clone();
    let mut read = 0;
    for resource in &resources {
        let uri = resource["uri"].as_str().unwrap();
        assert!(uri.is_ascii() && !uri.contains([' ', '\n', '"', '\\']), "{uri}");
        let answer = raw.ask("resources/read", json!({"uri": uri})).ok();
        let text = answer.result()["contents"][0]["text"].as_str().unwrap();
        read += usize::from(text.starts_with("content "));
    }
    assert_eq!(read, NAMES.len());
    finish(&world, raw);
}

#[test]
fn o4_the_longest_names_and_paths_are_listed_and_read() {
    let world = world();
    let longest = "n".repeat(255);
    let wide = "\u{1f600}".repeat(63);
    let odd = vec![0xff; 255];
    for name in [longest.as_bytes(), wide.as_bytes(), &odd] {
        let path = world.path("root").join(OsStr::from_bytes(name));
        std::fs::write(path, "long\n").unwrap();
    }
    let mut raw = world.serve();
    let listing = raw.call("list_directory", json!({"path": "docs"})).ok();
    assert_eq!(listing.lines().len(), 4);
    for path in listing.lines() {
        raw.call("read_file", json!({"path": path})).ok();
    }
    finish(&world, raw);
}

#[test]
fn o4_a_search_cannot_be_made_to_forge_its_own_lines() {
    let world = world();
    world.file("root/a\n9: b", "real\r\u{202e}\x1b[31m text\u{2028}x\n");
    let mut raw = world.serve();
    let found = raw.call("search_text", json!({"pattern": "text", "path": "docs"})).ok();
    let lines = found.lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("docs/a"), "{lines:?}");
    assert!(lines[1].starts_with("1: "), "{lines:?}");
    finish(&world, raw);
}
