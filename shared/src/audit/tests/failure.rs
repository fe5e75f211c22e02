//! Where the disk or the directory fails, no record is acknowledged, and none is lost that was.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::io::Errno;

use super::crash::DIR;
use super::crash::child_under;
use super::crash::said;
use super::crash::say;
use super::*;
use crate::audit::disk::Failure;

pub(super) fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Writes one record that must fail, and tells why it did.
fn fails(audit: &Audit) -> String {
    let fault = audit.write_blocking(record()).unwrap_err();
    assert!(!audit.healthy());
    assert_eq!(fault.to_string(), "could not write the audit record");
    fault.chain()
}

#[test]
fn l2_after_any_failure_the_next_record_is_written_properly() {
    for failures in [
        vec![Failure::Write(0, Errno::NOSPC)],
        vec![Failure::Write(100, Errno::NOSPC)],
        vec![Failure::Write(usize::MAX, Errno::IO)],
        vec![Failure::Write(1, Errno::ROFS)],
        vec![Failure::Sync(Errno::IO)],
        vec![
            Failure::Write(100, Errno::NOSPC),
            Failure::Truncate(Errno::IO),
        ],
        vec![
            Failure::Write(usize::MAX, Errno::IO),
            Failure::Truncate(Errno::IO),
        ],
        vec![Failure::Sync(Errno::IO), Failure::Truncate(Errno::IO)],
    ] {
        let world = World::new();
        let disk = Disk::default();
        let audit = world.open_on(&disk);
        let (before, lost, after) = (record(), record(), record());
        let ids = [before.id, lost.id, after.id].map(|id| id.to_string());
        audit.write_blocking(before).unwrap();
        disk.fail(&failures);
        assert!(audit.write_blocking(lost).is_err(), "{failures:?}");
        assert!(!audit.healthy());
        assert_eq!(disk.to_come(), 0, "{failures:?}");
        audit.write_blocking(after).unwrap();
        assert!(audit.healthy());
        audit.close(now()).unwrap();
        let found = world.ids();
        assert!(
            found.contains(&ids[0]) && found.contains(&ids[2]),
            "{failures:?}"
        );
        assert!(!found.contains(&ids[1]), "{failures:?}");
        assert_eq!(world.actions(), ["open", "resume", "close"]);
        let distrusted = failures.iter().any(|one| matches!(one, Failure::Sync(_)));
        assert_eq!(world.segments().len(), if distrusted { 2 } else { 1 });
    }
}

#[test]
fn l2_as_long_as_the_disk_fails_every_record_is_refused() {
    let world = World::new();
    let disk = Disk::default();
    let audit = world.open_on(&disk);
    disk.fail(&[Failure::Write(10, Errno::NOSPC); 5]);
    let refused = (0..5)
        .filter(|_| audit.write_blocking(record()).is_err())
        .count();
    // the writer tries by itself once a second, which may use up one of the failures
    assert!(refused >= 4, "{refused}");
    audit.write_blocking(record()).unwrap();
    assert!(audit.healthy());
    assert_eq!(world.verify().records, 3);
}

#[test]
fn l2_a_failure_during_rotation_loses_nothing() {
    for skipped in 0..4 {
        for failure in [Failure::Write(50, Errno::NOSPC), Failure::Sync(Errno::IO)] {
            let world = World::new();
            let disk = Disk::default();
            let settings = Settings {
                rotate_bytes: 2500,
                ..world.settings()
            };
            let audit = Audit::open_on(disk.clone(), settings, origin(), now()).unwrap();
            let mut acknowledged = Vec::new();
            let mut failed = 0;
            for turn in 0..12 {
                if turn % 4 == skipped {
                    disk.fail(&[failure]);
                }
                let record = record();
                let id = record.id.to_string();
                match audit.write_blocking(record) {
                    Ok(()) => acknowledged.push(id),
                    Err(_) => failed += 1,
                }
            }
            audit.close(now()).unwrap();
            assert_eq!(failed, 3);
            let found = world.ids();
            assert!(acknowledged.iter().all(|id| found.contains(id)));
        }
    }
}

