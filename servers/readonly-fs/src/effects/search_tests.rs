//! Searching against the naive way: the pattern on each line alone.
#![expect(
    clippy::disallowed_types,
    reason = "the tests make the files that they search"
)]

use std::cell::Cell;
use std::fs::File;
use std::sync::LazyLock;

use grep_matcher::Matcher;
use guard::error::Denial;
use proptest::prelude::*;

use crate::effects::search::Case;
use crate::effects::search::Mode;
use crate::effects::search::Pattern;
use crate::effects::search::SOURCE;
use crate::effects::search_file::Finder;
use crate::effects::search_file::Found;
use crate::effects::search_sink::Position;
use crate::effects::search_sink::Room;
use crate::effects::text_tests::file;

const AMPLE: Room = Room {
    matches: 1 << 20,
    bytes: 1 << 24,
};

fn regex(source: &str) -> Pattern {
    Pattern::compile(source, false, Case::Sensitive).unwrap()
}

fn search(file: &File, pattern: &Pattern, mode: Mode, context: usize) -> Found {
    let mut finder = Finder::new(pattern, mode, context);
    let size = file.metadata().unwrap().len();
    let start = Position::default();
    finder
        .file(file, size, start, &mut AMPLE.clone(), &|| Ok(()))
        .unwrap()
}

fn numbers(found: &Found) -> Vec<u64> {
    let matching = found.lines.iter().filter(|line| line.matches);
    matching.map(|line| line.number).collect()
}

fn naive(text: &str, pattern: &Pattern) -> Vec<u64> {
    let lines = text.split_inclusive('\n').zip(1..).filter(|(line, _)| {
        let line = line
            .strip_suffix('\n')
            .map_or(*line, |l| l.strip_suffix('\r').unwrap_or(l));
        pattern.matcher.is_match(line.as_bytes()).unwrap()
    });
    lines.map(|(_, number)| number).collect()
}

const PATTERNS: &[&str] = &[
    "", "a", "a+b", "^", "$", "^$", "a$", "^a", r"\bab\b", r"\Aa", r"a\z", "a*", "x|^b", "[^a]",
    ".", r"\s", "(?i)A", "b.a", "é", r"\w+é", r"^\W*$", "(a*)*b", r"\d", r"c\w*a",
];

static COMPILED: LazyLock<Vec<(&str, Pattern)>> = LazyLock::new(|| {
    PATTERNS
        .iter()
        .map(|source| (*source, regex(source)))
        .collect()
});

