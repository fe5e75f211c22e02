//! The image: what the Dockerfile puts into it, and a server that runs on that and nothing else.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use harness::Era;
use harness::Raw;
use harness::World;
use harness::servers;
use harness::verify;
use harness::workspace;
use serde_json::Value;
use serde_json::json;

use super::cell::Cell;
use super::deployment;
use super::is_set;
use super::text;

/// A stage of the Dockerfile: its name, what it begins with, and its instructions.
#[derive(Debug)]
struct Stage {
    name: String,
    base: String,
    lines: Vec<(String, String)>,
}

impl Stage {
    fn all() -> Vec<Self> {
        let text = text("container/Dockerfile").replace("\\\n", " ");
        let mut stages: Vec<Self> = Vec::new();
        for line in text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let (word, rest) = line.split_once(' ').expect("an instruction");
            if word == "FROM" {
                let (base, name) = rest.split_once(" AS ").expect("a name");
                let (name, base) = (name.to_owned(), base.to_owned());
                stages.push(Self {
                    name,
                    base,
                    lines: Vec::new(),
                });
            } else {
                let stage = stages.last_mut().expect("FROM is first");
                stage.lines.push((word.to_owned(), rest.trim().to_owned()));
            }
        }
        stages
    }

    /// Everything that the image of this stage is made of, from its base on.
    fn whole(name: &str) -> Vec<(String, String)> {
        let stages = Self::all();
        let stage = stages.iter().find(|stage| stage.name == name).expect(name);
        let mut lines = match stages.iter().any(|other| other.name == stage.base) {
            true => Self::whole(&stage.base),
            false => vec![("FROM".to_owned(), stage.base.clone())],
        };
        lines.extend(stage.lines.iter().cloned());
        lines
    }

    /// What is copied into the image, and where to.
    fn copied(name: &str) -> Vec<(String, String)> {
        let lines = Self::whole(name).into_iter();
        let copies = lines
            .filter(|(word, _)| word == "COPY")
            .map(|(_, rest)| rest);
        let pair = |rest: String| {
            let words: Vec<&str> = rest.split_whitespace().collect();
            assert_eq!(words[0], "--from=build", "{rest}");
            let [from, to] = words[words.len() - 2..] else {
                panic!("{rest}")
            };
            (from.to_owned(), to.to_owned())
        };
        copies.map(pair).collect()
    }
}

