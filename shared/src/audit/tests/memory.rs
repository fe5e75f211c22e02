//! A trail in memory is written by whoever waits: the same promises hold, and nobody blocks.

use std::fs;

use rustix::io::Errno;

use super::super::disk::Failure;
use super::*;

fn world() -> (World, Disk, Audit) {
    let world = World::new();
    let disk = Disk::that_is_memory(true);
    let audit = world.open_on(&disk);
    (world, disk, audit)
}

#[tokio::test]
async fn l1_many_at_once_are_all_written_before_they_are_answered() {
    let (world, _, audit) = world();
    let writes = (0..100).map(|_| async {
        let record = record();
        let id = record.id.to_string();
        audit.write(record).await.unwrap();
        let text = fs::read_to_string(&world.segments()[0]).unwrap();
        assert!(text.contains(&id), "durable when it is answered");
    });
    futures::future::join_all(writes).await;
    assert!(audit.healthy());
    audit.close(now()).unwrap();
    assert_eq!(world.verify().verdict, Verdict::OkUnanchored);
    assert_eq!(world.verify().records, 102);
}

#[tokio::test]
async fn l2_after_any_failure_nobody_is_answered_and_the_next_record_is_written_properly() {
    for failure in [
        Failure::Write(0, Errno::IO),
        Failure::Write(100, Errno::NOSPC),
        Failure::Sync(Errno::IO),
    ] {
        let (world, disk, audit) = world();
        audit.write(record()).await.unwrap();
        disk.fail(&[failure]);
        let all = (0..3).map(|_| audit.write(record()));
        let written = futures::future::join_all(all).await;
        assert!(written.iter().all(Result::is_err), "{failure:?}");
        audit.write(record()).await.unwrap();
        audit.close(now()).unwrap();
        assert_eq!(world.verify().verdict, Verdict::OkUnanchored, "{failure:?}");
        assert_eq!(world.actions(), ["open", "resume", "close"], "{failure:?}");
    }
}

#[tokio::test]
async fn readiness_comes_back_by_itself() {
    let (_world, disk, audit) = world();
    disk.fail(&[Failure::Sync(Errno::IO)]);
    assert!(audit.write(record()).await.is_err());
    let until = Instant::now() + Duration::from_secs(10);
    while !audit.healthy() {
        assert!(Instant::now() < until, "not within ten seconds");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn who_waits_for_another_process_does_not_block_the_others() {
    let (world, _, audit) = world();
    let directory = Directory::open(&world.path()).unwrap();
    let lock = Lock::create(&directory).unwrap();
    let held = lock.hold(&directory).unwrap();
    let written = audit.write(record());
    let mut written = std::pin::pin!(written);
    let soon = timeout(Duration::from_millis(200), &mut written).await;
    assert!(soon.is_err(), "nobody is answered, and the clock goes on");
    drop(held);
    written.await.unwrap();
    assert_eq!(world.verify().records, 2);
}

#[test]
fn what_was_queued_is_written_also_if_nobody_waits_for_it_any_more() {
    let (world, _, audit) = world();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut written = Box::pin(audit.write(record()));
        assert!(futures::poll!(&mut written).is_pending());
        drop(written);
    });
    drop(runtime);
    let until = Instant::now() + Duration::from_secs(10);
    while world.verify().records < 2 {
        assert!(Instant::now() < until, "not within ten seconds");
        std::thread::sleep(Duration::from_millis(20));
    }
}
