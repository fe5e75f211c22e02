//! A client that writes lines to a child and reads lines from it.
//!
//! # Invariants
//!
//! - No call of it waits longer than [`PATIENCE`]: writing happens in a thread, reading too.
//! - Everything the child says is kept, so that a test can search it for what it must not hold.

use std::collections::HashMap;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;
use std::time::Instant;

use rustix::process::Pid;
use rustix::process::Signal;
use serde_json::Value;
use serde_json::json;

use crate::Answer;
use crate::process::until;

/// The longest that any test waits for one thing.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Which form of the protocol is spoken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Era {
    /// 2026-07-28: every request says all that is to be known.
    Modern,
    /// 2025-11-25: a handshake comes first.
    Legacy,
    /// Nothing is sent that the test does not send.
    Bare,
}

/// A running server and the talk with it.
#[derive(Debug)]
pub struct Raw {
    child: Child,
    era: Era,
    stdin: Option<mpsc::Sender<Vec<u8>>>,
    stdout: Option<ChildStdout>,
    lines: mpsc::Receiver<String>,
    line_sender: Option<mpsc::Sender<String>>,
    threads: Vec<JoinHandle<()>>,
    stderr: Arc<Mutex<String>>,
    heard: String,
    answers: HashMap<String, Answer>,
    answered: Vec<String>,
    /// What came without an id, and what was no response.
    pub notes: Vec<Value>,
    next: u64,
}

/// How a talk ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; none if it was killed.
    pub code: Option<i32>,
    /// All lines on standard output.
    pub heard: String,
    /// All of standard error.
    pub stderr: String,
    /// The most memory it ever had, in KiB, where it was still there to be asked.
    pub peak: u64,
    /// The ids of all responses, in their order.
    pub answered: Vec<String>,
}

impl Raw {
    /// Starts a program and, in the older era, shakes hands.
    #[must_use]
    pub fn start(program: &Path, arguments: &[String], era: Era) -> Self {
        let mut command = Command::new(program);
        command.args(arguments).env_clear();
        let mut raw = Self::spawn(&mut command, era);
        raw.listen();
        if era == Era::Legacy {
            let client = json!({"name": "e2e", "version": "0"});
            let params =
                json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
            let _answer = raw.ask("initialize", params);
            raw.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        }
        raw
    }

