//! The worker's side: asks, and finds for each answer who waits for it.
//!
//! # Invariants
//!
//! - Whoever stops waiting gives the request up: its attempt ends, and a connection that comes all
//!   the same is closed.
//! - When the broker is gone, all who wait learn it at once, and so does whoever asks later.
//! - Nothing is bound to the runtime of the first use.

use std::collections::HashMap;
use std::io;
use std::io::ErrorKind;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Child;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::event::poll;
use rustix::io::Errno;
use rustix::net::SendFlags;
use secrecy::zeroize::Zeroizing;
use tokio::io::Interest;
use tokio::sync::oneshot;

use super::Charter;
use super::Dialled;
use super::Document;
use super::Failure;
use super::NotLoaded;
use super::Outside;
use super::Policy;
use super::Soon;
use super::charter::is_in_environment;
use super::wire;
use super::wire::Answer;
use super::wire::Kind;
use super::wire::Request;
use super::wire::Said;
use crate::secret::Providers;
use crate::secret::Secret;
use crate::secret::SecretRef;

/// A broker that runs. It ends when this is dropped.
#[derive(Debug)]
pub struct Broker {
    line: Arc<Line>,
    targets: usize,
    secrets: Vec<SecretRef>,
    documents: Vec<Document>,
    child: Mutex<Option<Child>>,
}

/// The socket, and who waits.
#[derive(Debug)]
struct Line {
    socket: UnixStream,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: u32,
    waiting: HashMap<u32, oneshot::Sender<Came>>,
    /// Whether a task reads the answers.
    read: bool,
    /// Whether there is no broker any more.
    gone: bool,
}

/// What came of a request.
#[derive(Debug)]
struct Came {
    said: Said,
    descriptor: Option<OwnedFd>,
    bytes: Zeroizing<Vec<u8>>,
}

/// One who waits.
struct Waiter<'a> {
    line: &'a Line,
    id: u32,
    over: bool,
}

impl Broker {
    /// Tells `charter` to the broker at the other end of `socket`.
    pub(super) fn over<P: Policy>(
        socket: UnixStream,
        charter: &Charter<P>,
        child: Option<Child>,
    ) -> io::Result<Arc<Self>> {
        charter.tell(&socket)?;
        // what cannot be sent at once is not sent: a broker always has room for what may be asked
        socket.set_nonblocking(true)?;
        let state = Mutex::default();
        Ok(Arc::new(Self {
            line: Arc::new(Line { socket, state }),
            targets: charter.targets.len(),
            secrets: charter.secrets.clone(),
            documents: charter.documents.clone(),
            child: Mutex::new(child),
        }))
    }

    /// Waits until the broker says that the kernel holds it down: the first byte that it sends.
    pub(super) fn wait_until_ready(&self, time: Duration) -> io::Result<()> {
        let until = Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let mut watched = [PollFd::new(&self.line.socket, PollFlags::IN)];
            match poll(&mut watched, Timespec::try_from(left).ok().as_ref()) {
                Ok(0) => return Err(ErrorKind::TimedOut.into()),
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno.into()),
                Ok(_) => break,
            }
        }
        match wire::receive(&self.line.socket, &mut [0])? {
            (1, None) => Ok(()),
            (0, None) => Err(io::Error::other("it ended; its reason stands above")),
            _ => Err(ErrorKind::InvalidData.into()),
        }
    }

    async fn read(&self, kind: Kind, reference: &SecretRef) -> Result<Secret, NotLoaded> {
        let index = self.secrets.iter().position(|known| known == reference);
        let mut bytes = self.load(kind, index).await?;
        let secret = Secret::new(std::mem::take(&mut *bytes));
        secret.map_err(|trouble| NotLoaded::new(format!("{reference}: {trouble}")))
    }

    async fn load(
        &self,
        kind: Kind,
        index: Option<usize>,
    ) -> Result<Zeroizing<Vec<u8>>, NotLoaded> {
        let failed = |failure: Failure| NotLoaded::new(failure.to_string());
        let index = index.ok_or_else(|| failed(Failure::Unknown))?;
        let came = ask(&self.line, kind, index, Duration::ZERO).await;
        let came = came.map_err(failed)?;
        match came.said {
            Said::Bytes(_) => Ok(came.bytes),
            Said::NotLoaded(_) => Err(NotLoaded::heard(came.bytes.to_vec())),
            Said::Failed(failure) => Err(failed(failure)),
            Said::Connected(_) => Err(failed(Failure::Unknown)),
        }
    }
}

