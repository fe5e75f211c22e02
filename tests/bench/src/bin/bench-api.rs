//! Measures `api-fetch` beside the HTTP client `reqwest` alone and `curl`, in one run.
//!
//! Absolute times are those of the machine; the ratios are what to compare. With arguments only
//! the parts of that name are measured: `start`, `calls`, `fields`.

use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use bench::client::Client;
use bench::figures::Cpu;
use bench::figures::median;
use bench::places;
use bench::table::head;
use bench::table::ratio;
use bench::table::row;
use bench::upstream;
use futures::future::join_all;
use serde_json::Value;
use serde_json::json;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;

/// Bytes of a body, what to call it, and how many calls make a figure.
const SIZES: [(usize, &str, usize); 3] = [
    (1 << 10, "1 KB", 10_000),
    (64 << 10, "64 KB", 3_000),
    (1_000_000, "1 MB", 200),
];
const TOKEN: &str = "tok-5f0c2a9b7e4d41c8a3b6";

fn main() {
    let bed = Bed::new(places::build("api-fetch"));
    type Part = fn(&Bed);
    let parts: [(&str, Part); 3] = [("start", start), ("calls", calls), ("fields", fields)];
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for (name, part) in parts {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            part(&bed);
        }
    }
}

/// An upstream, and a configuration for it.
struct Bed {
    server: PathBuf,
    address: SocketAddr,
    dir: tempfile::TempDir,
}

impl Bed {
    fn new(server: PathBuf) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let address = upstream::start(&SIZES.map(|(size, ..)| size));
        let key = dir.path().join("key");
        let file = std::fs::File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&key);
        let written =
            file.and_then(|mut file| std::io::Write::write_all(&mut file, TOKEN.as_bytes()));
        written.expect("a key");
        let mut text = format!(
            "[limits]\nmax-bytes = \"4 MiB\"\nanswer-bytes = \"1 MiB\"\n\n[upstreams.crm]\n\
             base = \"http://{address}\"\ncredential = {{ bearer = \"file:{}\" }}\n\
             allow-addresses = [\"127.0.0.0/8\"]\ndangerous-plain-http = true\nconcurrent = 16\n",
            key.display()
        );
        for (size, ..) in SIZES {
            let common = format!("upstream = \"crm\"\nget = \"/{size}\"\nlabel = \"public\"\n");
            text.push_str(&format!("\n[endpoints.all-{size}]\n{common}"));
            text.push_str(&format!("\n[endpoints.some-{size}]\n{common}"));
            text.push_str("fields = [\"items[*].{id,name}\"]\n");
        }
        std::fs::write(dir.path().join("config.toml"), text).expect("a configuration");
        Self {
            server,
            address,
            dir,
        }
    }

    fn serve(&self, audit: &Path) -> Client {
        let config = self.dir.path().join("config.toml").display().to_string();
        let audit = audit.display().to_string();
        Client::start(&self.server, &["--config", &config, "--audit", &audit])
    }

    fn url(&self, size: usize) -> String {
        format!("http://{}/{size}", self.address)
    }
}

/// What a way of calling cost.
struct Cost {
    p50: f64,
    one: f64,
    sixteen: f64,
    cpu: f64,
}

/// The client library alone, in this thread.
struct Raw {
    runtime: Runtime,
    client: reqwest::Client,
    url: String,
    /// Whether the body is read as JSON and written twice, as an answer to a model is.
    answers: bool,
}

impl Raw {
    fn new(url: String, answers: bool) -> Self {
        let client = reqwest::Client::builder().no_proxy().build();
        Self {
            runtime: Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
            client: client.expect("a client"),
            url,
            answers,
        }
    }

    async fn one(&self) -> Duration {
        let begun = Instant::now();
        let sent = self.client.get(&self.url).bearer_auth(TOKEN).send().await;
        let body = sent.expect("an answer").bytes().await.expect("a body");
        if self.answers {
            let value: Value = serde_json::from_slice(&body).expect("JSON");
            let text = value.to_string();
            let answer =
                json!({"content": [{"type": "text", "text": text}], "structuredContent": value});
            assert!(answer.to_string().len() > body.len());
        }
        begun.elapsed()
    }

    fn cost(&self, count: usize) -> Cost {
        self.runtime.block_on(async {
            for _ in 0..count / 4 {
                self.one().await;
            }
            let mut times = Vec::new();
            let (begun, before) = (Instant::now(), Cpu::of_thread());
            for _ in 0..count {
                times.push(self.one().await);
            }
            let (took, cpu) = (begun.elapsed(), Cpu::of_thread());
            join_all((0..16).map(|_| self.one())).await;
            let begun = Instant::now();
            for _ in 0..count / 16 {
                join_all((0..16).map(|_| self.one())).await;
            }
            Cost {
                p50: median(&mut times),
                one: count as f64 / took.as_secs_f64(),
                sixteen: (count / 16 * 16) as f64 / begun.elapsed().as_secs_f64(),
                cpu: cpu.each_since(before, count),
            }
        })
    }
}