    /// Starts a program and does not read what it says until [`Raw::listen`].
    #[must_use]
    pub fn spawn(command: &mut Command, era: Era) -> Self {
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let stdin = child.stdin.take().expect("piped");
        let stdout = child.stdout.take();
        let mut complaints = child.stderr.take().expect("piped");
        let (to_stdin, bytes) = mpsc::channel();
        let (line_sender, lines) = mpsc::channel();
        let stderr = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&stderr);
        let errors = std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(read @ 1..) = complaints.read(&mut part) {
                let text = String::from_utf8_lossy(&part[..read]);
                kept.lock().expect("whole").push_str(&text);
            }
        });
        std::thread::spawn(move || write(stdin, &bytes));
        Self {
            child,
            era,
            stdin: Some(to_stdin),
            stdout,
            lines,
            line_sender: Some(line_sender),
            threads: vec![errors],
            stderr,
            heard: String::new(),
            answers: HashMap::new(),
            answered: Vec::new(),
            notes: Vec::new(),
            next: 1,
        }
    }

    /// Begins to read what the child says.
    pub fn listen(&mut self) {
        let (Some(stdout), Some(sender)) = (self.stdout.take(), self.line_sender.take()) else {
            return;
        };
        self.threads.push(std::thread::spawn(move || {
            for line in BufReader::new(stdout).split(b'\n') {
                let Ok(line) = line else { break };
                let text = String::from_utf8(line).unwrap_or_else(|e| format!("NOT UTF-8: {e}"));
                if sender.send(text).is_err() {
                    break;
                }
            }
        }));
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&mut self, bytes: impl Into<Vec<u8>>) {
        if let Some(stdin) = &self.stdin {
            stdin.send(bytes.into()).ok();
        }
    }

    /// Sends one message.
    pub fn send(&mut self, message: &Value) {
        let mut line = message.to_string();
        line.push('\n');
        self.send_bytes(line);
    }

    /// Sends a request and gives its id.
    pub fn begin(&mut self, method: &str, mut params: Value) -> u64 {
        let id = self.next;
        self.next += 1;
        if self.era == Era::Modern {
            params["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2026-07-28".into();
            params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
        }
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        id
    }

    /// Sends a tool call and gives its id.
    pub fn begin_call(&mut self, tool: &str, arguments: Value) -> u64 {
        self.begin("tools/call", json!({"name": tool, "arguments": arguments}))
    }

    /// Sends a request and waits for its response.
    pub fn ask(&mut self, method: &str, params: Value) -> Answer {
        let id = self.begin(method, params);
        self.wait(id)
    }

    /// Calls a tool and waits for its response.
    pub fn call(&mut self, tool: &str, arguments: Value) -> Answer {
        let id = self.begin_call(tool, arguments);
        self.wait(id)
    }

    /// Waits for the response to the request `id`.
    pub fn wait(&mut self, id: impl std::fmt::Display) -> Answer {
        let id = id.to_string();
        self.wait_most(&id, PATIENCE).unwrap_or_else(|| {
            let stderr = self.stderr();
            panic!(
                "no answer to {id}; notes {:?}; stderr: {stderr}",
                self.notes
            )
        })
    }

    /// Waits for the response to the request `id`, at most `limit`.
    pub fn wait_most(&mut self, id: &str, limit: Duration) -> Option<Answer> {
        let end = Instant::now() + limit;
        while !self.answers.contains_key(id) {
            let left = end.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).ok()?;
            self.take(&line);
        }
        self.answers.remove(id)
    }

    /// Waits for the next message that is no response, at most `limit`.
    pub fn note(&mut self, limit: Duration) -> Option<Value> {
        let end = Instant::now() + limit;
        while self.notes.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).ok()?;
            self.take(&line);
        }
        Some(self.notes.remove(0))
    }

    fn take(&mut self, line: &str) {
        self.heard.push_str(line);
        self.heard.push('\n');
        let message: Value = serde_json::from_str(line)
            .unwrap_or_else(|_| panic!("standard output is for the protocol: {line:?}"));
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        match &message["id"] {
            id if message.get("method").is_some() || id.is_null() => self.notes.push(message),
            id => {
                let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
                assert!(!self.answered.contains(&id), "answered twice: {line}");
                self.answered.push(id.clone());
                self.answers.insert(id, Answer(message));
            }
        }
    }

    /// What it has complained so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.lock().expect("whole").clone()
    }

    /// The most memory it ever had, in KiB.
    #[must_use]
    pub fn peak(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// How many threads it has.
    #[must_use]
    pub fn thread_count(&self) -> u64 {
        self.status("Threads:")
    }

    fn status(&self, key: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let figure = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        figure.unwrap_or(0)
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal to it.
    pub fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Closes its standard input and waits for its end.
    #[must_use]
    pub fn close(mut self) -> Ended {
        self.stdin = None;
        self.end()
    }

    /// Waits for its end, which something else brings about.
    #[must_use]
    pub fn end(mut self) -> Ended {
        let mut peak = self.peak();
        let ended = until(PATIENCE, || {
            peak = peak.max(self.peak());
            self.child.try_wait().expect("a child")
        });
        let Some(status) = ended else {
            panic!("it did not end; stderr: {}", self.stderr());
        };
        for thread in std::mem::take(&mut self.threads) {
            thread.join().expect("a reader ends");
        }
        let mut rest: Vec<String> = self.lines.try_iter().collect();
        let is_half = |line: &String| serde_json::from_str::<Value>(line).is_err();
        if status.code().is_none() && rest.last().is_some_and(is_half) {
            // a pipe that is full takes part of a line, and a kill leaves it at that
            rest.pop();
        }
        for line in rest {
            self.take(&line);
        }
        Ended {
            code: status.code(),
            heard: std::mem::take(&mut self.heard),
            stderr: self.stderr(),
            peak,
            answered: std::mem::take(&mut self.answered),
        }
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn write(mut stdin: ChildStdin, bytes: &mpsc::Receiver<Vec<u8>>) {
    while let Ok(bytes) = bytes.recv() {
        if stdin.write_all(&bytes).is_err() {
            break;
        }
    }
}
