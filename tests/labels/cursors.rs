//! Cursors belong to one reader, one request, one process, and tell nothing.

use harness::Era;
use serde_json::Value;
use serde_json::json;

use super::office;
use super::session;

fn page(limit: u64, cursor: Option<&Value>) -> Value {
    let mut arguments = json!({"path": "docs", "depth": 8, "limit": limit});
    if let Some(cursor) = cursor {
        arguments["cursor"] = cursor.clone();
    }
    arguments
}

#[test]
fn i9_a_cursor_holds_for_the_request_it_came_from() {
    let world = office();
    let mut raw = session(&world, "stan", Era::Modern);
    let first = raw.call("list_directory", page(1, None)).ok();
    let cursor = first.structured()["next"].clone();
    let second = raw.call("list_directory", page(1, Some(&cursor))).ok();
    assert_ne!(first.lines(), second.lines());
    let again = raw.call("list_directory", page(1, Some(&cursor))).ok();
    assert_eq!(again.lines(), second.lines());
    for (tool, arguments) in [
        ("list_directory", page(2, Some(&cursor))),
        (
            "list_directory",
            json!({"path": "docs/sub", "depth": 8, "limit": 1, "cursor": cursor}),
        ),
        (
            "find_files",
            json!({"globs": ["**"], "limit": 1, "cursor": cursor}),
        ),
        ("search_text", json!({"pattern": "word", "cursor": cursor})),
    ] {
        let answer = raw.call(tool, arguments);
        assert_eq!(
            answer.code(),
            Some("stale_cursor"),
            "{tool}: {}",
            answer.short()
        );
    }
    let listed = raw.ask("resources/list", json!({"cursor": cursor}));
    assert_eq!(listed.code(), Some("stale_cursor"), "{}", listed.short());
}

#[test]
fn i9_a_cursor_is_of_no_use_to_anybody_else() {
    let world = office();
    let mut stan = session(&world, "stan", Era::Modern);
    let first = stan.call("list_directory", page(1, None)).ok();
    let cursor = first.structured()["next"].clone();
    for who in ["hanna", "simon", "vera", "stan"] {
        // the last is the same reader in another process
        let mut other = session(&world, who, Era::Modern);
        let answer = other.call("list_directory", page(1, Some(&cursor)));
        assert_eq!(
            answer.code(),
            Some("stale_cursor"),
            "{who}: {}",
            answer.short()
        );
    }
}

#[test]
fn i9_a_changed_cursor_is_refused() {
    let world = office();
    let mut raw = session(&world, "stan", Era::Modern);
    let first = raw.call("list_directory", page(1, None)).ok();
    let cursor = first.structured()["next"].as_str().unwrap().to_owned();
    let step = (cursor.len() / 40).max(1);
    for at in (0..cursor.len()).step_by(step) {
        let mut bent = cursor.clone().into_bytes();
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        let bent = Value::from(String::from_utf8(bent).unwrap());
        let answer = raw.call("list_directory", page(1, Some(&bent)));
        assert_eq!(
            answer.code(),
            Some("stale_cursor"),
            "byte {at}: {}",
            answer.short()
        );
    }
    for bent in [
        "",
        "A",
        &cursor[1..],
        &cursor[..cursor.len() - 1],
        &cursor.repeat(2),
        "\u{0}",
        "==",
    ] {
        let answer = raw.call("list_directory", page(1, Some(&bent.into())));
        let code = answer.code();
        assert!(
            matches!(code, Some("stale_cursor" | "malformed")),
            "{}",
            answer.short()
        );
    }
}

#[test]
fn a2_pages_together_are_what_one_page_is() {
    let world = office();
    for who in ["vera", "stan", "hanna"] {
        let mut raw = session(&world, who, Era::Modern);
        for (tool, mut arguments) in [
            ("list_directory", json!({"path": "docs", "depth": 8})),
            (
                "list_directory",
                json!({"path": "docs", "depth": 8, "sort": "size"}),
            ),
            (
                "list_directory",
                json!({"path": "docs", "depth": 8, "sort": "modified"}),
            ),
            ("find_files", json!({"globs": ["**"], "type": "any"})),
            ("search_text", json!({"pattern": "word", "mode": "files"})),
        ] {
            let whole = raw.call(tool, arguments.clone()).ok().lines();
            arguments["limit"] = 1.into();
            let mut paged = Vec::new();
            loop {
                let page = raw.call(tool, arguments.clone()).ok();
                paged.extend(page.lines());
                let Some(next) = page.structured().get("next") else {
                    break;
                };
                // no page is empty: that one would tell of what is not shown
                assert!(!page.lines().is_empty(), "{who} {tool}");
                arguments["cursor"] = next.clone();
                assert!(paged.len() < 100, "{who} {tool} never ends");
            }
            assert_eq!(paged, whole, "{who} {tool}");
        }
    }
}
