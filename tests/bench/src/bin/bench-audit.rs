//! Measures the audit trail: what a record costs beside a bare append and sync of the same bytes,
//! and what `verify` and `report` cost beside SHA-256 alone, in one run.
//!
//! Absolute times are those of the machine; the ratios are what to compare. An argument that is a
//! number says over how many records it is read; with others only the parts of that name are
//! measured: `write`, `read`. What is read lies in the directory for temporary files (`TMPDIR`):
//! about 0.7 GB for a million records.

use std::fs::File;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use bench::figures::Cpu;
use bench::places;
use bench::table::head;
use bench::table::ratio;
use bench::table::row;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use guard::audit::Audit;
use guard::audit::Decision;
use guard::audit::Kind;
use guard::audit::Marking;
use guard::audit::Origin;
use guard::audit::Outcome;
use guard::audit::Phase;
use guard::audit::Record;
use guard::audit::Settings;
use guard::gate::record_id;
use sha2::Digest;
use sha2::Sha256;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;

fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let (numbers, parts): (Vec<_>, Vec<_>) = given.iter().partition(|word| is_number(word));
    let count = numbers.first().map_or(200_000, |word| read(word));
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|word| *word == part);
    if wanted("write") {
        write();
    }
    if wanted("read") {
        reading(count);
    }
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|letter| letter.is_ascii_digit())
}

fn read(word: &str) -> u64 {
    word.parse().expect("a number of records")
}

/// What a call waits for its record.
fn write() {
    let dir = tempfile::tempdir().expect("a directory");
    head(
        "A record beside a bare append and sync",
        &[
            "where",
            "in flight",
            "records/s",
            "p50",
            "p99",
            "bare: lines/s",
            "p50",
            "p99",
            "rate",
        ],
    );
    for (place, path) in places::trails(dir.path()) {
        for flight in [1, 64] {
            let _gone = std::fs::remove_dir_all(&path);
            let (mut ours, mut bare) = (Trail::new(&path), Bare::new(&path, flight));
            // turn by turn, and each turn short, so that what else runs on the machine slows both
            for _ in 0..ROUNDS {
                ours.turn(flight);
                bare.turn(ours.line());
            }
            let rate = ours.times.len() as f64 / ours.took.as_secs_f64();
            let floor = bare.times.len() as f64 / bare.took.as_secs_f64();
            let mut cells = vec![place.to_owned(), flight.to_string(), format!("{rate:.0}")];
            cells.extend(percentiles(&mut ours.times));
            cells.push(format!("{floor:.0}"));
            cells.extend(percentiles(&mut bare.times));
            cells.push(ratio(rate, floor));
            row(&cells);
            ours.audit.close(Utc::now()).expect("an end");
            std::fs::remove_file(bare.path).expect("removed");
        }
        let _gone = std::fs::remove_dir_all(&path);
    }
    println!(
        "\n`bare` writes lines of the same length into a file: as many as are in flight in one append, then one\n\
         `fdatasync`. `rate` is records a second beside lines a second."
    );
}

/// A trail that is written to.
struct Trail {
    dir: PathBuf,
    audit: Arc<Audit>,
    runtime: Runtime,
    times: Vec<Duration>,
    took: Duration,
}

impl Trail {
    fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            audit: Arc::new(open(dir)),
            runtime: runtime(),
            times: Vec::new(),
            took: Duration::ZERO,
        }
    }

    /// Writes records as `flight` callers at once.
    fn turn(&mut self, flight: usize) {
        let begun = Instant::now();
        let found = self.runtime.block_on(async {
            let tasks = (0..flight).map(|_| {
                let audit = Arc::clone(&self.audit);
                tokio::spawn(async move {
                    let mut times = Vec::with_capacity(EACH);
                    for number in 0..EACH as u64 {
                        let begun = Instant::now();
                        audit.write(record(number)).await.expect("a record");
                        times.push(begun.elapsed());
                    }
                    times
                })
            });
            let mut all = Vec::new();
            for task in tasks.collect::<Vec<_>>() {
                all.extend(task.await.expect("a task"));
            }
            all
        });
        self.took += begun.elapsed();
        self.times.extend(found);
    }

    /// The bytes of one record, with its part of what the trail says of itself.
    fn line(&self) -> usize {
        bytes(&self.dir) as usize / self.times.len()
    }
}

