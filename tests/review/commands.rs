//! The commands for people: what they find, and by which exit code they say so.

use std::os::unix::fs::PermissionsExt;

use harness::Era;
use harness::World;
use serde_json::Value;
use serde_json::json;

use super::company;
use super::review;
use super::segments;

/// A trail of small files with a configured key, and what `keygen` printed of it.
pub(super) fn signed() -> (World, String) {
    let world = company();
    let made = review(&world, &["keygen", "{dir}/sign.key"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let text = world.read("config.toml");
    let audit = "[guard.audit]\nrotate-bytes = 65536\nsigning-key = \"file:{dir}/sign.key\"\n";
    world.file("config.toml", format!("{audit}{text}"));
    world.file(
        "prune.toml",
        "[guard.audit]\nsigning-key = \"file:{dir}/sign.key\"\n",
    );
    let mut raw = world.start(
        Era::Modern,
        &[
            "--audit={dir}/audit",
            "--config={dir}/config.toml",
            "--policy={dir}/policy.toml",
            "--subject=stan",
        ],
    );
    for _ in 0..200 {
        raw.call("read_file", json!({"path": "docs/plan.md"})).ok();
    }
    assert_eq!(raw.close().code, Some(0));
    (world, made.stdout.trim().to_owned())
}

#[test]
fn a_key_is_made_once_for_its_owner_and_the_trail_verifies_with_it() {
    let (world, key) = signed();
    let mode = world
        .path("sign.key")
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let secret = world.read("sign.key");
    assert!(!key.contains(secret.trim_end().splitn(5, '+').last().unwrap()));
    let again = review(&world, &["keygen", "{dir}/sign.key"]);
    assert_eq!(again.code, Some(3), "{}", again.stderr);
    assert_eq!(world.read("sign.key"), secret, "never over an existing one");
    assert_eq!(
        review(&world, &["keygen", "{dir}/x", "--name=a b"]).code,
        Some(2)
    );
    // with the key, by text or file, all is well; without it is said what is not excluded
    world.file("keys.txt", format!("# of the servers\n{key}\n"));
    for given in [&*format!("--key={key}"), "--key={dir}/keys.txt"] {
        let ran = review(&world, &["verify", given]);
        assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
        assert!(
            ran.stdout.starts_with("ok\n") && ran.stdout.contains("not excluded:"),
            "{}",
            ran.stdout
        );
    }
    let ran = review(&world, &["verify", "--json"]);
    assert_eq!(ran.code, Some(10), "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["verdict"], "ok-unanchored");
    assert!(
        report["not_excluded"][0]
            .as_str()
            .unwrap()
            .contains("no key"),
        "{report}"
    );
    // another key has signed nothing of it
    let other = review(&world, &["keygen", "{dir}/other.key"]).stdout;
    let ran = review(&world, &["verify", &format!("--key={}", other.trim())]);
    assert!(ran.code >= Some(10), "{}", ran.stdout);
}

#[test]
fn l3_what_was_changed_has_its_exit_code_and_its_place() {
    let (world, key) = signed();
    let key = format!("--key={key}");
    let files = segments(&world.path("audit"));
    assert!(files.len() > 2);
    let second = std::fs::read(&files[1]).unwrap();
    let changed = String::from_utf8(second.clone())
        .unwrap()
        .replacen("\"stan\"", "\"adam\"", 1);
    std::fs::write(&files[1], changed).unwrap();
    let ran = review(&world, &["verify", &key]);
    assert_eq!(ran.code, Some(13), "{}", ran.stdout);
    let name = files[1].file_name().unwrap().to_str().unwrap();
    assert!(
        ran.stdout.contains(name) && ran.stderr.contains("broken"),
        "{ran:?}"
    );
    let shown = review(&world, &["show"]);
    assert_eq!(shown.code, Some(13));
    assert_eq!(
        shown
            .stdout
            .lines()
            .filter(|line| line.starts_with("! not whole"))
            .count(),
        1
    );
    assert!(shown.stdout.lines().count() > 200, "reading goes on");
    // a file between is gone
    std::fs::remove_file(&files[1]).unwrap();
    let ran = review(&world, &["verify", &key]);
    assert_eq!(ran.code, Some(14), "{}", ran.stdout);
    // whole again; then the end is cut off
    std::fs::write(&files[1], second).unwrap();
    let last = files.last().unwrap();
    let text = std::fs::read_to_string(last).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    std::fs::write(last, format!("{}\n", lines[..lines.len() / 2].join("\n"))).unwrap();
    let ran = review(&world, &["verify", &key]);
    assert_eq!(ran.code, Some(14), "{}", ran.stdout);
}

#[test]
fn one_record_is_proven_with_nothing_but_the_key() {
    let (world, key) = signed();
    let trail = world.trail();
    let record = trail.outcomes().nth(50).unwrap();
    let seq = record["seq"].to_string();
    let proof = review(&world, &["prove", &seq]);
    assert_eq!(proof.code, Some(0), "{}", proof.stderr);
    let by_id = review(&world, &["prove", record["id"].as_str().unwrap()]);
    assert_eq!(by_id.stdout, proof.stdout);
    world.file("proof.json", &proof.stdout);
    // without the trail
    std::fs::rename(world.path("audit"), world.path("gone")).unwrap();
    let key = format!("--key={key}");
    let check = |file: &str| review(&world, &["prove", "--check", file, &key]);
    let ran = check("{dir}/proof.json");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("proven: "), "{}", ran.stdout);
    assert!(ran.stdout.contains("stan"), "{}", ran.stdout);
    // one letter of it changed
    world.file("forged.json", proof.stdout.replacen("stan", "adam", 1));
    assert_eq!(check("{dir}/forged.json").code, Some(20));
    world.file("noise.json", "{}");
    assert_eq!(check("{dir}/noise.json").code, Some(20));
    assert_eq!(
        review(&world, &["prove", "--check", "{dir}/proof.json"]).code,
        Some(2)
    );
    std::fs::rename(world.path("gone"), world.path("audit")).unwrap();
    for absent in ["999999", "019df804-5a00-7000-8000-000000000000"] {
        assert_eq!(
            review(&world, &["prove", absent]).code,
            Some(21),
            "{absent}"
        );
    }
    assert_eq!(review(&world, &["prove", "fs://docs"]).code, Some(2));
}

#[test]
fn retention_removes_whole_files_and_says_so_in_the_trail() {
    let (world, key) = signed();
    let key = format!("--key={key}");
    let before = segments(&world.path("audit"));
    let prune = |more: &[&str]| {
        let mut all = vec!["prune", "--config={dir}/prune.toml"];
        all.extend(more);
        review(&world, &all)
    };
    for (wrong, code) in [
        (&[][..], 2),
        (&["--keep-days=0"], 2),
        (&["--before=2999-01-01T00:00:00Z"], 2),
        (&["--keep-days=1", "--before=2020-01-01T00:00:00Z"], 2),
        (&["--keep-days=1", "--label-keep=secret=3d"], 2),
    ] {
        assert_eq!(prune(wrong).code, Some(code), "{wrong:?}");
    }
    let ran = prune(&["--keep-days=30"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "removed nothing\n"),
        "{}",
        ran.stderr
    );
    // instants are whole seconds here: what was recorded must lie before this one
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let now = String::from_utf8(
        std::process::Command::new("date")
            .args(["-u", "+%Y-%m-%dT%H:%M:%SZ"])
            .output()
            .unwrap()
            .stdout,
    )
    .unwrap();
    let instant = format!("--before={}", now.trim());
    // records of this label are kept, and with them everything after them
    let kept = prune(&[&instant, "--label-keep=internal=30d"]);
    assert_eq!(kept.stdout, "removed nothing\n", "{}", kept.stderr);
    let dry = prune(&[&instant, "--dry-run"]);
    assert!(
        dry.stdout.starts_with("would remove "),
        "{}{}",
        dry.stdout,
        dry.stderr
    );
    let all_there = before.iter().all(|segment| segment.exists());
    assert!(all_there, "nothing was removed yet");
    let ran = prune(&[&instant]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ran.stdout, dry.stdout.replace("would remove", "removed"));
    // what the prunes themselves recorded may have begun new ones
    assert!(!before[0].exists(), "the oldest is gone");
    let verified = review(&world, &["verify", &key, "--json"]);
    let report: Value = serde_json::from_str(&verified.stdout).unwrap();
    assert_eq!(report["verdict"], "pruned-ok", "{report}");
    assert_eq!(verified.code, Some(11));
    let shown = review(&world, &["show", "--kind=admin"]);
    assert!(shown.stdout.contains(" prune "), "{}", shown.stdout);
}

#[test]
fn filters_and_forms_of_show() {
    let (world, _) = signed();
    let count = |more: &[&str]| {
        let mut all = vec!["show"];
        all.extend(more);
        let ran = review(&world, &all);
        assert_eq!(ran.code, Some(0), "{more:?}: {}", ran.stderr);
        ran.stdout.lines().count()
    };
    assert_eq!(count(&["--tool=read_file"]), 200);
    assert_eq!(
        count(&[
            "--tool=read_*",
            "--principal=st*",
            "--resource=*plan*",
            "--label=internal"
        ]),
        200
    );
    assert_eq!(count(&["--tool=read_file", "--principal=hanna"]), 0);
    assert_eq!(count(&["--tool=read_file", "--outcome=denied"]), 0);
    assert_eq!(count(&["--tool=read_file", "--last=7"]), 7);
    assert_eq!(count(&["--until=2020-01-01T00:00:00Z"]), 0);
    assert!(count(&["--since=2020-01-01T00:00:00Z"]) > 200);
    assert!(count(&["--tool=read_file", "--last=1", "--long"]) > 20);
    // the last are the last
    let all = review(&world, &["show", "--json"]).stdout;
    let last = review(&world, &["show", "--json", "--last=150"]).stdout;
    assert!(all.ends_with(&last) && last.lines().count() == 150);
    let written: String = segments(&world.path("audit"))
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    assert!(
        all.lines().all(|line| written.contains(line)),
        "the lines as they are"
    );
    assert_eq!(review(&world, &["show", "--last=0"]).code, Some(2));
    assert_eq!(review(&world, &["show", "--json", "--long"]).code, Some(2));
}
