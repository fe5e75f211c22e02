//! Windows and tails against the naive answer from the whole file.
#![expect(
    clippy::disallowed_types,
    reason = "the tests make the files that they read"
)]

use std::fs::File;
use std::os::unix::fs::FileExt;

use proptest::prelude::*;

use crate::effects::lines_index::CACHE;
use crate::effects::lines_index::Index;
use crate::effects::lines_index::Indexes;
use crate::effects::lines_take::LINE;
use crate::effects::meta::Meta;
use crate::effects::text::Budget;
use crate::effects::text::Part;
use crate::effects::text::Want;
use crate::effects::text::read;
use crate::effects::text_source::BLOCK;
use crate::effects::text_source::Source;
use crate::effects::text_source::Whole;
use crate::effects::text_tests::AMPLE;
use crate::effects::text_tests::file;
use crate::effects::text_tests::part;

/// The lines of `text` as they are given, each on its own.
fn naive(text: &str) -> Vec<String> {
    let mut at = 0;
    let lines = text.split_inclusive('\n').map(|line| {
        let content = line.strip_suffix('\n').unwrap_or(line);
        let ends = content.len() < line.len();
        let content = if ends {
            content.strip_suffix('\r').unwrap_or(content)
        } else {
            content
        };
        let shown = content.floor_char_boundary(LINE);
        let start = at;
        at += line.len();
        if shown < content.len() {
            let from = start + shown;
            let note = format!(" [line cut after {shown} bytes; goes on at from_byte {from}]\n");
            content.split_at(shown).0.to_owned() + &note
        } else if ends {
            content.to_owned() + "\n"
        } else {
            content.to_owned()
        }
    });
    lines.collect()
}

fn window(lines: &[String], from: u64, to: u64) -> String {
    let from = usize::try_from(from).unwrap() - 1;
    let to = usize::try_from(to).unwrap().min(lines.len());
    lines.get(from..to).unwrap_or_default().concat()
}

fn with(file: &File, indexes: &Indexes, want: Want, numbered: bool, budget: Budget) -> Part {
    let source = Source::new(file, &|| Ok(())).unwrap();
    read(&source, want, numbered, &mut budget.clone(), indexes).unwrap()
}

/// Short lines, and now and then one about as long as a limit; some texts have plain ends only.
fn any_text() -> impl Strategy<Value = String> {
    let length = prop_oneof![
        9 => 0_usize..9,
        1 => 4_085_usize..4_105,
        1 => 65_520_usize..65_550,
    ];
    let line = (
        length,
        "[aé日]",
        prop_oneof![Just("\n"), Just("\r\n"), Just("\r\r\n")],
    );
    let line = line.prop_map(|(n, c, end)| c.repeat(n / c.len()) + "x" + end);
    (
        proptest::collection::vec(line, 0..12),
        "[ab\r]{0,2}",
        any::<bool>(),
    )
        .prop_map(|(lines, last, plain)| {
            let text = lines.concat() + &last;
            if plain { text.replace('\r', "") } else { text }
        })
}

