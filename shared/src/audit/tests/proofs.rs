//! One line is shown, and nothing of the others.

use super::checkpoints::checkpoints;
use super::checkpoints::key;
use super::checkpoints::write;
use super::checkpoints::written;
use super::*;

#[test]
fn every_covered_line_is_proven_and_a_changed_proof_is_none() {
    let (key, stranger) = (key(1), key(2));
    let world = written(&key);
    let trusted = [key.verifier().clone()];
    let lines = world.json();
    let last = checkpoints(&world).pop().unwrap();
    for seq in 1..=last.size() {
        let proof = prove_inclusion(&world.path(), seq, None).unwrap();
        let proof = Proof::parse(&proof.to_json()).unwrap();
        assert_eq!(proof.verify(&trusted).unwrap(), last);
        let line: Value = serde_json::from_str(proof.line()).unwrap();
        assert_eq!(line, lines[usize::try_from(seq).unwrap() - 1]);
    }
    let after = prove_inclusion(&world.path(), last.size() + 1, None);
    assert_eq!(after, Err(ProofError::Uncovered(last.size() + 1)));
    assert_eq!(
        prove_inclusion(&world.path(), 0, None),
        Err(ProofError::NoLine(0))
    );

    let proof = prove_inclusion(&world.path(), 4, Some(&checkpoints(&world)[1])).unwrap();
    let other = [stranger.verifier().clone()];
    assert_eq!(proof.verify(&other), Err(ProofError::Unsigned));
    let json = proof.to_json();
    for (from, to, error) in [
        ("2026-01-02", "2026-01-03", ProofError::Wrong),
        ("\"index\":3", "\"index\":4", ProofError::Wrong),
        ("\"hashes\":[\"", "\"hashes\":[\"00", ProofError::Form),
        ("-inclusion\":1", "-inclusion\":2", ProofError::Form),
        ("\\n5\\n", "\\n6\\n", ProofError::Unsigned),
        ("\"size\":", "\"size\":1", ProofError::Wrong),
    ] {
        let bent = json.replacen(from, to, 1);
        let read = Proof::parse(&bent).and_then(|proof| proof.verify(&trusted));
        assert!(
            bent == json || read.as_ref() == Err(&error),
            "{from}: {read:?}"
        );
        assert!(bent != json || from.contains('5'));
    }
}

#[test]
fn every_checkpoint_extends_every_earlier_one_and_no_stranger() {
    let key = key(1);
    let world = written(&key);
    let trusted = [key.verifier().clone()];
    let all = checkpoints(&world);
    for (at, new) in all.iter().enumerate() {
        for old in &all[..=at] {
            let proof = prove_consistency(&world.path(), old, Some(new)).unwrap();
            let proof = Consistency::parse(&proof.to_json()).unwrap();
            let shown = proof.verify(&trusted).unwrap();
            assert_eq!(shown, (old.clone(), new.clone()));
            if let Some(later) = all.get(at + 1) {
                let swapped = proof.to_json().replace(
                    &serde_json::to_string(&new.to_string()).unwrap(),
                    &serde_json::to_string(&later.to_string()).unwrap(),
                );
                let bent = Consistency::parse(&swapped).unwrap();
                assert_eq!(bent.verify(&trusted), Err(ProofError::Wrong));
            }
        }
    }
    let other = written(&key);
    let foreign = checkpoints(&other).remove(0);
    let proof = prove_consistency(&world.path(), &foreign, None);
    assert_eq!(proof, Err(ProofError::OtherTrail));
    let under = prove_inclusion(&world.path(), 2, Some(&foreign));
    assert_eq!(under, Err(ProofError::OtherTrail));
}

#[test]
fn a_trail_without_a_checkpoint_and_one_that_is_broken_prove_nothing() {
    let world = World::new();
    let audit = world.open();
    audit.write_blocking(record()).unwrap();
    let proof = prove_inclusion(&world.path(), 1, None);
    assert_eq!(proof, Err(ProofError::Uncovered(1)));
    drop(audit);
    let key = key(1);
    write(&world, &key, 20);
    let path = &world.segments()[0];
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, text.replacen("ada", "eve", 1)).unwrap();
    let proof = prove_inclusion(&world.path(), 1, None);
    assert!(matches!(
        proof,
        Err(ProofError::Trail(Trouble::Broken { .. }))
    ));
}
