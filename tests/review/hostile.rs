//! A trail that means harm to whoever reads it.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use std::time::Instant;

use harness::Era;
use harness::Raw;
use harness::World;
use harness::bin;
use serde_json::json;

use super::assert_plain;
use super::forge::CHAIN;
use super::forge::Forged;
use super::review;
use super::segments;

/// What texts can do to a terminal, as JSON spells it.
const EVIL: &str = "x\\u001b]0;owned\\u0007\\u001b[2J\\u009b31m\\u202e\\u200b\\u2028\\u000d\\u000a! not whole: forged\\u0000\\ud83d\\ude00";

/// Runs every form of `show`; checks that none is a danger to a terminal, and gives the lines.
fn shown(world: &World, code: i32) -> String {
    for form in [
        &["show", "--long"][..],
        &["show", "--json"],
        &["show", "--last", "3"],
    ] {
        let ran = review(world, form);
        assert_eq!(ran.code, Some(code), "{form:?}: {}", ran.stderr);
        assert_plain(&ran.stdout);
        assert_plain(&ran.stderr);
    }
    let ran = review(world, &["show"]);
    assert_eq!(ran.code, Some(code), "{}", ran.stderr);
    assert_plain(&ran.stdout);
    assert_plain(&ran.stderr);
    ran.stdout
}

#[test]
fn l5_evil_texts_stay_in_their_line_and_column() {
    let world = World::new();
    let mut forged = Forged::new();
    forged.record(&format!(
        ",\"principal.id\":\"{EVIL}\",\"gen_ai.tool.name\":\"{EVIL}\",\"mcp.resource.uri\":\"{EVIL}\",\
         \"label.level\":\"{EVIL}\",\"label.categories\":[\"{EVIL}\"],\"outcome\":\"{EVIL}\",\"error.type\":\"{EVIL}\",\"{EVIL}\":\"{EVIL}\""
    ));
    forged.write(&world.path("audit"));
    let lines = shown(&world, 0);
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert!(lines.contains("\\u{1b}]0;owned\\u{7}"), "{lines}");
    // colours are ours alone
    let ran = review(&world, &["show", "--color=always"]);
    let left = ["\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m", "\u{1b}[0m"]
        .iter()
        .fold(ran.stdout, |text, ours| text.replace(ours, ""));
    assert_plain(&left);
}

#[test]
fn lines_that_are_none_are_told_and_the_others_are_shown() {
    let world = World::new();
    let mut forged = Forged::new();
    forged.record(",\"principal.id\":\"first\"");
    // keys twice, other forms, deep nesting, a long line, raw control bytes, nothing at all
    forged.record(",\"principal.id\":\"twice\",\"principal.id\":\"again\"");
    forged.record(&format!(",\"a\":{}1{}", "[".repeat(5000), "]".repeat(5000)));
    forged.record(",\"principal.id\":null");
    forged.record(&format!(",\"principal.id\":\"{}\"", "y".repeat(15_000)));
    forged.bytes(b"\n\x1b[2J\xff\xfe\x00\n{}\nnull\n");
    forged.record(",\"principal.id\":\"after\"");
    // a number beyond all others, and after it none
    forged.seq = u64::MAX - 2;
    forged.record(",\"principal.id\":\"huge\"");
    forged.record(",\"principal.id\":\"last\"");
    forged.bytes(b"{\"v\":1,\"t\":\"event\",\"seq\":18446744073709551616,\"prev\":\"\"}\n");
    forged.bytes(b"{\"v\":1,\"t\":\"eve");
    forged.write(&world.path("audit"));
    let lines = shown(&world, 13);
    for who in ["first", "yyyyy", "after", "last"] {
        assert!(lines.contains(who), "{who}: {lines}");
    }
    assert!(lines.contains("! not whole: "), "{lines}");
    assert!(!lines.contains("again"), "{lines}");
    let verified = review(&world, &["verify", "--json"]);
    assert!(verified.code >= Some(12), "{}", verified.stdout);
    assert_plain(&verified.stdout);
}

#[test]
fn a_line_without_an_end_ends_the_reading_and_nothing_else() {
    let world = World::new();
    let mut forged = Forged::new();
    forged.record(",\"principal.id\":\"first\"");
    forged.bytes(&vec![b'z'; 40 << 20]);
    forged.write(&world.path("audit"));
    // not finished is not wrong yet
    assert!(shown(&world, 0).contains("first"));
    forged.bytes(b"\n");
    forged.write(&world.path("audit"));
    assert!(shown(&world, 13).contains("longer than a line can be"));
}

