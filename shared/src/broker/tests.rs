//! A broker in a thread, honest workers, and workers that were taken over.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests make files and count descriptors"
)]

use std::io::Read;
use std::io::Write;
use std::net::Ipv4Addr;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Instant;

use serde::Deserialize;
use serde::Serialize;

use super::bounds::Bounds;
use super::serve::Breach;
use super::serve::Desk;
use super::wire::Answer;
use super::wire::Kind;
use super::wire::Request;
use super::wire::Said;
use super::*;
use crate::secret::Loads;
use crate::secret::Providers;
use crate::secret::Rhythm;

/// Loopback, but for the last of its addresses.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Loopback;

impl Policy for Loopback {
    fn vet(&self, address: IpAddr) -> Result<(), Barred> {
        match address {
            IpAddr::V4(v4) if v4 == Ipv4Addr::new(127, 255, 255, 254) => Err(Barred::Own),
            address if address.is_loopback() => Ok(()),
            IpAddr::V4(_) | IpAddr::V6(_) => Err(Barred::Shut),
        }
    }

    fn roots() -> Vec<Vec<u8>> {
        vec![vec![1, 2, 3], vec![4]]
    }
}

/// One list of addresses after another; `slow` takes its time.
#[derive(Debug, Default)]
struct Names {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Resolve for Names {
    fn resolve(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        if host == "slow" {
            std::thread::sleep(Duration::from_secs(2));
        }
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let last = self.answers.len().saturating_sub(1);
        Ok(self
            .answers
            .get(turn.min(last))
            .cloned()
            .unwrap_or_default())
    }
}

fn target(place: Place, port: u16) -> Target<Loopback> {
    Target {
        place,
        port,
        policy: Loopback,
        lasting: true,
    }
}

fn at(port: u16) -> Target<Loopback> {
    target(Place::Address(Ipv4Addr::LOCALHOST.into()), port)
}

fn name(name: &str, port: u16) -> Target<Loopback> {
    target(Place::Name(name.to_owned()), port)
}

fn charter(targets: Vec<Target<Loopback>>) -> Charter<Loopback> {
    Charter {
        targets,
        ..Charter::default()
    }
}

/// A broker that runs, and how it will have ended.
struct Bed {
    worker: UnixStream,
    ended: mpsc::Receiver<Result<(), Breach>>,
}

impl Bed {
    fn new(names: Names, bounds: Bounds) -> Self {
        let (worker, socket) = UnixStream::pair().unwrap();
        let (end, ended) = mpsc::channel();
        std::thread::spawn(move || {
            let serve = || {
                let Some(charter) = start::heard::<Loopback>(&socket)? else {
                    return Ok(());
                };
                let loads: Arc<dyn Loads> = Arc::new(Providers::new(|_| None));
                // at each request, for the tests wait for nothing
                let rhythm = Rhythm {
                    look: Duration::ZERO,
                    anew: Duration::ZERO,
                    ..Rhythm::default()
                };
                let answers = socket.try_clone().unwrap();
                let desk = Desk::new(charter, &loads, rhythm, Arc::new(names), answers);
                serve::serve(desk, &socket, bounds)
            };
            let done = serve();
            // as when the process ends
            socket.shutdown(std::net::Shutdown::Both).ok();
            end.send(done).ok();
        });
        Self { worker, ended }
    }

    fn usual() -> Self {
        Self::new(Names::default(), Bounds::default())
    }

    /// A worker of ours.
    fn honest(self, charter: &Charter<Loopback>) -> Arc<Broker> {
        Broker::over(self.worker, charter, None).unwrap()
    }

