//! Byte ranges, budgets, media, and files that are not what they seem.
#![expect(
    clippy::disallowed_types,
    reason = "the tests make the files that they read"
)]

use std::cell::Cell;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use guard::error::Denial;
use guard::error::Refusal;
use guard::server::Block;
use proptest::prelude::*;

use crate::effects::encoding::Form;
use crate::effects::lines_index::Indexes;
use crate::effects::media;
use crate::effects::media::Kind;
use crate::effects::media::Media;
use crate::effects::text::Budget;
use crate::effects::text::Part;
use crate::effects::text::Want;
use crate::effects::text::read;
use crate::effects::text_source::Source;

pub(super) const AMPLE: Budget = Budget {
    bytes: 1 << 20,
    lines: 1 << 20,
};

/// An unnamed file that holds `bytes`.
pub(super) fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// What a request with an ample budget reads.
pub(super) fn part(file: &File, want: Want) -> Result<Part, Refusal> {
    let source = Source::new(file, &|| Ok(()))?;
    read(
        &source,
        want,
        false,
        &mut AMPLE.clone(),
        &Indexes::default(),
    )
}

fn bytes(file: &File, from: u64, to: u64) -> Part {
    let to = Some(to);
    part(file, Want::Bytes { from, to }).unwrap()
}

fn utf16(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().flat_map(u16::to_le_bytes);
    [0xFF, 0xFE].into_iter().chain(units).collect()
}

#[test]
fn an_empty_file_is_empty_text() {
    let empty = file(b"");
    for want in [
        Want::WHOLE,
        Want::Tail(3),
        Want::Bytes { from: 0, to: None },
    ] {
        let part = part(&empty, want).unwrap();
        assert_eq!((part.text.as_str(), part.next), ("", None));
        assert_eq!((part.lines, part.encoding), (None, "utf-8"));
    }
    assert_eq!(part(&empty, Want::WHOLE).unwrap().total_lines, Some(0));
}

#[test]
fn a_range_far_outside_is_empty() {
    let short = file(b"abc");
    for (from, to) in [(3, 9), (u64::MAX - 1, u64::MAX), (2, 1), (1 << 62, 1 << 63)] {
        assert_eq!(bytes(&short, from, to).text, "", "{from} {to}");
    }
    let from = u64::MAX;
    for to in [None, Some(0), Some(u64::MAX)] {
        assert_eq!(part(&short, Want::Lines { from, to }).unwrap().text, "");
    }
    assert_eq!(part(&short, Want::Tail(u64::MAX)).unwrap().text, "abc");
    assert_eq!(part(&short, Want::Tail(0)).unwrap().text, "");
}

#[test]
fn a_sparse_terabyte_is_binary_at_once_and_no_text() {
    let sparse = tempfile::tempfile().unwrap();
    sparse.set_len(1 << 40).unwrap();
    let refused = part(&sparse, Want::WHOLE).unwrap_err();
    assert!(matches!(refused, Refusal::Denied(Denial::Unsuitable(_))));
    let source = Source::new(&sparse, &|| Ok(())).unwrap();
    let media = Media::of(source.head(), source.form(), Path::new("x.txt"));
    let refused = media::block(&source, media, None, "", &mut media::MOST.clone());
    assert!(matches!(refused, Err(Refusal::Denied(Denial::TooLarge(_)))));
}

