//! Measures `readonly-fs` beside the floor, ripgrep and the plain system calls, in one run.
//!
//! Absolute times are those of the machine; the ratios are what to compare. With arguments only
//! the parts of that name are measured: `start`, `calls`, `layers`, `trees`, `large`; and
//! `profile`, which is measured only if it is asked for, since it builds the server once more.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use bench::client::Client;
use bench::figures::Cpu;
use bench::figures::median;
use bench::table::head;
use bench::table::ratio;
use bench::table::row;
use guard::audit::Audit;
use guard::audit::Kind;
use guard::audit::Origin;
use guard::audit::Outcome;
use guard::audit::Record;
use guard::audit::Settings;
use guard::gate::record_id;
use serde_json::Value;
use serde_json::json;

fn main() {
    let binaries = build();
    let world = World::new();
    type Part = fn(&Binaries, &World);
    let parts: [(&str, Part); 6] = [
        ("start", start),
        ("calls", calls),
        ("layers", layers),
        ("profile", profile),
        ("trees", trees),
        ("large", large),
    ];
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for (name, part) in parts {
        let all = wanted.is_empty() && name != "profile";
        if all || wanted.iter().any(|word| word == name) {
            part(&binaries, &world);
        }
    }
}

struct Binaries {
    floor: PathBuf,
    guarded: PathBuf,
    server: PathBuf,
}

/// Builds what is measured, each as it ships.
fn build() -> Binaries {
    for package in ["readonly-fs", "bench"] {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--release", "--quiet", "--package", package])
            .status();
        assert!(built.expect("cargo runs").success(), "{package} builds");
    }
    let own = std::env::current_exe().expect("a path");
    let folder = own
        .ancestors()
        .nth(2)
        .expect("target/PROFILE/bench-fs")
        .join("release");
    Binaries {
        floor: folder.join("floor"),
        guarded: folder.join("guarded"),
        server: folder.join("readonly-fs"),
    }
}

struct World {
    dir: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let world = Self { dir };
        std::fs::create_dir(world.path("root")).expect("a root");
        std::fs::write(world.path("root/four.txt"), text(4096, 1)).expect("a file");
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn server(&self, binaries: &Binaries, root: &str, audit: &Path) -> Client {
        let root = format!("r={}", self.path(root).display());
        Client::start(
            &binaries.server,
            &["--audit", &audit.display().to_string(), &root],
        )
    }
}

fn start(binaries: &Binaries, world: &World) {
    head(
        "Start",
        &[
            "",
            "spawn to first answer, median",
            "ratio",
            "resident, idle",
        ],
    );
    let measure = |start: &dyn Fn() -> Client| {
        let clients: Vec<Client> = (0..21).map(|_| start()).collect();
        let mut times: Vec<Duration> = clients.iter().map(|client| client.start).collect();
        let memory = clients.last().expect("one").memory().now;
        (median(&mut times) / 1000.0, memory)
    };
    let (floor, floor_memory) = measure(&|| Client::start(&binaries.floor, &[]));
    let (ours, memory) = measure(&|| world.server(binaries, "root", &world.path("audit")));
    let cells = |name: &str, time: f64, memory: f64| {
        row(&[
            name.to_owned(),
            format!("{time:.2} ms"),
            ratio(time, floor),
            format!("{memory:.1} MB"),
        ]);
    };
    cells("floor", floor, floor_memory);
    cells("readonly-fs", ours, memory);
}