    /// How the broker ends once a worker has said `bytes` after this charter.
    fn said(self, charter: &Charter<Loopback>, bytes: &[u8]) -> Result<(), Breach> {
        charter.tell(&self.worker).unwrap();
        (&self.worker).write_all(bytes).unwrap();
        self.ended
            .recv_timeout(Duration::from_secs(5))
            .expect("it ends")
    }
}

fn request(kind: Kind, index: u16, id: u32) -> [u8; Request::SIZE] {
    let millis = 2000;
    Request {
        kind,
        index,
        id,
        millis,
    }
    .write()
}

fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

const TIME: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_connection_is_handed_over_and_carries_bytes_both_ways() {
    let (listener, port) = listener();
    let echo = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = [0; 4];
        stream.read_exact(&mut bytes).unwrap();
        stream.write_all(&bytes).unwrap();
    });
    let broker = Bed::usual().honest(&charter(vec![at(port)]));
    let dialled = broker.dial(0, TIME).await.unwrap();
    assert_eq!(dialled.peer.unwrap().port(), port);
    let mut stream = std::net::TcpStream::from(dialled.descriptor);
    assert!(stream.nodelay().unwrap());
    stream.set_nonblocking(false).unwrap();
    stream.write_all(b"ping").unwrap();
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"ping");
    echo.join().unwrap();
}

#[tokio::test]
async fn a_socket_of_the_file_system_is_reached_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let broker = Bed::usual().honest(&charter(vec![target(Place::Socket(path), 0)]));
    let dialled = broker.dial(0, TIME).await.unwrap();
    assert_eq!(dialled.peer, None);
    listener.accept().unwrap();
}

