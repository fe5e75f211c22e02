//! What is old may go if a key says so, and nothing else may.

use std::fs;

use super::checkpoints::anchors;
use super::checkpoints::checkpoints;
use super::checkpoints::key;
use super::checkpoints::keys;
use super::checkpoints::signed_by;
use super::checkpoints::write;
use super::tampering::name;
use super::*;

const DAY: TimeDelta = TimeDelta::days(1);

fn after(days: i32) -> Retention {
    Retention {
        default: DAY * days,
        levels: BTreeMap::new(),
        categories: BTreeMap::new(),
    }
}

/// Writes so many records of a day, with a label.
fn on(world: &World, key: &Arc<SigningKey>, day: i32, label: Option<(&'static str, &'static str)>) {
    let audit = Audit::open(signed_by(world, key), origin(), now() + DAY * day).unwrap();
    for _ in 0..16 {
        let mut record = record();
        record.time = now() + DAY * day;
        record.label = label.map(|(level, category)| Marking {
            level,
            categories: vec![category],
        });
        audit.write_blocking(record).unwrap();
    }
    audit.close(now() + DAY * day).unwrap();
}

fn pruned(world: &World, key: &Arc<SigningKey>, keep: &Retention, day: i32) -> Pruned {
    let settings = signed_by(world, key);
    prune(settings, origin(), keep, now() + DAY * day).unwrap()
}

fn old_and_new() -> (World, Arc<SigningKey>) {
    let (world, key) = (World::new(), key(1));
    for day in [0, 1, 10] {
        on(&world, &key, day, None);
    }
    (world, key)
}

#[test]
fn l6_whole_old_segments_go_and_the_trail_says_so_under_a_signature() {
    let (world, key) = old_and_new();
    let before = world.verify();
    let first = checkpoints(&world).remove(0);
    let done = pruned(&world, &key, &after(5), 11);
    assert!(
        done.segments >= 3 && done.first_kept == done.segments + 1,
        "{done:?}"
    );
    for trust in [keys(&[&key]), Trust::default()] {
        let report = world.verify_with(&trust);
        assert_eq!(report.verdict, Verdict::PrunedOk);
        assert_eq!(report.pruned, done.lines);
        assert_eq!(report.first.unwrap().seq, done.lines + 1);
        assert!(report.lines + done.lines > before.lines);
    }
    let said = world
        .json()
        .into_iter()
        .find(|line| line["action"] == "prune")
        .unwrap();
    assert_eq!(
        (&said["prune.segment"], &said["kind"]),
        (&done.first_kept.into(), &"admin".into())
    );
    assert_eq!(
        (&said["prune.seq.first"], &said["prune.seq.last"]),
        (&1.into(), &done.lines.into())
    );
    let head = &world.json()[0];
    assert_eq!(said["prune.hash.last"], head["prev"]);
    // an anchor of what went cannot be held against it, and the report says so
    let report = world.verify_with(&anchors(&[&first, checkpoints(&world).last().unwrap()]));
    assert_eq!(
        (report.verdict.name(), report.unused_anchors),
        ("pruned-ok", 1)
    );
    // the chain goes on, more goes, and nothing goes twice
    on(&world, &key, 12, None);
    assert_eq!(pruned(&world, &key, &after(5), 12), Pruned::default());
    let more = pruned(&world, &key, &after(5), 17);
    assert!(more.first_kept > done.first_kept);
    assert_eq!(
        world.verify_with(&keys(&[&key])).pruned,
        done.lines + more.lines
    );
    for seq in world.verify().first.unwrap().seq..checkpoints(&world).last().unwrap().size() {
        let proof = prove_inclusion(&world.path(), seq, None).unwrap();
        assert!(proof.verify(&[key.verifier().clone()]).is_ok());
    }
    let gone = prove_inclusion(&world.path(), 1, None);
    assert_eq!(gone, Err(ProofError::NoLine(1)));
}

#[test]
fn l3_more_than_was_permitted_is_missed_and_a_permission_of_no_key_is_none() {
    let (world, key) = old_and_new();
    let done = pruned(&world, &key, &after(5), 11);
    let kept = world.segments();
    let bytes = fs::read(&kept[0]).unwrap();
    fs::remove_file(&kept[0]).unwrap();
    let truncated = Verdict::Truncated {
        file: name(&kept[0]),
        line: 1,
    };
    assert_eq!(world.verify_with(&keys(&[&key])).verdict, truncated);
    fs::write(&kept[0], bytes).unwrap();
    assert_eq!(world.verify_with(&keys(&[&key])).verdict, Verdict::PrunedOk);
    assert!(done.segments > 0);

    // a record in the chain is not enough: whoever can write the directory can append one
    let (world, key) = old_and_new();
    let audit = Audit::open(signed_by(&world, &key), origin(), now() + DAY * 10).unwrap();
    let mut forged = record();
    forged.kind = Kind::Admin;
    forged.action = Some("prune");
    forged.figures.insert("prune.segment", 2);
    audit.write_blocking(forged).unwrap();
    audit.close(now() + DAY * 10).unwrap();
    let first = &world.segments()[0];
    fs::remove_file(first).unwrap();
    let truncated = Verdict::Truncated {
        file: name(first),
        line: 1,
    };
    assert_eq!(world.verify_with(&keys(&[&key])).verdict, truncated);
    assert_eq!(world.verify().verdict, truncated);
}

