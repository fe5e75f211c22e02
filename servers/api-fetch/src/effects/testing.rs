//! Servers on loopback that do as a test says, and calls to them.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use guard::broker::Resolve;
use guard::call::Call;
use guard::call::Caller;
use guard::call::Shared;
use guard::cursor::Seal;
use guard::error::Refusal;
use guard::principal::Principal;
use guard::secret::Providers;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Settings;
use super::Upstreams;
use super::upstream::Base;
use super::upstream::Context;
use super::upstream::Credential;
use super::upstream::Roots;
use super::upstream::Upstream;
use crate::permit::Budget;
use crate::permit::Method;
use crate::permit::Permit;
use crate::permit::Reply;

/// A listener, and what reached it.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    seen: Arc<Seen>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Seen {
    accepted: AtomicUsize,
    requests: Mutex<Vec<String>>,
}

impl Server {
    /// Gives each connection to `serve`.
    pub(super) async fn raw<F, Fut>(serve: F) -> Self
    where
        F: Fn(TcpStream) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self::with(Arc::default(), serve).await
    }

    /// Answers each request, as a text with its body, with the bytes that `answer` makes of it and
    /// of its number. An empty answer closes the connection.
    pub(super) async fn start<F>(answer: F) -> Self
    where
        F: Fn(&str, usize) -> Vec<u8> + Send + Sync + 'static,
    {
        let (answer, seen) = (Arc::new(answer), Arc::<Seen>::default());
        let kept = Arc::clone(&seen);
        Self::with(seen, move |mut stream| {
            let (answer, seen) = (Arc::clone(&answer), Arc::clone(&kept));
            async move {
                while let Some(request) = read_request(&mut stream).await {
                    let number = {
                        let mut all = seen.requests.lock().unwrap();
                        all.push(request.clone());
                        all.len()
                    };
                    let bytes = answer(&request, number);
                    if bytes.is_empty() || stream.write_all(&bytes).await.is_err() {
                        break;
                    }
                }
            }
        })
        .await
    }

    async fn with<F, Fut>(seen: Arc<Seen>, serve: F) -> Self
    where
        F: Fn(TcpStream) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        let counted = Arc::clone(&seen);
        tasks.spawn(async move {
            let mut all = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counted.accepted.fetch_add(1, Ordering::SeqCst);
                all.spawn(serve(stream));
            }
        });
        Self {
            address,
            seen,
            _tasks: tasks,
        }
    }

    /// The base of it by plain HTTP.
    pub(super) fn base(&self) -> Base {
        Base::parse(&format!("http://{}", self.address)).unwrap()
    }

    pub(super) fn accepted(&self) -> usize {
        self.seen.accepted.load(Ordering::SeqCst)
    }

    pub(super) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }
}

/// One request with its body, or nothing if the connection ended.
pub(super) async fn read_request(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                let is_it = name.eq_ignore_ascii_case("content-length");
                is_it.then(|| value.trim().parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text.into_owned());
            }
        }
        match stream.read(&mut piece).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&piece[..read]),
            _ => return None,
        }
    }
}

