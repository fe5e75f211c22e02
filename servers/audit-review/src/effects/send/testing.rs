//! Receivers made by hand, for tests.

use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;

/// A receiver that treats one connection after the other as `each` does.
pub(super) fn receiver(each: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for tcp in listener.incoming() {
            each(tcp.unwrap());
        }
    });
    address
}

/// Reads a whole request; gives its head and body.
pub(super) fn request(tcp: &mut impl Read) -> (String, String) {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return (head.to_owned(), body.to_owned());
            }
        }
        match tcp.read(&mut part) {
            Ok(count @ 1..) => bytes.extend_from_slice(&part[..count]),
            _ => return (String::new(), String::new()),
        }
    }
}

/// A receiver of HTTP that answers with `answer` and closes.
pub(super) fn answering(answer: impl Into<Vec<u8>>) -> SocketAddr {
    let answer = answer.into();
    receiver(move |mut tcp| {
        request(&mut tcp);
        tcp.write_all(&answer).ok();
    })
}
