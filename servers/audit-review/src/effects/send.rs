//! The only place that reaches the network: sends to the one receiver, or collector, it was opened for.
//!
//! | module        | answers                                             |
//! |---------------|-----------------------------------------------------|
//! | `receiver`    | what does a batch of the trail become for one?      |
//! | `collector`   | how do spans and metrics get to one?                |
//! | `dial`        | how is it reached, and is it the one?               |
//! | `tls`         | who may vouch for it?                               |
//! | `http`        | how is one request made and its answer read?        |
//! | `answer`      | what does an answer say?                            |
//! | `stream`      | how is it known that a stream was read to its end?  |
//!
//! `receiver` and `stream` are the cargo feature `forward`, `collector` is `telemetry`; the rest is both.
//!
//! # Invariants
//!
//! - Nothing that a receiver says is told to anybody; of its answer the status, `Retry-After` and one
//!   number are read, under bounds of bytes and of time.
//! - No redirect is followed, and no other host is reached than the one of the configuration.

mod answer;
#[cfg(feature = "telemetry")]
pub mod collector;
mod dial;
mod http;
#[cfg(feature = "forward")]
pub mod receiver;
#[cfg(feature = "forward")]
mod stream;
#[cfg(test)]
mod testing;
mod tls;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::time::error::Elapsed;

use guard::config::Source;

use crate::forward::address::Address;

/// How to reach a receiver.
#[derive(Debug)]
struct Line {
    address: Address,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

/// What a receiver did with what it was sent.
#[derive(Debug)]
pub enum Sent {
    /// It took it.
    Taken,
    /// It took it and says that it rejected so many records of it, for good.
    TakenBut(u64),
    /// It did not, and may later; not before the given while.
    Later(Trouble, Option<Duration>),
    /// It will not, unless an operator changes something.
    Refused(Trouble),
    /// Nobody reads standard output any more.
    Gone,
}

/// Why it was not taken. For the operator; it repeats nothing of the receiver's.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Trouble {
    /// There is no connection.
    #[error("cannot connect: {0}")]
    Connect(io::ErrorKind),
    /// The address is said to be on this machine and is not.
    #[error("the name of the address leads to another machine: use TLS, or `127.0.0.1`")]
    Elsewhere,
    /// The handshake failed.
    #[error("no TLS with the receiver: {0}")]
    Tls(String),
    /// The connection broke.
    #[error("the connection broke")]
    Broken,
    /// It took too long.
    #[error("no answer within the timeout")]
    Slow,
    /// What it answered is no HTTP.
    #[error("the answer is not HTTP, or its head is too large")]
    Garbled,
    /// It answered with a redirect, which is not followed.
    #[error("it answers {0}, a redirect: set `address` to where it leads, if that is right")]
    Redirect(u16),
    /// It does not accept who asks.
    #[error("it answers {0}: check `token` and `secret`, and what they may do there")]
    Unauthorized(u16),
    /// It answered with another status.
    #[error("it answers {0}")]
    Status(u16),
    /// The secret cannot be used.
    #[error("the secret is no key: write `whsec_` and base64, or any other text")]
    Secret,
}

impl Trouble {
    /// Whether it stays until an operator changes something. A receiver that is not there, or whose
    /// certificate is not trusted, may be repaired at its end.
    const fn is_lasting(&self) -> bool {
        matches!(self, Self::Elsewhere | Self::Secret)
    }

    /// The status that it answered, if that is it.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        if let Self::Redirect(code) | Self::Unauthorized(code) | Self::Status(code) = self {
            Some(*code)
        } else {
            None
        }
    }

    /// Whether a smaller batch, or another record, might have been taken.
    #[must_use]
    pub const fn is_about_content(&self) -> bool {
        matches!(self, Self::Status(400 | 413 | 422))
    }
}

impl Sent {
    /// What it came to, where it was to come to something within a timeout.
    fn of(sent: Result<Result<Self, Trouble>, Elapsed>) -> Self {
        match sent {
            Ok(Ok(sent)) => sent,
            Ok(Err(trouble)) if trouble.is_lasting() => Self::Refused(trouble),
            Ok(Err(trouble)) => Self::Later(trouble, None),
            Err(_) => Self::Later(Trouble::Slow, None),
        }
    }
}

impl Line {
    /// The line to `address`, for which only the certificates in `ca` vouch if it is given, relative to
    /// the configuration in `source`: they are read now.
    fn open(address: &Address, ca: Option<&Path>, source: Option<&Source>) -> io::Result<Self> {
        let tls = if address.is_encrypted() {
            let file = ca.map(|path| match source {
                Some(source) => source.resolve(path),
                None => path.to_owned(),
            });
            let config = tls::config(file.as_deref(), address.scheme())?;
            let host = ServerName::try_from(address.host().to_owned()).map_err(io::Error::other)?;
            Some((config, host))
        } else {
            None
        };
        Ok(Self {
            address: address.clone(),
            tls,
        })
    }
}
