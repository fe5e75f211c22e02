//! Keys that follow each other, and processes that take turns.

use super::*;

#[test]
fn a_former_key_hands_over_and_the_new_one_is_believed() {
    let (old, new, third) = (key(1), key(2), key(3));
    let world = World::in_memory();
    write(&world, &old, 12);
    let settings = Settings {
        former_key: Some(Arc::clone(&old)),
        ..signed_by(&world, &new)
    };
    Audit::open(settings, origin(), now())
        .unwrap()
        .close(now())
        .unwrap();
    write(&world, &new, 12);
    assert_eq!(
        world
            .actions()
            .iter()
            .filter(|action| *action == "rotate")
            .count(),
        1
    );
    let rotated = world
        .json()
        .into_iter()
        .find(|line| line["action"] == "rotate")
        .unwrap();
    assert_eq!(rotated["key.old.id"], old.verifier().id());
    assert_eq!(rotated["key.new"], new.verifier().to_string());
    assert_eq!(rotated["kind"], "admin");
    for trust in [keys(&[&old]), keys(&[&new]), keys(&[&old, &new])] {
        assert_eq!(world.verify_with(&trust).verdict, Verdict::Ok);
    }
    assert_eq!(world.verify_with(&keys(&[&third])).verdict.name(), "broken");
    assert_eq!(world.verify().verdict, Verdict::OkUnanchored);
}

#[test]
fn l3_a_key_that_nobody_handed_over_to_is_not_believed_whatever_the_chain_says() {
    let (old, new) = (key(1), key(2));
    let world = World::in_memory();
    write(&world, &old, 12);
    let before = world.json().len() as u64;
    // the former key is not at hand: the chain says so, but no signature does
    write(&world, &new, 12);
    assert!(world.actions().contains(&"rotate".to_owned()));
    let verdict = world.verify_with(&keys(&[&old])).verdict;
    let Verdict::Broken { why, .. } = verdict else {
        panic!("{verdict}");
    };
    assert_eq!(why, Why::UnknownKey);
    assert_eq!(world.verify_with(&keys(&[&old, &new])).verdict, Verdict::Ok);
    assert!(world.verify_with(&keys(&[&new])).covered > before);
    assert_eq!(world.verify().verdict, Verdict::OkUnanchored);
    // the old one comes back, and hands over after all
    let settings = Settings {
        former_key: Some(Arc::clone(&new)),
        ..signed_by(&world, &old)
    };
    Audit::open(settings, origin(), now())
        .unwrap()
        .close(now())
        .unwrap();
    assert_eq!(world.verify_with(&keys(&[&old])).verdict, Verdict::Ok);
}

#[test]
fn a_key_beside_the_trail_hands_over_to_one_that_is_configured_later() {
    let world = World::in_memory();
    world.open().close(now()).unwrap();
    let public = fs::read_to_string(world.path().join("checkpoint.pub")).unwrap();
    let first: VerifierKey = public.trim_end().parse().unwrap();
    write(&world, &key(1), 8);
    let trust = Trust {
        keys: vec![first],
        anchors: Vec::new(),
    };
    assert_eq!(world.verify_with(&trust).verdict, Verdict::Ok);
}

#[test]
fn two_that_write_in_turns_go_on_with_one_tree() {
    let key = key(1);
    let world = World::in_memory();
    let open = || Audit::open(signed_by(&world, &key), origin(), now()).unwrap();
    let both = [open(), open()];
    for turn in 0..60 {
        both[turn % 2].write_blocking(record()).unwrap();
    }
    let [one, two] = both;
    one.close(now()).unwrap();
    two.close(now()).unwrap();
    let report = world.verify_with(&keys(&[&key]));
    assert_eq!(report.verdict, Verdict::Ok);
    assert!(report.segments > 3 && report.checkpoints > 10, "{report:?}");
}

#[test]
fn records_are_signed_after_a_while_though_nothing_follows_them() {
    let world = World::in_memory();
    let settings = Settings {
        checkpoint_age: Duration::from_millis(300),
        ..world.settings()
    };
    let audit = Audit::open(settings, origin(), now()).unwrap();
    audit.write_blocking(record()).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while world.verify().checkpoints == 0 {
        assert!(Instant::now() < until, "not within twenty seconds");
        std::thread::sleep(Duration::from_millis(20));
    }
    let lines = world.verify().lines;
    std::thread::sleep(Duration::from_millis(900));
    assert_eq!(world.verify().lines, lines, "once, not over and over");
    assert!(audit.healthy());
}

#[test]
fn a_clock_that_steps_back_neither_breaks_the_trail_nor_keeps_checkpoints_away() {
    let key = key(1);
    let world = World::in_memory();
    let settings = Settings {
        checkpoint_lines: 1000,
        rotate_bytes: 64 << 20,
        ..signed_by(&world, &key)
    };
    let audit = Audit::open(settings, origin(), now()).unwrap();
    for minutes in [10, 10, 10, -600, -600, -600, -599, 10] {
        let mut record = record();
        record.time = now() + TimeDelta::minutes(minutes);
        audit.write_blocking(record).unwrap();
    }
    audit.close(now() - TimeDelta::days(1)).unwrap();
    let report = world.verify_with(&keys(&[&key]));
    assert_eq!(report.verdict, Verdict::Ok);
    // one for each step of a minute or more, and the end
    assert_eq!(report.checkpoints, 5);
}
