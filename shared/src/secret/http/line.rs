//! A connection to a server, with TLS where its address says so.
//!
//! # Invariants
//!
//! - Without TLS no address is dialled that is not this machine's, whatever its name resolves to, but
//!   that of an agent, which has no name.
//! - Nothing of a request is handed to TLS before the server is verified.

use std::io;
use std::io::Read;
use std::io::Write;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::net::ToSocketAddrs;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use rustls::ClientConfig;
use rustls::ClientConnection;
use rustls::StreamOwned;
use rustls::pki_types::ServerName;

use super::Origin;
use crate::secret::Unreached;

/// Where a request goes and its answer comes from.
pub(super) trait Line: Read + Write {}

impl<T: Read + Write> Line for T {}

/// A socket on which every wait ends with the deadline.
#[derive(Debug)]
struct Timed {
    stream: TcpStream,
    deadline: Instant,
}

/// Connects, and lets TLS find out who answers.
pub(super) fn open(
    to: &Origin,
    tls: &Arc<ClientConfig>,
    deadline: Instant,
) -> Result<Box<dyn Line>, Unreached> {
    let mut socket = Timed {
        stream: connect(to, deadline)?,
        deadline,
    };
    if !to.tls {
        return Ok(Box::new(socket));
    }
    let name = ServerName::try_from(to.host.clone()).map_err(|_| Unreached::Name)?;
    let connection = ClientConnection::new(Arc::clone(tls), name);
    let mut connection = connection.map_err(|_| Unreached::Tls)?;
    while connection.is_handshaking() {
        connection
            .complete_io(&mut socket)
            .map_err(|error| unreached(&error))?;
    }
    Ok(Box::new(StreamOwned::new(connection, socket)))
}

/// Sends all of it.
pub(super) fn write(line: &mut dyn Line, text: &[u8]) -> Result<(), Unreached> {
    let sent = line.write_all(text).and_then(|()| line.flush());
    sent.map_err(|error| unreached(&error))
}

/// What went wrong on a line.
pub(super) fn unreached(error: &io::Error) -> Unreached {
    let inner = error.get_ref();
    match inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(_)) => return Unreached::Certificate,
        Some(_) => return Unreached::Tls,
        None => {}
    }
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "two kinds mean the time, all others the connection"
    )]
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Unreached::Late,
        _ => Unreached::Broken,
    }
}

fn connect(to: &Origin, deadline: Instant) -> Result<TcpStream, Unreached> {
    let addresses = resolve(to, deadline)?;
    let mut left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    let mut last = Unreached::Name;
    for address in addresses {
        if !to.tls && !to.agent && !address.ip().is_loopback() {
            last = Unreached::Plain;
            continue;
        }
        // one that does not answer leaves time for the others
        let patience = remaining(deadline).map_err(|_| Unreached::Late)? / left.max(1);
        left = left.saturating_sub(1);
        match TcpStream::connect_timeout(&address, patience.max(Duration::from_millis(1))) {
            Ok(stream) => {
                // What it is sent is small, and is sent in one piece.
                drop(stream.set_nodelay(true));
                return Ok(stream);
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => last = Unreached::Late,
            Err(error) => last = Unreached::Connect(error.kind()),
        }
    }
    Err(last)
}

/// The addresses of a name. The system's way of asking cannot be interrupted, so a thread asks,
/// and is left behind when it takes too long.
fn resolve(to: &Origin, deadline: Instant) -> Result<Vec<SocketAddr>, Unreached> {
    if let Ok(ip) = to.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, to.port)]);
    }
    let (answer, answered) = mpsc::sync_channel(1);
    let asked = (to.host.clone(), to.port);
    let thread = thread::Builder::new().name("resolve".to_owned());
    let thread = thread.spawn(move || {
        let found = asked.to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        drop(answer.send(found));
    });
    drop(thread.map_err(|_| Unreached::Name)?);
    let patience = remaining(deadline).map_err(|_| Unreached::Late)?;
    let found = answered.recv_timeout(patience);
    let found = found.map_err(|_| Unreached::Late)?;
    found.map_err(|_| Unreached::Name)
}

impl Read for Timed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.stream
            .set_read_timeout(Some(remaining(self.deadline)?))?;
        self.stream.read(into)
    }
}

impl Write for Timed {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.stream
            .set_write_timeout(Some(remaining(self.deadline)?))?;
        self.stream.write(from)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

fn remaining(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(left)
}
