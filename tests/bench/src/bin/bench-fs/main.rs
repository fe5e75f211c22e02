//! Measures `readonly-fs` beside the floor, ripgrep and the plain system calls, in one run.
//!
//! Absolute times are those of the machine; the ratios are what to compare. With arguments only
//! the parts of that name are measured: `start`, `calls`, `layers`, `trees`, `large`; and
//! `profile`, which is measured only if it is asked for, since it builds the server once more.

mod calls;
mod layers;
mod trees;

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use bench::client::Client;
use bench::figures::median;
use bench::table::head;
use bench::table::ratio;
use bench::table::row;

use calls::calls;
use layers::layers;
use layers::profile;
use trees::large;
use trees::trees;

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
