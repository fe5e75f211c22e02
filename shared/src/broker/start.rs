//! How the second process comes to be, what it is given, and how it ends.
//!
//! # Invariants
//!
//! - It is this very program, by its open file: one that was replaced meanwhile is not started.
//! - It has one descriptor of its own, the socket to its worker. Of the environment it has
//!   [`PASSED`], what the providers of its secrets read, and nothing else; its arguments say how it logs and is held down, and nothing
//!   else.
//! - It is held down before it reads a request; its worker waits for that.
//! - It ends with its worker: by the end of the socket, and on Linux by the kernel as well.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;

use super::Broker;
use super::Charter;
use super::Policy;
use super::System;
use super::bounds::Bounds;
use super::confine;
use super::serve;
use super::serve::Breach;
use super::serve::Desk;
use super::wire;
use crate::sandbox;
use crate::sandbox::Mode;
use crate::secret::Loads;
use crate::secret::Providers;
use crate::secret::Rhythm;
use crate::serve::logging;
use crate::serve::logging::Amount;
use crate::serve::logging::Format;
use crate::serve::logging::START;

/// How a broker runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Terms {
    pub(crate) format: Format,
    pub(crate) amount: Amount,
    /// How much the kernel must enforce.
    pub(crate) mode: Mode,
    /// Whether it may run as uid 0 where the kernel cannot keep it from root's files.
    pub(crate) allow_root: bool,
}

impl Broker {
    /// Starts the broker of this process, tells it what may be asked for, and waits until the
    /// kernel holds it down.
    ///
    /// # Errors
    ///
    /// If no process can be started, or it ends: its own log says why.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one process that a server starts: itself"
    )]
    pub(crate) fn start<P: Policy>(charter: &Charter<P>, terms: Terms) -> io::Result<Arc<Self>> {
        use std::os::unix::process::CommandExt;

        let (ours, theirs) = UnixStream::pair()?;
        let mut command = std::process::Command::new(program()?);
        command
            .arg(ARGUMENT)
            .args(terms.write())
            .env_clear()
            .envs(passed(charter).into_iter().filter_map(|name| {
                let value = std::env::var_os(&name)?;
                Some((name, value))
            }))
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            // what a terminal sends to the worker is for the worker: it ends this one in its time
            .process_group(0);
        let child = command.spawn()?;
        let broker = Self::over(ours, charter, Some(child))?;
        broker.wait_until_ready(READY)?;
        Ok(broker)
    }
}

/// Which variables a broker for `charter` is given.
pub(super) fn passed<P: Policy>(charter: &Charter<P>) -> BTreeSet<String> {
    let usual = PASSED.iter().map(|name| (*name).to_owned());
    usual.chain(charter.variables()).collect()
}

/// What a process does that was started as a broker: `arguments` are those behind the first.
#[must_use]
pub fn run<P: Policy>(arguments: &[OsString]) -> ExitCode {
    // before anything of ours is open
    let stray = sandbox::stray_descriptors();
    let (Some(terms), Some(socket)) = (Terms::read(arguments), worker()) else {
        let why = "this argument is for a process that a server starts for itself";
        drop(writeln!(io::stderr(), "{why}"));
        return ExitCode::from(2);
    };
    logging::init(terms.format, terms.amount);
    match work::<P>(&socket, terms, stray) {
        Ok(()) => ExitCode::SUCCESS,
        Err(breach) => {
            tracing::error!("the process that makes connections ends: {breach}");
            ExitCode::from(1)
        }
    }
}