#[test]
fn l2_a_kill_amid_a_pruning_leaves_a_whole_trail_and_the_next_one_goes_on() {
    let (world, key) = old_and_new();
    let before: Vec<_> = world
        .segments()
        .iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    let done = pruned(&world, &key, &after(5), 11);
    let gone = usize::try_from(done.segments).unwrap();
    // as if killed after the record, and after each removal
    for removed in (0..gone).rev() {
        let (path, bytes) = &before[removed];
        fs::write(path, bytes).unwrap();
        failure::chmod(path, 0o600);
        let report = world.verify_with(&keys(&[&key]));
        let expected = if removed == 0 {
            Verdict::Ok
        } else {
            Verdict::PrunedOk
        };
        assert_eq!(report.verdict, expected, "{removed}");
    }
    let again = pruned(&world, &key, &after(1000), 11);
    assert_eq!(
        (again.segments, again.lines),
        (done.segments, 0),
        "completed, not decided anew"
    );
    assert_eq!(world.verify_with(&keys(&[&key])).verdict, Verdict::PrunedOk);
}

#[test]
fn a_record_keeps_its_segment_as_long_as_its_label_says() {
    let (world, key) = (World::new(), key(1));
    on(&world, &key, 0, Some(("public", "none")));
    on(&world, &key, 0, Some(("secret", "none")));
    on(&world, &key, 0, Some(("public", "medical")));
    on(&world, &key, 30, None);
    let retention = Retention {
        default: DAY * 5,
        levels: BTreeMap::from([("secret".to_owned(), DAY * 10), ("public".to_owned(), DAY)]),
        categories: BTreeMap::from([("medical".to_owned(), DAY * 20)]),
    };
    let mut last = 0;
    for (day, goes) in [
        (0, false),
        (3, false),
        (6, true),
        (9, false),
        (12, true),
        (19, false),
        (25, true),
    ] {
        // what a pruning itself records is young, and at the end
        let done = pruned(&world, &key, &retention, day);
        assert_eq!(done.segments > 0, goes, "day {day}: {done:?}");
        assert!(!goes || done.first_kept > last);
        last = last.max(done.first_kept);
        let secret = world
            .json()
            .iter()
            .any(|line| line["label.level"] == "secret");
        let medical = world
            .json()
            .iter()
            .any(|line| line["label.categories"][0] == "medical");
        assert_eq!(
            (secret, medical),
            (day < 12 || secret, true)
                .min((secret, medical))
                .max((secret, medical))
        );
        assert!(day >= 12 || secret, "day {day}");
        assert!(day >= 25 || medical, "day {day}");
    }
}

#[test]
fn what_does_not_verify_and_what_a_process_still_needs_is_left_alone() {
    let (world, key) = old_and_new();
    let path = &world.segments()[1];
    let whole = fs::read_to_string(path).unwrap();
    fs::write(path, whole.replacen("ada", "eve", 1)).unwrap();
    let settings = signed_by(&world, &key);
    let refused = prune(settings, origin(), &after(5), now() + DAY * 11);
    assert_eq!(refused, Err(Trouble::NotWhole));
    fs::write(path, whole).unwrap();
    let world = World::new();
    write(&world, &key, 8);
    let audit = Audit::open(signed_by(&world, &key), origin(), now()).unwrap();
    let mut intent = record();
    intent.phase = Some(Phase::Intent);
    intent.outcome = None;
    audit.write_blocking(intent).unwrap();
    let noted = world.segments().len() as u64;
    for day in 0..20 {
        let mut record = record();
        record.time = now() + DAY * day;
        audit.write_blocking(record).unwrap();
    }
    let done = pruned(&world, &key, &after(2), 20);
    assert_eq!(done.first_kept, noted, "the intent is open");
    drop(audit);
    assert!(pruned(&world, &key, &after(2), 20).first_kept > noted);
    assert!(world.verify().verdict.is_whole());
}

#[test]
fn who_writes_meanwhile_goes_on() {
    let (world, key) = old_and_new();
    let audit = Audit::open(signed_by(&world, &key), origin(), now() + DAY * 10).unwrap();
    std::thread::scope(|scope| {
        let writes = scope.spawn(|| {
            for _ in 0..100 {
                let mut record = record();
                record.time = now() + DAY * 10;
                audit.write_blocking(record).unwrap();
            }
        });
        let done = pruned(&world, &key, &after(5), 11);
        assert!(done.segments > 0);
        writes.join().unwrap();
    });
    audit.close(now() + DAY * 11).unwrap();
    assert_eq!(world.verify_with(&keys(&[&key])).verdict, Verdict::PrunedOk);
}