/// A file that lines are appended to.
struct Bare {
    path: PathBuf,
    file: File,
    flight: usize,
    times: Vec<Duration>,
    took: Duration,
}

impl Bare {
    fn new(dir: &Path, flight: usize) -> Self {
        let path = dir.with_extension("bare");
        let file = File::options().append(true).create(true).open(&path);
        Self {
            path,
            file: file.expect("a file"),
            flight,
            times: Vec::new(),
            took: Duration::ZERO,
        }
    }

    /// Appends lines of `size` bytes, as many at once as are in flight, and syncs.
    fn turn(&mut self, size: usize) {
        let lines = vec![b'x'; size * self.flight];
        let begun = Instant::now();
        for _ in 0..EACH {
            let begun = Instant::now();
            self.file.write_all(&lines).expect("written");
            self.file.sync_data().expect("synced");
            let one = begun.elapsed();
            self.times.extend(std::iter::repeat_n(one, self.flight));
        }
        self.took += begun.elapsed();
    }
}

/// The middle of `times`, and what 99 of 100 do not exceed.
fn percentiles(times: &mut [Duration]) -> [String; 2] {
    times.sort_unstable();
    [50, 99].map(|percent| {
        let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        let time = times.get(at).copied().unwrap_or_default();
        format!("{:.0} \u{b5}s", time.as_secs_f64() * 1e6)
    })
}

/// What reading a trail costs, for a tenth of `count` records and for all of them: memory must be
/// the same.
fn reading(count: u64) {
    let review = places::build("audit-review");
    let dir = tempfile::tempdir().expect("a directory");
    let trail = dir.path().join("audit");
    head(
        "Reading a trail beside SHA-256 alone",
        &[
            "records",
            "MB",
            "what",
            "time",
            "processor",
            "MB/s of processor",
            "beside SHA-256",
            "memory at most",
        ],
    );
    let mut written = 0;
    for part in [count / 10, count] {
        let begun = Instant::now();
        generate(&trail, written..part);
        eprintln!("{part} records written in {:.0?}", begun.elapsed());
        written = part;
        let megabytes = bytes(&trail) as f64 / 1e6;
        let (time, cpu) = hashed(&trail);
        let floor = megabytes / cpu.as_secs_f64();
        let told = |what: &str, time: Duration, cpu: Duration, memory: String| {
            let rate = megabytes / cpu.as_secs_f64();
            row(&[
                part.to_string(),
                format!("{megabytes:.0}"),
                what.to_owned(),
                format!("{:.1} s", time.as_secs_f64()),
                format!("{:.1} s", cpu.as_secs_f64()),
                format!("{rate:.0}"),
                ratio(rate, floor),
                memory,
            ]);
        };
        told("SHA-256 alone", time, cpu, String::new());
        for (what, arguments, code) in [
            ("verify", &["verify"][..], 10),
            ("report", &["report", "--format=html"][..], 0),
        ] {
            let ran = ran(&review, arguments, &trail, code);
            told(what, ran.time, ran.cpu, format!("{:.1} MB", ran.memory));
        }
    }
}

/// Writes the records of these numbers.
fn generate(dir: &Path, numbers: std::ops::Range<u64>) {
    let audit = Arc::new(open(dir));
    let next = Arc::new(AtomicU64::new(numbers.start));
    runtime().block_on(async {
        let tasks = (0..1000).map(|_| {
            let (audit, next, end) = (Arc::clone(&audit), Arc::clone(&next), numbers.end);
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        return;
                    }
                    audit.write(record(number)).await.expect("a record");
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.expect("a task");
        }
    });
    audit.close(instant(numbers.end)).expect("an end");
}

