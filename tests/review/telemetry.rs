//! Spans and metrics of the trail, and a collector that is down, slow, busy, and back again.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;
use std::time::Instant;

use harness::Era;
use harness::PATIENCE;
use harness::Raw;
use harness::World;
use harness::bin;
use harness::until;
use rustix::process::Pid;
use rustix::process::Signal;
use serde_json::Value;
use serde_json::json;

/// What a collector was sent: its path and body.
type Heard = Arc<Mutex<Vec<(String, Value)>>>;

/// A process that is ended with the test.
struct Sender(Child);

impl Sender {
    fn start(world: &World) -> Self {
        let arguments = [
            "telemetry",
            "--every=1",
            "--config={dir}/review.toml",
            "{dir}/audit",
        ];
        let mut command = Command::new(bin("audit-review"));
        command.args(world.arguments(&arguments)).env_clear();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// Ends it, and gives its exit code.
    fn end(mut self, by: Signal) -> Option<i32> {
        rustix::process::kill_process(Pid::from_child(&self.0), by).unwrap();
        self.0.wait().unwrap().code()
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// A world whose telemetry goes to a port of this machine where nobody listens yet.
fn world() -> (World, u16) {
    let world = World::new();
    world.file("root/small.txt", "canary-content\n");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let settings =
        format!("[telemetry]\nendpoint = \"http://127.0.0.1:{port}\"\ninsecure = true\n");
    world.file("review.toml", settings);
    (world, port)
}

/// Calls `times` times, each within a trace of its own; gives the spans of the caller.
fn call(raw: &mut Raw, times: u32) -> Vec<String> {
    let span = |at| format!("{:016x}", 0xabc0_0000 + at);
    let ask = |at| {
        let parent = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{}-01", span(at));
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "traceparent": parent, "baggage": "canary-baggage=1",
        });
        let arguments = json!({"path": "docs/small.txt"});
        let call = json!({"name": "read_file", "arguments": arguments, "_meta": meta});
        raw.ask("tools/call", call).ok();
        span(at)
    };
    (0..times).map(ask).collect()
}

/// Listens on `port`; `answer` gets the number of the request and says what is answered.
fn collect(port: u16, answer: fn(usize, &mut TcpStream)) -> Heard {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let heard = Heard::default();
    let kept = Arc::clone(&heard);
    std::thread::spawn(move || {
        for (number, tcp) in listener.incoming().flatten().enumerate() {
            let Some((path, body, mut tcp)) = request(tcp) else {
                continue;
            };
            kept.lock().unwrap().push((path, body));
            answer(number, &mut tcp);
        }
    });
    heard
}

fn request(tcp: TcpStream) -> Option<(String, Value, TcpStream)> {
    let mut reader = BufReader::new(tcp);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(": ") {
            Some(("content-length", number)) => length = number.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((
        path,
        serde_json::from_slice(&body).ok()?,
        reader.into_inner(),
    ))
}

fn say(tcp: &mut TcpStream, status: &str) {
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\nretry-after: 1\r\n\r\n{{}}");
    tcp.write_all(answer.as_bytes()).ok();
}

/// The spans that came, by their ids; the same span twice is one.
fn spans(heard: &Heard) -> BTreeMap<String, Value> {
    let heard = heard.lock().unwrap();
    let bodies = heard.iter().filter(|(path, _)| path == "/v1/traces");
    let resources = bodies.flat_map(|(_, body)| body["resourceSpans"].as_array().unwrap());
    let spans = resources.flat_map(|of| of["scopeSpans"][0]["spans"].as_array().unwrap());
    let named = |span: &Value| (span["spanId"].as_str().unwrap().to_owned(), span.clone());
    spans.map(named).collect()
}

/// How many requests the last metrics count.
fn counted(heard: &Heard) -> u64 {
    let heard = heard.lock().unwrap();
    let last = heard.iter().rfind(|(path, _)| path == "/v1/metrics");
    let Some((_, body)) = last else { return 0 };
    let metrics = body["resourceMetrics"].as_array().unwrap().iter();
    let metrics = metrics.flat_map(|of| of["scopeMetrics"][0]["metrics"].as_array().unwrap());
    let durations = metrics.filter(|metric| metric["name"] == "mcp.server.operation.duration");
    let points = durations.flat_map(|metric| metric["histogram"]["dataPoints"].as_array().unwrap());
    points.map(|point| point["count"].as_u64().unwrap()).sum()
}

#[test]
fn l7_a_collector_that_is_down_slow_or_busy_holds_up_no_request_and_misses_none() {
    let (world, port) = world();
    let mut raw = world.start(Era::Modern, &["--audit={dir}/audit", "docs={dir}/root"]);
    let sender = Sender::start(&world);
    let begun = Instant::now();
    let parents = call(&mut raw, 60);
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "nobody listens, and nobody waits for it"
    );
    let heard = collect(port, |number, tcp| match number {
        0 => say(tcp, "503 Service Unavailable"),
        // closed without a word
        1 => {}
        2 => say(tcp, "429 Too Many Requests"),
        number => {
            std::thread::sleep(Duration::from_millis(if number < 6 { 700 } else { 0 }));
            say(tcp, "200 OK");
        }
    });
    // taken by nobody knows whom, and the sender dies
    until(PATIENCE, || (spans(&heard).len() >= 60).then_some(())).expect("all spans come");
    sender.end(Signal::KILL);
    let sender = Sender::start(&world);
    call(&mut raw, 5);
    until(PATIENCE, || (counted(&heard) >= 65).then_some(())).expect("all are counted");
    assert_eq!(raw.close().code, Some(0));
    let ended = sender.end(Signal::TERM);
    assert_eq!(ended, Some(0), "a signal ends it in order");

    let trail = world.trail();
    let requests = trail
        .outcomes()
        .filter(|record| record["kind"] == "request");
    let own: Vec<&str> = requests
        .map(|record| record["span_id"].as_str().unwrap())
        .collect();
    let came = spans(&heard);
    assert_eq!(own.len(), 65);
    assert!(own.iter().all(|id| came.contains_key(*id)) && came.len() == own.len());
    for parent in parents {
        assert!(
            came.values().any(|span| span["parentSpanId"] == parent),
            "{parent}"
        );
    }
    assert_eq!(counted(&heard), 65, "what was sent twice is counted once");
    let all = format!("{:?}", heard.lock().unwrap());
    for never in ["canary", "small.txt", "docs"] {
        assert!(!all.contains(never), "{never} left");
    }
}

#[test]
fn l7_once_sends_what_is_there_and_says_how_it_ended() {
    let (world, port) = world();
    let mut raw = world.start(Era::Modern, &["--audit={dir}/audit", "docs={dir}/root"]);
    call(&mut raw, 3);
    assert_eq!(raw.close().code, Some(0));
    let once = || {
        let arguments = [
            "telemetry",
            "--once",
            "--config={dir}/review.toml",
            "{dir}/audit",
        ];
        harness::run(&bin("audit-review"), &world.arguments(&arguments))
    };
    let refused = collect(port, |number, tcp| {
        say(
            tcp,
            if number == 0 {
                "401 Unauthorized"
            } else {
                "200 OK"
            },
        );
    });
    let ran = once();
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("answered 401"), "{}", ran.stderr);
    let ran = once();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(spans(&refused).len(), 3);
    let before = refused.lock().unwrap().len();
    assert_eq!(once().code, Some(0));
    assert_eq!(
        refused.lock().unwrap().len(),
        before,
        "there is nothing new"
    );
}

