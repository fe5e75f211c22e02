//! An HTTP server on loopback that answers at once, in threads of its own.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;

use serde_json::Value;
use serde_json::json;

/// Where it listens. It runs until the process ends.
///
/// `/SIZE` brings a list of records of about `SIZE` bytes, one of the given sizes.
///
/// # Panics
///
/// If it cannot listen.
#[must_use]
pub fn start(sizes: &[usize]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let answers: Arc<[(String, Vec<u8>)]> = sizes
        .iter()
        .map(|size| (format!("/{size}"), answer(*size)))
        .collect();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let answers = Arc::clone(&answers);
            std::thread::spawn(move || converse(stream.expect("a connection"), &answers));
        }
    });
    address
}

/// A whole answer with a body of about `size` bytes.
fn answer(size: usize) -> Vec<u8> {
    let one = |id: usize| {
        json!({
            "id": id, "name": format!("Customer {id}"), "active": id % 3 < 1,
            "email": format!("customer-{id}@example.com"), "amount": id as f64 * 1.25,
        })
    };
    let each = one(1000).to_string().len() + 1;
    let items: Vec<Value> = (1000..1000 + size / each).map(one).collect();
    let body = json!({ "items": items }).to_string();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ndate: Sun, 06 Nov 1994 08:49:37 \
                GMT\r\nserver: bench\r\ncontent-length: ";
    format!("{head}{}\r\n\r\n{body}", body.len()).into_bytes()
}

/// One request after another; none has a body.
fn converse(mut stream: TcpStream, answers: &[(String, Vec<u8>)]) {
    let _set = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let (mut line, mut first) = (String::new(), String::new());
    loop {
        line.clear();
        match reader.read_line(&mut line) {
            Ok(read) if read > 0 => {}
            _ => return,
        }
        if first.is_empty() {
            first.clone_from(&line);
        } else if line == "\r\n" {
            let target = first.split(' ').nth(1).unwrap_or_default();
            let path = target.split('?').next().unwrap_or_default();
            let wanted = answers.iter().find(|(known, _)| known == path);
            let (_, answer) = wanted.expect("a path that is known");
            if stream.write_all(answer).is_err() {
                return;
            }
            first.clear();
        }
    }
}
