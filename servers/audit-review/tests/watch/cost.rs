//! What a watch costs: time and memory.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use crate::trail;
use crate::trial::World;

/// Writes `count` records of the simulated weeks, over and over, and looks at them once.
#[test]
#[ignore = "measures: WATCH_RECORDS records (10 million) in /dev/shm, in release"]
fn the_cost_of_a_replay() {
    let count = std::env::var("WATCH_RECORDS").map_or(10_000_000, |n| n.parse().unwrap());
    let dir = tempfile::TempDir::with_prefix_in("keyhole-", "/dev/shm").unwrap();
    let audit = dir.path().join("audit");
    let world = World::new(1);
    let weeks = 56 * 86_400;
    let begin = Instant::now();
    let writer = Arc::new(trail::open(&audit, "readonly-fs", world.acts[0].time));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for at in 0..count {
        let mut act = world.acts[at % world.acts.len()].clone();
        act.time += weeks * (at / world.acts.len()) as i64;
        runtime.block_on(writer.write(trail::record(&act))).unwrap();
    }
    drop(writer);
    let size: u64 = fs::read_dir(&audit)
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    println!(
        "{count} records, {} MiB, written in {:?}",
        size >> 20,
        begin.elapsed()
    );
    let begin = Instant::now();
    let mut command = Command::new("/usr/bin/env");
    command.args([
        "bash",
        "-c",
        MEASURED,
        "bash",
        env!("CARGO_BIN_EXE_audit-review"),
    ]);
    let output = command.arg(&audit).output().unwrap();
    assert!(Path::new(env!("CARGO_BIN_EXE_audit-review")).exists());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    println!("replay in {:?}: {said}", begin.elapsed());
    let lines = String::from_utf8_lossy(&output.stdout).lines().count();
    println!("{lines} findings");
}

/// Samples the peak of the resident set while it runs.
const MEASURED: &str = r#"
"$1" watch "$2" --replay --once & pid=$!
while kill -0 $pid 2>/dev/null; do
  grep VmHWM /proc/$pid/status 2>/dev/null | tail -1 > "$2.peak.new" && mv "$2.peak.new" "$2.peak"
  sleep 0.2
done
cat "$2.peak" >&2
wait $pid
times >&2
"#;
