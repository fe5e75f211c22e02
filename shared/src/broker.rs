//! Keeps the network and the files in a process of their own, and hands over what comes of them.
//!
//! A server that parses what strangers send (the worker) has a second process beside it (the
//! broker): the same binary, started before the first request is read. The broker resolves names,
//! decides which addresses may be dialled, connects, and hands the connected descriptor over. It
//! also reads again what may be replaced while the worker runs: secrets and certificates.
//!
//! | part      | is                                                                   |
//! |-----------|----------------------------------------------------------------------|
//! | `charter` | what the worker may ask for: told once, before anything is asked      |
//! | `wire`    | the messages: of fixed size, numbers only                            |
//! | `dial`    | from a name to a connected descriptor                                |
//! | `shelf`   | certificates, and why something was not read                         |
//! | `bounds`  | how much may be under way, and how often                             |
//! | `serve`   | the broker's side                                                    |
//! | `client`  | the worker's side                                                    |
//! | `confine` | what the kernel leaves to it                                         |
//! | `start`   | how the second process comes to be, and how it goes                  |
//! | `here`    | the same without a second process: for tests, and commands for people |
//!
//! # Invariants
//!
//! - The charter is told once. After it, a worker can name an entry by its number and nothing
//!   else: no host, no port, no path, no address.
//! - A message that is malformed, too early, or carries a descriptor ends the broker.
//! - Either process ends soon after the other.

mod bounds;
mod charter;
mod client;
mod confine;
mod dial;
mod here;
mod serve;
mod shelf;
mod start;
mod wire;

#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::time::Duration;

pub use charter::Barred;
pub use charter::Charter;
pub use charter::Document;
pub use charter::Place;
pub use charter::Policy;
pub use charter::Target;
pub use client::Broker;
pub(crate) use confine::profile;
pub use dial::Resolve;
pub use dial::System;
pub use here::Here;
pub use shelf::NotLoaded;
pub use shelf::certificates;
pub(crate) use start::ARGUMENT;
pub(crate) use start::Terms;
pub use start::run;

use crate::secret::Secret;
use crate::secret::SecretRef;

/// What lies outside of the process: reached by a [`Broker`], or from [`Here`].
pub trait Outside: fmt::Debug + Send + Sync {
    /// Connects to the target of this number in the charter, at most for `time`.
    ///
    /// Whoever drops the future gives the attempt up.
    fn dial(&self, target: usize, time: Duration) -> Soon<'_, Result<Dialled, Failure>>;

    /// A secret of the charter, as it is now where it is kept.
    fn secret<'a>(&'a self, reference: &'a SecretRef) -> Soon<'a, Result<Secret, NotLoaded>>;

    /// Reads a secret of the charter anew, for `refused` was not accepted by what it is for. None
    /// if it is still the same: then trying again is of no use.
    fn another<'a>(
        &'a self,
        reference: &'a SecretRef,
        refused: &'a Secret,
    ) -> Soon<'a, Result<Option<Secret>, NotLoaded>>;

    /// Reads a document of the charter.
    fn document<'a>(&'a self, document: &'a Document) -> Soon<'a, Result<Vec<u8>, NotLoaded>>;
}

/// What comes later.
pub type Soon<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A connection that was made.
#[derive(Debug)]
pub struct Dialled {
    /// The connected socket. It does not block.
    pub descriptor: OwnedFd,
    /// Who is at the other end; none for a socket of the file system.
    pub peer: Option<SocketAddr>,
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Failure {
    /// The name has no addresses.
    #[error("the name is not resolved: {0}")]
    Resolve(ErrorKind),
    /// One of the addresses may not be dialled, so none is.
    #[error("{0} may not be dialled")]
    Shut(IpAddr),
    /// One of the addresses is of this machine, so none is dialled.
    #[error("{0} is an address of this machine")]
    Own(IpAddr),
    /// All addresses refused or were silent.
    #[error("cannot connect: {0}")]
    Connect(ErrorKind),
    /// Too much is under way, or too much was asked for lately.
    #[error("too many connections are being made")]
    Busy,
    /// Whoever wanted it has gone.
    #[error("the attempt was given up")]
    GivenUp,
    /// The charter has no such entry.
    #[error("nothing of this number may be asked for")]
    Unknown,
    /// There is no broker any more. Only a new start of the server brings another.
    #[error("the process that makes connections has ended: start the server again")]
    Gone,
}
