//! A small CRM API on loopback: `sample-crm [PORT]`. It wants a key and says what it was told.
//!
//! The first line on standard output is its address. A line of JSON follows for each request, before
//! the answer, in which the key is masked.
//!
//! It is an upstream as there are many: it checks `Authorization`, answers in JSON, pages by links,
//! and has one page that repeats every header it got, as debugging pages do.
#![expect(
    clippy::disallowed_methods,
    reason = "an example of what a server of the suite talks to, not one of the suite"
)]

mod answer;
mod data;

use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::Duration;

use answer::Answer;
use answer::Request;

fn main() -> ExitCode {
    let port = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let key = std::env::var("SAMPLE_CRM_KEY").unwrap_or_else(|_| KEY.to_owned());
    match serve(port.unwrap_or(PORT), &key) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            drop(writeln!(io::stderr(), "sample-crm: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Answers until it is stopped, one connection a thread.
fn serve(port: u16, key: &str) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    let address = listener.local_addr()?;
    writeln!(io::stdout(), "http://{address}/v1")?;
    for stream in listener.incoming() {
        let (stream, key) = (stream?, key.to_owned());
        std::thread::spawn(move || {
            // a client that breaks off is no concern of the next one
            drop(converse(stream, &key));
        });
    }
    Ok(())
}

/// Requests of one connection, one after the other.
fn converse(stream: TcpStream, key: &str) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader)? {
        // nobody may be there to listen
        drop(writeln!(io::stdout(), "{}", request.told(key)));
        let Answer {
            status,
            body,
            header,
        } = answer::answer(&request, key);
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let header = header.map(|(name, value)| format!("{name}: {value}\r\n"));
        let head = format!(
            "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{}\r\n",
            body.len(),
            header.unwrap_or_default(),
        );
        writer.write_all(head.as_bytes())?;
        writer.write_all(body.as_bytes())?;
        writer.flush()?;
    }
    Ok(())
}

/// The next request; none at the end of the connection.
fn read(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut words = first.split_whitespace().map(str::to_owned);
    let method = words.next().unwrap_or_default();
    let target = words.next().unwrap_or_default();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        let read = reader.read_line(&mut line)?;
        let line = line.trim_end();
        if read == 0 || line.is_empty() || headers.len() > 100 {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0);
    let mut body = Vec::new();
    Read::take(reader, u64::min(length, 1 << 20)).read_to_end(&mut body)?;
    Ok(Some(Request {
        method,
        target,
        headers,
        body,
    }))
}

/// What callers must show, where nothing else is said.
const KEY: &str = "sample-key-for-the-crm-example";
/// Where it listens, where nothing else is said.
const PORT: u16 = 8720;
