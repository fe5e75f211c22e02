//! Names that change what they stand for while a request is on its way.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use harness::Raw;
use rustix::fs::CWD;
use rustix::fs::RenameFlags;
use serde_json::Value;
use serde_json::json;

use super::finish;
use super::world;

/// Exchanges two names as fast as it can.
struct Flipper {
    stop: Arc<AtomicBool>,
    flips: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Flipper {
    fn new(one: PathBuf, other: PathBuf) -> Self {
        let (stop, flips) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (ends, counts) = (Arc::clone(&stop), Arc::clone(&flips));
        let thread = std::thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                exchange(&one, &other);
                counts.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self {
            stop,
            flips,
            thread: Some(thread),
        }
    }

    fn stop(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().unwrap();
        thread.join().unwrap();
        self.flips.load(Ordering::Relaxed)
    }
}

fn exchange(one: &Path, other: &Path) {
    rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).expect("exchange");
}

/// Sends each request `times` times, many at once, and counts those that were answered.
fn storm(raw: &mut Raw, requests: &[(&str, Value)], times: usize) -> usize {
    let mut good = 0;
    for _ in 0..times / 20 {
        let begun: Vec<_> = (0..20)
            .flat_map(|_| requests)
            .map(|(tool, arguments)| raw.begin_call(tool, arguments.clone()))
            .collect();
        for id in begun {
            good += usize::from(raw.wait(id).is_ok());
        }
    }
    good
}

#[test]
fn o2_a_file_that_becomes_a_link_is_never_read_outside() {
    let world = world();
    world.file("root/slot", "inside\n");
    world.link("root/other", "../outside/secret.txt");
    let mut raw = world.serve();
    let flipper = Flipper::new(world.path("root/slot"), world.path("root/other"));
    let requests = [
        ("read_file", json!({"path": "docs/slot"})),
        ("read_file", json!({"paths": ["docs/slot", "docs/other"]})),
        ("stat_files", json!({"paths": ["docs/slot"]})),
        ("search_text", json!({"pattern": "canary|inside", "mode": "lines"})),
    ];
    let good = storm(&mut raw, &requests, 1000);
    let flips = flipper.stop();
    assert!(good > 1000 && flips > 1000, "{good} answers, {flips} flips");
    finish(&world, raw);
}

#[test]
fn o2_a_directory_that_becomes_a_link_is_never_walked_outside() {
    let world = world();
    world.file("root/slot/secret.txt", "inside\n");
    world.file("root/slot/folder/inner.txt", "inside\n");
    world.link("root/other", "../outside");
    let mut raw = world.serve();
    let flipper = Flipper::new(world.path("root/slot"), world.path("root/other"));
    let requests = [
        ("read_file", json!({"path": "docs/slot/secret.txt"})),
        ("read_file", json!({"path": "docs/slot/folder/inner.txt"})),
        ("list_directory", json!({"path": "docs/slot", "depth": 3, "sizes": true})),
        ("find_files", json!({"globs": ["**"], "path": "docs"})),
        ("search_text", json!({"pattern": "canary", "path": "docs"})),
    ];
    let good = storm(&mut raw, &requests, 600);
    let flips = flipper.stop();
    assert!(good > 600 && flips > 1000, "{good} answers, {flips} flips");
    // the outside file is longer: its size in a listing would be a leak as well
    let ended = finish(&world, raw);
    let size = format!("secret.txt\\t{}\\t", harness::CANARY.len());
    assert!(!ended.heard.contains(&size), "the size of an outside file was told");
}

#[test]
fn o2_a_sealed_file_is_not_read_under_an_open_name() {
    let world = world();
    world.file("root/open/slot", "inside\n");
    world.file("root/hr/pay", harness::CANARY);
    let config = "[[roots]]\nname = \"docs\"\npath = \"root\"\nlabel = \"public\"\n\
                  [[roots.label-rules]]\npaths = [\"hr/**\"]\nlabel = \"confidential\"\n";
    world.file("config.toml", config);
    world.file("policy.toml", "[roles.r]\nclearance = \"internal\"\n[stdio]\nroles = [\"r\"]\n");
    world.link("root/open/other", "../hr/pay");
    let mut raw = world.serve_config(&["--policy={dir}/policy.toml"]);
    let flipper = Flipper::new(world.path("root/open/slot"), world.path("root/open/other"));
    let requests = [
        ("read_file", json!({"path": "docs/open/slot"})),
        ("search_text", json!({"pattern": ".", "path": "docs"})),
    ];
    storm(&mut raw, &requests, 1000);
    assert!(flipper.stop() > 1000);
    finish(&world, raw);
}

#[test]
fn a_file_that_shrinks_and_grows_while_it_is_read_does_no_harm() {
    let world = world();
    let path = world.path("root/slot");
    let stop = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&stop);
    let writer = std::thread::spawn(move || {
        let long = "line of text\n".repeat(20_000);
        while !ends.load(Ordering::Relaxed) {
            std::fs::write(&path, &long).unwrap();
            std::fs::write(&path, "short\n").unwrap();
            std::fs::remove_file(&path).unwrap();
        }
    });
    let mut raw = world.serve();
    let requests = [
        ("read_file", json!({"path": "docs/slot"})),
        ("read_file", json!({"path": "docs/slot", "tail": 3})),
        ("read_file", json!({"path": "docs/slot", "from_line": 15_000, "to_line": 15_001})),
        ("read_file", json!({"path": "docs/slot", "from_byte": 1000, "to_byte": 2000})),
        ("search_text", json!({"pattern": "text", "limit": 3})),
    ];
    let good = storm(&mut raw, &requests, 60);
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    assert!(good > 0);
    finish(&world, raw);
}
