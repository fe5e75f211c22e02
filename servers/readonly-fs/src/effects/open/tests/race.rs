//! What a path leads to is changed while it is read.

use super::*;

/// Swaps what a path leads to as fast as it can, while the path is read.
fn race(keys: &str, swap: impl Fn(&World) + Send + Sync + 'static, read: &[&str]) {
    let world = Arc::new(World::new(
        &[("dir/f", "inside"), ("plain", "inside")],
        keys,
    ));
    std::fs::create_dir(world.outside("evil")).unwrap();
    std::fs::write(world.outside("evil/f"), SECRET).unwrap();
    std::fs::create_dir(world.path("hr")).unwrap();
    std::fs::write(world.path("hr/f"), SECRET).unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let attacker = {
        let (world, done) = (Arc::clone(&world), Arc::clone(&done));
        std::thread::spawn(move || {
            while !done.load(Ordering::Relaxed) {
                swap(&world);
            }
        })
    };
    let (mut good, mut bad) = (0, 0);
    let ends = Instant::now() + Duration::from_secs(20);
    for _ in 0..3000 {
        for path in read {
            match world.read("internal", path) {
                Ok(text) => {
                    assert!(!text.contains(SECRET), "{path}");
                    good += 1;
                }
                Err(denial) => {
                    assert_eq!(denial.code(), "not_found", "{path}");
                    bad += 1;
                }
            }
        }
        if Instant::now() > ends {
            break;
        }
    }
    done.store(true, Ordering::Relaxed);
    attacker.join().unwrap();
    assert!(good + bad > 1000, "{good} read, {bad} refused");
}

#[test]
fn o2_a_directory_that_is_swapped_for_a_link_outside_is_never_followed() {
    let swap = |world: &World| {
        drop(std::fs::rename(world.path("dir"), world.path("dir.away")));
        drop(symlink("../evil", world.path("dir")));
        drop(std::fs::remove_file(world.path("dir")));
        drop(std::fs::rename(world.path("dir.away"), world.path("dir")));
    };
    race("", swap, &["docs/dir/f"]);
}

#[test]
fn o2_a_file_that_is_swapped_for_a_link_above_the_clearance_is_never_read() {
    let swap = |world: &World| {
        drop(symlink("hr/f", world.path("link")));
        drop(std::fs::rename(world.path("link"), world.path("plain")));
        drop(std::fs::write(world.path("new"), "inside"));
        drop(std::fs::rename(world.path("new"), world.path("plain")));
    };
    race(HR, swap, &["docs/plain"]);
}

#[test]
fn o2_a_file_that_is_swapped_for_a_fifo_never_hangs() {
    let swap = |world: &World| {
        let mode = Mode::from_raw_mode(0o600);
        let pipe = rustix::fs::mknodat(CWD, world.path("pipe"), FileType::Fifo, mode, 0);
        let _: bool = pipe.is_ok();
        drop(std::fs::rename(world.path("pipe"), world.path("plain")));
        drop(std::fs::write(world.path("new"), "inside"));
        drop(std::fs::rename(world.path("new"), world.path("plain")));
    };
    race("", swap, &["docs/plain"]);
}
