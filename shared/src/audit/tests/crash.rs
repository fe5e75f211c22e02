//! A process may be killed at any moment: what it was told is durable is there afterwards.

use std::env;
use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use super::*;

/// Starts this test binary again, to play `role` on the trail in `dir`.
pub(super) fn child(role: &str, dir: &Path) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    start(command.args(ARGUMENTS), role, dir)
}

/// The same below a shell that runs `script` first; there `"$@"` starts the test binary.
pub(super) fn child_under(wrapper: &[&str], script: &str, role: &str, dir: &Path) -> Child {
    let (program, arguments) = wrapper.split_first().unwrap();
    let mut command = Command::new(program);
    command.args(arguments).args(["sh", "-c", script, "sh"]);
    command.arg(env::current_exe().unwrap());
    start(command.args(ARGUMENTS), role, dir)
}

/// The same as [`child`], with `more` in its environment.
pub(super) fn child_with(role: &str, dir: &Path, more: (&str, &str)) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    start(command.args(ARGUMENTS).env(more.0, more.1), role, dir)
}

fn start(command: &mut Command, role: &str, dir: &Path) -> Child {
    let command = command.env(ROLE, role).env(DIR, dir);
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

const ARGUMENTS: [&str; 4] = [
    "--exact",
    "audit::tests::crash::a_process",
    "--nocapture",
    "--include-ignored",
];
const ROLE: &str = "KEYHOLE_TEST_ROLE";
pub(super) const DIR: &str = "KEYHOLE_TEST_DIR";

/// The words that a child said, without what the test harness says around them.
pub(super) fn said(child: &mut Child) -> Vec<String> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let lines = lines.map_while(Result::ok);
    lines
        .filter_map(|line| Some(line.split_once("said ")?.1.to_owned()))
        .collect()
}

pub(super) fn say(word: &str) {
    // one write a line, so that no two threads mix theirs
    std::io::stdout()
        .write_all(format!("said {word}\n").as_bytes())
        .unwrap();
}

#[test]
#[ignore = "not a test: what other tests start as a process of its own"]
fn a_process() {
    let Ok(role) = env::var(ROLE) else { return };
    let dir = PathBuf::from(env::var(DIR).unwrap());
    let small = Settings {
        rotate_bytes: 20_000,
        ..settings(&dir)
    };
    let audit = || Audit::open(small.clone(), origin(), now()).unwrap();
    match role.as_str() {
        "write for ever" => {
            let audit = audit();
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        loop {
                            acknowledged(&audit, record());
                        }
                    });
                }
            });
        }
        "write fifty" => {
            let audit = audit();
            for _ in 0..50 {
                acknowledged(&audit, record());
            }
            audit.close(now()).unwrap();
        }
        "leave intents" => {
            let audit = audit();
            for turn in 0..60 {
                let intent = Record {
                    phase: Some(Phase::Intent),
                    outcome: None,
                    ..record()
                };
                let id = intent.id;
                acknowledged(&audit, intent);
                if turn % 2 == 0 {
                    let outcome = Record {
                        phase: Some(Phase::Outcome),
                        intent: Some(id),
                        ..record()
                    };
                    audit.write_blocking(outcome).unwrap();
                    say(&format!("ended {id}"));
                }
            }
            say("ready");
            std::thread::sleep(Duration::from_secs(600));
        }
        "fill the file" => failure::fill(&audit(), 200),
        "sink to the ballast" => failure::sink_to_the_ballast(&dir),
        "fill the disk" => failure::fill_the_disk(&dir),
        "soak" => soak::write(&dir),
        "lose the disk" => soak::lose_the_disk(&dir),
        other => panic!("no role {other}"),
    }
}

fn acknowledged(audit: &Audit, record: Record<'_>) {
    let id = record.id;
    audit.write_blocking(record).unwrap();
    say(&id.to_string());
}

#[test]
fn l2_after_a_kill_at_any_moment_everything_acknowledged_is_there() {
    let world = World::new();
    let mut acknowledged = BTreeSet::new();
    for turn in 0..12_u64 {
        let mut child = child("write for ever", &world.path());
        let out = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            let lines = BufReader::new(out).lines().map_while(Result::ok);
            lines
                .filter_map(|line| Some(line.split_once("said ")?.1.to_owned()))
                .collect::<Vec<_>>()
        });
        std::thread::sleep(Duration::from_millis(60 + 37 * turn % 150));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.extend(reader.join().unwrap());
        let verdict = world.verify().verdict;
        assert!(
            matches!(verdict.name(), "ok-unanchored" | "torn-tail"),
            "{verdict}"
        );
    }
    world.open().close(now()).unwrap();
    let found = world.ids();
    assert!(
        acknowledged.len() > 100,
        "only {} records",
        acknowledged.len()
    );
    let missing: Vec<&String> = acknowledged.difference(&found).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert_eq!(
        files(&world.path(), ".instance").len(),
        0,
        "the dead are buried"
    );
}