/// The server, over its pipes.
fn served(client: &mut Client, tool: &str, count: usize) -> Cost {
    let nothing = json!({});
    client.serial(tool, &nothing, count / 4);
    let (begun, before) = (Instant::now(), client.cpu());
    let mut times = client.serial(tool, &nothing, count);
    let (took, cpu) = (begun.elapsed(), client.cpu());
    client.pipelined(tool, &nothing, 64, 16);
    let together = client.pipelined(tool, &nothing, count, 16);
    Cost {
        p50: median(&mut times),
        one: count as f64 / took.as_secs_f64(),
        sixteen: count as f64 / together.as_secs_f64(),
        cpu: cpu.each_since(before, count),
    }
}

/// `curl`, one request after the other over one connection, if it is installed.
fn curl(url: &str, count: usize) -> Option<Cost> {
    let found = Command::new("curl")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    found.ok().filter(std::process::ExitStatus::success)?;
    let each = format!("--header 'Authorization: Bearer {TOKEN}' --output /dev/null --silent");
    let begun = Instant::now();
    let cpu = Cpu::of_command(&format!("curl {each} '{url}?[1-{count}]';"));
    let took = begun.elapsed().as_secs_f64();
    Some(Cost {
        p50: took * 1e6 / count as f64,
        one: count as f64 / took,
        sixteen: f64::NAN,
        cpu: cpu.each_since(Cpu::default(), count),
    })
}

fn start(bed: &Bed) {
    head(
        "Start",
        &[
            "",
            "spawn to first answer, median",
            "resident, idle",
            "after a call",
        ],
    );
    for (place, audit) in places::trails(bed.dir.path()) {
        let mut times = Vec::new();
        let (mut idle, mut used) = (0.0, 0.0);
        for _ in 0..21 {
            let mut client = bed.serve(&audit);
            times.push(client.start);
            idle = client.memory().now;
            client.call("all-1024", &json!({}));
            used = client.memory().now;
        }
        row(&[
            place.to_owned(),
            format!("{:.1} ms", median(&mut times) / 1000.0),
            format!("{idle:.1} MB"),
            format!("{used:.1} MB"),
        ]);
    }
}

fn calls(bed: &Bed) {
    for (size, name, count) in SIZES {
        let raw = table(
            &format!("A call that brings {name} of JSON"),
            bed,
            size,
            count,
        );
        for (place, audit) in places::trails(bed.dir.path()) {
            let mut client = bed.serve(&audit);
            let cost = served(&mut client, &format!("all-{size}"), count);
            line(&format!("api-fetch, {place}"), &cost, &raw);
            println!("<!-- at most {:.1} MB resident -->", client.memory().peak);
        }
    }
}

fn fields(bed: &Bed) {
    for (size, name, count) in SIZES {
        let raw = table(
            &format!("The same {name}, of which two fields of five are shown"),
            bed,
            size,
            count,
        );
        for (place, audit) in places::trails(bed.dir.path()) {
            let cost = served(&mut bed.serve(&audit), &format!("some-{size}"), count);
            line(&format!("api-fetch, {place}"), &cost, &raw);
        }
    }
}

/// Begins a table with the floors; all ratios are to the first.
fn table(title: &str, bed: &Bed, size: usize, count: usize) -> Cost {
    let columns = [
        "",
        "p50, one at a time",
        "ratio",
        "a second, 1 on the way",
        "16",
        "ratio at 16",
        "CPU a call",
        "ratio",
    ];
    head(title, &columns);
    let raw = Raw::new(bed.url(size), false).cost(count);
    line("reqwest, the bytes", &raw, &raw);
    line(
        "reqwest, read as JSON and written twice",
        &Raw::new(bed.url(size), true).cost(count),
        &raw,
    );
    if let Some(cost) = curl(&bed.url(size), count) {
        line("curl, one connection", &cost, &raw);
    }
    raw
}

fn line(name: &str, cost: &Cost, raw: &Cost) {
    let known = |text: String, figure: f64| if figure.is_nan() { String::new() } else { text };
    row(&[
        name.to_owned(),
        format!("{:.0} us", cost.p50),
        ratio(cost.p50, raw.p50),
        format!("{:.0}", cost.one),
        known(format!("{:.0}", cost.sixteen), cost.sixteen),
        known(ratio(cost.sixteen, raw.sixteen), cost.sixteen),
        format!("{:.0} us", cost.cpu),
        ratio(cost.cpu, raw.cpu),
    ]);
}
