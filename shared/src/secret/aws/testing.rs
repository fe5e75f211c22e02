//! A server that says what a test tells it to, in place of AWS.
#![expect(
    clippy::disallowed_methods,
    reason = "a test that cannot have its server has failed"
)]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Read;
use std::io::Write;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;

use super::load::Account;
use crate::secret::Providers;

/// One request as it came.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) head: String,
    pub(super) body: String,
}

impl Asked {
    /// The value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }

    /// The method and the target.
    pub(super) fn line(&self) -> &str {
        self.head.split(" HTTP/").next().unwrap()
    }
}

/// A server on this machine; gone when it is dropped.
pub(super) struct Served {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    /// Answers each request by `answer`, which also gets its number, from 0.
    pub(super) fn start(mut answer: impl FnMut(usize, &Asked) -> Vec<u8> + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (kept, stopped) = (Arc::clone(&asked), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = stream.unwrap();
                let Some(request) = read(&mut stream) else {
                    continue;
                };
                let number = kept.lock().unwrap().len();
                kept.lock().unwrap().push(request.clone());
                // Whoever asked may have gone.
                drop(stream.write_all(&answer(number, &request)));
            }
        });
        Self {
            url,
            asked,
            stop,
            thread: Some(thread),
        }
    }

    /// What was asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let address = self.url.strip_prefix("http://").unwrap();
        drop(TcpStream::connect(address));
        drop(self.thread.take().map(JoinHandle::join));
    }
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .ok()?;
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        text.extend(byte);
    }
    let mut asked = Asked {
        head: String::from_utf8(text).unwrap(),
        body: String::new(),
    };
    let length = asked.header("content-length").unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    asked.body = String::from_utf8(body).unwrap();
    Some(asked)
}

/// An answer with these headers.
pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        write!(text, "{name}: {value}\r\n").unwrap();
    }
    format!("{text}\r\n{body}").into_bytes()
}

/// What Secrets Manager says of a secret that is a text.
pub(super) fn secret(text: &str) -> Vec<u8> {
    let body = serde_json::json!({
        "ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf",
        "CreatedDate": 1.5e9,
        "Name": "db",
        "SecretString": text,
        "VersionId": "EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE",
        "VersionStages": ["AWSCURRENT"],
    });
    answer(200, &[], &body.to_string())
}

/// What Secrets Manager says when it refuses.
pub(super) fn refusal(code: &str) -> Vec<u8> {
    let body = serde_json::json!({ "__type": code, "Message": CANARY });
    answer(400, &[], &body.to_string())
}

/// An environment of these variables and nothing else, for which it is `now`.
pub(super) fn providers(variables: &[(&str, &str)], clock: fn() -> DateTime<Utc>) -> Providers {
    let owned = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let all: HashMap<String, String> = owned.collect();
    Providers {
        aws: Account::hasty(clock),
        ..Providers::new(move |name| all.get(name).map(Into::into))
    }
}

/// Noon of one day.
pub(super) fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// In every text of AWS that nobody may see.
pub(super) const CANARY: &str = "CANARY-of-aws";

/// Keys that do not end.
pub(super) const KEYS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
    (
        "AWS_SECRET_ACCESS_KEY",
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    ),
    ("AWS_REGION", "us-east-1"),
];