#[test]
fn l2_intents_of_a_killed_process_end_as_unknown_once() {
    let world = World::new();
    let mut child = child("leave intents", &world.path());
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut open = BTreeSet::new();
    loop {
        let line = out.next().expect("the child ends too early").unwrap();
        let Some((_, word)) = line.split_once("said ") else {
            continue;
        };
        match word.strip_prefix("ended ") {
            Some(id) => assert!(open.remove(id)),
            None if word == "ready" => break,
            None => assert!(open.insert(word.to_owned())),
        }
    }
    let bystander = world.open();
    assert_eq!(unknown(&world).len(), 0, "its process lives");
    child.kill().unwrap();
    child.wait().unwrap();
    for _ in 0..2 {
        world.open().close(now()).unwrap();
        assert_eq!(unknown(&world), open.iter().cloned().collect::<Vec<_>>());
    }
    assert_eq!(open.len(), 30);
    bystander.close(now()).unwrap();
    assert!(
        world.segments().len() > 1,
        "the recovery read over several segments"
    );
}

/// What is said to have ended nobody knows how, sorted.
fn unknown(world: &World) -> Vec<String> {
    let lines = world.lines();
    let found = lines.iter().filter(|line| line["outcome"] == "unknown");
    let mut ids: Vec<String> = found
        .map(|line| line["ref"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

#[test]
fn an_intent_without_an_end_is_unknown_when_its_process_closes() {
    let world = World::new();
    let audit = world.open();
    let intent = Record {
        phase: Some(Phase::Intent),
        ..record()
    };
    let id = intent.id.to_string();
    audit.write_blocking(intent).unwrap();
    audit.close(now()).unwrap();
    assert_eq!(unknown(&world), [id]);
    assert_eq!(files(&world.path(), ".instance").len(), 0);
}

#[test]
fn l2_a_torn_end_is_set_aside_at_every_length_and_nothing_before_it() {
    let world = World::new();
    let audit = world.open();
    audit.write_blocking(record()).unwrap();
    audit.close(now()).unwrap();
    let lock = world.path().join(mark::NAME);
    let (path, old_mark) = (world.segments()[0].clone(), fs::read(&lock).unwrap());
    let start = fs::metadata(&path).unwrap().len();
    world.open().close(now()).unwrap();
    let (whole, key) = (
        fs::read(&path).unwrap(),
        fs::read(world.path().join("hmac.key")).unwrap(),
    );
    let first = usize::try_from(start).unwrap();

    for end in (first..=whole.len()).step_by(13) {
        // a crash of the machine: the mark is older, and the end came to the disk in part
        fs::write(&path, &whole[..end]).unwrap();
        fs::write(&lock, &old_mark).unwrap();
        let kept = whole[..end]
            .iter()
            .rposition(|&byte| byte == b'\n')
            .unwrap()
            + 1;
        let torn = &whole[kept..end];
        let expected = if torn.is_empty() {
            "ok-unanchored"
        } else {
            "torn-tail"
        };
        assert_eq!(world.verify().verdict.name(), expected);
        world.open().close(now()).unwrap();
        assert_eq!(world.verify().verdict, Verdict::OkUnanchored);
        assert_eq!(&fs::read(&path).unwrap()[..kept], &whole[..kept]);
        let asides = files(&world.path(), ".torn");
        assert_eq!(asides.len(), usize::from(!torn.is_empty()));
        if let [aside] = asides.as_slice() {
            assert_eq!(fs::read(aside).unwrap(), torn);
            let lines = world.lines();
            let event = lines
                .iter()
                .find(|line| line["action"] == "recover")
                .unwrap();
            assert_eq!(event["torn.bytes"], torn.len());
            let mut digest = Vec::new();
            chain::push_hex(&mut digest, &<sha2::Sha256 as sha2::Digest>::digest(torn));
            assert_eq!(event["digest"], str::from_utf8(&digest).unwrap());
            fs::remove_file(aside).unwrap();
        }
    }
    assert_eq!(fs::read(world.path().join("hmac.key")).unwrap(), key);
}

#[test]
fn a_lost_mark_is_made_anew_and_recorded() {
    let world = World::new();
    world.open().close(now()).unwrap();
    fs::remove_file(world.path().join(mark::NAME)).unwrap();
    world.open().close(now()).unwrap();
    assert!(world.verify().marked);
    assert_eq!(
        world.actions(),
        ["open", "close", "recover", "open", "close"]
    );
}

#[test]
fn a_crash_between_making_a_segment_and_its_head_is_no_gap() {
    let world = World::new();
    world.open().close(now()).unwrap();
    let next = world.segments()[0]
        .to_str()
        .unwrap()
        .replace("000001", "000002");
    for torn in ["", "{\"v\":1,\"t\":\"he"] {
        fs::write(&next, torn).unwrap();
        failure::chmod(Path::new(&next), 0o600);
        world.open().close(now()).unwrap();
        assert_eq!(world.verify().verdict, Verdict::OkUnanchored);
        assert_eq!(world.segments().len(), 2);
        break_off(&world, &next);
    }
}

/// Back to one segment.
fn break_off(world: &World, next: &str) {
    fs::remove_file(next).unwrap();
    fs::remove_file(world.path().join(mark::NAME)).unwrap();
    world.open().close(now()).unwrap();
}
