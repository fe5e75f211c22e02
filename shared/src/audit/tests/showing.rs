//! A trail that is read once tells what two readings tell: the verdict, and every record.

use std::fs;

use super::tampering::name;
use super::tampering::written;
use super::*;
use crate::audit::verify_showing;

/// What is shown: the numbers of the records in their order, and where lines are bad.
type Shown = (Vec<u64>, Vec<(String, u64, Why)>);

fn note(shown: &mut Shown, next: Next<'_>) {
    match next {
        Next::Event { line, link } => {
            assert_eq!(Event::parse(line).unwrap().seq(), link.seq);
            shown.0.push(link.seq);
        }
        Next::Own { .. } => panic!("only records are shown"),
        Next::Bad { file, byte, why } => shown.1.push((file.to_owned(), byte, why)),
    }
}

/// Holds the one reading against the two.
fn agrees(world: &World, trust: &Trust) -> (Report, Shown) {
    let mut once = Shown::default();
    let report = verify_showing(&world.path(), trust, |next| note(&mut once, next)).unwrap();
    assert_eq!(report, world.verify_with(trust));
    let reader = Reader::open(&world.path()).unwrap();
    let mut read = Shown::default();
    if let Some(start) = reader.start(None).unwrap() {
        let walked = reader.walk(start, |next| {
            note(&mut read, next);
            std::ops::ControlFlow::Continue(())
        });
        walked.unwrap();
    }
    assert_eq!(once, read);
    (report, once)
}

#[test]
fn of_a_whole_trail_every_record_is_shown_once() {
    let world = World::new();
    fs::create_dir(world.path()).unwrap();
    let (report, shown) = agrees(&world, &Trust::default());
    assert_eq!((report.lines, shown.0.len()), (0, 0));
    let world = written();
    let (report, shown) = agrees(&world, &Trust::default());
    assert!(report.verdict.is_whole() && shown.1.is_empty());
    assert_eq!(shown.0.len() as u64, report.records);
    assert_eq!(report.records, 22);
}

#[test]
fn l3_wherever_a_line_is_bad_the_records_after_it_are_shown_all_the_same() {
    let count = written().segments().len();
    for segment in 0..count {
        let world = written();
        let path = &world.segments()[segment];
        let before = fs::read(path).unwrap();
        let text = String::from_utf8(before.clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for line in 0..lines.len() {
            let changed = lines[line].replacen("2026-01-02", "2026-01-03", 1);
            let mut all = lines.clone();
            all[line] = &changed;
            fs::write(path, format!("{}\n", all.join("\n"))).unwrap();
            let (report, shown) = agrees(&world, &Trust::default());
            assert!(!report.verdict.is_whole());
            let bad: Vec<&String> = shown.1.iter().map(|(file, ..)| file).collect();
            assert_eq!(bad, [&name(path)], "line {line}");
            let lost = usize::from(changed.contains("\"t\":\"event\""));
            assert_eq!(shown.0.len(), 22 - lost, "line {line}");
        }
        fs::write(path, before).unwrap();
    }
}

#[test]
fn l3_what_is_cut_off_missing_or_of_another_chain_hides_no_record_that_is_there() {
    let world = written();
    let segments = world.segments();
    // the end of a line is missing, at the end and before it
    for path in [&segments[2], segments.last().unwrap()] {
        let before = fs::read(path).unwrap();
        fs::write(path, &before[..before.len() - 30]).unwrap();
        assert!(!agrees(&world, &Trust::default()).0.verdict.is_whole());
        fs::write(path, before).unwrap();
    }
    // a file is missing
    for path in [&segments[0], &segments[3], segments.last().unwrap()] {
        let before = fs::read(path).unwrap();
        fs::remove_file(path).unwrap();
        let (report, shown) = agrees(&world, &Trust::default());
        assert!(
            !report.verdict.is_whole() && shown.0.len() < 22,
            "{report:?}"
        );
        fs::write(path, before).unwrap();
    }
    // a second chain lies beside it
    let other = written();
    let first = &other.segments()[0];
    fs::copy(first, world.path().join(name(first))).unwrap();
    let (report, shown) = agrees(&world, &Trust::default());
    assert_eq!(report.verdict.name(), "forked");
    assert!(shown.0.len() > 22, "of both");
}

#[test]
fn l3_a_trail_that_no_given_key_signed_is_still_shown_whole() {
    let world = written();
    let trust = checkpoints::keys(&[&checkpoints::key(9)]);
    let (report, shown) = agrees(&world, &trust);
    assert!(!report.verdict.is_whole());
    assert_eq!(shown.0.len(), 22);
}
