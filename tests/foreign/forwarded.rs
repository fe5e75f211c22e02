//! What `forward` hands on, read by what others wrote: an OpenTelemetry collector.

use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use harness::Era;
use harness::PATIENCE;
use harness::bin;
use harness::until;
use harness::workspace;
use serde_json::Value;
use serde_json::json;

use super::installed;
use super::world;

/// A collector, ended with the test.
struct Collector(Child);

impl Drop for Collector {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn a_collector_of_opentelemetry_understands_every_record() {
    if installed("venv/bin/python").is_none() {
        return;
    }
    let libraries = workspace().join("tests/foreign/venv/lib");
    let found = std::fs::read_dir(libraries).unwrap().find_map(|entry| {
        let agent = entry
            .unwrap()
            .path()
            .join("site-packages/rotel/rotel-agent");
        agent.exists().then_some(agent)
    });
    let agent = found.expect("rotel is missing: run tests/foreign/setup");
    let world = world();
    let mut raw = world.start(Era::Modern, &["--audit={dir}/audit", "docs={dir}/root"]);
    for path in ["docs/small.txt", "docs/absent", "docs/\u{202e}\n"] {
        let _answer = raw.call("read_file", json!({"path": path}));
    }
    assert_eq!(raw.close().code, Some(0));
    let free = || {
        TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
    };
    let (http, grpc) = (free(), free());
    let log = std::fs::File::create(world.path("collector.log")).unwrap();
    let mut command = Command::new(agent);
    command
        .args(["start", "--exporter", "blackhole", "--debug-log", "logs"])
        .args(["--debug-log-verbosity", "detailed"])
        .arg(format!("--otlp-http-endpoint={http}"))
        .arg(format!("--otlp-grpc-endpoint={grpc}"))
        .current_dir(world.path(""))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    let collector = Collector(command.spawn().unwrap());
    until(PATIENCE, || TcpStream::connect(http).ok()).expect("it listens");
    world.file(
        "forward.toml",
        format!(
            "[[forward]]\nname = \"otel\"\nkind = \"otlp\"\naddress = \"http://{http}\"\ninsecure = true\n"
        ),
    );
    let arguments = world.arguments(&[
        "forward",
        "--once",
        "--config={dir}/forward.toml",
        "--audit={dir}/audit",
    ]);
    let ran = harness::run(&bin("audit-review"), &arguments);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let text = || std::fs::read_to_string(world.path("collector.log")).unwrap_or_default();
    let done = || {
        text()
            .contains("keyhole.action: Str(forward-start)")
            .then_some(())
    };
    until(PATIENCE, done).expect("it has the last record");
    let text = text();
    drop(collector);
    // the body is the line, so what it holds is the trail from its first line on
    let bodies = text.lines().filter_map(|line| {
        let body = line.trim_start().strip_prefix("Body: Str(")?;
        body.strip_suffix(')')
    });
    let mut seq = 0;
    for body in bodies {
        let record: Value = serde_json::from_str(body).expect("a line of the trail");
        seq += 1;
        assert_eq!(record["seq"], seq);
    }
    assert!(seq >= 8, "{text}");
    for said in [
        "-> service.name: Str(readonly-fs)",
        "-> gen_ai.tool.name: Str(read_file)",
        "-> keyhole.result.bytes: Int(",
        "SeverityNumber: SEVERITY_NUMBER_WARN(13)",
        "SeverityNumber: SEVERITY_NUMBER_INFO(9)",
    ] {
        assert!(text.contains(said), "{said}");
    }
}
