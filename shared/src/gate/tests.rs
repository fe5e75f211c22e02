//! The gate with a server that misbehaves in every way, over a real line transport.
#![expect(
    clippy::disallowed_methods,
    reason = "tests look at the trail and break it"
)]

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use rmcp::ServiceExt;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::io::DuplexStream;
use tokio::io::ReadHalf;
use tokio::io::WriteHalf;
use uuid::Uuid;

use super::*;
use crate::audit::Audit;
use crate::audit::Origin;
use crate::audit::Settings;
use crate::call::Caller;
use crate::call::Shared;
use crate::config::Source;
use crate::cursor::Seal;
use crate::label::Clearance;
use crate::label::Label;
use crate::label::Labeled;
use crate::label::Taxonomy;
use crate::policy::Policy;
use crate::policy::PolicySource;
use crate::principal::Principal;
use crate::schema::Arguments;
use crate::schema::Kind;
use crate::schema::Parameter;
use crate::serve::Lines;
use crate::server::Answer;
use crate::server::Block;
use crate::server::Outcome;
use crate::server::Tool;
use crate::session::Session;

mod crowd;
mod eras;
mod intent;

/// Does what its one argument says.
struct Fixture {
    tools: Vec<Tool>,
    audit: PathBuf,
    /// For each change how many announcements were in the trail when it was made.
    changes: Changed,
}

type Changed = Arc<Mutex<Vec<usize>>>;

const PARAMETERS: &[Parameter] = &[Parameter::new("act", Kind::Text(20), "").required()];

const fn tool(name: &'static str, permission: Option<&'static str>) -> Tool {
    Tool {
        name,
        title: "",
        about: "does what it is told",
        parameters: PARAMETERS,
        output: r#"{"type":"object"}"#,
        permission,
        open_world: false,
        writes: false,
    }
}

fn tools() -> Vec<Tool> {
    let mut write = tool("write_act", Some("fixture:write"));
    write.writes = true;
    let mut fetch = tool("fetch_act", None);
    fetch.open_world = true;
    vec![
        tool("act", None),
        fetch,
        tool("hidden_act", None),
        tool("secret_act", Some("secret:act")),
        write,
    ]
}

impl Server for Fixture {
    const NAME: &'static str = "fixture";
    const VERSION: &'static str = "0";
    const TITLE: &'static str = "Fixture";
    const RESOURCES: bool = true;

    fn tools(&self) -> &[Tool] {
        &self.tools
    }

    fn offers(&self, _caller: &Caller, tool: &Tool) -> bool {
        tool.name != "hidden_act"
    }

    fn instructions(&self, _caller: &Caller) -> String {
        String::new()
    }

    async fn call(&self, call: Call, tool: &'static str, arguments: Arguments) -> Outcome<Answer> {
        if matches!(tool, "write_act" | "fetch_act") {
            let announced = records_in(&self.audit);
            let announced = announced.iter().filter(|r| r["phase"] == "intent").count();
            self.changes.lock().unwrap().push(announced);
        }
        let act = arguments.given()["act"].as_str().unwrap().to_owned();
        let label = match act.as_str() {
            "panic" => panic!("canary-in-a-panic"),
            "panic in a thread" => call.blocking(|_| panic!("canary-in-a-panic")).await?,
            "hang" => std::future::pending().await,
            "fault" => return Err(Fault::new("do it", "canary-in-a-cause").into()),
            "absent" => return Err(Denial::NotFound.into()),
            "forbidden" => return Err(Denial::NotCleared.into()),
            "personal" => Taxonomy::default().parse("personal").unwrap(),
            _ => Taxonomy::default().parse("internal").unwrap(),
        };
        let answer = Answer {
            blocks: vec![Block::Text("canary-in-the-data".to_owned())],
            structured: json!({"done": act}).into(),
            items: 1,
            truncated: false,
            untrusted: true,
        };
        Ok(Labeled::new(answer, label))
    }

    fn opened(&self) -> Clearance {
        Clearance::up_to(Label::PUBLIC)
    }
}

/// A client, its server, and the trail between them.
struct World {
    read: BufReader<ReadHalf<DuplexStream>>,
    write: WriteHalf<DuplexStream>,
    dir: tempfile::TempDir,
    changes: Changed,
    next: i64,
}

