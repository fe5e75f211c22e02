//! Disks that are full, closed, or the wrong ones.

use std::path::Path;
use std::process::Command;

use harness::Era;
use harness::Raw;
use harness::World;
use harness::bin;
use harness::loudly;
use harness::run;
use serde_json::json;

use super::world;

/// A small file system in memory, taken off on drop.
struct Small<'a>(&'a Path);

impl<'a> Small<'a> {
    fn mount(to: &'a Path, size: &str) -> Option<Self> {
        let options = format!("size={size},mode=700");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "none"]).arg(to);
        let done = mount.output().is_ok_and(|output| output.status.success());
        done.then_some(Self(to))
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.0).status().ok();
    }
}

/// Reads until a read is refused; gives how many were answered.
fn read_until_refused(raw: &mut Raw) -> u64 {
    for answered in 0..20_000 {
        let answer = raw.call("read_file", json!({"path": "docs/small.txt"}));
        if !answer.is_ok() {
            assert!(
                !answer.0.to_string().contains("small\\n"),
                "no data: {}",
                answer.short()
            );
            let code = answer.code().unwrap().to_owned();
            assert!(
                ["unavailable", "failed"].contains(&code.as_str()),
                "{}",
                answer.short()
            );
            return answered;
        }
    }
    panic!("the disk was never full");
}

#[test]
fn l2_a_full_disk_gives_no_answer_without_its_record() {
    let world = world();
    world.dir("audit");
    let audit = world.path("audit");
    let Some(small) = Small::mount(&audit, "3m") else {
        loudly("full disks: this user may not mount; a file size limit is tried instead");
        return;
    };
    world.file("config.toml", "[guard.audit]\nlow-water-bytes = 0\n");
    let arguments = [
        "--audit={dir}/audit",
        "--config={dir}/config.toml",
        "docs={dir}/root",
    ];
    let mut raw = world.start(Era::Modern, &arguments);
    let answered = read_until_refused(&mut raw);
    assert!(answered > 0);
    // it stays so while the disk is full, and the records that there are hold
    assert!(
        !raw.call("read_file", json!({"path": "docs/small.txt"}))
            .is_ok()
    );
    let reads = world.trail();
    let allowed = reads
        .outcomes()
        .filter(|r| r["outcome"] == "allowed")
        .count();
    assert!(
        allowed as u64 >= answered,
        "{allowed} records, {answered} answers"
    );
    drop(raw);
    drop(small);
}

#[test]
fn l2_room_again_means_answers_again() {
    let world = world();
    world.dir("audit");
    let audit = world.path("audit");
    let Some(_small) = Small::mount(&audit, "3m") else {
        return;
    };
    world.file("config.toml", "[guard.audit]\nlow-water-bytes = 0\n");
    let arguments = [
        "--audit={dir}/audit",
        "--config={dir}/config.toml",
        "docs={dir}/root",
    ];
    let mut raw = world.start(Era::Modern, &arguments);
    let filler = vec![0; 600 << 10];
    world.file("audit-filler", "");
    std::fs::write(audit.join("filler"), &filler).ok();
    read_until_refused(&mut raw);
    std::fs::remove_file(audit.join("filler")).unwrap();
    let again = || {
        raw.call("read_file", json!({"path": "docs/small.txt"}))
            .is_ok()
            .then_some(())
    };
    harness::until(harness::PATIENCE, again).expect("it answers again");
    drop(raw);
    world.trail();
}

#[test]
fn l2_a_limit_on_file_sizes_gives_no_answer_without_its_record() {
    let world = world();
    // `ulimit -f` counts KiB here; the ballast alone takes a MiB
    let server = bin("readonly-fs").display().to_string();
    let here = world.path("").display().to_string();
    let script =
        format!("trap '' XFSZ; ulimit -f 1100; exec {server} --audit={here}audit docs={here}root");
    let mut command = Command::new("bash");
    command.args(["-c", &script]);
    let mut raw = Raw::spawn(&mut command, Era::Modern);
    raw.listen();
    read_until_refused(&mut raw);
    drop(raw);
    world.trail();
}

#[test]
fn l2_a_trail_that_cannot_be_kept_keeps_the_server_from_starting() {
    let world = world();
    world.file("a-file", "x");
    world
        .dir("shared-with-others")
        .mode("shared-with-others", 0o777);
    for audit in [
        "/proc/audit",
        "/sys/audit",
        "{dir}/a-file",
        "{dir}/a-file/audit",
        "{dir}/shared-with-others",
    ] {
        let audit = format!("--audit={audit}");
        let ran = run(
            &bin("readonly-fs"),
            &world.arguments(&[&audit, "docs={dir}/root"]),
        );
        assert_eq!(ran.code, Some(3), "{audit}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn l2_a_trail_that_vanishes_gives_no_answer() {
    let world = world();
    let mut raw = world.serve();
    raw.call("read_file", json!({"path": "docs/small.txt"}))
        .ok();
    std::fs::rename(world.path("audit"), world.path("audit-moved")).unwrap();
    let answer = raw.call("read_file", json!({"path": "docs/other.txt"}));
    assert!(!answer.is_ok(), "{}", answer.short());
    assert!(!answer.0.to_string().contains("other\\n"));
    drop(raw);
}

#[test]
fn l2_a_segment_that_is_cut_or_replaced_under_the_server_gives_no_answer() {
    let segment = |world: &World| {
        let files = std::fs::read_dir(world.path("audit")).unwrap();
        let mut files = files.map(|entry| entry.unwrap().path());
        files
            .find(|path| path.extension().is_some_and(|e| e == "jsonl"))
            .unwrap()
    };
    for cut in [true, false] {
        let world = world();
        let mut raw = world.serve();
        raw.call("read_file", json!({"path": "docs/small.txt"}))
            .ok();
        let path = segment(&world);
        if cut {
            std::fs::OpenOptions::new()
                .write(true)
                .open(&path)
                .unwrap()
                .set_len(10)
                .unwrap();
        } else {
            let copy = std::fs::read(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            std::fs::write(&path, copy).unwrap();
        }
        let answer = raw.call("read_file", json!({"path": "docs/other.txt"}));
        let told = answer.0.to_string().contains("other\\n");
        assert!(
            !told || harness::verify(&world.path("audit")).is_ok(),
            "cut {cut}: {}",
            answer.short()
        );
    }
}

#[test]
fn l4_a_trail_inside_a_served_root_is_refused_at_start() {
    let world = world();
    world.dir("root/sub").link("door", "root");
    for (audit, root) in [
        ("{dir}/root/audit", "docs={dir}/root"),
        ("{dir}/root/sub/audit", "docs={dir}/root"),
        ("{dir}/root", "docs={dir}/root"),
        ("{dir}/door/audit", "docs={dir}/root"),
        ("{dir}/root/audit", "docs={dir}/door"),
        ("{dir}/root/../root/audit", "docs={dir}/root"),
        ("{dir}/audit", "docs={dir}"),
        ("{dir}/audit", "docs=/"),
    ] {
        let audit_argument = format!("--audit={audit}");
        let ran = run(
            &bin("readonly-fs"),
            &world.arguments(&[&audit_argument, root]),
        );
        assert!(
            matches!(ran.code, Some(2 | 3)),
            "{audit} {root}: {:?} {}",
            ran.code,
            ran.stderr
        );
        assert_eq!(ran.stdout, "", "{audit} {root}");
    }
    assert!(
        !world.path("root/audit").exists(),
        "nothing is made inside a root"
    );
}
