//! A broker in a thread, honest workers, and workers that were taken over.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests make files and count descriptors"
)]

mod dialled;
mod forged;
mod shelved;

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
