//! What signatures and anchors add to the chain: who can write the directory is found out.
#![expect(clippy::string_slice, reason = "lines of a trail are ASCII")]

mod handed_over;

use std::fs;

use super::tampering::name;
use super::*;
use crate::audit::checkpoint;
use crate::audit::merkle::Tree;

pub(super) fn key(seed: u8) -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(&format!("key-{seed}"), &[seed; 32]).unwrap())
}

pub(super) fn keys(keys: &[&Arc<SigningKey>]) -> Trust {
    Trust {
        keys: keys.iter().map(|key| key.verifier().clone()).collect(),
        anchors: Vec::new(),
    }
}

pub(super) fn anchors(anchors: &[&Checkpoint]) -> Trust {
    Trust {
        keys: Vec::new(),
        anchors: anchors.iter().map(|&anchor| anchor.clone()).collect(),
    }
}

/// Small segments, a checkpoint every five lines, signed by `key`.
pub(super) fn signed_by(world: &World, key: &Arc<SigningKey>) -> Settings {
    Settings {
        rotate_bytes: 9000,
        checkpoint_lines: 5,
        signing_key: Some(Arc::clone(key)),
        ..world.settings()
    }
}

/// Several segments of a closed trail.
pub(super) fn written(key: &Arc<SigningKey>) -> World {
    let world = World::in_memory();
    write(&world, key, 30);
    assert!(world.segments().len() > 2, "{}", world.segments().len());
    world
}

pub(super) fn write(world: &World, key: &Arc<SigningKey>, records: u32) {
    let audit = Audit::open(signed_by(world, key), origin(), now()).unwrap();
    for _ in 0..records {
        audit.write_blocking(record()).unwrap();
    }
    audit.close(now()).unwrap();
}

pub(super) fn checkpoints(world: &World) -> Vec<Checkpoint> {
    let notes = world.json().into_iter().filter(|line| line["t"] == "ckpt");
    notes
        .map(|line| line["note"].as_str().unwrap().parse().unwrap())
        .collect()
}

