//! A server of one test: answers what a function says, and remembers what it was asked.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;

/// A question.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) token: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) marked: bool,
    pub(super) body: String,
}

/// An answer.
pub(super) struct Said(String);

/// Answers until the process ends.
pub(super) struct Server {
    pub(super) address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Said {
    pub(super) fn json(status: u16, body: &str) -> Self {
        Self::with(status, "", body)
    }

    /// With a header, which ends in a line feed.
    pub(super) fn with(status: u16, header: &str, body: &str) -> Self {
        let length = body.len();
        Self(format!(
            "HTTP/1.1 {status} X\r\n{header}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    /// Closes the connection without a word.
    pub(super) fn nothing() -> Self {
        Self(String::new())
    }
}

impl Server {
    pub(super) fn start(mut answer: impl FnMut(&Asked) -> Said + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(question) = read(&stream) else {
                    continue;
                };
                let Said(text) = answer(&question);
                all.lock().unwrap().push(question);
                drop(stream.write_all(text.as_bytes()));
            }
        });
        Self { address, asked }
    }

    /// All that it was asked.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// The targets of all that it was asked.
    pub(super) fn targets(&self) -> Vec<String> {
        let strip = |asked: Asked| asked.target.trim_start_matches("/v1/").to_owned();
        self.asked().into_iter().map(strip).collect()
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ').map(str::to_owned);
    let mut asked = Asked {
        method: words.next()?,
        target: words.next()?,
        token: None,
        namespace: None,
        marked: false,
        body: String::new(),
    };
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        match name {
            "X-Vault-Token" => asked.token = Some(value.to_owned()),
            "X-Vault-Namespace" => asked.namespace = Some(value.to_owned()),
            "X-Vault-Request" => asked.marked = value == "true",
            "Content-Length" => length = value.parse().ok()?,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    asked.body = String::from_utf8(body).ok()?;
    Some(asked)
}
