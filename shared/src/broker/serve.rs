//! The broker's side: reads requests, does each on a thread of its own, answers.
//!
//! # Invariants
//!
//! - One thread reads, and reads nothing else while a message is half there. A message that no
//!   worker of ours sends ends the broker, and with it all that is under way.
//! - A secret is looked after by one [`Kept`] for all who ask for it.
//! - What is slow (a resolver, a host, a keyring) holds up nothing but its own answer.
//! - What is handed over is closed here: the broker keeps no connection.

use std::io;
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::event::poll;
use rustix::io::Errno;

use super::Charter;
use super::Failure;
use super::NotLoaded;
use super::Policy;
use super::Resolve;
use super::bounds::Bounds;
use super::bounds::Leave;
use super::bounds::NoLeave;
use super::bounds::UnderWay;
use super::shelf;
use super::wire;
use super::wire::Answer;
use super::wire::Kind;
use super::wire::Request;
use super::wire::Said;
use crate::sandbox::SandboxError;
use crate::secret::Kept;
use crate::secret::Loads;
use crate::secret::Rhythm;

/// What a broker works with.
#[derive(Debug)]
pub(super) struct Desk<P> {
    charter: Charter<P>,
    /// One for each secret of the charter.
    secrets: Vec<Kept>,
    resolver: Arc<dyn Resolve>,
    answers: Mutex<UnixStream>,
}

/// Why a broker ends before its worker does.
#[derive(Debug, thiserror::Error)]
pub(super) enum Breach {
    /// A message that is none.
    #[error("a message of no known form")]
    Form,
    /// The rest of a message did not come.
    #[error("half a message")]
    Half,
    /// An entry that the charter does not have.
    #[error("an entry that was never declared")]
    Index,
    /// An id that is in use.
    #[error("two requests of one id")]
    Twice,
    /// Something that no worker of ours sends along.
    #[error("a descriptor with a message")]
    Descriptor,
    /// The kernel does not hold it down as it was told to have it.
    #[error("{0}")]
    Sandbox(#[from] SandboxError),
    /// The socket.
    #[error("the socket to the worker: {0}")]
    Socket(ErrorKind),
}

/// Serves the worker at the other end of `socket` until it ends.
pub(super) fn serve<P: Policy>(
    desk: Desk<P>,
    socket: &UnixStream,
    bounds: Bounds,
) -> Result<(), Breach> {
    let desk = Arc::new(desk);
    let under_way = UnderWay::new(bounds, Instant::now());
    while let Some(request) = next(socket)? {
        if request.kind == Kind::GiveUp {
            under_way.give_up(request.id);
            continue;
        }
        if usize::from(request.index) >= desk.entries(request.kind) {
            return Err(Breach::Index);
        }
        let entry = (request.kind.number(), request.index);
        let done = match under_way.begin(request.id, entry, Instant::now()) {
            Ok(leave) => start(&desk, request, leave),
            Err(NoLeave::Full) => desk.fail(request.id, Failure::Busy),
            Err(NoLeave::Twice) => return Err(Breach::Twice),
        };
        done.map_err(|error| Breach::Socket(error.kind()))?;
    }
    Ok(())
}

fn start<P: Policy>(desk: &Arc<Desk<P>>, request: Request, leave: Leave) -> io::Result<()> {
    let mine = Arc::clone(desk);
    let thread = std::thread::Builder::new().stack_size(STACK);
    let work = move || {
        if mine.answer(request, &leave).is_err() {
            // who reads learns of it, and ends
            let answers = mine.answers.lock().unwrap_or_else(PoisonError::into_inner);
            let _shut = answers.shutdown(std::net::Shutdown::Both);
        }
    };
    match thread.spawn(work) {
        Ok(_) => Ok(()),
        Err(_) => desk.fail(request.id, Failure::Busy),
    }
}

impl<P: Policy> Desk<P> {
    /// For what `charter` allows. Its secrets come from `loads`, and are looked after as `rhythm`
    /// says.
    pub(super) fn new(
        charter: Charter<P>,
        loads: &Arc<dyn Loads>,
        rhythm: Rhythm,
        resolver: Arc<dyn Resolve>,
        answers: UnixStream,
    ) -> Self {
        let secrets = charter.secrets.iter();
        let secrets = secrets.map(|one| Kept::new(one.clone(), Arc::clone(loads), rhythm));
        Self {
            secrets: secrets.collect(),
            charter,
            resolver,
            answers: Mutex::new(answers),
        }
    }

    fn entries(&self, kind: Kind) -> usize {
        match kind {
            Kind::Dial => self.charter.targets.len(),
            Kind::Secret | Kind::Another => self.secrets.len(),
            Kind::Document => self.charter.documents.len(),
            Kind::GiveUp => 0,
        }
    }

