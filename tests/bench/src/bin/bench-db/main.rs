//! Measures `scoped-db` beside its client library alone and `pgbench`, in one run.
//!
//! Absolute times are those of the machine; the ratios are what to compare.

mod bed;
mod raw;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use bench::figures::Cpu;
use bench::figures::median;
use bench::table::head;
use bench::table::ratio;
use bench::table::row;
use serde_json::Value;
use serde_json::json;

use bed::Bed;
use raw::Form;
use raw::Raw;

const BY_KEY: &str = "SELECT abalance FROM pgbench_accounts WHERE aid = $1";
const MANY: &str = "SELECT id, name, amount, at FROM items ORDER BY id LIMIT 10000";

fn main() {
    let server = build();
    let Some(bed) = Bed::new(server) else {
        println!("PostgreSQL is not installed: nothing is measured");
        return;
    };
    let raw = Raw::connect(&bed.cluster.url("bench", "postgres"));
    start(&bed);
    by_key(&bed, &raw);
    many(&bed, &raw);
    huge(&bed);
}

/// Builds what is measured, as it ships.
fn build() -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--package", "scoped-db"])
        .status();
    assert!(built.expect("cargo runs").success(), "scoped-db builds");
    let own = std::env::current_exe().expect("a path");
    let target = own.ancestors().nth(2).expect("target/PROFILE/bench-db");
    target.join("release/scoped-db")
}

fn start(bed: &Bed) {
    head(
        "Start, with the proof of the role",
        &["", "spawn to first answer, median", "resident, idle"],
    );
    for (place, audit) in bed.places() {
        let mut times = Vec::new();
        let mut memory = 0.0;
        for _ in 0..11 {
            let mut client = bed.serve(&audit);
            times.push(client.start);
            client.call("query_rows", &key());
            memory = client.memory().now;
        }
        row(&[
            place.to_owned(),
            format!("{:.1} ms", median(&mut times) / 1000.0),
            format!("{memory:.1} MB"),
        ]);
    }
}

fn key() -> Value {
    json!({"sql": BY_KEY, "params": [4711]})
}

fn by_key(bed: &Bed, raw: &Raw) {
    let columns = [
        "",
        "p50, one at a time",
        "ratio",
        "a second, 1 on the way",
        "8",
        "16",
        "ratio at 16",
        "CPU a call",
    ];
    head("A row by its key, of 1,000,000", &columns);
    let (one, eight) = (bed.pgbench(1), bed.pgbench(8));
    row(&[
        "pgbench, prepared".to_owned(),
        format!("{:.0} us", 1e6 / one),
        String::new(),
        format!("{one:.0}"),
        format!("{eight:.0}"),
        String::new(),
        String::new(),
        String::new(),
    ]);
    let floor = |name: &str, form| {
        raw.serial(500, form);
        let p50 = median(&mut raw.serial(5000, form));
        let rates = [1, 8, 16].map(|window| raw.rate(20_000, window, form));
        let [one, eight, sixteen] = rates.map(|rate| format!("{rate:.0}"));
        let blank = String::new;
        row(&[
            name.to_owned(),
            format!("{p50:.0} us"),
            blank(),
            one,
            eight,
            sixteen,
            blank(),
            blank(),
        ]);
        (p50, rates[2])
    };
    floor("tokio-postgres, prepared, one connection", Form::Bare);
    let transaction = "the same in a read-only transaction: 1.00x";
    let (floor, most) = floor(transaction, Form::Transaction);
    for (place, audit) in bed.places() {
        let mut client = bed.serve(&audit);
        client.serial("query_rows", &key(), 500);
        let begun = Instant::now();
        let mut times = client.serial("query_rows", &key(), 5000);
        let serial = 5000.0 / begun.elapsed().as_secs_f64();
        let p50 = median(&mut times);
        // the planner is asked once for each set of values
        let fresh = (1..=2000).flat_map(|aid| {
            let arguments = json!({"sql": BY_KEY, "params": [aid]});
            client.serial("query_rows", &arguments, 1)
        });
        let fresh = median(&mut fresh.collect::<Vec<_>>());
        let mut rate = |window| {
            let elapsed = client.pipelined("query_rows", &key(), 20_000, window);
            20_000.0 / elapsed.as_secs_f64()
        };
        let eight = rate(8);
        let sixteen = rate(16);
        let before: Cpu = client.cpu();
        client.pipelined("query_rows", &key(), 20_000, 16);
        let cpu = client.cpu().each_since(before, 20_000);
        row(&[
            format!("scoped-db, {place}"),
            format!("{p50:.0} us"),
            ratio(p50, floor),
            format!("{serial:.0}"),
            format!("{eight:.0}"),
            format!("{sixteen:.0}"),
            ratio(sixteen, most),
            format!("{cpu:.0} us"),
        ]);
        let mut cells = vec![
            "the same, with values not seen before".to_owned(),
            format!("{fresh:.0} us"),
            ratio(fresh, floor),
        ];
        cells.resize_with(columns.len(), String::new);
        row(&cells);
    }
}

fn many(bed: &Bed, raw: &Raw) {
    head("10,000 rows of four columns", &["", "median", "ratio"]);
    let timed = |run: &mut dyn FnMut() -> Duration| {
        run();
        median(&mut (0..15).map(|_| run()).collect::<Vec<_>>()) / 1000.0
    };
    let received = timed(&mut || raw.received());
    let floor = timed(&mut || raw.many());
    let line = |name: &str, time: f64| {
        row(&[name.to_owned(), format!("{time:.1} ms"), ratio(time, floor)]);
    };
    line("tokio-postgres, binary, only received", received);
    line("tokio-postgres, as text, written as JSON", floor);
    for (place, audit) in bed.places() {
        let mut client = bed.serve(&audit);
        let arguments = json!({"sql": MANY, "limit": 10_000});
        let time = timed(&mut || {
            let times = client.serial("query_rows", &arguments, 1);
            times.into_iter().next().unwrap_or_default()
        });
        line(&format!("scoped-db, {place}"), time);
    }
}

fn huge(bed: &Bed) {
    head(
        "All of 1,000,000 rows, first page",
        &["", "first", "again", "rows", "resident, at most"],
    );
    for (place, audit) in bed.places() {
        let mut client = bed.serve(&audit);
        let arguments = json!({"sql": "SELECT * FROM pgbench_accounts"});
        let mut rows = 0;
        let mut time = || {
            let begun = Instant::now();
            let answer = client.call("query_rows", &arguments);
            let elapsed = begun.elapsed();
            let structured = &answer["structuredContent"];
            rows = structured["rows"].as_array().map_or(0, Vec::len);
            assert_eq!(structured["truncated"], true);
            format!("{:.1} ms", elapsed.as_secs_f64() * 1e3)
        };
        let (first, again) = (time(), time());
        row(&[
            place.to_owned(),
            first,
            again,
            rows.to_string(),
            format!("{:.1} MB", client.memory().peak),
        ]);
    }
}