#[test]
fn readiness_comes_back_by_itself() {
    let world = World::new();
    let disk = Disk::default();
    let audit = world.open_on(&disk);
    disk.fail(&[Failure::Write(10, Errno::IO)]);
    fails(&audit);
    let until = Instant::now() + Duration::from_secs(10);
    while !audit.healthy() {
        assert!(Instant::now() < until, "not within ten seconds");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(world.actions(), ["open", "resume"]);
}

#[test]
fn l2_an_unlinked_a_replaced_and_a_locked_down_segment_are_noticed() {
    let world = World::new();
    let audit = world.open();
    audit.write_blocking(record()).unwrap();
    let path = world.segments().pop().unwrap();
    let aside = path.with_extension("aside");

    fs::rename(&path, &aside).unwrap();
    assert!(fails(&audit).contains("its end is missing"));
    fs::write(&path, "").unwrap();
    chmod(&path, 0o600);
    assert!(fails(&audit).contains("its end is missing"));
    fs::rename(&aside, &path).unwrap();
    audit.write_blocking(record()).unwrap();

    chmod(&path, 0o400);
    assert!(fails(&audit).contains("can be changed by other users") || !is_root());
    chmod(&path, 0o600);
    audit.write_blocking(record()).unwrap();

    fs::hard_link(&path, &aside).unwrap();
    assert!(fails(&audit).contains("can be changed by other users"));
    fs::remove_file(&aside).unwrap();
    audit.write_blocking(record()).unwrap();
    assert!(audit.healthy());
    assert_eq!(world.verify().verdict, Verdict::OkUnanchored);
}

#[test]
fn l2_a_removed_lock_and_a_removed_directory_are_noticed() {
    let world = World::new();
    let audit = world.open();
    let lock = world.path().join(mark::NAME);
    let aside = world.path().join("aside");
    fs::rename(&lock, &aside).unwrap();
    assert!(fails(&audit).contains("the lock was moved"));
    fs::rename(&aside, &lock).unwrap();
    audit.write_blocking(record()).unwrap();

    let moved = world.dir.path().join("moved");
    fs::rename(world.path(), &moved).unwrap();
    // the lock is looked for in the directory that was opened, so it is the directory that is missed
    assert!(fails(&audit).contains("the directory was moved"));
    fs::create_dir(world.path()).unwrap();
    assert!(fails(&audit).contains("the directory was moved"));
    fs::remove_dir(world.path()).unwrap();
    fs::rename(&moved, world.path()).unwrap();
    audit.write_blocking(record()).unwrap();

    fs::remove_dir_all(world.path()).unwrap();
    fails(&audit);
}

#[test]
fn a_directory_or_a_file_that_others_can_change_is_refused() {
    let world = World::new();
    world.open().close(now()).unwrap();
    for mode in [0o720, 0o702, 0o777] {
        chmod(&world.path(), mode);
        assert_eq!(world.trouble(), Trouble::Unsafe("the directory"));
    }
    chmod(&world.path(), 0o700);
    for name in [mark::NAME, "hmac.key"] {
        let path = world.path().join(name);
        chmod(&path, 0o644);
        assert_eq!(world.trouble(), Trouble::Unsafe("a file of the trail"));
        chmod(&path, 0o600);
    }
    let path = world.segments().pop().unwrap();
    let target = world.dir.path().join("target");
    fs::rename(&path, &target).unwrap();
    std::os::unix::fs::symlink(&target, &path).unwrap();
    assert!(matches!(
        world.trouble(),
        Trouble::System {
            cause: Errno::LOOP,
            ..
        }
    ));
    fs::rename(&target, &path).unwrap();
    world.open().close(now()).unwrap();
    for entry in files(&world.path(), "") {
        assert_eq!(
            fs::metadata(entry).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    assert_eq!(
        fs::metadata(world.path()).unwrap().permissions().mode() & 0o777,
        0o700
    );
}

#[test]
fn when_space_is_low_work_is_refused_and_denials_are_still_written() {
    let world = World::new();
    let settings = Settings {
        low_water_bytes: u64::MAX,
        ..world.settings()
    };
    let audit = Audit::open(settings, origin(), now()).unwrap();
    assert!(fails(&audit).contains("too little space"));
    let mut denied = record();
    denied.outcome = Some(Outcome::Denied);
    let id = denied.id.to_string();
    audit.write_blocking(denied).unwrap();
    assert!(!audit.healthy());
    assert!(world.ids().contains(&id));
}

#[test]
fn l2_on_a_full_disk_the_ballast_takes_the_last_denials() {
    let world = World::new();
    let disk = Disk::default();
    let settings = Settings {
        low_water_bytes: 1,
        ballast_bytes: 1 << 20,
        ..world.settings()
    };
    let audit = Audit::open_on(disk.clone(), settings, origin(), now()).unwrap();
    audit.write_blocking(record()).unwrap();
    let ballast = world.path().join("ballast");
    assert_eq!(fs::metadata(&ballast).unwrap().len(), 1 << 20);
    disk.fail(&[Failure::Write(64, Errno::NOSPC)]);
    audit.write_blocking(record()).unwrap();
    assert_eq!(disk.to_come(), 0);
    assert_eq!(fs::metadata(&ballast).unwrap().len(), 0);
    disk.fail(&[Failure::Write(64, Errno::NOSPC); 2]);
    let until_refilled = audit.write_blocking(record());
    assert!(
        until_refilled.is_err(),
        "refilled, released, and full again"
    );
    assert_eq!(world.verify().verdict, Verdict::OkUnanchored);
}

#[test]
fn l2_a_file_that_may_not_grow_refuses_and_keeps_what_was_acknowledged() {
    let world = World::new();
    // the signal is ignored, so the write fails with EFBIG after it stored a part
    let script = "trap '' XFSZ; ulimit -f 20; exec \"$@\"";
    let mut child = child_under(&["env"], script, "fill the file", &world.path());
    let words = said(&mut child);
    assert!(child.wait().unwrap().success());
    let (acknowledged, refused): (Vec<_>, Vec<_>) =
        words.iter().partition(|word| *word != "refused");
    assert!(acknowledged.len() > 5 && refused.len() > 5, "{words:?}");
    let found = world.ids();
    assert!(acknowledged.iter().all(|id| found.contains(*id)));
    world.open().write_blocking(record()).unwrap();
    assert_eq!(world.verify().verdict, Verdict::OkUnanchored);
}

#[test]
fn l2_a_full_and_a_read_only_disk_refuse_and_keep_what_was_acknowledged() {
    let world = World::new();
    fs::create_dir(world.path()).unwrap();
    let wrapper: &[&str] = if is_root() {
        &["unshare", "-m"]
    } else {
        &["unshare", "-Urm"]
    };
    let script = format!("mount -t tmpfs -o size=400k,mode=700 none \"${DIR}\" && exec \"$@\"");
    let mut child = child_under(wrapper, &script, "fill the disk", &world.path());
    let words = said(&mut child);
    assert!(
        child.wait().unwrap().success(),
        "this test mounts a tmpfs, as root or in a user namespace"
    );
    assert_eq!(words.last().unwrap(), "done");
}

#[test]
fn l2_on_a_disk_that_is_really_full_denials_and_the_end_are_still_recorded() {
    let world = World::new();
    fs::create_dir(world.path()).unwrap();
    let wrapper: &[&str] = if is_root() {
        &["unshare", "-m"]
    } else {
        &["unshare", "-Urm"]
    };
    let script = format!("mount -t tmpfs -o size=8m,mode=700 none \"${DIR}\" && exec \"$@\"");
    let mut child = child_under(wrapper, &script, "sink to the ballast", &world.path());
    let words = said(&mut child);
    assert!(
        child.wait().unwrap().success(),
        "this test mounts a tmpfs, as root or in a user namespace"
    );
    assert_eq!(words.last().unwrap(), "done");
}

/// Runs in a process that has a disk of 8 MiB of its own at `dir`.
pub(super) fn sink_to_the_ballast(dir: &Path) {
    let trail = dir.join("trail");
    let settings = Settings {
        low_water_bytes: 1 << 20,
        ballast_bytes: 2 << 20,
        ..settings(&trail)
    };
    let audit = Audit::open(settings, origin(), now()).unwrap();
    audit.write_blocking(record()).unwrap();
    let ballast = trail.join("ballast");
    assert_eq!(fs::metadata(&ballast).unwrap().len(), 2 << 20);
    // somebody else fills the disk to its last byte
    assert!(fs::write(dir.join("filler"), vec![0; 9 << 20]).is_err());
    assert!(
        fails(&audit).contains("too little space"),
        "work is refused"
    );
    let mut denied = 0;
    for _ in 0..500 {
        let mut record = record();
        record.outcome = Some(Outcome::Denied);
        audit.write_blocking(record).unwrap();
        denied += 1;
    }
    assert_eq!(fs::metadata(&ballast).unwrap().len(), 0, "thrown out");
    assert!(!audit.healthy() && fails(&audit).contains("too little space"));
    audit.close(now()).unwrap();
    let report = verify(&trail, &Trust::default()).unwrap();
    assert_eq!(report.verdict, Verdict::OkUnanchored);
    assert!(report.records >= denied && report.checkpoints > 0);
    say("done");
}

/// Writes `records`, and says of each whether it was acknowledged.
pub(super) fn fill(audit: &Audit, records: u32) {
    for _ in 0..records {
        let record = record();
        let id = record.id.to_string();
        say(if audit.write_blocking(record).is_ok() {
            &id
        } else {
            "refused"
        });
    }
}

/// Runs in a process that has a small disk of its own at `dir`.
pub(super) fn fill_the_disk(dir: &Path) {
    let filler = dir.join("filler");
    fs::write(&filler, vec![0; 200_000]).unwrap();
    let dir = dir.join("trail");
    let settings = settings(&dir);
    let audit = Audit::open(settings.clone(), origin(), now()).unwrap();
    let mut acknowledged = Vec::new();
    let mut refused = 0;
    for turn in 0.. {
        let record = record();
        let id = record.id.to_string();
        match audit.write_blocking(record) {
            Ok(()) => acknowledged.push(id),
            Err(fault) => {
                assert!(fault.chain().contains("No space left"), "{}", fault.chain());
                refused += 1;
            }
        }
        assert!(turn < 10_000, "the disk is not small");
        if refused == 20 {
            break;
        }
    }
    assert!(acknowledged.len() > 100 && !audit.healthy());
    assert_eq!(
        verify(&dir, &Trust::default()).unwrap().verdict,
        Verdict::OkUnanchored
    );

    fs::remove_file(filler).unwrap();
    audit.write_blocking(record()).unwrap();
    assert!(audit.healthy());
    audit.close(now()).unwrap();
    let text = fs::read_to_string(files(&dir, ".jsonl").pop().unwrap()).unwrap();
    assert!(acknowledged.iter().all(|id| text.contains(id.as_str())));
    assert!(text.contains("\"action\":\"resume\""));

    let mut mount = std::process::Command::new("mount");
    mount
        .args(["-o", "remount,bind,ro"])
        .arg(dir.parent().unwrap());
    assert!(mount.status().unwrap().success());
    let refused = Audit::open(settings, origin(), now())
        .unwrap_err()
        .trouble();
    assert!(
        matches!(
            refused,
            Trouble::System {
                cause: Errno::ROFS,
                ..
            }
        ),
        "{refused:?}"
    );
    assert_eq!(
        verify(&dir, &Trust::default()).unwrap().verdict,
        Verdict::OkUnanchored
    );
    say("done");
}

pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