#[test]
fn an_image_is_one_binary_and_a_directory_for_the_trail_and_no_user_that_is_root() {
    let files =
        |name| -> Vec<String> { Stage::copied(name).into_iter().map(|(_, to)| to).collect() };
    assert_eq!(files("server"), ["/server", "/state"]);
    assert_eq!(
        files("tls"),
        ["/server", "/state", "/etc/ssl/certs/ca-certificates.crt"]
    );
    for name in ["server", "tls"] {
        let lines = Stage::whole(name);
        assert_eq!(lines[0], ("FROM".to_owned(), "scratch".to_owned()));
        assert!(
            !lines.iter().any(|(word, _)| word == "RUN" || word == "ADD"),
            "{lines:?}"
        );
        let last = |wanted: &str| {
            let mut same = lines.iter().rev().filter(|(word, _)| word == wanted);
            same.next().map(|(_, rest)| rest.clone())
        };
        assert_eq!(last("USER").as_deref(), Some("65532:65532"), "{name}");
        assert_eq!(
            last("ENTRYPOINT").as_deref(),
            Some(r#"["/server"]"#),
            "{name}"
        );
    }
    // the one that has a shell is for a sidecar, and is nobody's default
    assert_eq!(
        Stage::all()
            .last()
            .map(|stage| stage.name.clone())
            .as_deref(),
        Some("tls")
    );
}

#[test]
fn a_host_starts_the_container_with_no_right_that_it_does_not_need() {
    let host: Value = serde_json::from_str(&text("container/mcp.json")).expect("JSON");
    let words = host["mcpServers"]["handbook"]["args"]
        .as_array()
        .expect("words");
    for flag in [
        "--read-only",
        "--network=none",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--pids-limit=64",
        "--memory=512m",
    ] {
        assert!(words.iter().any(|word| word == flag), "{flag}");
    }
    let mounts = words
        .iter()
        .filter_map(|word| word.as_str()?.strip_prefix("--mount="));
    for mount in mounts {
        let is_trail = mount.ends_with("target=/state");
        assert_eq!(mount.ends_with(",readonly"), !is_trail, "{mount}");
    }
}

#[test]
fn hadolint_has_nothing_to_say() {
    let hadolint = workspace().join("tests/foreign/venv/bin/hadolint");
    if !hadolint.exists() {
        assert!(!is_set("KEYHOLE_FOREIGN"), "run tests/foreign/setup");
        harness::loudly("deployments: hadolint is missing; run tests/foreign/setup");
        return;
    }
    let lint = |file: &Path| Command::new(&hadolint).arg(file).output().expect("it runs");
    let output = lint(&deployment("container/Dockerfile"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let world = World::new();
    world.file(
        "Dockerfile",
        text("container/Dockerfile").replace("alpine:3.23", "alpine"),
    );
    assert!(!lint(&world.path("Dockerfile")).status.success());
}

/// The static binary of `server`, built from this working tree.
fn musl(server: &str) -> PathBuf {
    const TARGET: &str = "x86_64-unknown-linux-musl";
    let target = workspace().join("target");
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--locked",
            "--target",
            TARGET,
            "--package",
            server,
        ])
        .arg("--target-dir")
        .arg(&target)
        .current_dir(workspace())
        .status()
        .expect("cargo runs");
    assert!(
        built.success(),
        "{server} builds: rustup target add {TARGET}; package musl-tools"
    );
    target.join(TARGET).join("debug").join(server)
}

/// The types of the program headers of a 64-bit little-endian ELF file, and the type of the file.
fn elf(path: &Path) -> (u64, Vec<u64>) {
    let bytes = std::fs::read(path).expect("readable");
    let number = |at: usize, size: usize| {
        let part = bytes[at..at + size].iter().rev();
        part.fold(0, |sum, &byte| sum << 8 | u64::from(byte))
    };
    assert_eq!(&bytes[..6], b"\x7fELF\x02\x01");
    let at = |index: u64| usize::try_from(number(32, 8) + index * number(54, 2)).unwrap();
    let headers = (0..number(56, 2)).map(|index| number(at(index), 4));
    (number(16, 2), headers.collect())
}

/// The root of the image `stage` around `binary`, as the Dockerfile says.
fn root(world: &World, stage: &str, binary: &Path) -> Option<Cell> {
    let mut cell = Cell::new()?.environment("XDG_STATE_HOME", "/state");
    for (from, to) in Stage::copied(stage) {
        cell = match from.as_str() {
            "/image/server" => cell.reads(binary, &to),
            "/image/state" => {
                world.dir("state").mode("state", 0o700);
                cell.writes(&world.path("state"), &to)
            }
            // the authorities of this machine stand in for those of the stage that builds
            _ => cell.reads(Path::new(&from), &to),
        };
    }
    Some(cell)
}

#[test]
#[ignore = "builds every server for another target, which takes minutes: just static-test"]
fn every_server_is_one_static_file_and_serves_from_an_image_with_nothing_else() {
    const INTERPRETER: u64 = 3;
    const POSITION_INDEPENDENT: u64 = 3;
    for server in servers() {
        let binary = musl(&server);
        let (kind, headers) = elf(&binary);
        assert_eq!(kind, POSITION_INDEPENDENT, "{server}");
        assert!(!headers.contains(&INTERPRETER), "{server} needs a loader");
    }
    // linked to libraries, as a binary of this machine is, it would show
    let (_, headers) = elf(Path::new("/bin/sh"));
    assert!(headers.contains(&INTERPRETER));

    let world = World::new();
    world.file("root/a.md", "hello\n");
    let Some(cell) = root(&world, "server", &musl("readonly-fs")) else {
        return;
    };
    let cell = cell.reads(&world.path("root"), "/srv/docs");
    let command = ["/server", "docs=/srv/docs"].map(str::to_owned);
    let mut raw = Raw::spawn(&mut cell.command(&command), Era::Modern);
    raw.listen();
    let read = raw.call("read_file", json!({"path": "docs/a.md"}));
    assert_eq!(read.ok().text(), "hello\n");
    assert_eq!(raw.close().code, Some(0));
    let trail = verify(&world.path("state/keyhole/audit")).expect("whole");
    assert_eq!(trail.of("1")[0]["principal.id"], "uid:65532");

    let world = World::new();
    // without the key that a supervisor would hand over, so that one is made beside the trail
    let config = text("systemd/keyhole/api-fetch.toml").replace("signing-key", "# signing-key");
    world.file("api-fetch.toml", config);
    world.file("policy.toml", text("systemd/keyhole/policy.toml"));
    let cell = root(&world, "tls", &musl("api-fetch")).expect("as before");
    let cell = cell.reads(&world.path("api-fetch.toml"), "/etc/keyhole/api-fetch.toml");
    let cell = cell.reads(&world.path("policy.toml"), "/etc/keyhole/policy.toml");
    let command = [
        "/server",
        "--config",
        "/etc/keyhole/api-fetch.toml",
        "--subject",
        "support-desk",
    ];
    let mut raw = Raw::spawn(&mut cell.command(&command.map(str::to_owned)), Era::Modern);
    raw.listen();
    let tools = raw.ask("tools/list", json!({}));
    assert_eq!(tools.result()["tools"][0]["name"], "fetch-customer");
    assert_eq!(raw.close().code, Some(0));
}
