//! What a collector of others makes of our spans and metrics, and of the trace of a client of others.

use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;

use harness::PATIENCE;
use harness::World;
use harness::bin;
use harness::until;
use serde_json::json;

use super::installed;
use super::served;
use super::world;

/// Rotel, listening on `port`, and what it writes.
struct Collector {
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Collector {
    fn start(world: &World, port: u16) -> Option<Self> {
        let agent = installed("venv/bin/rotel-agent")?;
        let http = format!("127.0.0.1:{port}");
        let pid = world.path(&format!("rotel-{port}.pid"));
        let mut command = Command::new(agent);
        command.args([
            "start",
            "--exporter=blackhole",
            "--otlp-grpc-endpoint=127.0.0.1:0",
        ]);
        command.arg(format!("--otlp-http-endpoint={http}"));
        command.arg(format!("--pid-file={}", pid.display()));
        command.args([
            "--debug-log=traces",
            "--debug-log=metrics",
            "--debug-log-verbosity=detailed",
        ]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("rotel starts");
        let log = Arc::<Mutex<String>>::default();
        let streams: [Box<dyn std::io::Read + Send>; 2] = [
            Box::new(child.stdout.take().expect("piped")),
            Box::new(child.stderr.take().expect("piped")),
        ];
        for mut stream in streams {
            let kept = Arc::clone(&log);
            std::thread::spawn(move || {
                let mut part = [0; 4096];
                while let Ok(read @ 1..) = stream.read(&mut part) {
                    kept.lock()
                        .expect("whole")
                        .push_str(&String::from_utf8_lossy(&part[..read]));
                }
            });
        }
        let collector = Self { child, log };
        until(PATIENCE, || TcpStream::connect(&http).ok()).expect("rotel listens");
        Some(collector)
    }

    fn log(&self) -> String {
        self.log.lock().expect("whole").clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn send(world: &World) -> harness::Ran {
    let arguments = [
        "telemetry",
        "--once",
        "--config={dir}/review.toml",
        "{dir}/audit",
    ];
    harness::run(&bin("audit-review"), &world.arguments(&arguments))
}

#[test]
fn l7_a_collector_gets_the_request_below_the_span_of_the_client() {
    let (Some(python), Some(driver)) = (installed("venv/bin/python"), installed("traced.py"))
    else {
        return;
    };
    let world = world();
    world.file("root/small.txt", "canary-content\n");
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let mut command = Command::new(python);
    command
        .arg(driver)
        .arg(&parent)
        .arg(bin("readonly-fs"))
        .args(served(&world));
    let output = command.output().expect("python runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");

    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let settings =
        format!("[telemetry]\nendpoint = \"http://127.0.0.1:{port}\"\ninsecure = true\n");
    world.file("review.toml", settings);
    // nobody is there yet
    assert_eq!(send(&world).code, Some(3));
    let Some(collector) = Collector::start(&world, port) else {
        return;
    };
    let ran = send(&world);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let last = "keyhole.trail.breaks";
    until(PATIENCE, || collector.log().contains(last).then_some(())).expect("metrics come");

    let record = world
        .trail()
        .records
        .into_iter()
        .find(|record| record["trace_id"] == trace);
    let own = record.expect("it is recorded")["span_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let log = collector.log();
    let span = log
        .split("Span #")
        .find(|span| span.contains(&own))
        .expect("the span came");
    for line in [
        format!("Trace ID       : {trace}"),
        "Parent ID      : 00f067aa0ba902b7".to_owned(),
        "Name           : tools/call read_file".to_owned(),
        "Kind           : SPAN_KIND_SERVER".to_owned(),
        "-> mcp.method.name: Str(tools/call)".to_owned(),
        "-> gen_ai.operation.name: Str(execute_tool)".to_owned(),
        "-> keyhole.label.level: Str(internal)".to_owned(),
    ] {
        assert!(span.contains(&line), "{line}\n{span}");
    }
    for line in [
        "-> service.name: Str(readonly-fs)",
        "-> Name: mcp.server.operation.duration",
        "-> DataType: Histogram",
        "-> AggregationTemporality: AGGREGATION_TEMPORALITY_CUMULATIVE",
        "-> Name: keyhole.result.size",
        "ExplicitBounds #13: 300",
    ] {
        assert!(log.contains(line), "{line}\n{log}");
    }
    for never in ["canary", "small.txt", "canary-baggage", "docs/"] {
        assert!(!log.contains(never), "{never} left");
    }
}

#[test]
fn l7_an_upstream_and_the_collector_get_one_trace() {
    let (Some(python), Some(driver)) = (installed("venv/bin/python"), installed("traced.py"))
    else {
        return;
    };
    let world = World::new();
    let upstream = crate::api::echo();
    world.file(
        "api.toml",
        format!(
            "[upstreams.crm]\nbase = \"{}\"\nallow-addresses = [\"127.0.0.0/8\"]\n\
             dangerous-plain-http = true\ntrace = true\n\
             [endpoints.read-file]\nupstream = \"crm\"\nget = \"/canary-path\"\nlabel = \"internal\"\n",
            upstream.base()
        ),
    );
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let mut command = Command::new(python);
    command
        .arg(driver)
        .arg(format!("00-{trace}-b7ad6b7169203331-01"))
        .arg(bin("api-fetch"));
    command.args(world.arguments(&["--audit={dir}/audit", "--config={dir}/api.toml"]));
    command
        .env("TOOL", "read-file")
        .env("ARGUMENTS", json!({}).to_string());
    let output = command.output().expect("python runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let [heard] = upstream.heard().try_into().unwrap();
    let told = heard
        .header("traceparent")
        .expect("the operator says so")
        .to_owned();
    let [_, told_trace, told_span, _] = told.split('-').collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(told_trace, trace);

    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let settings =
        format!("[telemetry]\nendpoint = \"http://127.0.0.1:{port}\"\ninsecure = true\n");
    world.file("review.toml", settings);
    let Some(collector) = Collector::start(&world, port) else {
        return;
    };
    let ran = send(&world);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let log = until(PATIENCE, || {
        Some(collector.log()).filter(|log| log.contains(told_span))
    });
    let log = log.expect("the span that the upstream was told of");
    let span = log
        .split("Span #")
        .find(|span| span.contains(told_span))
        .unwrap();
    assert!(span.contains("Parent ID      : b7ad6b7169203331"), "{span}");
    assert!(
        span.contains("Name: keyhole.intent") || log.contains("keyhole.intent"),
        "{log}"
    );
    assert!(!log.contains("canary"), "{log}");
}