#[test]
fn a1_what_no_worker_of_ours_sends_ends_the_broker() {
    let (_listener, port) = listener();
    let one = charter(vec![at(port)]);
    let forged: [(&[u8], &str); 6] = [
        (&[9; Request::SIZE], "a message of no known form"),
        (
            &request(Kind::Dial, 1, 1),
            "an entry that was never declared",
        ),
        (
            &request(Kind::Secret, 0, 1),
            "an entry that was never declared",
        ),
        (
            &request(Kind::Document, u16::MAX, 1),
            "an entry that was never declared",
        ),
        // another charter
        (
            b"\x20\0\0\0{\"targets\":[],\"secrets\":[]}",
            "a message of no known form",
        ),
        (
            &[1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
            "a message of no known form",
        ),
    ];
    for (bytes, why) in forged {
        let ended = Bed::usual().said(&one, bytes).unwrap_err();
        assert_eq!(ended.to_string(), why, "{bytes:?}");
    }
}

#[test]
fn a1_a_charter_that_is_too_long_or_unknown_is_not_heard() {
    for bytes in [
        &[0xff; 4][..],
        b"\x02\0\0\0{}",
        b"\x04\0\0\0null",
        b"\x02\0\0\0[]",
    ] {
        let bed = Bed::usual();
        (&bed.worker).write_all(bytes).unwrap();
        let ended = bed.ended.recv_timeout(TIME).expect("it ends");
        assert!(matches!(ended, Err(Breach::Form)), "{bytes:?}: {ended:?}");
    }
}

#[test]
fn a1_half_a_message_ends_the_broker_whether_or_not_the_worker_stays() {
    let one = charter(vec![at(1)]);
    let begun = Instant::now();
    let ended = Bed::usual().said(&one, &request(Kind::Dial, 0, 1)[..7]);
    assert!(matches!(ended, Err(Breach::Half)));
    assert!(begun.elapsed() < Duration::from_secs(4));
    let bed = Bed::usual();
    one.tell(&bed.worker).unwrap();
    (&bed.worker).write_all(&[1]).unwrap();
    drop(bed.worker);
    let ended = bed.ended.recv_timeout(TIME).expect("it ends");
    assert!(matches!(ended, Err(Breach::Half)));
}

#[test]
fn a1_a_descriptor_sent_to_the_broker_ends_it_and_is_closed() {
    let bed = Bed::usual();
    charter(vec![at(1)]).tell(&bed.worker).unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    let bytes = request(Kind::GiveUp, 0, 1);
    wire::send(&bed.worker, &bytes, Some(theirs.as_fd())).unwrap();
    drop(theirs);
    let ended = bed.ended.recv_timeout(TIME).expect("it ends");
    assert!(matches!(ended, Err(Breach::Descriptor)));
    ours.set_read_timeout(Some(TIME)).unwrap();
    assert_eq!(
        (&ours).read(&mut [0]).unwrap(),
        0,
        "nobody holds the other end"
    );
}

#[test]
fn a1_an_id_that_is_under_way_is_not_used_twice() {
    let bed = Bed::new(Names::default(), Bounds::default());
    let slow = charter(vec![name("slow", 1)]);
    let twice = [request(Kind::Dial, 0, 1), request(Kind::Dial, 0, 1)].concat();
    assert!(matches!(bed.said(&slow, &twice), Err(Breach::Twice)));
}

#[test]
fn a_worker_that_goes_ends_the_broker() {
    let bed = Bed::usual();
    charter(vec![at(1)]).tell(&bed.worker).unwrap();
    drop(bed.worker);
    bed.ended.recv_timeout(TIME).expect("it ends").unwrap();
    let bed = Bed::usual();
    drop(bed.worker);
    bed.ended.recv_timeout(TIME).expect("it ends").unwrap();
}

#[test]
fn a_flood_is_answered_and_takes_no_more_than_its_room() {
    let bounds = Bounds {
        at_once: 4,
        of_one: 2,
        ..Bounds::default()
    };
    let bed = Bed::new(Names::default(), bounds);
    charter(vec![name("slow", 1)]).tell(&bed.worker).unwrap();
    for id in 0..500 {
        (&bed.worker)
            .write_all(&request(Kind::Dial, 0, id))
            .unwrap();
    }
    let (mut busy, mut others) = (0, 0);
    for _ in 0..500 {
        let mut head = [0; Answer::SIZE];
        (&bed.worker).read_exact(&mut head).unwrap();
        if Answer::read(head).unwrap().said == Said::Failed(Failure::Busy) {
            busy += 1;
        } else {
            others += 1;
        }
    }
    assert_eq!((busy, others), (498, 2));
}

#[tokio::test]
async fn a_name_that_is_slow_holds_up_nothing_else() {
    let (_listener, port) = listener();
    let names = Names {
        answers: vec![vec![Ipv4Addr::LOCALHOST.into()]],
        ..Names::default()
    };
    let bed = Bed::new(names, Bounds::default());
    let broker = bed.honest(&charter(vec![name("slow", port), at(port)]));
    let begun = Instant::now();
    let slow = broker.dial(0, TIME);
    let fast = async {
        for _ in 0..20 {
            broker.dial(1, TIME).await.unwrap();
        }
        begun.elapsed()
    };
    let (slow, fast) = tokio::join!(slow, fast);
    slow.unwrap();
    assert!(fast < Duration::from_secs(1), "{fast:?}");
    assert!(begun.elapsed() >= Duration::from_secs(2));
}

#[tokio::test]
async fn o3_a_name_that_is_bound_anew_is_vetted_anew() {
    let (_listener, port) = listener();
    let answers: Vec<Vec<IpAddr>> = vec![
        vec![Ipv4Addr::LOCALHOST.into()],
        vec![Ipv4Addr::new(10, 0, 0, 1).into()],
        vec![
            Ipv4Addr::LOCALHOST.into(),
            Ipv4Addr::new(10, 0, 0, 2).into(),
        ],
        vec![Ipv4Addr::new(127, 255, 255, 254).into()],
        vec![],
    ];
    let names = Names {
        answers,
        ..Names::default()
    };
    let bed = Bed::new(names, Bounds::default());
    let broker = bed.honest(&charter(vec![name("crm", port)]));
    broker.dial(0, TIME).await.unwrap();
    let mut refused = Vec::new();
    for _ in 0..4 {
        refused.push(broker.dial(0, TIME).await.unwrap_err());
    }
    assert_eq!(
        refused,
        [
            Failure::Shut(Ipv4Addr::new(10, 0, 0, 1).into()),
            Failure::Shut(Ipv4Addr::new(10, 0, 0, 2).into()),
            Failure::Own(Ipv4Addr::new(127, 255, 255, 254).into()),
            Failure::Resolve(ErrorKind::NotFound),
        ]
    );
}

#[tokio::test]
async fn an_attempt_that_nobody_waits_for_ends() {
    // a listener without room: who connects is neither let in nor turned away
    let (listener, port) = listener();
    rustix::net::listen(&listener, 0).unwrap();
    let addressed = (Ipv4Addr::LOCALHOST, port);
    let mut inside = Vec::new();
    while let Ok(stream) =
        std::net::TcpStream::connect_timeout(&addressed.into(), Duration::from_millis(200))
    {
        inside.push(stream);
    }
    let bounds = Bounds {
        at_once: 1,
        ..Bounds::default()
    };
    let bed = Bed::new(Names::default(), bounds);
    let broker = bed.honest(&charter(vec![at(port), at(1)]));
    let waited = tokio::time::timeout(Duration::from_millis(300), broker.dial(0, TIME)).await;
    waited.expect_err("it hangs");
    let begun = Instant::now();
    while let Err(Failure::Busy) = broker.dial(1, TIME).await {
        assert!(begun.elapsed() < Duration::from_secs(1), "it still goes on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_thousand_connections_leave_no_descriptor_behind() {
    let (listener, port) = listener();
    std::thread::spawn(move || while listener.accept().is_ok() {});
    let broker = Bed::usual().honest(&charter(vec![at(port), at(1)]));
    broker.dial(0, TIME).await.unwrap();
    let before = descriptors();
    for turn in 0..1000 {
        if turn % 10 == 0 {
            let refused = broker.dial(1, TIME).await.unwrap_err();
            assert_eq!(refused, Failure::Connect(ErrorKind::ConnectionRefused));
        }
        broker.dial(0, TIME).await.unwrap();
    }
    // other tests of this process open some as well
    assert!(
        descriptors() < before + 200,
        "{before} and {}",
        descriptors()
    );
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

#[tokio::test]
async fn a_broker_that_ends_is_missed_by_all_who_wait_and_by_all_who_come() {
    let bed = Bed::usual();
    let socket = bed.worker.try_clone().unwrap();
    let broker = bed.honest(&charter(vec![name("slow", 1)]));
    let waiting = broker.dial(0, TIME);
    let end = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        socket.shutdown(std::net::Shutdown::Both).unwrap();
    };
    let begun = Instant::now();
    let (waited, ()) = tokio::join!(waiting, end);
    assert_eq!(waited.unwrap_err(), Failure::Gone);
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(broker.dial(0, TIME).await.unwrap_err(), Failure::Gone);
    let reference = "file:/nowhere".parse().unwrap();
    broker.secret(&reference).await.unwrap_err();
}

#[test]
fn one_runtime_after_another_may_ask() {
    let (_listener, port) = listener();
    let broker = Bed::usual().honest(&charter(vec![at(port)]));
    for _ in 0..3 {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(broker.dial(0, TIME)).unwrap();
    }
}

#[tokio::test]
async fn nothing_is_asked_for_that_the_charter_does_not_have() {
    let broker = Bed::usual().honest(&charter(vec![at(1)]));
    assert_eq!(broker.dial(1, TIME).await.unwrap_err(), Failure::Unknown);
    assert_eq!(
        broker.dial(70_000, TIME).await.unwrap_err(),
        Failure::Unknown
    );
    let document = Document::File("/etc/passwd".into());
    broker.document(&document).await.unwrap_err();
    let reference = "file:/etc/passwd".parse().unwrap();
    broker.secret(&reference).await.unwrap_err();
}

#[tokio::test]
async fn a_secret_that_was_replaced_is_read_anew_and_comes_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let reference: SecretRef = format!("file:{}", path.display()).parse().unwrap();
    let mut charter = charter(Vec::new());
    charter.secret(&reference);
    charter.secret(&"env:HOME".parse().unwrap());
    assert_eq!(
        charter.secrets.len(),
        1,
        "the environment is the worker's own"
    );
    let broker = Bed::usual().honest(&charter);
    for text in ["first", "second with an end\r", "third\n\n", "ünïcödé"] {
        keep(&path, text, 0o600);
        let secret = broker.secret(&reference).await.unwrap();
        let here = Providers::new(|_| None).load(&reference).unwrap();
        here.show_to(|here| secret.show_to(|there| assert_eq!(here, there)));
        let other = broker.another(&reference, &here).await.unwrap();
        assert!(other.is_none(), "it is the same");
        let old = Secret::new("old").unwrap();
        let other = broker.another(&reference, &old).await.unwrap().unwrap();
        assert!(other.is_same(&here));
    }
    keep(&path, "open to all", 0o644);
    let why = broker.secret(&reference).await.unwrap_err().to_string();
    assert!(
        why.contains("chmod 600") && !why.contains("open to all"),
        "{why}"
    );
}

#[tokio::test]
async fn documents_come_whole_and_a_key_only_if_it_is_private() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("own.pem");
    let large: String = "0123456789abcdef".repeat(50_000);
    keep(&path, &large, 0o644);
    let all = [
        Document::Roots,
        Document::File(path.clone()),
        Document::Key(path.clone()),
    ];
    let mut charter = charter(Vec::new());
    for one in &all {
        charter.document(one.clone());
    }
    let broker = Bed::usual().honest(&charter);
    let roots = broker.document(&all[0]).await.unwrap();
    let roots: Vec<&[u8]> = certificates(&roots).collect();
    assert_eq!(roots, [&[1, 2, 3][..], &[4]]);
    assert_eq!(broker.document(&all[1]).await.unwrap(), large.as_bytes());
    let why = broker.document(&all[2]).await.unwrap_err().to_string();
    assert!(why.contains("others may read it"), "{why}");
    keep(&path, "key", 0o600);
    assert_eq!(broker.document(&all[2]).await.unwrap(), b"key");
    std::fs::remove_file(&path).unwrap();
    broker.document(&all[2]).await.unwrap_err();
}

fn keep(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn an_argument_of_a_broker_is_of_no_use_to_people() {
    let words = |words: &[&str]| words.iter().map(Into::into).collect::<Vec<_>>();
    for odd in [
        &[][..],
        &["text"],
        &["text", "loud"],
        &["text", "warn", "more"],
    ] {
        assert_eq!(
            run::<Loopback>(&words(odd)),
            std::process::ExitCode::from(2)
        );
    }
}

#[test]
fn a1_of_the_environment_a_broker_has_what_its_charter_needs() {
    let of = |secrets: &[&str]| {
        let mut charter = charter(vec![at(1)]);
        for secret in secrets {
            charter.secret(&secret.parse().unwrap());
        }
        start::passed(&charter)
    };
    let usual = of(&[]);
    for name in ["HOME", "PATH", "CREDENTIALS_DIRECTORY", "PGPASSWORD"] {
        assert!(!usual.contains(name), "{name}");
    }
    assert!(usual.contains("SSL_CERT_FILE"));
    // those of the environment stay with the worker
    assert_eq!(of(&["env:PGPASSWORD"]), usual);
    let mounted = of(&["cred:key", "file:/etc/key"]);
    let added: Vec<_> = mounted.difference(&usual).collect();
    assert_eq!(added, ["CREDENTIALS_DIRECTORY"]);
}

#[cfg(feature = "vault")]
#[test]
fn a1_the_variables_of_a_vault_reach_a_broker_that_asks_one_and_no_other() {
    let mut without = charter(Vec::new());
    without.places = toml::from_str("vault.token = 'env:TOKEN_OF_VAULT'").unwrap();
    without.secret(&"file:/etc/key".parse().unwrap());
    let of_vault = |name: &String| name.starts_with("VAULT_") || name.ends_with("_OF_VAULT");
    let passed = start::passed(&without);
    assert!(!passed.iter().any(of_vault), "{passed:?}");
    let mut with = without.clone();
    with.secret(&"vault:a/b#c".parse().unwrap());
    let passed = start::passed(&with);
    assert!(passed.contains("VAULT_ADDR") && passed.contains("TOKEN_OF_VAULT"));
    assert!(!passed.iter().any(|name| name.starts_with("AWS_")));
}