/// Some text, once as it is and once far down in a file that is searched block by block.
fn sizes(text: &str) -> [String; 2] {
    let before = ("c".repeat(799) + "\n").repeat(100);
    [text.to_owned(), before + text]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_search_finds_what_the_naive_one_does(text in "([abé x]{0,4}\r?\n){0,12}[ab]{0,3}") {
        for text in sizes(&text) {
            let content = file(text.as_bytes());
            for (source, pattern) in COMPILED.iter() {
                let expected = naive(&text, pattern);
                let found = search(&content, pattern, Mode::Lines, 0);
                prop_assert_eq!(numbers(&found), &expected[..], "{} in {:?}", source, text.len());
                let count = search(&content, pattern, Mode::Count, 0).matches;
                prop_assert_eq!(count, expected.len() as u64);
                let any = search(&content, pattern, Mode::Files, 0).matches;
                prop_assert_eq!(any, u64::from(!expected.is_empty()));
            }
        }
    }

    #[test]
    fn the_lines_around_are_those_of_the_file(
        text in "([abx]{0,3}\r?\n){0,30}", context in 0_usize..7,
    ) {
        for text in sizes(&text) {
            let content = file(text.as_bytes());
            let pattern = regex("ab|xx");
            let hits = naive(&text, &pattern);
            let reach = context.min(5) as u64;
            let expected: Vec<(u64, &str, bool)> = (1..)
                .zip(text.lines())
                .filter(|(n, _)| hits.iter().any(|hit| hit.abs_diff(*n) <= reach))
                .map(|(n, line)| (n, line, hits.contains(&n)))
                .collect();
            let found = search(&content, &pattern, Mode::Lines, context);
            let given = found.lines.iter().map(|l| (l.number, l.text.as_str(), l.matches));
            prop_assert_eq!(given.collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn pages_join_to_the_whole(
        text in "([abx]{0,3}\r?\n){0,30}", matches in 1_usize..4, context in 0_usize..3,
        mark in prop_oneof![Just("utf-8"), Just("bom"), Just("utf-16")],
    ) {
        for text in sizes(&text) {
            let bytes = match mark {
                "bom" => ["\u{FEFF}", &text].concat().into_bytes(),
                "utf-16" => text.encode_utf16().fold(vec![0xFF, 0xFE], |mut bytes, unit| {
                    bytes.extend(unit.to_le_bytes());
                    bytes
                }),
                _ => text.clone().into_bytes(),
            };
            let content = file(&bytes);
            let pattern = regex("ab|xx");
            let mut finder = Finder::new(&pattern, Mode::Lines, context);
            let (mut next, mut given) = (Some(Position::default()), Vec::new());
            while let Some(start) = next {
                let mut room = Room { matches, bytes: 1 << 20 };
                let size = bytes.len() as u64;
                let found = finder.file(&content, size, start, &mut room, &|| Ok(())).unwrap();
                prop_assert!(found.matches <= matches as u64);
                prop_assert!(found.next.is_none_or(|next| next > start));
                given.extend(numbers(&found));
                next = found.next;
            }
            prop_assert_eq!(given, naive(&text, &pattern));
        }
    }

    #[test]
    fn any_bytes_and_any_pattern_have_an_answer(
        content in proptest::collection::vec(any::<u8>(), 0..99), source in any::<String>(),
        literal: bool,
    ) {
        for case in [Case::Sensitive, Case::Insensitive, Case::Smart] {
            if let Ok(pattern) = Pattern::compile(&source, literal, case) {
                for mark in [b"".as_slice(), b"\xFF\xFE", b"\xEF\xBB\xBF"] {
                    let odd = file(&[mark, &content].concat());
                    search(&odd, &pattern, Mode::Lines, 1);
                }
            }
        }
    }
}

#[test]
fn a_pattern_that_explodes_is_refused_or_linear() {
    for bomb in [
        "((a{100}){100}){100}",
        r"\p{L}{1000}",
        "(?:x{500}){500}",
        "((((.{40}){40}){40}){40})",
    ] {
        let refused = Pattern::compile(bomb, false, Case::Sensitive).unwrap_err();
        assert!(matches!(refused, Denial::TooLarge(_)), "{bomb} {refused:?}");
    }
    let deep = "(".repeat(400) + &")".repeat(400);
    let refused = Pattern::compile(&deep, false, Case::Sensitive).unwrap_err();
    assert!(matches!(refused, Denial::Malformed { .. }));
    let content = file(("a".repeat(10_000) + "\n").repeat(3).as_bytes());
    for linear in ["(a*)*b", "(a+)+$x", "(a|aa)+c", "(?:a?){100}a{100}z"] {
        assert_eq!(search(&content, &regex(linear), Mode::Count, 0).matches, 0);
    }
}

#[test]
fn a_pattern_for_more_than_a_line_of_text_is_malformed() {
    for source in ["a\nb", r"a\nb", "\0", r"a\x00", "a\r\nb"] {
        let refused = Pattern::compile(source, false, Case::Sensitive).unwrap_err();
        assert!(
            matches!(
                refused,
                Denial::Malformed {
                    argument: "pattern",
                    ..
                }
            ),
            "{source:?}"
        );
    }
    for source in ["a\nb", "\0", "a\r"] {
        let refused = Pattern::compile(source, true, Case::Insensitive).unwrap_err();
        assert!(matches!(refused, Denial::Malformed { .. }), "{source:?}");
    }
    for source in ["(", "[", r"\1", "(?=a)", "a{2,1}", "*"] {
        assert!(
            Pattern::compile(source, false, Case::Sensitive).is_err(),
            "{source}"
        );
    }
    let long = "a".repeat(SOURCE + 1);
    assert!(Pattern::compile(&long, true, Case::Sensitive).is_err());
}

#[test]
fn a_pattern_may_ask_for_cr_itself() {
    let content = file(b"dos\r\nunix\ndos\r\n");
    assert_eq!(
        numbers(&search(&content, &regex(r"\r$"), Mode::Lines, 0)),
        [1, 3]
    );
    assert_eq!(
        numbers(&search(&content, &regex("s$"), Mode::Lines, 0)),
        [1, 3]
    );
}

#[test]
fn literal_and_case_are_respected() {
    let content = file("a.b\nA.B\naxb\nÄ.b\nä.b\n".as_bytes());
    let find = |source: &str, literal, case| {
        let pattern = Pattern::compile(source, literal, case).unwrap();
        numbers(&search(&content, &pattern, Mode::Lines, 0))
    };
    assert_eq!(find("a.b", true, Case::Sensitive), [1]);
    assert_eq!(find("a.b", false, Case::Sensitive), [1, 3]);
    assert_eq!(find("a.b", true, Case::Smart), [1, 2]);
    assert_eq!(find("A.b", true, Case::Smart), [] as [u64; 0]);
    assert_eq!(find("ä.B", true, Case::Insensitive), [4, 5]);
}

#[test]
fn a_long_line_is_cut_around_its_match() {
    let long = "é".repeat(30_000) + "needle" + &"z".repeat(500_000) + "\nlast needle\n";
    let found = search(&file(long.as_bytes()), &regex("needle"), Mode::Lines, 1);
    assert_eq!(numbers(&found), [1, 2]);
    let line = &found.lines[0];
    assert!(line.text.contains("needle") && line.text.len() <= 4_096);
    let (from, to) = line.columns.unwrap();
    assert_eq!(long.get(from - 1..to), Some(line.text.as_str()));
    assert_eq!(found.lines[1].columns, None);
}

#[test]
fn a_line_of_the_whole_file_is_searched_at_its_beginning_and_that_is_said() {
    let huge = "early ".to_owned() + &"x".repeat(20 << 20) + " late\nearly late\nlate";
    let content = file(huge.as_bytes());
    let early = search(&content, &regex("early"), Mode::Lines, 5);
    assert_eq!((numbers(&early), early.partial_lines), (vec![1, 2], true));
    let late = search(&content, &regex("late"), Mode::Lines, 0);
    assert_eq!((numbers(&late), late.partial_lines), (vec![2, 3], true));
    // a place behind what was left out is still one in the file
    let mut finder = Finder::new(&regex("late"), Mode::Lines, 0);
    let mut room = Room {
        matches: 1,
        bytes: 9_999,
    };
    let size = huge.len() as u64;
    let page = finder
        .file(&content, size, Position::default(), &mut room, &|| Ok(()))
        .unwrap();
    let next = page.next.unwrap();
    assert_eq!(
        (
            huge.split_at(usize::try_from(next.byte).unwrap()).1,
            next.line
        ),
        ("late", 2)
    );
}

#[test]
fn what_is_not_text_is_not_searched() {
    let sparse = tempfile::tempfile().unwrap();
    sparse.set_len(1 << 40).unwrap();
    let found = search(&sparse, &regex(""), Mode::Lines, 0);
    assert!(found.binary && found.matches == 0);
    let turns = file(("text\n".repeat(20_000) + "\0\ntext\n").as_bytes());
    turns.set_len(1 << 40).unwrap();
    let found = search(&turns, &regex("x"), Mode::Count, 0);
    assert!(found.binary && found.matches <= 20_000);
    assert!(!search(&file(b""), &regex(""), Mode::Lines, 0).binary);
}

#[test]
fn a_search_that_is_stopped_gives_what_it_found_and_where_to_go_on() {
    let text = "none\n".repeat(100_000) + "hit\n" + &"none\n".repeat(100_000) + "hit\n";
    let content = file(text.as_bytes());
    let pattern = regex("hit");
    let mut finder = Finder::new(&pattern, Mode::Lines, 0);
    let (mut start, mut given, mut calls) = (Position::default(), Vec::new(), 0);
    loop {
        let looks = Cell::new(0);
        let check = || {
            looks.set(looks.get() + 1);
            if looks.get() > 10 {
                Err(Denial::TimedOut)
            } else {
                Ok(())
            }
        };
        let size = text.len() as u64;
        let found = finder
            .file(&content, size, start, &mut AMPLE.clone(), &check)
            .unwrap();
        given.extend(numbers(&found));
        calls += 1;
        assert_eq!(found.stopped.is_some(), found.next.is_some());
        match found.next {
            Some(next) => {
                assert!(next > start);
                start = next;
            }
            None => break,
        }
    }
    assert_eq!(given, [100_001, 200_002]);
    assert!(calls > 2);
}

#[test]
fn a_file_that_changes_while_it_is_searched_has_an_answer() {
    let text = "hit 3456\n".repeat(40_000);
    for size in [0, 5, 70_000, 1 << 20] {
        let content = file(text.as_bytes());
        let looks = Cell::new(0);
        let check = || {
            looks.set(looks.get() + 1);
            if looks.get() == 3 {
                content.set_len(size).unwrap();
            }
            Ok(())
        };
        let mut finder = Finder::new(&regex("hit"), Mode::Count, 0);
        let start = Position::default();
        let found = finder
            .file(&content, 99, start, &mut AMPLE.clone(), &check)
            .unwrap();
        assert!(found.matches <= 40_000);
    }
}