    fn answer(&self, request: Request, leave: &Leave) -> io::Result<()> {
        let (id, index) = (request.id, usize::from(request.index));
        match request.kind {
            Kind::Dial => {
                let until = Instant::now() + Duration::from_millis(u64::from(request.millis));
                let target = self.charter.targets.get(index).ok_or(ErrorKind::NotFound)?;
                match target.dial(self.resolver.as_ref(), until, &leave.given_up) {
                    Ok(dialled) => {
                        let said = Said::Connected(dialled.peer);
                        let descriptor = Some(dialled.descriptor.as_fd());
                        let sent = self.say(Answer { id, said }, &[], descriptor);
                        // the kernel bounds how many descriptors may be on their way
                        sent.or_else(|_| self.fail(id, Failure::Busy))
                    }
                    Err(failure) => self.fail(id, failure),
                }
            }
            Kind::Secret | Kind::Another => {
                let kept = self.secrets.get(index).ok_or(ErrorKind::NotFound)?;
                let now = Instant::now();
                let secret = match request.kind {
                    Kind::Another => kept.anew(now),
                    Kind::Secret | Kind::Dial | Kind::Document | Kind::GiveUp => kept.current(now),
                };
                match secret {
                    Ok(secret) => secret.show_to(|text| self.bytes(id, &[text.as_bytes(), END])),
                    Err(why) => self.not_loaded(id, &why.into()),
                }
            }
            Kind::Document => {
                let document = self.charter.documents.get(index);
                match shelf::document::<P>(document.ok_or(ErrorKind::NotFound)?) {
                    Ok(bytes) => self.bytes(id, &[&bytes]),
                    Err(why) => self.not_loaded(id, &why),
                }
            }
            Kind::GiveUp => Ok(()),
        }
    }

    fn bytes(&self, id: u32, parts: &[&[u8]]) -> io::Result<()> {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        match u32::try_from(length) {
            Ok(told) if length <= wire::MOST_BYTES => {
                let said = Said::Bytes(told);
                self.say(Answer { id, said }, parts, None)
            }
            _ => self.not_loaded(id, &NotLoaded::new("more than can be handed over")),
        }
    }

    fn not_loaded(&self, id: u32, why: &NotLoaded) -> io::Result<()> {
        // a path in it may have any length, and the rest of a sentence tells nothing
        let why: String = why.to_string().chars().take(LONGEST).collect();
        let said = Said::NotLoaded(u32::try_from(why.len()).unwrap_or(0));
        self.say(Answer { id, said }, &[why.as_bytes()], None)
    }

    fn fail(&self, id: u32, failure: Failure) -> io::Result<()> {
        let said = Said::Failed(failure);
        self.say(Answer { id, said }, &[], None)
    }

    fn say(
        &self,
        answer: Answer,
        parts: &[&[u8]],
        descriptor: Option<std::os::fd::BorrowedFd<'_>>,
    ) -> io::Result<()> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        wire::send(&*answers, &answer.write(), descriptor)?;
        for part in parts {
            wire::send(&*answers, part, None)?;
        }
        Ok(())
    }
}

/// The next request; none when the worker has gone.
fn next(socket: &UnixStream) -> Result<Option<Request>, Breach> {
    let mut bytes = [0; Request::SIZE];
    let mut got = 0;
    while let Some(rest) = bytes.get_mut(got..).filter(|rest| !rest.is_empty()) {
        if got > 0 && !is_coming(socket) {
            return Err(Breach::Half);
        }
        match wire::receive(socket, rest) {
            Ok((_, Some(_))) => return Err(Breach::Descriptor),
            Ok((0, None)) if got == 0 => return Ok(None),
            Ok((0, None)) => return Err(Breach::Half),
            Ok((more, None)) => got += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::InvalidData => return Err(Breach::Descriptor),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(None),
            Err(error) => return Err(Breach::Socket(error.kind())),
        }
    }
    Request::read(bytes).map(Some).ok_or(Breach::Form)
}

/// Whether the rest of a message comes soon.
fn is_coming(socket: &UnixStream) -> bool {
    let until = Instant::now() + SOON;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let mut watched = [PollFd::new(socket, PollFlags::IN)];
        match poll(&mut watched, Timespec::try_from(left).ok().as_ref()) {
            Err(Errno::INTR) if !left.is_zero() => {}
            done => return done.is_ok_and(|ready| ready > 0),
        }
    }
}

/// A secret drops one end of line: this one, whatever it ends with itself.
const END: &[u8] = b"\r\n";
/// For the rest of a message of a few bytes.
const SOON: Duration = Duration::from_secs(1);
/// What a thread has room for: a resolver of the system wants some.
const STACK: usize = 512 << 10;
/// Characters of the reason why something was not read.
const LONGEST: usize = 1000;
