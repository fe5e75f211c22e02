//! What it costs to look through many files, and into a large one.

use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use bench::client::Client;
use bench::figures::Cpu;
use bench::table::head;
use bench::table::ratio;
use bench::table::row;
use serde_json::Value;
use serde_json::json;

use super::Binaries;
use super::World;
use super::text;

pub(super) fn trees(binaries: &Binaries, world: &World) {
    head("Trees", &["", "CPU", "beside", "CPU", "ratio"]);
    for folder in 0..200 {
        let path = world.path(&format!("tree/d{folder:03}"));
        std::fs::create_dir_all(&path).expect("a folder");
        for file in 0..100 {
            let seed = folder * 100 + file;
            std::fs::write(path.join(format!("f{file:03}.txt")), text(6000, seed)).expect("a file");
        }
    }
    let flat = world.path("flat/big");
    std::fs::create_dir_all(&flat).expect("a folder");
    for file in 0..50_000 {
        std::fs::write(flat.join(format!("entry-{file:05}")), "").expect("a file");
    }
    let tree = world.path("tree").display().to_string();
    let mut client = world.server(binaries, "tree", &world.path("audit"));
    let rg = Command::new("rg").arg("--version").output().is_ok();
    if !rg {
        println!("| ripgrep is not installed: its columns are missing | | | | |");
    }
    let beside = |command: &str| rg.then(|| Cpu::of_command(&command.repeat(5)).0 / 5);
    for (name, tool, arguments, command) in [
        (
            "find in 20,000",
            "find_files",
            json!({"globs": ["**/*7.txt"], "limit": 1000}),
            format!("rg --files -g '*7.txt' {tree} >/dev/null;"),
        ),
        (
            "regex in 20,000",
            "search_text",
            json!({"pattern": "zq[a-z]+xj[0-9]", "limit": 200}),
            format!("rg -n 'zq[a-z]+xj[0-9]' {tree} >/dev/null;"),
        ),
        (
            "literal in 20,000",
            "search_text",
            json!({"pattern": "needle-in-the-hay", "literal": true, "limit": 200}),
            format!("rg -n -F needle-in-the-hay {tree} >/dev/null;"),
        ),
    ] {
        pages(&mut client, tool, &arguments);
        let before = client.cpu();
        for _ in 0..5 {
            pages(&mut client, tool, &arguments);
        }
        let cpu = (client.cpu().0 - before.0) / 5;
        compare(name, cpu, "rg", beside(&command));
    }
    let mut client = world.server(binaries, "flat", &world.path("audit"));
    let before = client.cpu();
    let arguments = json!({"path": "r/big", "limit": 1000});
    let begun = Instant::now();
    let count = pages(&mut client, "list_directory", &arguments);
    let elapsed = begun.elapsed();
    println!("<!-- {count} pages in {elapsed:?} -->");
    let cpu = client.cpu().0 - before.0;
    let name = "list 50,000 that changed just now, all pages";
    compare(name, cpu, "one sorted listing", Some(listing(&flat, false)));
    // links and mounts must be looked for at each entry
    let beside = "the same with a look at each entry";
    compare(name, cpu, beside, Some(listing(&flat, true)));
    println!("\npeak memory: {:.1} MB", client.memory().peak);
}

/// How long it takes to list a folder of 50,000 and to sort it, and to look at each entry if that
/// is wanted.
fn listing(folder: &Path, look: bool) -> Duration {
    let begun = Instant::now();
    for _ in 0..10 {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| {
                let entry = entry.expect("an entry");
                let links = look.then(|| entry.metadata().expect("what it is"));
                (entry.file_name(), links.map(|meta| meta.len()))
            })
            .collect();
        names.sort();
        assert_eq!(names.len(), 50_000);
    }
    begun.elapsed() / 10
}

fn compare(name: &str, cpu: Duration, other: &str, beside: Option<Duration>) {
    let missing = || "-".to_owned();
    row(&[
        name.to_owned(),
        format!("{:.0} ms", cpu.as_secs_f64() * 1e3),
        other.to_owned(),
        beside.map_or_else(missing, |time| {
            format!("{:.0} ms", time.as_secs_f64() * 1e3)
        }),
        beside.map_or_else(missing, |time| ratio(cpu.as_secs_f64(), time.as_secs_f64())),
    ]);
}

/// Asks for all pages; how many there were.
fn pages(client: &mut Client, tool: &str, arguments: &Value) -> usize {
    let mut arguments = arguments.clone();
    for count in 1.. {
        let result = client.call(tool, &arguments);
        match result["structuredContent"]["next"].as_str() {
            Some(next) => arguments["cursor"] = next.into(),
            None => return count,
        }
    }
    0
}

pub(super) fn large(binaries: &Binaries, world: &World) {
    head("A file of 512 MiB", &["", "first", "again"]);
    std::fs::create_dir(world.path("large")).expect("a folder");
    let block = text(1 << 20, 7);
    let mut file = std::fs::File::create(world.path("large/log.txt")).expect("a file");
    for _ in 0..512 {
        std::io::Write::write_all(&mut file, block.as_bytes()).expect("room on the disk");
    }
    let lines = block.matches('\n').count() * 512;
    for (name, arguments) in [
        (
            "first 10 lines",
            json!({"path": "r/log.txt", "from_line": 1, "to_line": 10}),
        ),
        ("last 10 lines", json!({"path": "r/log.txt", "tail": 10})),
        (
            "10 lines near the end",
            json!({"path": "r/log.txt", "from_line": lines - 20, "to_line": lines - 10}),
        ),
    ] {
        let mut client = world.server(binaries, "large", &world.path("audit"));
        let mut time = || {
            let begun = Instant::now();
            client.call("read_file", &arguments);
            format!("{:.2} ms", begun.elapsed().as_secs_f64() * 1e3)
        };
        row(&[name.to_owned(), time(), time()]);
    }
}