impl Outside for Broker {
    fn dial(&self, target: usize, time: Duration) -> Soon<'_, Result<Dialled, Failure>> {
        Box::pin(async move {
            if target >= self.targets {
                return Err(Failure::Unknown);
            }
            let came = ask(&self.line, Kind::Dial, target, time).await?;
            match (came.said, came.descriptor) {
                (Said::Connected(peer), Some(descriptor)) => Ok(Dialled { descriptor, peer }),
                (Said::Failed(failure), _) => Err(failure),
                (Said::Connected(_) | Said::Bytes(_) | Said::NotLoaded(_), _) => {
                    Err(Failure::Unknown)
                }
            }
        })
    }

    fn secret<'a>(&'a self, reference: &'a SecretRef) -> Soon<'a, Result<Secret, NotLoaded>> {
        Box::pin(async move {
            if is_in_environment(reference) {
                return Ok(Providers::of_process().load(reference)?);
            }
            self.read(Kind::Secret, reference).await
        })
    }

    fn another<'a>(
        &'a self,
        reference: &'a SecretRef,
        refused: &'a Secret,
    ) -> Soon<'a, Result<Option<Secret>, NotLoaded>> {
        Box::pin(async move {
            // it stays as it was when the process began
            if is_in_environment(reference) {
                return Ok(None);
            }
            let secret = self.read(Kind::Another, reference).await?;
            Ok(Some(secret).filter(|secret| !secret.is_same(refused)))
        })
    }

    fn document<'a>(&'a self, document: &'a Document) -> Soon<'a, Result<Vec<u8>, NotLoaded>> {
        Box::pin(async move {
            let index = self.documents.iter().position(|known| known == document);
            let mut bytes = self.load(Kind::Document, index).await?;
            Ok(std::mem::take(&mut *bytes))
        })
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // nobody is to complain that it is gone
        self.line.end();
        let _shut = self.line.socket.shutdown(Shutdown::Both);
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(child) = child else { return };
        // it ends by itself; what does not is ended by the kernel together with this process
        for _ in 0..PATIENCE {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(TURN);
        }
    }
}

/// Asks, and waits for the answer.
async fn ask(line: &Arc<Line>, kind: Kind, index: usize, time: Duration) -> Result<Came, Failure> {
    let index = u16::try_from(index).map_err(|_| Failure::Unknown)?;
    let (sender, answer) = oneshot::channel();
    let id = line.enter(sender)?;
    let mut waiter = Waiter {
        line,
        id,
        over: false,
    };
    let request = Request {
        kind,
        index,
        id,
        millis: u32::try_from(time.as_millis()).unwrap_or(u32::MAX),
    };
    line.send(request)?;
    line.listen();
    let came = answer.await;
    waiter.over = true;
    came.map_err(|_| Failure::Gone)
}

impl Line {
    fn enter(&self, sender: oneshot::Sender<Came>) -> Result<u32, Failure> {
        let mut state = self.state();
        if state.gone {
            return Err(Failure::Gone);
        }
        if state.waiting.len() >= WAITING {
            return Err(Failure::Busy);
        }
        state.last = state.last.wrapping_add(1);
        let id = state.last;
        state.waiting.insert(id, sender);
        Ok(id)
    }

    fn send(&self, request: Request) -> Result<(), Failure> {
        let flags = wire::QUIET | SendFlags::DONTWAIT;
        match rustix::net::send(&self.socket, &request.write(), flags) {
            Ok(Request::SIZE) => Ok(()),
            // nothing of it was sent
            Err(Errno::AGAIN | Errno::INTR) => Err(Failure::Busy),
            Ok(_) | Err(_) => {
                self.end();
                Err(Failure::Gone)
            }
        }
    }