fn calls(binaries: &Binaries, world: &World) {
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
fn memory_disk() -> Option<tempfile::TempDir> {
    let there = Path::new("/dev/shm").is_dir();
    there
        .then(|| tempfile::tempdir_in("/dev/shm").ok())
        .flatten()
}

/// Where the time of a call goes: each line has one thing more than the line above.
fn layers(binaries: &Binaries, world: &World) {
    let columns = ["", "p50", "more", "CPU a call", "more"];
    head("What each layer costs", &columns);
    let mut last = (0.0, 0.0);
    let mut add = |name: &str, client: &mut Client, tool: &str, arguments: &Value| {
        let (p50, _, cpu) = measure(client, tool, arguments);
        row(&[
            name.to_owned(),
            format!("{p50:.0} us"),
            format!("{:+.0} us", p50 - last.0),
            format!("{cpu:.1} us"),
            format!("{:+.1} us", cpu - last.1),
        ]);
        last = (p50, cpu);
    };
    let four = world.path("root/four.txt").display().to_string();
    let memory = memory_disk();
    for (what, given, tool, own) in [
        ("`ok`", json!({}), "list_roots", json!({})),
        (
            "4 KB",
            json!({"path": four}),
            "read_file",
            json!({"path": "r/four.txt"}),
        ),
    ] {
        let mut client = Client::start(&binaries.floor, &[]);
        add(
            &format!("{what}: the protocol library"),
            &mut client,
            "read_file",
            &given,
        );
        if let Some(memory) = &memory {
            let trail = memory.path().join(format!("guarded-{tool}"));
            let mut client = Client::start(&binaries.guarded, &[&trail.display().to_string()]);
            let name = format!("{what}: + transport, gate, label and record, in memory");
            add(&name, &mut client, "read_file", &given);
            let mut client = world.server(binaries, "root", &memory.path().join(tool));
            add(
                &format!("{what}: + scope and effects: {tool}"),
                &mut client,
                tool,
                &own,
            );
        }
        let mut client = world.server(binaries, "root", &world.path(&format!("trail-{tool}")));
        add(
            &format!("{what}: + a trail on this disk"),
            &mut client,
            tool,
            &own,
        );
    }
    let records = match &memory {
        Some(memory) => format!("{:.1} us", records(&memory.path().join("records"))),
        None => "-".to_owned(),
    };
    println!("\nOf that, one record with 64 at once, in memory: {records} CPU.");
    let mut times = syncs(&world.path("synced"));
    println!(
        "One append and sync on this disk, without a server: p50 {:.0} us.",
        median(&mut times)
    );
}

/// Which functions a call spends its time in, by layer.
fn profile(binaries: &Binaries, world: &World) {
    const CALLS: usize = 100_000;
    // the same program, but for the names of its functions
    let built = Command::new(env!("CARGO"))
        .args(["rustc", "--release", "--quiet", "--package", "readonly-fs"])
        .args(["--bin", "readonly-fs", "--", "-C", "strip=none"])
        .status();
    assert!(built.expect("cargo runs").success(), "readonly-fs builds");
    let Some(memory) = memory_disk() else {
        println!("\nThere is no disk that is memory: no profile.");
        return;
    };
    for (tool, arguments) in [
        ("list_roots", json!({})),
        ("read_file", json!({"path": "r/four.txt"})),
    ] {
        let mut client = world.server(binaries, "root", &memory.path().join(tool));
        let (_, _, cpu) = measure(&mut client, tool, &arguments);
        let data = world.path(&format!("profile-{tool}"));
        let Some(shares) = bench::profile::watch(&mut client, tool, &arguments, CALLS, &data)
        else {
            println!("\nperf is not installed or may not watch: no profile of {tool}.");
            continue;
        };
        head(
            &format!("{tool}: {cpu:.1} us CPU a call"),
            &["layer", "share", "time"],
        );
        for (layer, share) in shares {
            row(&[
                layer.to_owned(),
                format!("{:.0} %", share * 100.0),
                format!("{:.1} us", share * cpu),
            ]);
        }
    }
}

/// The processor time of one record in microseconds, with 64 tasks that write.
fn records(trail: &Path) -> f64 {
    const TASKS: usize = 64;
    const EACH: usize = 500;
    let now = chrono::Utc::now();
    let audit = Audit::open(Settings::new(trail), Origin::default(), now).expect("a trail");
    let audit = std::sync::Arc::new(audit);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let before = Cpu::of(std::process::id());
    runtime.block_on(async {
        let tasks = (0..TASKS).map(|_| {
            let audit = std::sync::Arc::clone(&audit);
            tokio::spawn(async move {
                for _ in 0..EACH {
                    let mut record = Record::new(Kind::Request, record_id(now), now);
                    record.method = Some("tools/call".into());
                    record.tool = Some("read_file".into());
                    record.resource = Some("fs://r/four.txt".into());
                    record.policy_hash = Some("0123456789abcdef".repeat(4).into());
                    record.outcome = Some(Outcome::Allowed);
                    audit.write(record).await.expect("a durable record");
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("it ends");
        }
    });
    Cpu::of(std::process::id()).each_since(before, TASKS * EACH)
}

/// How long it takes to append what a record takes and to make it durable.
fn syncs(path: &Path) -> Vec<Duration> {
    let mut file = std::fs::File::create(path).expect("a file");
    let append = |_| {
        let begun = Instant::now();
        std::io::Write::write_all(&mut file, &[b'x'; 900]).expect("room on the disk");
        file.sync_data().expect("a disk");
        begun.elapsed()
    };
    (0..1000).map(append).collect()
}

/// p50 in microseconds, calls a second, processor time a call in microseconds.
type Figures = (f64, f64, f64);

fn measure(client: &mut Client, tool: &str, arguments: &Value) -> Figures {
    client.serial(tool, arguments, 200);
    let mut times = client.serial(tool, arguments, 3000);
    let before = client.cpu();
    let elapsed = client.pipelined(tool, arguments, 40_000, 64);
    let each = client.cpu().each_since(before, 40_000);
    (median(&mut times), 40_000.0 / elapsed.as_secs_f64(), each)
}

fn line(name: &str, (p50, rate, cpu): Figures, floor: Figures) {
    row(&[
        name.to_owned(),
        format!("{p50:.0} us"),
        ratio(p50, floor.0),
        format!("{rate:.0}"),
        format!("{cpu:.1} us"),
        ratio(cpu, floor.2),
    ]);
}

fn trees(binaries: &Binaries, world: &World) {
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

fn large(binaries: &Binaries, world: &World) {
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

/// About `size` bytes of words and lines that are the same in every run.
fn text(size: usize, seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = String::with_capacity(size + 16);
    while text.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        for shift in 0..state % 8 + 2 {
            text.push(char::from(
                b'a' + u8::try_from(state >> (shift * 5) & 15).unwrap_or(0),
            ));
        }
        text.push(if state.is_multiple_of(11) { '\n' } else { ' ' });
    }
    text
}
