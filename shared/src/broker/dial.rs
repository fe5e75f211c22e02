//! From a target to a connected descriptor: resolves, has the addresses vetted, connects.
//!
//! # Invariants
//!
//! - All addresses are vetted, and one bad one refuses the lot: a name that leads to two places is
//!   not a name of the place that was meant.
//! - An address never reaches the resolver.
//! - What is dialled is what was vetted; nothing is resolved twice.

use std::fmt;
use std::io;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::net::ToSocketAddrs;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::event::Timespec;
use rustix::event::poll;
use rustix::io::Errno;
use rustix::io::FdFlags;
use rustix::net::AddressFamily;
use rustix::net::SocketAddrUnix;
use rustix::net::SocketType;
use rustix::net::addr::SocketAddrArg;
use rustix::net::sockopt;

use super::Barred;
use super::Dialled;
use super::Failure;
use super::Place;
use super::Policy;
use super::Target;

/// Turns names into addresses.
pub trait Resolve: fmt::Debug + Send + Sync {
    /// All addresses of `host`, in the order in which they should be tried. May block.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the system, as its configuration says.
#[derive(Clone, Copy, Debug)]
pub struct System;

impl Resolve for System {
    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = (host, 0).to_socket_addrs()?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

impl<P: Policy> Target<P> {
    /// All addresses of it, vetted; none for a socket of the file system. May block.
    ///
    /// # Errors
    ///
    /// [`Failure::Resolve`], or what the policy says of one of them.
    pub fn addresses(&self, resolver: &dyn Resolve) -> Result<Vec<SocketAddr>, Failure> {
        let found = match &self.place {
            Place::Socket(_) => return Ok(Vec::new()),
            Place::Address(address) => vec![*address],
            Place::Name(name) => {
                let found = resolver.resolve(name);
                let found = found.map_err(|error| Failure::Resolve(error.kind()))?;
                if found.is_empty() {
                    return Err(Failure::Resolve(ErrorKind::NotFound));
                }
                found
            }
        };
        for address in &found {
            self.policy.vet(*address).map_err(|barred| match barred {
                Barred::Shut => Failure::Shut(*address),
                Barred::Own => Failure::Own(*address),
            })?;
        }
        let found = found.into_iter().take(MOST);
        Ok(found.map(|ip| SocketAddr::new(ip, self.port)).collect())
    }

    /// Connects to the first address that answers. Blocks until `until`, and longer only in the
    /// resolver of the system.
    pub(super) fn dial(
        &self,
        resolver: &dyn Resolve,
        until: Instant,
        given_up: &AtomicBool,
    ) -> Result<Dialled, Failure> {
        if let Place::Socket(path) = &self.place {
            return local(path, until, given_up);
        }
        let mut last = Failure::Connect(ErrorKind::AddrNotAvailable);
        for address in self.addresses(resolver)? {
            let until = until.min(Instant::now() + DIAL);
            let family = match address {
                SocketAddr::V4(_) => AddressFamily::INET,
                SocketAddr::V6(_) => AddressFamily::INET6,
            };
            match connect(family, &address, until, given_up) {
                Ok(descriptor) => {
                    // it works without as well
                    let _set = self.tune(&descriptor);
                    let peer = Some(address);
                    return Ok(Dialled { descriptor, peer });
                }
                Err(Failure::GivenUp) => return Err(Failure::GivenUp),
                Err(failure) => last = failure,
            }
        }
        Err(last)
    }

    fn tune(&self, socket: &OwnedFd) -> rustix::io::Result<()> {
        // small requests should leave at once
        sockopt::set_tcp_nodelay(socket, true)?;
        if self.lasting {
            sockopt::set_socket_keepalive(socket, true)?;
            sockopt::set_tcp_keepidle(socket, KEPT)?;
            #[cfg(target_os = "linux")]
            sockopt::set_tcp_user_timeout(socket, OWED)?;
        }
        Ok(())
    }
}

fn local(path: &Path, until: Instant, given_up: &AtomicBool) -> Result<Dialled, Failure> {
    let address = SocketAddrUnix::new(path).map_err(failure)?;
    let descriptor = connect(AddressFamily::UNIX, &address, until, given_up)?;
    let peer = None;
    Ok(Dialled { descriptor, peer })
}

fn connect(
    family: AddressFamily,
    address: &impl SocketAddrArg,
    until: Instant,
    given_up: &AtomicBool,
) -> Result<OwnedFd, Failure> {
    let socket = rustix::net::socket(family, SocketType::STREAM, None).map_err(failure)?;
    rustix::io::fcntl_setfd(&socket, FdFlags::CLOEXEC).map_err(failure)?;
    rustix::io::ioctl_fionbio(&socket, true).map_err(failure)?;
    match rustix::net::connect(&socket, address) {
        Ok(()) => return Ok(socket),
        Err(Errno::INPROGRESS | Errno::INTR) => {}
        Err(errno) => return Err(failure(errno)),
    }
    loop {
        if given_up.load(Ordering::Acquire) {
            return Err(Failure::GivenUp);
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Failure::Connect(ErrorKind::TimedOut));
        }
        let slice = Timespec::try_from(left.min(SLICE)).ok();
        let mut watched = [PollFd::new(&socket, PollFlags::OUT)];
        match poll(&mut watched, slice.as_ref()) {
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => break,
            Err(errno) => return Err(failure(errno)),
        }
    }
    match sockopt::socket_error(&socket) {
        Ok(Ok(())) => Ok(socket),
        Ok(Err(errno)) | Err(errno) => Err(failure(errno)),
    }
}

fn failure(errno: Errno) -> Failure {
    Failure::Connect(io::Error::from(errno).kind())
}

/// How many addresses of one name are tried.
const MOST: usize = 6;
/// For one address.
const DIAL: Duration = Duration::from_secs(5);
/// How soon an attempt that was given up is noticed.
const SLICE: Duration = Duration::from_millis(50);
/// How long a lasting connection is silent before the other side is asked.
const KEPT: Duration = Duration::from_secs(60);
/// Milliseconds for which the other side may owe an answer.
#[cfg(target_os = "linux")]
const OWED: u32 = 30_000;
