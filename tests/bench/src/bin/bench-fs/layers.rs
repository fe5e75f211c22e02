//! Where the time of a call goes.

use std::path::Path;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use bench::client::Client;
use bench::figures::Cpu;
use bench::figures::median;
use bench::table::head;
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

use super::Binaries;
use super::World;
use super::calls::measure;
use super::calls::memory_disk;

/// Where the time of a call goes: each line has one thing more than the line above.
pub(super) fn layers(binaries: &Binaries, world: &World) {
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
pub(super) fn profile(binaries: &Binaries, world: &World) {
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
