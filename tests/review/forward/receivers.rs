//! A webhook as tests want it: it does with each request what it is told.

use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

/// What is done with a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// It is taken.
    Take,
    /// It is taken, but late.
    Slowly(Duration),
    /// This is answered instead, whole.
    Say(&'static str),
    /// The connection is closed.
    Close,
    /// Nothing is answered, ever.
    Hang,
}

/// A receiver, gone with its value.
pub(super) struct Webhook {
    pub(super) address: SocketAddr,
    /// The lines that were taken.
    pub(super) taken: Arc<Mutex<Vec<String>>>,
    /// The heads of all requests.
    pub(super) heads: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Webhook {
    /// Does with the `n`th request, whose lines it is shown, what `act` says.
    pub(super) fn start(act: impl Fn(usize, &[String]) -> Act + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1:0".parse().unwrap(), act)
    }

    /// As [`Webhook::start`], where another one was.
    pub(super) fn at(
        address: SocketAddr,
        act: impl Fn(usize, &[String]) -> Act + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let (taken, heads) = (Arc::default(), Arc::default());
        let stop = Arc::new(AtomicBool::new(false));
        let (act, count) = (Arc::new(act), Arc::new(AtomicUsize::new(0)));
        let (to, told, stopped) = (Arc::clone(&taken), Arc::clone(&heads), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for tcp in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let tcp = tcp.unwrap();
                let (act, count) = (Arc::clone(&act), Arc::clone(&count));
                let (to, told) = (Arc::clone(&to), Arc::clone(&told));
                std::thread::spawn(move || serve(tcp, &*act, &count, &to, &told));
            }
        });
        Self {
            address,
            taken,
            heads,
            stop,
            thread: Some(thread),
        }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }

    /// The table of the configuration for it.
    pub(super) fn table(&self, name: &str, more: &str) -> String {
        format!(
            "[[forward]]\nname = \"{name}\"\nkind = \"webhook\"\naddress = \"http://{}/hook\"\n\
             insecure = true\nsecret = \"file:{{dir}}/hook.key\"\n{more}\n",
            self.address
        )
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        TcpStream::connect(self.address).ok();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn serve(
    mut tcp: TcpStream,
    act: &(dyn Fn(usize, &[String]) -> Act + Send + Sync),
    count: &AtomicUsize,
    taken: &Mutex<Vec<String>>,
    heads: &Mutex<Vec<String>>,
) {
    let Some((head, body)) = request(&mut tcp) else {
        return;
    };
    heads.lock().unwrap().push(head);
    let whole: Value = serde_json::from_str(&body).expect("the body is JSON");
    let records = whole["records"].as_array().expect("records").len();
    // the lines as they are, byte for byte
    let lines: Vec<String> = body.lines().skip(1).take(records).map(bare).collect();
    let take = || {
        taken.lock().unwrap().extend(lines.iter().cloned());
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    };
    let answer = match act(count.fetch_add(1, Ordering::SeqCst), &lines) {
        Act::Take => take(),
        Act::Slowly(time) => {
            std::thread::sleep(time);
            take()
        }
        Act::Say(answer) => answer,
        Act::Close => return,
        Act::Hang => {
            // until the sender gives up
            let _read = tcp.read(&mut [0; 1]);
            return;
        }
    };
    tcp.write_all(answer.as_bytes()).ok();
}

fn bare(line: &str) -> String {
    line.strip_suffix(',').unwrap_or(line).to_owned()
}

fn request(tcp: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut part = [0; 8192];
    loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))?;
            if bytes.len() >= end + 4 + length.parse::<usize>().ok()? {
                let body = String::from_utf8(bytes[end + 4..].to_vec()).ok()?;
                return Some((head, body));
            }
        }
        match tcp.read(&mut part) {
            Ok(count @ 1..) => bytes.extend_from_slice(&part[..count]),
            _ => return None,
        }
    }
}