    /// Sees to it that somebody reads the answers, in the runtime of whoever asks.
    fn listen(self: &Arc<Self>) {
        let mut state = self.state();
        if state.read || state.gone {
            return;
        }
        state.read = true;
        drop(state);
        let reader = Reader(Arc::clone(self));
        drop(tokio::spawn(async move {
            let ended = reader.0.read_all().await;
            if !reader.0.state().gone {
                // a server that ends has said so before
                let cause = ended.map_or_else(|error| error.kind(), |()| ErrorKind::UnexpectedEof);
                tracing::error!(%cause, "{}", Failure::Gone);
            }
            reader.0.end();
        }));
    }

    async fn read_all(&self) -> io::Result<()> {
        let socket = tokio::net::UnixStream::from_std(self.socket.try_clone()?)?;
        loop {
            let mut head = [0; Answer::SIZE];
            let Some(descriptor) = fill(&socket, &mut head).await? else {
                return Ok(());
            };
            let answer = Answer::read(head).ok_or(ErrorKind::InvalidData)?;
            let connected = matches!(answer.said, Said::Connected(_));
            if connected != descriptor.is_some() {
                return Err(ErrorKind::InvalidData.into());
            }
            let length = match answer.said {
                Said::Bytes(length) | Said::NotLoaded(length) => length,
                Said::Connected(_) | Said::Failed(_) => 0,
            };
            let length = usize::try_from(length).map_err(|_| ErrorKind::InvalidData)?;
            if length > wire::MOST_BYTES {
                return Err(ErrorKind::InvalidData.into());
            }
            let mut bytes = Zeroizing::new(vec![0; length]);
            if length > 0 && !matches!(fill(&socket, &mut bytes).await?, Some(None)) {
                return Err(ErrorKind::InvalidData.into());
            }
            let came = Came {
                said: answer.said,
                descriptor,
                bytes,
            };
            let waiting = self.state().waiting.remove(&answer.id);
            if let Some(waiting) = waiting {
                // whoever left meanwhile lets it fall
                drop(waiting.send(came));
            }
        }
    }

    /// Nobody is there any more: all who wait learn it.
    fn end(&self) {
        let mut state = self.state();
        state.gone = true;
        state.waiting.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fills all of `into`, and gives a descriptor if one came with it; none at the end.
async fn fill(
    socket: &tokio::net::UnixStream,
    into: &mut [u8],
) -> io::Result<Option<Option<OwnedFd>>> {
    let (mut got, mut descriptor) = (0, None);
    while let Some(rest) = into.get_mut(got..).filter(|rest| !rest.is_empty()) {
        let read = socket.async_io(Interest::READABLE, || wire::receive(socket, rest));
        let (more, with) = read.await?;
        if more == 0 {
            return match got {
                0 => Ok(None),
                _ => Err(ErrorKind::UnexpectedEof.into()),
            };
        }
        if with.is_some() && descriptor.is_some() {
            return Err(ErrorKind::InvalidData.into());
        }
        descriptor = descriptor.or(with);
        got += more;
    }
    Ok(Some(descriptor))
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let waited = self.line.state().waiting.remove(&self.id).is_some();
        if !self.over && waited {
            let given_up = Request {
                kind: Kind::GiveUp,
                index: 0,
                id: self.id,
                millis: 0,
            };
            // if it cannot be told, the attempt ends at its own time
            let _told = self.line.send(given_up);
        }
    }
}

/// Says that nobody reads, however the one who did has ended: its runtime may just be over.
struct Reader(Arc<Line>);

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.read = false;
        state.waiting.clear();
    }
}

/// Requests that are under way at once.
const WAITING: usize = 64;
/// How often, and after which pause, a broker is looked after that should have ended.
const PATIENCE: u32 = 100;
const TURN: Duration = Duration::from_millis(2);
