//! Many writers, one chain.

use std::fs;

use rustix::io::Errno;

use super::crash::child;
use super::crash::said;
use super::*;
use crate::audit::disk::Failure;

#[test]
fn several_trails_on_one_directory_write_one_chain() {
    let world = World::new();
    let small = Settings {
        rotate_bytes: 20_000,
        ..world.settings()
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let audit = Audit::open(small.clone(), origin(), now()).unwrap();
                for _ in 0..40 {
                    audit.write_blocking(record()).unwrap();
                }
                audit.close(now()).unwrap();
            });
        }
    });
    let report = world.verify();
    assert_eq!(report.verdict, Verdict::OkUnanchored);
    assert_eq!(report.records, 4 * 42);
    assert!(report.segments > 3);
}

#[test]
fn several_processes_on_one_directory_write_one_chain() {
    let world = World::new();
    let mut children: Vec<_> = (0..4)
        .map(|_| child("write fifty", &world.path()))
        .collect();
    let mut acknowledged = BTreeSet::new();
    // what they say fits into their pipes, so none waits for another to be read
    for child in &mut children {
        acknowledged.extend(said(child));
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(acknowledged.len(), 200);
    assert!(acknowledged.is_subset(&world.ids()));
    assert_eq!(world.verify().records, 4 * 52);
}

#[test]
fn a_reader_that_verifies_meanwhile_sees_a_whole_trail_at_every_moment() {
    let world = World::new();
    let mut child = child("write fifty", &world.path());
    let mut seen = 0;
    while child.try_wait().unwrap().is_none() {
        if world.path().exists() {
            let report = world.verify();
            assert_eq!(report.verdict, Verdict::OkUnanchored);
            assert!(report.records >= seen);
            seen = report.records;
        }
    }
    assert_eq!(world.verify().records, 52);
}

#[tokio::test]
async fn many_tasks_share_a_sync_and_each_is_told_of_its_own_record() {
    let world = World::new();
    let audit = Arc::new(world.open());
    let tasks: Vec<_> = (0..2000)
        .map(|_| {
            let audit = Arc::clone(&audit);
            tokio::spawn(async move {
                let record = record();
                let id = record.id.to_string();
                audit.write(record).await.unwrap();
                id
            })
        })
        .collect();
    let mut acknowledged = BTreeSet::new();
    for task in tasks {
        acknowledged.insert(task.await.unwrap());
    }
    assert_eq!(acknowledged.len(), 2000);
    assert!(acknowledged.is_subset(&world.ids()));
}

#[test]
fn a_torn_line_of_a_dead_process_is_set_aside_by_the_one_that_lives() {
    let world = World::new();
    let audit = world.open();
    let path = world.segments().pop().unwrap();
    let whole = fs::read(&path).unwrap();
    let torn = &whole[..100];
    fs::write(&path, [&whole, torn].concat()).unwrap();
    assert_eq!(world.verify().verdict.name(), "torn-tail");
    audit.write_blocking(record()).unwrap();
    assert_eq!(world.actions(), ["open", "recover"]);
    let aside = files(&world.path(), ".torn").pop().unwrap();
    assert_eq!(fs::read(aside).unwrap(), torn);
}

#[test]
fn whole_lines_that_a_dead_process_wrote_beyond_the_mark_are_taken_up() {
    let world = World::new();
    let (one, two) = (world.open(), world.open());
    let lock = world.path().join(mark::NAME);
    let before = fs::read(&lock).unwrap();
    one.write_blocking(record()).unwrap();
    // as if the process had been killed between the sync and the mark
    fs::write(&lock, before).unwrap();
    two.write_blocking(record()).unwrap();
    one.write_blocking(record()).unwrap();
    assert_eq!(world.verify().records, 5);
    assert_eq!(world.verify().verdict, Verdict::OkUnanchored);
}

#[test]
fn l2_a_segment_that_another_process_began_and_could_not_cut_is_not_written_past() {
    let world = World::new();
    let disk = Disk::default();
    let (one, two) = (world.open_on(&disk), world.open());
    // both know the end, and none has written since
    two.write_blocking(record()).unwrap();
    // it goes on in another segment, whose lines are not durable and stay where they are
    let failures = [
        Failure::Sync(Errno::IO),
        Failure::Sync(Errno::IO),
        Failure::Truncate(Errno::IO),
    ];
    disk.fail(&failures);
    one.write_blocking(record()).unwrap_err();
    one.write_blocking(record()).unwrap_err();
    assert_eq!(disk.to_come(), 0);
    assert_eq!(world.segments().len(), 2);
    two.write_blocking(record()).unwrap();
    let third = world.open();
    one.write_blocking(record()).unwrap();
    for audit in [one, two, third] {
        audit.close(now()).unwrap();
    }
    assert_eq!(world.verify().verdict, Verdict::OkUnanchored);
}

#[test]
fn nothing_is_acknowledged_while_another_process_holds_the_chain() {
    let world = World::new();
    let audit = world.open();
    let directory = Directory::open(&world.path()).unwrap();
    let lock = Lock::create(&directory).unwrap();
    let held = lock.hold(&directory).unwrap();
    std::thread::scope(|scope| {
        let written = scope.spawn(|| audit.write_blocking(record()));
        std::thread::sleep(Duration::from_millis(200));
        assert!(!written.is_finished());
        assert_eq!(verify_lines(&world), 2, "nothing is written either");
        drop(held);
        written.join().unwrap().unwrap();
    });
    assert_eq!(world.verify().lines, 3);
}

/// How many lines there are, without asking for the lock.
fn verify_lines(world: &World) -> usize {
    fs::read_to_string(&world.segments()[0])
        .unwrap()
        .lines()
        .count()
}

#[test]
fn a_waiting_record_is_bounded_and_a_dropped_wait_harms_nobody() {
    let world = World::new();
    let audit = world.open();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let directory = Directory::open(&world.path()).unwrap();
    let lock = Lock::create(&directory).unwrap();
    runtime.block_on(async {
        let held = lock.hold(&directory).unwrap();
        let waits = (0..WAITING + 50).map(|_| audit.write(record()));
        let all = futures::future::join_all(waits);
        let soon = timeout(Duration::from_millis(200), all).await;
        assert!(
            soon.is_err(),
            "nobody is answered, and who waits is dropped here"
        );
        assert_eq!(
            audit.permits.available_permits(),
            0,
            "no more than fit are in the queue"
        );
        drop(held);
        audit.write(record()).await.unwrap();
    });
    audit.close(now()).unwrap();
    assert_eq!(world.verify().records, WAITING as u64 + 3);
}