const POLICY: &str = "
    [roles.clerk]
    clearance = \"internal\"
    [roles.clerk.quota]
    calls-per-minute = 40
    [stdio]
    roles = [\"clerk\"]
";

impl World {
    fn new() -> Self {
        Self::with(POLICY, Duration::from_secs(5))
    }

    fn with(policy: &str, deadline: Duration) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let policy = Policy::parse(&Source::new("p", policy)).unwrap();
        let policy = Arc::new(PolicySource::fixed(policy));
        let ada = Principal::new(Principal::LOCAL, "ada").unwrap();
        let settings = Settings::new(dir.path().join("audit"));
        let origin = Origin {
            server_name: "fixture",
            ..Origin::default()
        };
        let audit = Audit::open(settings, origin, now()).unwrap();
        let limits = Limits {
            deadline,
            concurrent: 2,
            waiting: 1,
            peer_uid: None,
        };
        let shared = Shared::new(Seal::new([7; 32], TimeDelta::seconds(60)));
        let session = Session::new(Uuid::nil(), ada, policy);
        let desk = Arc::new(Desk::new(session, audit, shared, limits, now));
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let (reader, writer) = tokio::io::split(theirs);
        let lines = Lines::new(reader, writer, 10_000, Arc::clone(&desk));
        let changes = Changed::default();
        let fixture = Fixture {
            tools: tools(),
            audit: dir.path().join("audit"),
            changes: Arc::clone(&changes),
        };
        tokio::spawn(async move {
            if let Ok(running) = Gate::new(Arc::new(fixture), desk).serve(lines).await {
                let _end = running.waiting().await;
            }
        });
        let (read, write) = tokio::io::split(ours);
        Self {
            read: BufReader::new(read),
            write,
            dir,
            changes,
            next: 0,
        }
    }

    async fn say(&mut self, line: &str) {
        self.write.write_all(line.as_bytes()).await.unwrap();
        self.write.write_all(b"\n").await.unwrap();
    }

    async fn hear(&mut self) -> Value {
        let mut line = String::new();
        let heard = self.read.read_line(&mut line);
        tokio::time::timeout(Duration::from_secs(10), heard)
            .await
            .unwrap()
            .unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Sends a request of the stateless era; returns its id.
    async fn send(&mut self, method: &str, mut params: Value) -> i64 {
        self.next += 1;
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let request =
            json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params});
        self.say(&request.to_string()).await;
        self.next
    }

    async fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params).await;
        let heard = self.hear().await;
        assert_eq!(heard["id"], json!(id), "{heard}");
        heard
    }

    async fn act(&mut self, act: &str) -> Value {
        self.ask(
            "tools/call",
            json!({"name": "act", "arguments": {"act": act}}),
        )
        .await
    }

    /// The records of requests so far, in order.
    fn records(&self) -> Vec<Value> {
        records_in(&self.dir.path().join("audit"))
    }

    async fn change(&mut self, act: &str) -> Value {
        let call = json!({"name": "write_act", "arguments": {"act": act}});
        self.ask("tools/call", call).await
    }
}

fn records_in(audit: &Path) -> Vec<Value> {
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(audit).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "jsonl") {
            let text = std::fs::read_to_string(path).unwrap();
            lines.extend(
                text.lines()
                    .map(|l| serde_json::from_str::<Value>(l).unwrap()),
            );
        }
    }
    lines.retain(|line| line["kind"] == "request");
    lines
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_000_000, 0).unwrap()
}

#[tokio::test]
async fn l1_each_way_to_end_leaves_one_record_and_no_canary() {
    let mut world = World::with(POLICY, Duration::from_millis(200));
    let heard = [
        ("fine", "allowed"),
        ("panic", "failed"),
        ("panic in a thread", "failed"),
        ("fault", "failed"),
        ("hang", "timed_out"),
        ("absent", "not_found"),
        ("forbidden", "not_found"),
        ("personal", "not_found"),
    ];
    for (number, (act, code)) in heard.into_iter().enumerate() {
        let reply = world.act(act).await;
        let result = &reply["result"];
        if code == "allowed" {
            assert_eq!(result["structuredContent"]["done"], "fine");
            assert_eq!(
                result["_meta"]["dev.keyhole/security-label"]["level"],
                "internal"
            );
        } else {
            assert_eq!(result["isError"], true, "{reply}");
            assert_eq!(result["structuredContent"]["code"], code, "{reply}");
            assert!(!reply.to_string().contains("canary"), "{reply}");
        }
        assert_eq!(world.records().len(), number + 1, "{act}");
    }
    let rules: Vec<Value> = world
        .records()
        .iter()
        .map(|r| r["error.type"].clone())
        .collect();
    let wanted = json!([
        null,
        "failed",
        "failed",
        "failed",
        "timed_out",
        "not_found",
        "not_cleared",
        "not_cleared"
    ]);
    assert_eq!(Value::from(rules), wanted);
    for record in world.records() {
        assert!(!record.to_string().contains("canary"), "{record}");
    }
}

