//! One request and its answer, for the servers that keep secrets.
//!
//! Written here because the libraries for it copy what they send and receive into buffers of their
//! own, which they free as they are; a token and a password would stay behind in each.
//! What is left is rustls: it frees the text of an answer unwiped, once for each record.
//!
//! This opens sockets, to the server that the operator named and to no other.
//!
//! # Invariants
//!
//! - TLS, and the server is verified: without only to this machine itself, as its address says.
//! - A redirect is an answer like any other: it is not followed.
//! - Every wait ends with the deadline, and an answer that is too long is refused, not cut.
//! - What is sent and what comes back is in a [`Buffer`].

mod answer;
mod line;
mod origin;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::buffer::Buffer;
use super::reach::Reach;
use super::unreached::Unreached;
use crate::small_file::Links;
use crate::small_file::SmallFile;

pub(super) use answer::Answer;
pub(super) use origin::Origin;

/// What is needed to reach any server.
#[derive(Clone, Debug)]
pub(super) struct Client {
    tls: Arc<ClientConfig>,
}

/// Who says that a server is who it claims to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Roots {
    /// Whom the system trusts.
    System,
    /// The certificates in a PEM file, and nobody else.
    File(PathBuf),
}

/// What is asked.
#[derive(Debug)]
pub(super) struct Request {
    method: &'static str,
    target: String,
    headers: Buffer,
    body: Buffer,
}

impl Roots {
    /// What reading them takes.
    pub(super) fn reach(&self) -> Reach {
        match self {
            Self::System => Reach {
                roots: true,
                ..Reach::default()
            },
            Self::File(path) => Reach::file(path),
        }
    }
}

impl Client {
    /// A client that trusts `roots`.
    pub(super) fn new(roots: &Roots) -> Result<Self, Unreached> {
        let mut store = RootCertStore::empty();
        let known = match roots {
            Roots::File(path) => {
                let file = SmallFile::open(path, Links::Follow);
                let text = file.and_then(|file| file.read(MAX_PEM));
                let text = text.map_err(|_| Unreached::Roots)?;
                CertificateDer::pem_slice_iter(&text)
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|_| Unreached::Roots)?
            }
            // What cannot be read is left out: with no roots at all, nothing is trusted.
            Roots::System => rustls_native_certs::load_native_certs().certs,
        };
        if let (0, _) = store.add_parsable_certificates(known)
            && *roots != Roots::System
        {
            return Err(Unreached::Roots);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| Unreached::Tls)?
            .with_root_certificates(store)
            .with_no_client_auth();
        tls.resumption = Resumption::disabled();
        Ok(Self { tls: Arc::new(tls) })
    }

    /// Asks once, on a connection of its own.
    pub(super) fn send(
        &self,
        to: &Origin,
        request: &Request,
        deadline: Instant,
    ) -> Result<Answer, Unreached> {
        let mut line = line::open(to, &self.tls, deadline)?;
        line::write(&mut *line, &request.encode(to))?;
        answer::read(&mut *line, MAX_ANSWER)
    }
}

impl Request {
    /// A request for `target`: a path and perhaps a query, encoded.
    pub(super) fn new(method: &'static str, target: impl Into<String>) -> Result<Self, Unreached> {
        let target = target.into();
        let clean = target.starts_with('/') && target.bytes().all(|b| b.is_ascii_graphic());
        if !clean {
            return Err(Unreached::Unsendable);
        }
        Ok(Self {
            method,
            target,
            headers: Buffer::default(),
            body: Buffer::default(),
        })
    }

    /// Adds a header.
    pub(super) fn header(mut self, name: &'static str, value: &str) -> Result<Self, Unreached> {
        if value.contains(|c: char| c.is_control()) {
            return Err(Unreached::Unsendable);
        }
        for part in [name, ": ", value, "\r\n"] {
            self.headers.push(part.as_bytes());
        }
        Ok(self)
    }

    /// Gives it a body. Its type is a header.
    pub(super) fn body(mut self, body: Buffer) -> Self {
        self.body = body;
        self
    }

    fn encode(&self, to: &Origin) -> Buffer {
        let head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: keyhole\r\nConnection: close\r\nContent-Length: {}\r\n",
            self.method,
            self.target,
            to.authority(),
            self.body.len()
        );
        let mut text = Buffer::with_capacity(head.len() + self.headers.len() + self.body.len() + 2);
        for part in [head.as_bytes(), &self.headers, b"\r\n", &self.body] {
            text.push(part);
        }
        text
    }
}

/// A secret has at most 64 KiB; in JSON in JSON, and with its metadata, a few times that.
const MAX_ANSWER: usize = 1 << 20;
/// All authorities that browsers trust take a quarter of this.
const MAX_PEM: usize = 1 << 20;

#[cfg(test)]
mod tests;