proptest! {
    #[test]
    fn any_window_equals_the_naive_one(text in any_text(), from in 1_u64..14, more in 0_u64..14) {
        let lines = naive(&text);
        let content = file(text.as_bytes());
        let to = from + more;
        let part = part(&content, Want::Lines { from, to: Some(to) }).unwrap();
        prop_assert_eq!(&part.text, &window(&lines, from, to));
        prop_assert_eq!(part.total_lines, Some(lines.len() as u64));
        let last = to.min(lines.len() as u64);
        prop_assert_eq!(part.lines, (from <= last).then_some((from, last)));
        prop_assert_eq!(part.next, None);
    }

    #[test]
    fn any_tail_equals_the_naive_one(text in any_text(), count in 0_u64..14) {
        let lines = naive(&text);
        let from = lines.len().saturating_sub(usize::try_from(count).unwrap());
        let content = file(text.as_bytes());
        let part = part(&content, Want::Tail(count)).unwrap();
        prop_assert_eq!(part.text, lines[from..].concat());
    }

    #[test]
    fn going_on_gives_every_line_once(text in any_text(), lines in 1_usize..4, tail: bool) {
        let content = file(text.as_bytes());
        let budget = Budget { bytes: 13_000, lines };
        let mut given = String::new();
        let mut next = Some(if tail { Want::Tail(99) } else { Want::WHOLE });
        while let Some(want) = next {
            let part = with(&content, &Indexes::default(), want, false, budget);
            prop_assert!(part.text.len() <= 13_000 && part.count <= lines as u64);
            // whether a line follows one that was cut may show only on the next page
            prop_assert!(part.count > 0 || part.next.is_none());
            given += &part.text;
            next = part.next;
        }
        prop_assert_eq!(given, naive(&text).concat());
    }

    #[test]
    fn what_is_at_hand_reads_as_what_is_on_the_disk(
        text in any_text(), from in 1_u64..9, lines in 0_usize..14, bytes in 0_usize..9000,
    ) {
        prop_assume!(text.len() < BLOCK);
        let content = file(text.as_bytes());
        let meta = Meta::of(&content).unwrap();
        let whole = || Whole::new(&meta, text.clone().into_bytes());
        for want in [Want::WHOLE, Want::Lines { from, to: Some(from + 3) }, Want::Tail(from)] {
            let source = Source::at_hand(&content, whole(), &|| Ok(()));
            let mut budget = Budget { bytes, lines };
            let (mut other, indexes) = (budget, Indexes::default());
            let found = read(&source, want, false, &mut budget, &indexes).unwrap();
            let source = Source::new(&content, &|| Ok(())).unwrap();
            prop_assert_eq!(found, read(&source, want, false, &mut other, &indexes).unwrap());
            prop_assert_eq!(budget, other);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(content in proptest::collection::vec(any::<u8>(), 0..99), n: u64) {
        for mark in [b"".as_slice(), b"\xFF\xFE", b"\xFE\xFF", b"\xEF\xBB\xBF"] {
            let odd = file(&[mark, &content].concat());
            for want in [Want::WHOLE, Want::Tail(n), Want::Lines { from: n, to: Some(!n) }] {
                // refused or not: both are answers
                drop(part(&odd, want));
            }
        }
    }
}

/// 5 MB of lines of all lengths, some of them longer than the strides of an index.
fn large() -> String {
    let mut text = String::new();
    let mut n = 0_usize;
    while text.len() < 5 << 20 {
        n += 1;
        let length = if n.is_multiple_of(4_001) {
            600_000
        } else {
            n * 7_919 % 211
        };
        text += &"z".repeat(length);
        text += &format!("{n}\n");
    }
    text
}

#[test]
fn an_index_changes_nothing_but_the_time() {
    let text = large();
    let lines = naive(&text);
    let content = file(text.as_bytes());
    let known = Indexes::default();
    let total = lines.len() as u64;
    for from in (1..total + 3)
        .step_by(997)
        .chain([total, total - 1, total + 1, 4_001, 4_002])
    {
        let to = from + 3;
        let want = Want::Lines { from, to: Some(to) };
        let cold = with(&content, &Indexes::default(), want, false, AMPLE);
        let warm = with(&content, &known, want, false, AMPLE);
        assert_eq!(cold.text, window(&lines, from, to), "from {from}");
        assert_eq!(
            (&warm.text, warm.lines),
            (&cold.text, cold.lines),
            "from {from}"
        );
    }
    let unknown = with(&content, &Indexes::default(), Want::Tail(3), false, AMPLE);
    let numbered = with(&content, &known, Want::Tail(3), true, AMPLE);
    assert_eq!(
        (unknown.lines, numbered.lines),
        (None, Some((total - 2, total)))
    );
    assert_eq!(unknown.text, lines[lines.len() - 3..].concat());
    assert!(numbered.text.starts_with(&format!("{}\t", total - 2)));
}

#[test]
fn an_index_is_not_used_for_a_file_that_changed() {
    let text = large();
    let content = file(text.as_bytes());
    let indexes = Indexes::default();
    let want = Want::Lines {
        from: 7_000,
        to: Some(7_000),
    };
    let before = with(&content, &indexes, want, false, AMPLE);
    let shorter: String = text.split_inclusive('\n').skip(10).collect();
    content.set_len(0).unwrap();
    content.write_all_at(shorter.as_bytes(), 0).unwrap();
    let after = with(&content, &indexes, want, false, AMPLE);
    assert_ne!(before.text, after.text);
    assert_eq!(after.text, naive(&shorter)[6_999]);
}

#[test]
fn indexes_together_stay_in_their_room() {
    let indexes = Indexes::default();
    let text = "a\n".repeat(600_000);
    let files: Vec<File> = (0..8).map(|_| file(text.as_bytes())).collect();
    for content in &files {
        let want = Want::Lines {
            from: 599_999,
            to: None,
        };
        with(content, &indexes, want, false, AMPLE);
    }
    assert!(indexes.weight() > 0 && indexes.weight() <= CACHE);
    let first = Source::new(&files[0], &|| Ok(())).unwrap();
    assert_ne!(indexes.recall(&first).scanned(), Index::default().scanned());
}

#[test]
fn the_last_of_a_few_long_lines_come_once_each() {
    let lines = ["a", "b", "c"].map(|c| c.repeat(2 << 20) + "\n");
    let content = file(lines.concat().as_bytes());
    let budget = Budget {
        bytes: 9_999,
        lines: 1,
    };
    let (mut next, mut given) = (Some(Want::Tail(99)), String::new());
    for _ in 0..3 {
        let part = with(&content, &Indexes::default(), next.unwrap(), false, budget);
        given.extend(part.text.chars().next());
        next = part.next;
    }
    assert_eq!((given.as_str(), next), ("abc", None));
}

#[test]
fn a_line_of_many_megabytes_is_cut_and_says_where_it_goes_on() {
    let text = "é".repeat(4 << 20) + "\nnext\n";
    let content = file(text.as_bytes());
    let whole = part(&content, Want::WHOLE).unwrap();
    assert_eq!(whole.text, naive(&text).concat());
    assert_eq!(
        (whole.cut[0].columns, whole.cut[0].from_byte),
        ((1, LINE), LINE as u64)
    );
    let from = whole.cut[0].from_byte;
    let on = part(
        &content,
        Want::Bytes {
            from,
            to: Some(from + 4),
        },
    )
    .unwrap();
    assert_eq!(on.text, "éé");
}
