//! Measures `scoped-db` beside its client library alone and `pgbench`, in one run.
//!
//! Absolute times are those of the machine; the ratios are what to compare.

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
use futures::future::join_all;
use futures::join;
use harness::BOSS;
use harness::Cluster;
use serde_json::Value;
use serde_json::json;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;
use tokio_postgres::Row;
use tokio_postgres::Statement;

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

/// A cluster with the tables of `pgbench` and one of 100,000 rows, and a configuration for them.
struct Bed {
    cluster: Cluster,
    server: PathBuf,
    dir: tempfile::TempDir,
}

impl Bed {
    fn new(server: PathBuf) -> Option<Self> {
        let cluster = Cluster::start()?;
        let boss = cluster.connect(BOSS, "postgres");
        let made = Command::new(cluster.program("pgbench"))
            .args(["--initialize", "--quiet", "--scale=10", "--host=127.0.0.1"])
            .arg(format!("--username={BOSS}"))
            .arg(format!("--port={}", cluster.port()))
            .arg("postgres")
            .output();
        assert!(made.expect("pgbench runs").status.success());
        boss.run(
            "create table items as select i as id, 'item number ' || i as name, \
             (i * 1.25)::numeric(12, 2) as amount, timestamp '2026-01-01' + i * interval '1 min' \
             as at, repeat('x', 60) as note from generate_series(1, 100000) i; \
             alter table items add primary key (id); analyze; \
             create role bench login; grant select on items, pgbench_accounts to bench; \
             revoke temporary on database postgres from public",
        );
        let dir = tempfile::tempdir().expect("a directory");
        let bed = Self {
            cluster,
            server,
            dir,
        };
        let url = bed.cluster.url("bench", "postgres");
        let text = format!(
            "[database]\nconnection = \"{url}?sslmode=disable\"\n\n[[tables]]\n\
             name = \"items\"\nlabel = \"internal\"\n[tables.columns]\nid = true\nname = true\n\
             amount = true\nat = true\nnote = true\n\n[[tables]]\nname = \"pgbench_accounts\"\n\
             label = \"internal\"\n[tables.columns]\naid = true\nbid = true\nabalance = true\n\
             filler = true\n"
        );
        std::fs::write(bed.dir.path().join("config.toml"), text).expect("a configuration");
        Some(bed)
    }

    fn serve(&self, audit: &Path) -> Client {
        let config = self.dir.path().join("config.toml").display().to_string();
        let audit = audit.display().to_string();
        Client::start(&self.server, &["--config", &config, "--audit", &audit])
    }

    /// Where the trail may be kept: on a disk, and in memory where there is such a place.
    fn places(&self) -> Vec<(&'static str, PathBuf)> {
        let mut places = vec![("audit synced to disk", self.dir.path().join("audit"))];
        let memory = Path::new("/dev/shm");
        if memory.is_dir() {
            let own = format!("keyhole-bench-{}", std::process::id());
            places.push(("audit in memory", memory.join(own)));
        }
        places
    }

    /// Transactions a second of `pgbench`, which only selects, with statements prepared.
    fn pgbench(&self, clients: u32) -> f64 {
        let output = Command::new(self.cluster.program("pgbench"))
            .args(["--select-only", "--protocol=prepared", "--no-vacuum"])
            .args(["--time=4", "--host=127.0.0.1", "--username=boss"])
            .arg(format!("--client={clients}"))
            .arg(format!("--port={}", self.cluster.port()))
            .arg("postgres")
            .output()
            .expect("pgbench runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let figure = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        figure.unwrap_or_else(|| panic!("no figure in {text}"))
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        for (_, place) in self.places() {
            let _gone = std::fs::remove_dir_all(place);
        }
    }
}

/// How a query is sent.
#[derive(Clone, Copy)]
enum Form {
    /// Alone.
    Bare,
    /// In a read-only transaction that is rolled back, all in one go.
    Transaction,
}

/// The client library alone, in this process.
struct Raw {
    runtime: Runtime,
    client: tokio_postgres::Client,
}

impl Raw {
    fn connect(url: &str) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls)
                .await
                .expect("a connection");
            tokio::spawn(connection);
            client
        });
        Self { runtime, client }
    }

    /// The time of each of `count` queries by key, one after the other.
    fn serial(&self, count: usize, form: Form) -> Vec<Duration> {
        self.runtime.block_on(async {
            let statement = self.client.prepare(BY_KEY).await.expect("a statement");
            let mut times = Vec::new();
            for _ in 0..count {
                let begun = Instant::now();
                self.one(&statement, form).await;
                times.push(begun.elapsed());
            }
            times
        })
    }

    /// Queries by key a second, with `window` on their way on one connection.
    fn rate(&self, count: usize, window: usize, form: Form) -> f64 {
        self.runtime.block_on(async {
            let statement = self.client.prepare(BY_KEY).await.expect("a statement");
            let begun = Instant::now();
            for _ in 0..count / window {
                join_all((0..window).map(|_| self.one(&statement, form))).await;
            }
            count as f64 / begun.elapsed().as_secs_f64()
        })
    }

    /// One query. What is polled first is sent first; nothing waits for the answer before it.
    async fn one(&self, statement: &Statement, form: Form) {
        let query = self.client.query(statement, &[&4711]);
        let rows = match form {
            Form::Bare => query.await,
            Form::Transaction => {
                let begin = self.client.batch_execute("BEGIN READ ONLY");
                let end = self.client.batch_execute("ROLLBACK");
                let (begun, rows, ended) = join!(begin, query, end);
                begun.and(ended).expect("a transaction");
                rows
            }
        };
        assert_eq!(rows.expect("rows").len(), 1);
    }

    /// The time to have 10,000 rows as text that could be sent on.
    fn many(&self) -> Duration {
        let begun = Instant::now();
        let rows = self.runtime.block_on(self.client.simple_query(MANY));
        let text = rows
            .expect("rows")
            .into_iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => {
                    let cells = (0..row.len()).map(|at| json!(row.get(at)));
                    Some(Value::Array(cells.collect()))
                }
                _ => None,
            });
        let text = Value::Array(text.collect()).to_string();
        assert!(text.len() > 300_000);
        begun.elapsed()
    }

    /// The same in binary form, only received.
    fn received(&self) -> Duration {
        let begun = Instant::now();
        let rows: Vec<Row> = self
            .runtime
            .block_on(self.client.query(MANY, &[]))
            .expect("rows");
        assert_eq!(rows.len(), 10_000);
        begun.elapsed()
    }
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
