//! An upstream on loopback that does what a test says, and remembers what it was asked.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

/// What was asked once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    /// `GET /v1/x?y`.
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// A running upstream; its threads end with the test.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(own, value)| (own == name).then_some(value.as_str()))
    }

    pub(crate) fn path(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }
}

impl Upstream {
    /// Answers each request by `answer`, which writes the whole response.
    pub(crate) fn start(answer: impl Fn(&Heard, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let upstream = Self {
            address: listener.local_addr().expect("an address"),
            heard: Arc::default(),
        };
        let (heard, answer) = (Arc::clone(&upstream.heard), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (heard, answer) = (Arc::clone(&heard), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().expect("cloned"));
                    let mut writer = stream;
                    while let Some(request) = read(&mut reader) {
                        heard.lock().expect("whole").push(request.clone());
                        answer(&request, &mut writer);
                    }
                });
            }
        });
        upstream
    }

    /// Answers each request with this JSON.
    pub(crate) fn json(body: &Value) -> Self {
        let body = body.to_string();
        Self::start(move |_, stream| respond(stream, 200, "", &body))
    }

    /// Where it is, as a configuration has it.
    pub(crate) fn base(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// All that it was asked so far.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().expect("whole").clone()
    }
}

/// Writes a whole response; `headers` are lines that end with CR LF.
pub(crate) fn respond(stream: &mut TcpStream, status: u16, headers: &str, body: &str) {
    let length = body.len();
    let kind = if headers.contains("content-type") {
        ""
    } else {
        "content-type: application/json\r\n"
    };
    let head = format!("HTTP/1.1 {status} -\r\n{kind}content-length: {length}\r\n{headers}\r\n");
    // who hangs up does not want to know
    stream.write_all(head.as_bytes()).ok();
    stream.write_all(body.as_bytes()).ok();
    stream.flush().ok();
}

/// Waits until the other end hangs up.
pub(crate) fn hang(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok();
    stream.read_exact(&mut [0]).ok();
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Heard> {
    let mut heard = Heard::default();
    reader.read_line(&mut heard.line).ok().filter(|n| *n > 0)?;
    heard.line.truncate(heard.line.trim_end().len());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|n| *n > 0)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').expect("a header");
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
        if name == "content-length" {
            length = value.parse().expect("a length");
        }
        heard.headers.push((name, value));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    heard.body = String::from_utf8(body).expect("text");
    Some(heard)
}