fn work<P: Policy>(socket: &UnixStream, terms: Terms, stray: Vec<String>) -> Result<(), Breach> {
    let failed = |error: io::Error| Breach::Socket(error.kind());
    die_with_the_worker().map_err(failed)?;
    // until now no thread was started, and none is before the first request
    let Some(charter) = heard::<P>(socket)? else {
        return Ok(());
    };
    let answers = socket.try_clone().map_err(failed)?;
    answers.set_write_timeout(Some(STUCK)).map_err(failed)?;
    let providers = Providers::of_process().told(&charter.places);
    let profile = confine::profile(&charter, &providers)
        .started_with(stray)
        .allow_root(terms.allow_root);
    let enforced = sandbox::enter(&profile, terms.mode)?;
    if enforced.is_whole() {
        tracing::debug!("sandbox of the process that makes connections: {enforced}");
    } else if terms.mode != Mode::Off {
        tracing::warn!(target: START, "sandbox of the process that makes connections: {enforced}");
    }
    wire::send(&answers, READY_SIGN, None).map_err(failed)?;
    let loads: Arc<dyn Loads> = Arc::new(providers);
    let rhythm = Rhythm::default();
    let desk = Desk::new(charter, &loads, rhythm, Arc::new(System), answers);
    serve::serve(desk, socket, Bounds::default())
}

/// The charter; none if the worker went without a word.
pub(super) fn heard<P: Policy>(socket: &UnixStream) -> Result<Option<Charter<P>>, Breach> {
    match Charter::hear(socket) {
        Ok(charter) => Ok(Some(charter)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(_) => Err(Breach::Form),
    }
}

/// The socket on standard input, if it is one that a worker made: it is of this machine, and has a
/// peer.
fn worker() -> Option<UnixStream> {
    let socket = io::stdin().as_fd().try_clone_to_owned().ok()?;
    let socket = UnixStream::from(socket);
    socket.peer_addr().ok().map(|_| socket)
}

#[cfg(target_os = "linux")]
fn die_with_the_worker() -> io::Result<()> {
    use rustix::process::Signal;
    Ok(rustix::process::set_parent_process_death_signal(Some(
        Signal::KILL,
    ))?)
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "as where there is such a thing")]
fn die_with_the_worker() -> io::Result<()> {
    Ok(())
}

#[cfg(target_os = "linux")]
#[expect(clippy::unnecessary_wraps, reason = "as elsewhere")]
fn program() -> io::Result<std::path::PathBuf> {
    Ok(std::path::PathBuf::from("/proc/self/exe"))
}

#[cfg(not(target_os = "linux"))]
fn program() -> io::Result<std::path::PathBuf> {
    std::env::current_exe()
}

impl Terms {
    fn write(self) -> [String; 4] {
        let root = if self.allow_root { ROOT } else { NOT_ROOT };
        [
            word(&self.format),
            word(&self.amount),
            word(&self.mode),
            root.to_owned(),
        ]
    }

    fn read(arguments: &[OsString]) -> Option<Self> {
        let [format, amount, mode, root] = arguments else {
            return None;
        };
        Some(Self {
            format: Format::from_str(format.to_str()?, false).ok()?,
            amount: Amount::from_str(amount.to_str()?, false).ok()?,
            mode: Mode::from_str(mode.to_str()?, false).ok()?,
            allow_root: match root.to_str()? {
                ROOT => true,
                NOT_ROOT => false,
                _ => return None,
            },
        })
    }
}

fn word(value: &impl ValueEnum) -> String {
    let word = value.to_possible_value();
    word.map_or_else(String::new, |word| word.get_name().to_owned())
}

/// The first argument of a broker. Nothing that a person may write begins so.
pub(crate) const ARGUMENT: &str = "--as-the-broker-of-a-server";

const ROOT: &str = "root-allowed";
const NOT_ROOT: &str = "root-refused";

/// What a broker sends when the kernel holds it down.
const READY_SIGN: &[u8] = b"R";
/// How long that may take: it reads no file for it, but a machine may be busy.
const READY: Duration = Duration::from_secs(20);

/// What of the environment each broker needs: which certificates the system trusts, and how the
/// resolver works.
const PASSED: &[&str] = &[
    "LOCALDOMAIN",
    "RES_OPTIONS",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
];

/// How long a worker may leave its answers unread.
const STUCK: Duration = Duration::from_secs(30);