impl World {
    /// Every line as JSON, verified or not.
    pub(super) fn json(&self) -> Vec<Value> {
        let read = |path: &PathBuf| fs::read_to_string(path).unwrap();
        let text: String = self.segments().iter().map(read).collect();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// What whoever can write the directory does first.
    pub(super) fn without_mark(&self) {
        fs::remove_file(self.path().join(mark::NAME)).unwrap();
    }
}

/// Writes the whole trail anew with the record number `changed` another one: every hash, every
/// tree, and if there is a `forger`, every signature.
fn rewrite(world: &World, changed: u64, forger: Option<&SigningKey>) {
    world.without_mark();
    let (mut last, mut tree) = (Link::START, Tree::default());
    for path in world.segments() {
        let text = fs::read_to_string(&path).unwrap();
        let chain = name(&path)[..16].to_owned();
        let mut out = Vec::new();
        for line in text.lines() {
            let opened = chain::open(line.as_bytes()).unwrap();
            let mut body = String::from_utf8(opened.body.to_vec()).unwrap();
            let json: Value = serde_json::from_str(line).unwrap();
            if opened.link.seq == changed {
                body = body.replacen("2026-01-02", "2026-01-03", 1);
                assert_ne!(body.as_bytes(), opened.body);
            }
            match opened.what {
                chain::Type::Head => {
                    let named: VerifierKey = json["key"].as_str().unwrap().parse().unwrap();
                    let named = forger.map_or(named, |key| key.verifier().clone());
                    body.truncate(body.find(",\"key.id\"").unwrap());
                    body += str::from_utf8(&checkpoint::head(&named, &tree)).unwrap();
                }
                chain::Type::Checkpoint => {
                    let other = key(9);
                    let key = forger.unwrap_or(&other);
                    let old = body[body.find(",\"note\"").unwrap()..].to_owned();
                    let new = checkpoint::body(key, &chain, &tree, None, now());
                    body = String::from_utf8(new).unwrap();
                    if forger.is_none() {
                        body.truncate(body.find(",\"note\"").unwrap());
                        body += &old;
                    }
                }
                chain::Type::Event | chain::Type::Tail => {}
            }
            last = chain::seal(&mut out, opened.what, last, body.as_bytes());
            tree.push(last.hash);
        }
        fs::write(path, out).unwrap();
    }
}

#[test]
fn l3_a_closed_trail_is_covered_by_the_key_to_its_last_record() {
    let key = key(1);
    let world = written(&key);
    let report = world.verify_with(&keys(&[&key]));
    assert_eq!(report.verdict, Verdict::Ok);
    assert_eq!((report.uncovered, report.verdict.exit_code()), (0, 0));
    let after = 0;
    assert_eq!(report.caveats(), [Caveat::Unanchored { after }]);
    let all = checkpoints(&world);
    assert_eq!(all.len() as u64, report.checkpoints);
    assert!(all.len() > 6, "{}", all.len());
    let report = world.verify();
    assert_eq!(report.verdict, Verdict::OkUnanchored);
    assert_eq!(report.caveats(), [Caveat::Unkeyed]);
    let last = anchors(&[all.last().unwrap()]);
    assert_eq!(world.verify_with(&last).verdict, Verdict::Ok);
    // a record more, and nobody to sign for it
    let audit = Audit::open(signed_by(&world, &key), origin(), now()).unwrap();
    audit.write_blocking(record()).unwrap();
    let report = world.verify_with(&keys(&[&key]));
    assert_eq!(report.verdict, Verdict::OkUnanchored);
    assert_eq!(report.caveats()[0], Caveat::Uncovered(2));
}

#[test]
fn a_key_that_is_made_beside_the_trail_signs_it_and_is_told_in_public() {
    let world = World::in_memory();
    world.open().close(now()).unwrap();
    let public = fs::read_to_string(world.path().join("checkpoint.pub")).unwrap();
    let public: VerifierKey = public.trim_end().parse().unwrap();
    let head = &world.json()[0];
    assert_eq!(head["key"], public.to_string());
    assert_eq!(head["key.id"], public.id());
    assert_eq!(
        (&head["tree.size"], &head["tree.frontier"]),
        (&0.into(), &Value::Array(vec![]))
    );
    let trust = Trust {
        keys: vec![public],
        anchors: Vec::new(),
    };
    assert_eq!(world.verify_with(&trust).verdict, Verdict::Ok);
    let private = world.path().join("checkpoint.key");
    let text = fs::read_to_string(&private).unwrap();
    assert!(text.starts_with("PRIVATE+KEY+keyhole-audit+"));
    world.open().close(now()).unwrap();
    assert_eq!(fs::read_to_string(&private).unwrap(), text, "it stays");
    assert_eq!(world.verify_with(&trust).verdict, Verdict::Ok);
    failure::chmod(&private, 0o644);
    assert_eq!(world.trouble(), Trouble::Unsafe("a file of the trail"));
}

#[test]
fn l3_who_rewrites_all_hashes_without_the_key_is_found_at_the_first_checkpoint() {
    let key = key(1);
    let world = written(&key);
    let first = checkpoints(&world)[0].size();
    rewrite(&world, 3, None);
    let file = name(&world.segments()[0]);
    let expected = Verdict::Broken {
        file,
        line: first + 1,
        why: Why::Root,
    };
    assert_eq!(world.verify().verdict, expected);
    assert_eq!(world.verify_with(&keys(&[&key])).verdict, expected);
}

#[test]
fn l3_who_rewrites_all_with_another_key_is_found_by_the_key_or_by_an_anchor_only() {
    let (ours, theirs) = (key(1), key(2));
    let world = written(&ours);
    let all = checkpoints(&world);
    rewrite(&world, 3, Some(&theirs));
    let file = name(&world.segments()[0]);
    let line = all[0].size() + 1;
    let why = Why::UnknownKey;
    let expected = Verdict::Broken { file, line, why };
    assert_eq!(world.verify_with(&keys(&[&ours])).verdict, expected);
    let anchored = world.verify_with(&anchors(&[&all[2]])).verdict;
    assert_eq!(anchored.name(), "forked", "{anchored}");
    // without either it cannot be seen, and the report says so
    let report = world.verify();
    assert_eq!(report.verdict, Verdict::OkUnanchored);
    assert_eq!(report.caveats(), [Caveat::Unkeyed]);
}

#[test]
fn l3_who_has_the_key_and_rewrites_is_found_by_an_anchor_only() {
    let key = key(1);
    let world = written(&key);
    let all = checkpoints(&world);
    let changed = all[1].size() - 1;
    rewrite(&world, changed, Some(&key));
    let report = world.verify_with(&keys(&[&key]));
    assert_eq!(report.verdict, Verdict::Ok);
    assert_eq!(report.caveats(), [Caveat::Unanchored { after: 0 }]);
    // an anchor of before the change does not see it, and says how far it reaches
    let report = world.verify_with(&anchors(&[&all[0]]));
    assert_eq!(report.verdict, Verdict::OkUnanchored);
    assert_eq!(report.anchored, all[0].size());
    let trust = Trust {
        anchors: vec![all[0].clone(), all[1].clone()],
        ..keys(&[&key])
    };
    let found = world.verify_with(&trust).verdict;
    let file = name(&world.segments()[0]);
    let line = all[1].size();
    assert_eq!(found, Verdict::Forked { file, line });
}

#[test]
fn l3_an_end_cut_off_behind_a_checkpoint_is_found_by_an_anchor_only() {
    let key = key(1);
    let world = written(&key);
    let settings = Settings {
        rotate_bytes: 64 << 20,
        ..signed_by(&world, &key)
    };
    let audit = Audit::open(settings, origin(), now()).unwrap();
    (0..12).for_each(|_| audit.write_blocking(record()).unwrap());
    audit.close(now()).unwrap();
    let all = checkpoints(&world);
    let path = world.segments().pop().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let mut kept: Vec<&str> = text.lines().collect();
    while kept.len() == text.lines().count() || !kept.last().unwrap().contains("\"t\":\"ckpt\"") {
        kept.pop();
        assert!(!kept.is_empty(), "the last segment has two checkpoints");
    }
    fs::write(&path, kept.join("\n") + "\n").unwrap();
    let found = world.verify_with(&keys(&[&key])).verdict;
    let (file, line) = (name(&path), kept.len() as u64 + 1);
    let missing = Verdict::Truncated { file, line };
    assert_eq!(found, missing, "by the mark, if that was left");
    world.without_mark();
    let report = world.verify_with(&keys(&[&key]));
    assert_eq!(report.verdict, Verdict::Ok);
    assert_eq!(report.caveats(), [Caveat::Unanchored { after: 0 }]);
    let found = world.verify_with(&anchors(&[all.last().unwrap()])).verdict;
    assert_eq!(found, missing);
}

#[test]
fn l3_a_trail_put_in_the_place_of_another_contradicts_its_anchors() {
    let (key, stranger) = (key(1), key(2));
    let (world, other) = (written(&key), written(&key));
    let foreign = checkpoints(&other);
    let found = world.verify_with(&anchors(&[&foreign[0]])).verdict;
    let file = name(&world.segments()[0]);
    assert_eq!(found, Verdict::Forked { file, line: 1 });
    let trust = Trust {
        anchors: vec![checkpoints(&world)[0].clone()],
        ..keys(&[&stranger])
    };
    assert_eq!(verify(&world.path(), &trust), Err(Trouble::Untrusted));
    for path in world.segments() {
        fs::remove_file(path).unwrap();
    }
    let ours = anchors(&[&foreign[0]]);
    assert_eq!(world.verify_with(&ours).verdict.name(), "forked");
    world.without_mark();
    assert_eq!(world.verify_with(&ours).verdict.name(), "truncated");
}

#[test]
fn l3_a_bent_signature_and_a_bent_frontier_are_found_where_they_stand() {
    let key = key(1);
    let world = written(&key);
    let first = checkpoints(&world)[0].size();
    let path = world.segments()[0].clone();
    let whole = fs::read_to_string(&path).unwrap();
    let bend = |at: u64, change: &dyn Fn(String) -> String| {
        let mut out = Vec::new();
        for line in whole.lines() {
            let opened = chain::open(line.as_bytes()).unwrap();
            let mut body = String::from_utf8(opened.body.to_vec()).unwrap();
            if opened.link.seq == at {
                body = change(body);
                assert_ne!(body.as_bytes(), opened.body);
            }
            let seq = opened.link.seq - 1;
            let hash = opened.prev;
            chain::seal(&mut out, opened.what, Link { seq, hash }, body.as_bytes());
        }
        fs::write(&path, out).unwrap();
        world.verify_with(&keys(&[&key])).verdict
    };
    let broken = |line, why| Verdict::Broken {
        file: name(&path),
        line,
        why,
    };
    let sized = |body: String| body.replacen("\"tree.size\":5", "\"tree.size\":4", 1);
    assert_eq!(bend(first + 1, &sized), broken(first + 1, Why::Tree));
    let emptied = |body: String| {
        let at = body.find(":[\"").unwrap() + 3;
        format!("{}{}{}", &body[..at], "0".repeat(64), &body[at + 64..])
    };
    let found = bend(first + 1, &emptied);
    assert_eq!(found, broken(first + 1, Why::Tree));
    // the last letters before the padding: the signature
    let forged = |body: String| {
        let at = body.rfind("=\\u000a").unwrap() - 9;
        let other = if &body[at..=at] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &body[..at], &body[at + 1..])
    };
    assert_eq!(bend(first + 1, &forged), broken(first + 1, Why::Signature));
    let origin = |body: String| body.replacen("keyhole-audit/", "keyhole-audit/0", 1);
    assert_eq!(bend(first + 1, &origin), broken(first + 1, Why::Checkpoint));
    assert_eq!(
        bend(1, &|body| body.replacen(":0,\"tree", ":1,\"tree", 1)),
        broken(1, Why::Tree)
    );
}

