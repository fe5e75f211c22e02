//! Every change of what was written is found, at its first place.

use std::fs;

use super::failure::chmod;
use super::*;

/// Six segments of a few lines each, closed.
pub(super) fn written() -> World {
    let world = World::new();
    let settings = Settings {
        rotate_bytes: 3000,
        ..world.settings()
    };
    let audit = Audit::open(settings, origin(), now()).unwrap();
    for _ in 0..20 {
        audit.write_blocking(record()).unwrap();
    }
    audit.close(now()).unwrap();
    assert_eq!(world.verify().verdict, Verdict::OkUnanchored);
    assert!(world.segments().len() >= 6, "{}", world.segments().len());
    world
}

pub(super) fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// Changes the lines of one segment.
fn edit(path: &Path, change: impl FnOnce(&mut Vec<String>)) {
    let text = fs::read_to_string(path).unwrap();
    let mut lines: Vec<String> = text.lines().map(|line| format!("{line}\n")).collect();
    change(&mut lines);
    assert_ne!(lines.concat(), text, "the test must change something");
    fs::write(path, lines.concat()).unwrap();
}

fn broken(path: &Path, line: u64, why: Why) -> Verdict {
    Verdict::Broken {
        file: name(path),
        line,
        why,
    }
}

/// A line that is whole in itself, in place of another.
fn forged(last: Link) -> String {
    let mut line = Vec::new();
    chain::seal(&mut line, chain::Type::Event, last, b",\"id\":\"forged\"");
    String::from_utf8(line).unwrap()
}

#[test]
fn l3_an_edited_line_is_found_wherever_it_is() {
    let count = written().segments().len();
    for segment in 0..count {
        let world = written();
        let path = &world.segments()[segment];
        let lines = fs::read_to_string(path).unwrap().lines().count();
        for line in 0..lines {
            let before = fs::read(path).unwrap();
            edit(path, |lines| {
                lines[line] = lines[line].replacen("2026-01-02", "2026-01-03", 1);
            });
            let expected = broken(path, line as u64 + 1, Why::Hash);
            assert_eq!(world.verify().verdict, expected);
            fs::write(path, before).unwrap();
        }
        assert_eq!(world.verify().verdict, Verdict::OkUnanchored);
    }
}

