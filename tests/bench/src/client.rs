//! Talks to a server over pipes, one line at a time or many at once.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::process::Child;
use std::process::ChildStdin;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use crate::figures::Cpu;
use crate::figures::Memory;

/// A running server and the pipes to it.
#[derive(Debug)]
pub struct Client {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    line: String,
    next: u64,
    /// From the start of the process to its answer to `initialize`.
    pub start: Duration,
}

impl Client {
    /// Starts `program` with `arguments` and shakes hands.
    ///
    /// # Panics
    ///
    /// If the program does not start or does not speak: then there is nothing to measure.
    #[must_use]
    pub fn start(program: &Path, arguments: &[&str]) -> Self {
        let begun = Instant::now();
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the server starts");
        let stdin = child.stdin.take().expect("a pipe");
        let stdout = BufReader::with_capacity(1 << 20, child.stdout.take().expect("a pipe"));
        let mut client = Self {
            child,
            stdin,
            stdout,
            line: String::new(),
            next: 0,
            start: Duration::ZERO,
        };
        let hello = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "bench", "version": "0"},
        });
        client.ask("initialize", &hello);
        client.start = begun.elapsed();
        client.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
        client
    }

    /// Calls `tool` and gives back its result.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let reply = self.ask("tools/call", &json!({"name": tool, "arguments": arguments}));
        let result = reply["result"].clone();
        assert_ne!(result["isError"], json!(true), "{tool}: {reply}");
        result
    }

    /// Calls `tool` `count` times, one after the other; the time of each.
    pub fn serial(&mut self, tool: &str, arguments: &Value, count: usize) -> Vec<Duration> {
        let times = (0..count).map(|_| {
            let line = self.line_of(tool, arguments);
            let begun = Instant::now();
            self.say(&line);
            self.hear();
            begun.elapsed()
        });
        times.collect()
    }

    /// Calls `tool` `count` times with `window` requests on their way; the time of all.
    pub fn pipelined(
        &mut self,
        tool: &str,
        arguments: &Value,
        count: usize,
        window: usize,
    ) -> Duration {
        let mut batch = String::new();
        for _ in 0..window {
            batch.push_str(&self.line_of(tool, arguments));
            batch.push('\n');
        }
        let begun = Instant::now();
        let (mut sent, mut heard) = (0, 0);
        while heard < count {
            if sent < count && sent - heard <= window / 2 {
                self.stdin
                    .write_all(batch.as_bytes())
                    .expect("the server reads");
                sent += window;
                // ids may repeat once their answers are in: windows do not overlap by more
                batch.clear();
                for _ in 0..window {
                    batch.push_str(&self.line_of(tool, arguments));
                    batch.push('\n');
                }
            }
            self.hear();
            heard += 1;
        }
        let elapsed = begun.elapsed();
        while heard < sent {
            self.hear();
            heard += 1;
        }
        elapsed
    }

    /// The number of the process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the process has used so far.
    #[must_use]
    pub fn cpu(&self) -> Cpu {
        Cpu::of(self.child.id())
    }

    /// What the process holds and held at most.
    #[must_use]
    pub fn memory(&self) -> Memory {
        Memory::of(self.child.id())
    }

    fn line_of(&mut self, tool: &str, arguments: &Value) -> String {
        self.next += 1;
        let params = json!({"name": tool, "arguments": arguments});
        json!({"jsonrpc": "2.0", "id": self.next, "method": "tools/call", "params": params})
            .to_string()
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.next += 1;
        let request =
            json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params});
        self.say(&request.to_string());
        self.hear();
        serde_json::from_str(&self.line).expect("an answer is JSON")
    }

    fn say(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").expect("the server reads");
    }

    fn hear(&mut self) {
        self.line.clear();
        let read = self
            .stdout
            .read_line(&mut self.line)
            .expect("the server answers");
        assert_ne!(read, 0, "the server ended");
        assert!(!self.line.contains("\"error\""), "{}", self.line);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}