#[test]
fn a_terabyte_that_begins_as_text_ends_with_the_deadline() {
    let sparse = file("text\n".repeat(2_000).as_bytes());
    sparse.set_len(1 << 40).unwrap();
    let wants = [
        Want::Lines {
            from: 9_000,
            to: None,
        },
        Want::Tail(5),
        Want::WHOLE,
    ];
    for want in wants {
        let looks = Cell::new(0);
        let check = || {
            looks.set(looks.get() + 1);
            if looks.get() > 200 {
                return Err(Denial::TimedOut);
            }
            Ok(())
        };
        let source = Source::new(&sparse, &check).unwrap();
        let late = read(
            &source,
            want,
            false,
            &mut AMPLE.clone(),
            &Indexes::default(),
        );
        assert!(matches!(late, Err(Refusal::Denied(Denial::TimedOut))));
        assert_eq!(
            looks.get(),
            201,
            "no look was left out, and none came after"
        );
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_gives_what_is_there() {
    let text = "0123456\n".repeat(40_000);
    let wants = [
        Want::WHOLE,
        Want::Lines {
            from: 39_000,
            to: Some(39_500),
        },
        Want::Tail(20_000),
        Want::Bytes { from: 5, to: None },
    ];
    for want in wants {
        for (at, size) in [(2, 0), (2, 7), (3, 100_001), (3, 400_000), (5, 3)] {
            let changing = file(text.as_bytes());
            let looks = Cell::new(0);
            let check = || {
                looks.set(looks.get() + 1);
                if looks.get() == at {
                    changing.set_len(size).unwrap();
                }
                Ok(())
            };
            let source = Source::new(&changing, &check).unwrap();
            let indexes = Indexes::default();
            let part = read(&source, want, true, &mut AMPLE.clone(), &indexes).unwrap();
            let (from, to) = part.bytes;
            assert!(from <= to && to <= 400_000, "{want:?} {size} {from} {to}");
            assert!(part.text.len() <= 2 * 400_000);
        }
    }
}

#[test]
fn a_budget_for_many_files_is_never_exceeded_and_small_files_are_whole() {
    let all = Budget {
        bytes: 262_144,
        lines: 2_000,
    };
    let sizes = [10, 1 << 40, 5, 0, 3_000, u64::MAX];
    let shares = all.split(&sizes);
    assert!(shares.iter().map(|share| share.bytes).sum::<usize>() <= all.bytes);
    assert!(shares.iter().map(|share| share.lines).sum::<usize>() <= all.lines);
    assert!(shares[0].bytes >= 1_000 && shares[4].bytes >= 9_000);
    assert!(shares[1].bytes > 100_000);
    assert!(all.split(&[]).is_empty());
}

#[test]
fn the_content_says_what_a_file_is_and_the_name_only_for_text() {
    let of = |head: &[u8], name: &str| {
        let media = Media::of(head, Form::of(head), Path::new(name));
        (media.mime, media.kind)
    };
    assert_eq!(
        of(b"\x89PNG\r\n\x1a\n\0", "a.txt"),
        ("image/png", Kind::Image)
    );
    assert_eq!(of(b"RIFF\0\0\0\0WAVEfmt ", "a"), ("audio/wav", Kind::Audio));
    assert_eq!(
        of(b"\x7FELF\x02", "photo.png"),
        ("application/x-elf", Kind::Other)
    );
    assert_eq!(
        of(b"\0\x01\x02", "photo.png"),
        ("application/octet-stream", Kind::Other)
    );
    assert_eq!(of(b"<svg/>", "a.SVG"), ("image/svg+xml", Kind::Text));
    assert_eq!(of(b"BMW is a car", "a.txt"), ("text/plain", Kind::Text));
    assert_eq!(of(b"", ""), ("text/plain", Kind::Text));
}

#[test]
fn an_image_is_an_image_and_part_of_one_a_blob() {
    let content: Vec<u8> = b"\x89PNG\r\n\x1a\n"
        .iter()
        .copied()
        .cycle()
        .take(100_000)
        .collect();
    let image = file(&content);
    let source = Source::new(&image, &|| Ok(())).unwrap();
    let media = Media::of(source.head(), source.form(), Path::new("a.png"));
    let mut room = media::MOST;
    let Ok(Block::Image(whole)) = media::block(&source, media, None, "u", &mut room) else {
        panic!("not an image");
    };
    assert_eq!(whole.base64.len(), 133_336);
    assert_eq!(room, media::MOST - 133_336);
    let Ok(Block::Blob { content, .. }) =
        media::block(&source, media, Some((1, Some(4))), "u", &mut room)
    else {
        panic!("not a blob");
    };
    assert_eq!(content.base64, "UE5H");
    let full = media::block(&source, media, None, "u", &mut 100);
    assert!(matches!(full, Err(Refusal::Denied(Denial::TooLarge(_)))));
}

#[test]
fn utf_16_reads_as_text() {
    let text = "eins\r\nzwei ä 👩\nਊ\u{A0A}\u{0A0D}\nlast";
    let wide = file(&utf16(text));
    let whole = part(&wide, Want::WHOLE).unwrap();
    assert_eq!(whole.text, text.replace("\r\n", "\n"));
    assert_eq!(
        (whole.encoding, whole.crlf, whole.total_lines),
        ("utf-16le", true, Some(4))
    );
    assert_eq!(part(&wide, Want::Tail(1)).unwrap().text, "last");
    let to = Some(2);
    assert_eq!(
        part(&wide, Want::Lines { from: 2, to }).unwrap().text,
        "zwei ä 👩\n"
    );
}

proptest! {
    #[test]
    fn ranges_that_touch_join_to_the_whole(
        text in "[a-cé日👩\r\n]{0,40}",
        times in prop_oneof![Just(1_usize), Just(3_000)],
        wide in any::<bool>(),
        cuts in proptest::collection::vec(any::<u16>(), 0..5),
    ) {
        let text = text.repeat(times);
        let content = if wide { utf16(&text) } else { text.clone().into_bytes() };
        let length = content.len() as u64;
        let mut cuts: Vec<u64> = cuts.iter().map(|c| (u64::from(*c) * length) >> 16).collect();
        cuts.extend([0, length]);
        cuts.sort_unstable();
        let content = file(&content);
        let joined: Vec<Part> = cuts.windows(2).map(|w| bytes(&content, w[0], w[1])).collect();
        prop_assert!(joined.iter().all(|part| !part.encoding.contains("lossy")));
        prop_assert!(joined.iter().all(|part| part.next.is_none()));
        let joined: String = joined.into_iter().map(|part| part.text).collect();
        prop_assert_eq!(joined, text);
    }

    #[test]
    fn any_bytes_in_small_budgets_come_to_an_end(
        content in proptest::collection::vec(any::<u8>(), 0..300),
        budget in 12_usize..60,
    ) {
        let mark = [b"".as_slice(), b"\xFF\xFE", b"\xFE\xFF", b"\xEF\xBB\xBF"];
        for mark in mark {
            let content = [mark, &content].concat();
            let odd = file(&content);
            let source = Source::new(&odd, &|| Ok(())).unwrap();
            let indexes = Indexes::default();
            let mut next = Some(Want::Bytes { from: 0, to: None });
            let mut calls = 0;
            while let Some(want) = next {
                let mut budget = Budget { bytes: budget, lines: 9 };
                let Ok(part) = read(&source, want, false, &mut budget, &indexes) else { break };
                prop_assert!(part.bytes.1 > part.bytes.0 || part.next.is_none(), "{:?}", part);
                next = part.next;
                calls += 1;
                prop_assert!(calls <= content.len() + 1);
            }
        }
    }
}
