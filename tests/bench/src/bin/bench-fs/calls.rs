//! What a call costs: one at a time, and many on their way.

use std::path::Path;

use bench::client::Client;
use bench::figures::median;
use bench::table::head;
use bench::table::ratio;
use bench::table::row;
use serde_json::Value;
use serde_json::json;

use super::Binaries;
use super::World;

pub(super) fn calls(binaries: &Binaries, world: &World) {
    let columns = [
        "",
        "p50, one at a time",
        "ratio",
        "calls a second, 64 at once",
        "CPU a call",
        "ratio",
    ];
    head("Calls", &columns);
    let four = world.path("root/four.txt").display().to_string();
    let mut floors = Vec::new();
    for (name, arguments) in [
        ("answer `ok`", json!({})),
        ("read 4 KB", json!({"path": four})),
    ] {
        let mut client = Client::start(&binaries.floor, &[]);
        let figures = measure(&mut client, "read_file", &arguments);
        line(&format!("floor: {name}"), figures, figures);
        floors.push(figures);
    }
    let memory_disk = memory_disk();
    let mut places = vec![("audit synced to disk", world.path("audit"))];
    if let Some(place) = &memory_disk {
        places.push(("audit in memory", place.path().join("audit")));
    }
    for (place, audit) in places {
        for (name, tool, arguments, floor) in [
            ("list_roots", "list_roots", json!({}), 0),
            ("read 4 KB", "read_file", json!({"path": "r/four.txt"}), 1),
        ] {
            let mut client = world.server(binaries, "root", &audit);
            let figures = measure(&mut client, tool, &arguments);
            line(
                &format!("readonly-fs, {place}: {name}"),
                figures,
                floors[floor],
            );
        }
    }
}

/// A directory on a disk that is memory, where there is one.
pub(super) fn memory_disk() -> Option<tempfile::TempDir> {
    let there = Path::new("/dev/shm").is_dir();
    there
        .then(|| tempfile::tempdir_in("/dev/shm").ok())
        .flatten()
}

/// p50 in microseconds, calls a second, processor time a call in microseconds.
pub(super) type Figures = (f64, f64, f64);

pub(super) fn measure(client: &mut Client, tool: &str, arguments: &Value) -> Figures {
    client.serial(tool, arguments, 200);
    let mut times = client.serial(tool, arguments, 3000);
    let before = client.cpu();
    let elapsed = client.pipelined(tool, arguments, 40_000, 64);
    let each = client.cpu().each_since(before, 40_000);
    (median(&mut times), 40_000.0 / elapsed.as_secs_f64(), each)
}

pub(super) fn line(name: &str, (p50, rate, cpu): Figures, floor: Figures) {
    row(&[
        name.to_owned(),
        format!("{p50:.0} us"),
        ratio(p50, floor.0),
        format!("{rate:.0}"),
        format!("{cpu:.1} us"),
        ratio(cpu, floor.2),
    ]);
}