/// Hashes all files of the trail; the time for it, and the processor's.
fn hashed(dir: &Path) -> (Duration, Duration) {
    let mut buffer = vec![0; 64 << 10];
    let (begun, cpu) = (Instant::now(), Cpu::of_thread());
    for path in files(dir) {
        let mut file = File::open(path).expect("a file");
        let mut hash = Sha256::new();
        loop {
            let count = file.read(&mut buffer).expect("read");
            if count == 0 {
                break;
            }
            hash.update(&buffer[..count]);
        }
        std::hint::black_box(hash.finalize());
    }
    (begun.elapsed(), Cpu::of_thread().0 - cpu.0)
}

/// How a command ran.
struct Ran {
    time: Duration,
    cpu: Duration,
    /// Resident, at most, in megabytes.
    memory: f64,
}

/// Runs a command on the trail to its end, and looks at it meanwhile.
fn ran(review: &Path, arguments: &[&str], trail: &Path, code: i32) -> Ran {
    let mut command = Command::new(review);
    command.args(arguments).arg(trail);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let mut child = command.spawn().expect("it starts");
    let (mut memory, mut cpu) = (0.0_f64, Duration::ZERO);
    let status = loop {
        if let Some(status) = child.try_wait().expect("it ends") {
            break status;
        }
        if let Some((peak, used)) = figures(child.id()) {
            (memory, cpu) = (memory.max(peak), used);
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(status.code(), Some(code), "{arguments:?}");
    let time = begun.elapsed();
    Ran { time, cpu, memory }
}

/// The most memory so far, and the processor's time; nothing once the process has ended.
fn figures(pid: u32) -> Option<(f64, Duration)> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    Some((kilobytes / 1000.0, Duration::from_millis(ticks * 10)))
}

fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
}

fn open(dir: &Path) -> Audit {
    Audit::open(Settings::new(dir), Origin::default(), Utc::now()).expect("a trail")
}

/// A quarter of a second after the record before.
fn instant(number: u64) -> DateTime<Utc> {
    let millis = i64::try_from(number).expect("not so many") * 250;
    let first = DateTime::from_timestamp_millis(1_767_225_600_000).expect("an instant");
    first + TimeDelta::milliseconds(millis)
}

/// A record as a call of a tool leaves it: of some people, on some resources, now and then refused.
fn record(number: u64) -> Record<'static> {
    let time = instant(number);
    let mut record = Record::new(Kind::Request, record_id(time), time);
    let refused = number.is_multiple_of(50);
    record.phase = Some(Phase::Outcome);
    record.principal_iss = Some("local".into());
    record.principal_id = Some(format!("person-{}", number % 61).into());
    record.session_id = Some("0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000".into());
    record.session_era = Some("stdio".into());
    record.client_address = Some("pipe".into());
    record.transport = Some("pipe".into());
    record.method = Some("tools/call".into());
    record.tool = Some("read_file".into());
    record.resource = Some(format!("fs://docs/notes/{}.md", number % 4099).into());
    record.args_shape = Some("{path:string}".into());
    record.args_hmac = Some("0123456789abcdef0123456789abcdef".into());
    record.decision = Some(if refused {
        Decision::Deny
    } else {
        Decision::Allow
    });
    record.rule = Some(if refused { "out_of_scope" } else { "docs:read" }.into());
    record.outcome = Some(if refused {
        Outcome::Denied
    } else {
        Outcome::Allowed
    });
    record.label = (!refused).then(|| Marking {
        level: if number.is_multiple_of(7) {
            "confidential"
        } else {
            "internal"
        },
        categories: if number.is_multiple_of(7) {
            vec!["personal"]
        } else {
            Vec::new()
        },
    });
    record.items = (!refused).then_some(1);
    record.bytes = (!refused).then_some(4096);
    record.duration_us = Some(180 + number % 97);
    record.figures.insert("fs.bytes", 4096);
    record
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect();
    files.sort();
    files
}

fn bytes(dir: &Path) -> u64 {
    let sizes = files(dir).into_iter();
    sizes
        .map(|path| path.metadata().expect("a size").len())
        .sum()
}

/// How often each is measured.
const ROUNDS: usize = 60;
/// How many records each caller writes at a time.
const EACH: usize = 50;