#[test]
fn l3_nothing_is_signed_after_a_checkpoint_that_was_forged_in_our_name() {
    let key = key(1);
    let world = written(&key);
    let path = world.segments().pop().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let last = text.lines().last().unwrap();
    let opened = chain::open(last.as_bytes()).unwrap();
    let (seq, hash) = (opened.link.seq - 1, opened.prev);
    let body = str::from_utf8(opened.body).unwrap();
    let at = body.rfind("=\\u000a").unwrap() - 9;
    let other = if &body[at..=at] == "A" { "B" } else { "A" };
    let body = format!("{}{other}{}", &body[..at], &body[at + 1..]);
    let mut out = text[..text.len() - last.len() - 1].to_owned().into_bytes();
    chain::seal(&mut out, opened.what, Link { seq, hash }, body.as_bytes());
    fs::write(&path, out).unwrap();
    world.without_mark();
    let refused = Audit::open(signed_by(&world, &key), origin(), now()).unwrap_err();
    assert_eq!(
        refused.trouble(),
        Trouble::Damaged("the last checkpoint of the trail")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn l3_every_random_tampering_is_found_or_named_by_a_caveat(
        records in 1_u32..25, lines in 1_u64..9, cut: bool,
        segment: prop::sample::Index, at: prop::sample::Index, other: prop::sample::Index, how in 0_u8..6,
    ) {
        let key = key(1);
        let world = World::in_memory();
        let settings = Settings { checkpoint_lines: lines, rotate_bytes: 5000, ..signed_by(&world, &key) };
        let audit = Audit::open(settings, origin(), now()).unwrap();
        for _ in 0..records {
            audit.write_blocking(record()).unwrap();
        }
        audit.close(now()).unwrap();
        let anchor = checkpoints(&world).pop().unwrap();
        let segments = world.segments();
        let path = segment.get(&segments);
        let text = fs::read_to_string(path).unwrap();
        let mut all: Vec<String> = text.lines().map(|line| format!("{line}\n")).collect();
        let (one, two) = (at.index(all.len()), other.index(all.len()));
        match how {
            0 => drop(all.remove(one)),
            1 => all.swap(one, two),
            2 => all.insert(one, all[two].clone()),
            3 => all.truncate(one),
            4 => all[one] = all[one].replacen("2026", "2027", 1),
            _ => all[one].truncate(two),
        }
        if cut {
            world.without_mark();
        }
        let bent = all.concat();
        prop_assume!(bent != text);
        fs::write(path, &bent).unwrap();
        let trust = Trust { anchors: vec![anchor], ..keys(&[&key]) };
        let verdict = world.verify_with(&trust).verdict;
        // beyond the anchor there is only the checkpoint that holds it
        let note = text.lines().last().unwrap().len() + 1;
        let only_the_note = cut && path == segments.last().unwrap() && bent == text[..text.len() - note];
        prop_assert!(!verdict.is_whole() || only_the_note, "{} {}", how, verdict);
    }
}