#[test]
fn l7_telemetry_goes_nowhere_that_the_operator_did_not_say() {
    let world = World::new();
    let run = |config: &str| {
        world.file("review.toml", config);
        let arguments = [
            "telemetry",
            "--once",
            "--config={dir}/review.toml",
            "{dir}/audit",
        ];
        harness::run(&bin("audit-review"), &world.arguments(&arguments))
    };
    for (config, said) in [
        ("", "`endpoint` in `[telemetry]`"),
        (
            "[telemetry]\nendpoint = \"http://127.0.0.1:4318\"\n",
            "review.toml:2:12: expected https",
        ),
        (
            "[telemetry]\nendpoint = \"http://a.example:4318\"\ninsecure = true\n",
            "review.toml:2:12: expected https",
        ),
        (
            "[telemetry]\nendpoint = \"https://u:hunter2@a.example\"\n",
            "review.toml:2:12: ",
        ),
        (
            "[telemetry]\nheaders = { authorization = \"Bearer hunter2\" }\n",
            "review.toml:2:",
        ),
        (
            "[telemetry]\nratio = 2.0\n",
            "review.toml:2:9: expected a number from 0.0 to 1.0",
        ),
    ] {
        let ran = run(config);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert!(ran.stderr.contains(said), "{config}: {}", ran.stderr);
        assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    }
}
