//! A second verifier, in another language and by the format alone, comes to the same verdicts.

use std::env;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use super::checkpoints::key;
use super::checkpoints::keys;
use super::*;

/// A small deterministic source of choices.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// A trail of random shape, closed; then perhaps pruned, and without its mark, for the other
/// verifier does not read it.
fn random(world: &World, dice: &mut Dice) {
    let (old, new) = (key(1), key(2));
    let settings = |signing: &Arc<SigningKey>, former: Option<&Arc<SigningKey>>| Settings {
        rotate_bytes: 4000 + 1000 * (world.path().as_os_str().len() as u64 % 7),
        checkpoint_lines: 6,
        signing_key: Some(Arc::clone(signing)),
        former_key: former.map(Arc::clone),
        ..world.settings()
    };
    let rounds = 1 + dice.below(2);
    for round in 0..rounds {
        let settings = if round == 0 {
            settings(&old, None)
        } else {
            settings(&new, Some(&old).filter(|_| dice.below(3) > 0))
        };
        let audit = Audit::open(settings, origin(), now()).unwrap();
        for _ in 0..dice.below(20) {
            audit.write_blocking(record()).unwrap();
        }
        audit.close(now()).unwrap();
    }
    if dice.below(5) == 0 {
        let keep = Retention {
            default: TimeDelta::days(1),
            levels: BTreeMap::new(),
            categories: BTreeMap::new(),
        };
        let key = if rounds == 1 { &old } else { &new };
        prune(
            settings(key, None),
            origin(),
            &keep,
            now() + TimeDelta::days(9),
        )
        .unwrap();
    }
    world.without_mark();
}

/// Does one thing that must not be done.
fn tamper(world: &World, dice: &mut Dice) {
    let segments = world.segments();
    let path = &segments[dice.below(segments.len())];
    let text = fs::read_to_string(path).unwrap();
    let mut lines: Vec<String> = text.lines().map(|line| format!("{line}\n")).collect();
    let (one, two) = (dice.below(lines.len()), dice.below(lines.len()));
    let sealed = |line: &str, body: &dyn Fn(&str) -> String| {
        let opened = chain::open(line.trim_end().as_bytes()).unwrap();
        let (seq, hash) = (opened.link.seq - 1, opened.prev);
        let mut out = Vec::new();
        let body = body(str::from_utf8(opened.body).unwrap());
        chain::seal(&mut out, opened.what, Link { seq, hash }, body.as_bytes());
        String::from_utf8(out).unwrap()
    };
    match dice.below(12) {
        0 => drop(lines.remove(one)),
        1 => lines.swap(one, two),
        2 => lines.insert(one, lines[two].clone()),
        3 => lines.truncate(one),
        4 => lines[one] = lines[one].replacen("2026", "2027", 1),
        5 => {
            let length = lines[one].len();
            lines[one].truncate(dice.below(length));
        }
        // a line that is whole in itself, and so perhaps a fork, or the wrong frontier
        6 => lines[one] = sealed(&lines[one], &|body| body.replacen("2026", "2027", 1)),
        7 => lines.insert(
            one,
            sealed(&lines[two], &|body| body.replacen("2026", "2025", 1)),
        ),
        8 => lines[one] = sealed(&lines[one], &|body| body.replacen("key-", "yek-", 1)),
        9 => {
            lines[one] = sealed(&lines[one], &|body| {
                body.replacen("\"tree.size\":1", "\"tree.size\":2", 1)
            })
        }
        10 => {
            fs::remove_file(path).unwrap();
            return;
        }
        _ => {
            let other = &segments[dice.below(segments.len())];
            lines = vec![fs::read_to_string(other).unwrap()];
        }
    }
    fs::write(path, lines.concat()).unwrap();
}

/// Where python is, or none and a loud word. `KEYHOLE_FOREIGN` makes that a failure.
fn python() -> Option<&'static str> {
    let there = Command::new("python3").arg("--version").output();
    if there.is_ok_and(|output| output.status.success()) {
        return Some("python3");
    }
    let must = env::var("KEYHOLE_FOREIGN");
    let must = must.is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    assert!(!must, "python3 is missing");
    let mut loud = std::io::stderr();
    loud.write_all(b"the second verifier was not asked: python3 is missing\n")
        .unwrap();
    None
}

#[test]
fn l3_a_verifier_in_another_language_agrees_on_every_trail() {
    let Some(python) = python() else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/audit/verify.py");
    let mut dice = Dice(20_260_102);
    let worlds: Vec<World> = (0..240).map(|_| World::new()).collect();
    for (number, world) in worlds.iter().enumerate() {
        random(world, &mut dice);
        if number % 4 > 0 {
            tamper(world, &mut dice);
        }
    }
    let mut names = BTreeMap::new();
    for (given, trust) in [(None, Trust::default()), (Some(key(1)), keys(&[&key(1)]))] {
        let mut command = Command::new(python);
        command.arg(&script);
        if let Some(key) = given {
            command.arg("--key").arg(key.verifier().to_string());
        }
        command.args(worlds.iter().map(World::path).collect::<Vec<PathBuf>>());
        let output = command.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        let theirs = String::from_utf8(output.stdout).unwrap();
        assert_eq!(theirs.lines().count(), worlds.len());
        for (world, theirs) in worlds.iter().zip(theirs.lines()) {
            let ours = world.verify_with(&trust).verdict;
            let text = ours.to_string();
            // they name the place, and leave the reason to us
            let same = text == theirs
                || text
                    .strip_prefix(theirs)
                    .is_some_and(|rest| rest.starts_with(':'));
            assert!(same, "{text} / {theirs} in {}", world.path().display());
            *names.entry(ours.name()).or_insert(0) += 1;
        }
    }
    for name in [
        "ok",
        "ok-unanchored",
        "pruned-ok",
        "torn-tail",
        "broken",
        "truncated",
        "forked",
    ] {
        assert!(
            names.get(name).is_some_and(|count| *count > 2),
            "{name}: {names:?}"
        );
    }
}