#[tokio::test]
async fn i10_a_request_ends_with_the_grant_that_allows_it() {
    // the clock of these tests stands at 13:46:40
    let policy = "
        [roles.clerk]
        clearance = \"internal\"
        [[grants]]
        subject = \"ada\"
        role = \"clerk\"
        until = 1970-01-12T13:46:40.2Z
    ";
    let mut world = World::with(policy, Duration::from_secs(60));
    let reply = world.act("hang").await;
    assert_eq!(
        reply["result"]["structuredContent"]["code"], "timed_out",
        "{reply}"
    );
}

#[tokio::test]
async fn a3_forbidden_and_absent_are_the_same_bytes() {
    let mut world = World::new();
    let mut said = Vec::new();
    for act in ["absent", "forbidden", "personal"] {
        said.push(world.act(act).await["result"].to_string());
    }
    assert_eq!(said[0], said[1]);
    assert_eq!(said[0], said[2]);
    let mut named = Vec::new();
    for name in ["secret_act", "hidden_act", "no_such_tool"] {
        let call = json!({"name": name, "arguments": {"act": "fine"}});
        named.push(world.ask("tools/call", call).await["error"].to_string());
    }
    assert_eq!(named[0], named[1]);
    assert!(named[0].contains("-32602"), "{}", named[0]);
    let listed = world.ask("tools/list", json!({})).await;
    assert!(!listed.to_string().contains("secret_act"), "{listed}");
    assert!(!listed.to_string().contains("hidden_act"), "{listed}");
}

#[tokio::test]
async fn l1_what_is_malformed_or_unknown_is_answered_and_recorded() {
    let mut world = World::new();
    world.act("fine").await;
    for arguments in [
        json!({}),
        json!({"act": 1}),
        json!({"act": "fine", "hunter2": 1}),
    ] {
        let reply = world
            .ask("tools/call", json!({"name": "act", "arguments": arguments}))
            .await;
        assert_eq!(
            reply["result"]["structuredContent"]["code"], "malformed",
            "{reply}"
        );
    }
    let reply = world.ask("no/such\nmethod\u{202e}", json!({})).await;
    assert_eq!(reply["error"]["code"], -32601, "{reply}");
    assert!(!reply.to_string().contains("such"), "{reply}");
    let long = format!("[\"{}\"]", "x".repeat(20_000));
    for (line, code) in [
        ("{not json", -32700),
        ("[]", -32600),
        (r#"{"jsonrpc":"2.0","id":"q","method":7}"#, -32600),
        (long.as_str(), -32600),
    ] {
        world.say(line).await;
        let reply = world.hear().await;
        assert_eq!(reply["error"]["code"], code, "{reply}");
    }
    assert_eq!(world.records().len(), 9);
    let text = format!("{:?}", world.records());
    assert!(
        !text.contains("hunter2") && !text.contains("such"),
        "{text}"
    );
    // and the connection still works
    assert_eq!(
        world.act("fine").await["result"]["structuredContent"]["done"],
        "fine"
    );
}

#[tokio::test]
async fn lists_of_one_page_take_no_cursor() {
    let mut world = World::new();
    for method in ["tools/list", "resources/templates/list"] {
        let reply = world.ask(method, json!({"cursor": "x"})).await;
        assert_eq!(reply["error"]["data"]["code"], "stale_cursor", "{reply}");
        let reply = world.ask(method, json!({})).await;
        assert!(reply["result"].is_object(), "{reply}");
    }
}

#[tokio::test]
async fn l2_without_a_record_there_is_no_answer() {
    let mut world = World::new();
    assert_eq!(world.act("fine").await["result"]["isError"], json!(false));
    let trail = world.dir.path().join("audit");
    std::fs::rename(&trail, world.dir.path().join("gone")).unwrap();
    let reply = world.act("fine").await;
    assert_eq!(
        reply["result"]["structuredContent"]["code"], "unavailable",
        "{reply}"
    );
    assert!(!reply.to_string().contains("canary"), "{reply}");
    let reply = world.ask("tools/list", json!({})).await;
    assert!(reply["error"].is_object(), "{reply}");
}

#[tokio::test]
async fn l1_a_last_line_that_nobody_ended_is_answered_and_recorded() {
    let mut world = World::new();
    let ping = br#"{"jsonrpc":"2.0","id":"last","method":"ping"}"#;
    world.write.write_all(ping).await.unwrap();
    world.write.shutdown().await.unwrap();
    assert_eq!(world.hear().await["id"], "last");
    assert_eq!(world.records().len(), 1);
}