/// An answer of `status` with more `headers` (each with its line end) and a body of known length.
pub(super) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A resolver that answers each name with what a test says, one list after another.
#[derive(Debug)]
pub(super) struct Names {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Names {
    pub(super) fn new(answers: &[&[&str]]) -> Arc<Self> {
        let list = |texts: &&[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Self {
            answers: answers.iter().map(list).collect(),
            asked: AtomicUsize::new(0),
        })
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Resolve for Names {
    fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let last = self.answers.len().saturating_sub(1);
        let found = self.answers.get(turn.min(last)).cloned();
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// The secret of most tests, in the environment as `KEY`.
pub(super) const KEY: &str = "s3cr3t/Key+with=\"odd\" & <signs>%41\\x";
/// A token that has nothing to escape, in the environment as `TOKEN`.
pub(super) const TOKEN: &str = "tok-5f0c2a9b7e4d41c8";
/// A key for signing, in the environment as `SIGNING`.
pub(super) const SIGNING: &str = "0123456789abcdef0123456789abcdef";

pub(super) fn secrets() -> Arc<Providers> {
    Arc::new(Providers::new(|name| match name {
        "KEY" => Some(KEY.into()),
        "TOKEN" => Some(TOKEN.into()),
        "SIGNING" => Some(SIGNING.into()),
        "SHORT" => Some("1234567".into()),
        _ => None,
    }))
}

/// An upstream on loopback, opened for it, with a bearer token.
pub(super) fn upstream(base: Base) -> Upstream {
    Upstream {
        name: "crm".to_owned(),
        base,
        credential: Some(Credential::Bearer("env:TOKEN".parse().unwrap())),
        roots: Roots::System,
        client_certificate: None,
        allow_addresses: vec!["127.0.0.0/8".parse().unwrap()],
        plain_http: true,
        user_context: None,
        trace: false,
        rate: None,
        concurrent: 8,
    }
}

pub(super) fn open(upstream: Upstream) -> Upstreams {
    Upstreams::open(vec![upstream], &Settings::new(secrets())).unwrap()
}

pub(super) fn open_with(upstream: Upstream, names: &Arc<Names>) -> Upstreams {
    let settings = Settings {
        broker: None,
        secrets: secrets(),
        resolver: Arc::clone(names) as Arc<dyn Resolve>,
        cache: 0,
    };
    Upstreams::open(vec![upstream], &settings).unwrap()
}

/// Leave to read `/a`, with ample limits.
pub(super) fn permit() -> Permit {
    Permit {
        endpoint: "fetch-a".to_owned(),
        upstream: 0,
        method: Method::Get,
        path: "/a".to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
        limits: Budget {
            body: 1 << 20,
            headers: 16 << 10,
            time: Duration::from_secs(10),
            silence: Duration::from_secs(5),
            redirects: 0,
            retry: false,
        },
        keep: None,
    }
}

pub(super) fn context() -> Context {
    Context {
        subject: "ada@example.com".to_owned(),
        issuer: "local".to_owned(),
        roles: vec!["support".to_owned()],
        call_id: Uuid::nil(),
    }
}

pub(super) fn call() -> Call {
    call_until(&CancellationToken::new())
}

pub(super) fn call_until(cancel: &CancellationToken) -> Call {
    call_of("ada", cancel)
}

pub(super) fn call_of(subject: &str, cancel: &CancellationToken) -> Call {
    let shared = Shared::new(Seal::new([7; 32], chrono::TimeDelta::minutes(5)));
    let caller = Caller {
        principal: Principal::new("local", subject).unwrap(),
        ..Caller::default()
    };
    let now = chrono::DateTime::from_timestamp(1_764_000_000, 0).unwrap();
    let time = Duration::from_secs(60);
    Call::new(
        Arc::new(caller),
        Uuid::nil(),
        now,
        time,
        cancel.clone(),
        &shared,
    )
}

/// Sends `permit`; no redirect leads anywhere.
pub(super) async fn send(upstreams: &Upstreams, permit: &Permit) -> Result<Reply, Refusal> {
    upstreams
        .send(&call(), permit, &context(), &|_| false)
        .await
}

/// Sends `permit`, where `allowed` says what a redirect may lead to.
pub(super) async fn follow(
    upstreams: &Upstreams,
    permit: &Permit,
    allowed: fn(&str) -> bool,
) -> Result<Reply, Refusal> {
    upstreams.send(&call(), permit, &context(), &allowed).await
}

/// Sends a permit as a part of `call`.
pub(super) async fn send_in(upstreams: &Upstreams, call: &Call) -> Result<Reply, Refusal> {
    upstreams
        .send(call, &permit(), &context(), &|_| false)
        .await
}

/// What is in the memory of this process at `place`, an address and a length; nothing if it was
/// given back to the system.
#[expect(clippy::disallowed_types, reason = "the kernel knows")]
pub(super) fn memory(place: (usize, usize)) -> Vec<u8> {
    use std::os::unix::fs::FileExt;
    let all = std::fs::File::open("/proc/self/mem").unwrap();
    let mut bytes = vec![0; place.1];
    let read = all.read_at(&mut bytes, place.0 as u64).unwrap_or(0);
    bytes.truncate(read);
    bytes
}

/// What the operator reads of a refusal.
pub(super) fn chain(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Denied(denial) => format!("{denial:?}"),
        Refusal::Failed(fault) => fault.chain(),
    }
}

/// What the caller reads of a refusal.
pub(super) fn shown(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Denied(denial) => denial.to_string(),
        Refusal::Failed(fault) => fault.to_string(),
    }
}