#[test]
fn o2_what_is_no_file_of_a_trail_does_not_hang_or_lead_elsewhere() {
    for kind in ["fifo", "link", "directory"] {
        let world = World::new();
        Forged::new().record("").write(&world.path("audit"));
        let name = format!("audit/{CHAIN}-000002.jsonl");
        match kind {
            "fifo" => world.fifo(&name),
            "link" => world.link(&name, "{dir}/outside/secret.txt"),
            _ => world.dir(&name),
        };
        let start = Instant::now();
        for command in [&["show"][..], &["show", "--last", "1"], &["verify"]] {
            let ran = review(&world, command);
            assert!(
                matches!(ran.code, Some(3 | 13..=15)),
                "{kind} {command:?}: {ran:?}"
            );
            assert!(!ran.stdout.contains(harness::CANARY) && !ran.stderr.contains(harness::CANARY));
        }
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}

#[test]
fn a_trail_that_cannot_be_read_is_a_fault_without_its_cause() {
    let world = World::new();
    Forged::new().record("").write(&world.path("trail"));
    world.fifo(&format!("trail/{CHAIN}-000002.jsonl"));
    let arguments = world.arguments(&["--audit={dir}/audit", "{dir}/trail"]);
    let mut raw = Raw::start(&bin("audit-review"), &arguments, Era::Modern);
    for (tool, question) in [
        ("search_records", json!({})),
        ("count_access", json!({})),
        (
            "read_record",
            json!({"id": "019df804-5a00-7000-8000-000000000009"}),
        ),
        ("verify_trail", json!({})),
    ] {
        let answer = raw.call(tool, question);
        assert!(
            matches!(answer.code(), Some("failed") | None),
            "{tool}: {}",
            answer.short()
        );
        assert!(
            !answer
                .text()
                .contains(&*world.path("trail").to_string_lossy())
        );
    }
    assert_eq!(raw.close().code, Some(0));
}

#[test]
fn a_foreign_or_closed_directory_is_read_as_far_as_the_system_lets() {
    let world = World::new();
    let ran = review(&world, &["show"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let ran = review(&world, &["verify", "/proc/self/fd"]);
    assert!(ran.code == Some(3), "{ran:?}");
    for elsewhere in ["/etc", "/proc", "/dev"] {
        let ran = review(&world, &["show", elsewhere]);
        assert_eq!(ran.code, Some(3), "{elsewhere}: {ran:?}");
        assert!(ran.stderr.contains("there is none"), "{}", ran.stderr);
    }
    Forged::new().record("").write(&world.path("audit"));
    let closed = std::fs::Permissions::from_mode(0o000);
    std::fs::set_permissions(world.path("audit"), closed).unwrap();
    let ran = review(&world, &["show"]);
    // root reads everything
    let root = std::fs::read_dir(world.path("audit")).is_ok();
    assert_eq!(ran.code, Some(if root { 0 } else { 3 }), "{ran:?}");
    world.mode("audit", 0o700);
}

#[test]
fn a_segment_that_is_replaced_while_it_is_read_does_no_harm() {
    let world = World::new();
    let mut forged = Forged::new();
    for at in 0..20_000 {
        forged.record(&format!(
            ",\"principal.id\":\"p{at}\",\"outcome\":\"allowed\""
        ));
    }
    let dir = world.path("audit");
    forged.write(&dir);
    let other = world.path("other");
    let mut swapped = Forged::new();
    for at in 0..20_000 {
        swapped.record(&format!(",\"principal.id\":\"q{at}\""));
    }
    swapped.write(&other);
    let name = format!("{CHAIN}-000001.jsonl");
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            for _ in 0..6 {
                let ran = review(&world, &["show"]);
                assert!(
                    matches!(ran.code, Some(0 | 3 | 13)),
                    "{:?} {}",
                    ran.code,
                    ran.stderr
                );
                assert_plain(&ran.stdout);
            }
        });
        let mut grown = false;
        while !reading.is_finished() {
            std::fs::copy(other.join(&name), dir.join("new")).unwrap();
            std::fs::rename(dir.join("new"), dir.join(&name)).unwrap();
            forged.write(&dir);
            let file = std::fs::OpenOptions::new()
                .write(true)
                .open(dir.join(&name));
            file.unwrap()
                .set_len(if grown { 4_000_000 } else { 1000 })
                .unwrap();
            grown = !grown;
        }
    });
    assert_eq!(segments(&dir).len(), 1);
}