#[test]
fn l3_a_deleted_an_inserted_a_repeated_and_a_moved_line_are_found() {
    let world = written();
    let path = &world.segments()[2];
    let before = fs::read(path).unwrap();
    type Change<'a> = &'a dyn Fn(&mut Vec<String>);
    let cases: [(Change<'_>, u64, Why); 6] = [
        (&|lines| drop(lines.remove(1)), 2, Why::Number),
        (&|lines| lines.insert(1, lines[1].clone()), 3, Why::Number),
        (&|lines| lines.swap(1, 2), 2, Why::Number),
        (&|lines| lines.insert(1, "{}\n".to_owned()), 2, Why::Form),
        (&|lines| drop(lines.remove(0)), 1, Why::Head),
        (&|lines| lines.insert(2, lines[0].clone()), 3, Why::Head),
    ];
    for (change, line, why) in cases {
        edit(path, change);
        assert_eq!(world.verify().verdict, broken(path, line, why));
        fs::write(path, &before).unwrap();
    }
}

#[test]
fn l3_a_line_that_was_sealed_anew_does_not_fit_the_next_one() {
    let world = written();
    let path = &world.segments()[2];
    edit(path, |lines| {
        let last = chain::open(lines[0].trim_end().as_bytes()).unwrap().link;
        lines[1] = forged(last);
    });
    assert_eq!(world.verify().verdict, broken(path, 3, Why::Previous));
}

#[test]
fn l3_two_lines_that_follow_the_same_one_are_a_fork() {
    let world = written();
    let path = &world.segments()[2];
    edit(path, |lines| {
        let last = chain::open(lines[0].trim_end().as_bytes()).unwrap().link;
        lines.insert(2, forged(last));
    });
    let file = name(path);
    assert_eq!(world.verify().verdict, Verdict::Forked { file, line: 3 });
}

#[test]
fn l3_swapped_replayed_and_missing_segments_are_found() {
    let world = written();
    let segments = world.segments();
    let (one, two) = (&segments[1], &segments[2]);
    let (first, second) = (fs::read(one).unwrap(), fs::read(two).unwrap());

    fs::write(one, &second).unwrap();
    fs::write(two, &first).unwrap();
    assert_eq!(world.verify().verdict, broken(one, 1, Why::Number));

    fs::write(one, &first).unwrap();
    assert_eq!(
        world.verify().verdict,
        broken(two, 1, Why::Number),
        "an old one again"
    );

    fs::remove_file(two).unwrap();
    let file = name(two);
    let missing = Verdict::Truncated { file, line: 1 };
    assert_eq!(world.verify().verdict, missing);

    fs::write(two, &second).unwrap();
    assert_eq!(world.verify().verdict, Verdict::OkUnanchored);

    fs::remove_file(&segments[0]).unwrap();
    let file = name(&segments[0]);
    let missing = Verdict::Truncated { file, line: 1 };
    assert_eq!(world.verify().verdict, missing);
}

#[test]
fn l3_an_old_segment_under_a_new_number_is_found() {
    let world = written();
    let segments = world.segments();
    let next = segments[0].with_file_name(
        name(&segments[0]).replace("000001", &format!("{:06}", segments.len() + 1)),
    );
    fs::copy(&segments[3], &next).unwrap();
    assert_eq!(world.verify().verdict, broken(&next, 1, Why::Number));
}

#[test]
fn l3_another_chain_in_the_directory_is_a_fork() {
    let (world, other) = (written(), written());
    let stranger = &other.segments()[0];
    fs::copy(stranger, world.path().join(name(stranger))).unwrap();
    assert_eq!(world.verify().verdict.name(), "forked");
}

#[test]
fn l3_a_missing_end_is_found_by_the_mark_at_every_length() {
    let world = written();
    let path = world.segments().pop().unwrap();
    let whole = fs::read(&path).unwrap();
    for length in (0..whole.len()).rev().step_by(7) {
        fs::write(&path, &whole[..length]).unwrap();
        let file = name(&path);
        let kept = whole[..length].iter().filter(|&&byte| byte == b'\n');
        let line = kept.count() as u64 + 1;
        assert_eq!(
            world.verify().verdict,
            Verdict::Truncated { file, line },
            "{length}"
        );
    }
    fs::remove_file(&path).unwrap();
    let file = name(&path);
    let missing = Verdict::Truncated { file, line: 1 };
    assert_eq!(world.verify().verdict, missing);
}

#[test]
fn without_a_mark_a_torn_end_is_told_from_a_broken_one() {
    let world = written();
    fs::remove_file(world.path().join(mark::NAME)).unwrap();
    let path = world.segments().pop().unwrap();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let report = world.verify();
    assert_eq!(report.verdict.name(), "torn-tail");
    assert!(!report.marked);
    let mut edited = whole;
    let last = edited.len() - 10;
    edited[last] ^= 1;
    fs::write(&path, edited).unwrap();
    assert_eq!(world.verify().verdict.name(), "broken");
}

#[test]
fn l3_nothing_is_appended_to_a_trail_that_was_tampered_with() {
    let world = written();
    let path = world.segments().pop().unwrap();
    let whole = fs::read(&path).unwrap();

    fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    assert_eq!(world.trouble(), Trouble::Shortened);

    edit(&path, |lines| {
        let last = lines.len() - 1;
        lines[last] = lines[last].replace("2026", "2027");
    });
    assert!(matches!(
        world.trouble(),
        Trouble::Shortened | Trouble::Broken { .. }
    ));

    fs::remove_file(&path).unwrap();
    assert_eq!(world.trouble(), Trouble::Shortened);

    fs::write(&path, &whole).unwrap();
    chmod(&path, 0o600);
    world.open().close(now()).unwrap();
    assert_eq!(world.verify().verdict, Verdict::OkUnanchored);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn l3_no_changed_byte_goes_unnoticed(segment: prop::sample::Index, at: prop::sample::Index, flip in 1_u8..=255) {
        let world = written();
        let segments = world.segments();
        let path = segment.get(&segments);
        let mut bytes = fs::read(path).unwrap();
        let at = at.index(bytes.len());
        let line = bytes[..at].iter().filter(|&&byte| byte == b'\n').count() as u64 + 1;
        bytes[at] ^= flip;
        fs::write(path, bytes).unwrap();
        let expected = [
            format!("broken: {}:{line}: ", name(path)),
            // the last line feed of all: then the last line is not finished
            format!("truncated: {}:{line}", name(segments.last().unwrap())),
        ];
        let verdict = world.verify().verdict.to_string();
        prop_assert!(expected.iter().any(|start| verdict.starts_with(start)), "{}", verdict);
    }
}
