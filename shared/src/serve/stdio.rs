//! The standard streams, read and written without a thread between where the kernel allows it.
//!
//! Hosts connect a child either by pipes or, where they are built on libuv, by socket pairs.
//! Both can be polled; a terminal or a file cannot, and then a thread does the reading.
//!
//! # Invariants
//!
//! - Descriptors are made before the sandbox shuts, and polled after: a pipe is opened once more,
//!   so that whoever shares it finds it as it was.

use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;

use rmcp::transport::io::stdio;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;

type Reader = Pin<Box<dyn AsyncRead + Send>>;
type Writer = Pin<Box<dyn AsyncWrite + Send>>;

/// Standard input and output, not polled yet.
#[derive(Debug)]
pub struct Streams(Option<Pair>);

/// Descriptors of our own, which do not block.
#[derive(Debug)]
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "only there a pipe can be opened once more")
)]
enum Pair {
    Pipes(OwnedFd, OwnedFd),
    Sockets(OwnedFd, OwnedFd),
}

impl Streams {
    /// Makes ready what standard input and output are.
    #[must_use]
    pub fn of_process() -> Self {
        Self(pair())
    }

    /// The streams, polled by the runtime that this is called in.
    pub(super) fn poll(self) -> io::Result<(Reader, Writer)> {
        match self.0 {
            None => {
                let (reader, writer) = stdio();
                Ok((Box::pin(reader), Box::pin(writer)))
            }
            Some(Pair::Sockets(stdin, stdout)) => {
                let stream = |fd: OwnedFd| {
                    tokio::net::UnixStream::from_std(std::os::unix::net::UnixStream::from(fd))
                };
                Ok((Box::pin(stream(stdin)?), Box::pin(stream(stdout)?)))
            }
            Some(Pair::Pipes(stdin, stdout)) => {
                let reader = tokio::net::unix::pipe::Receiver::from_owned_fd(stdin)?;
                let writer = tokio::net::unix::pipe::Sender::from_owned_fd(stdout)?;
                Ok((Box::pin(reader), Box::pin(writer)))
            }
        }
    }
}

fn pair() -> Option<Pair> {
    use std::os::fd::AsFd;
    use std::os::fd::BorrowedFd;
    use std::os::unix::net::UnixStream;

    use rustix::fs::FileType;

    let kind = |fd: BorrowedFd<'_>| {
        let stat = rustix::fs::fstat(fd).ok()?;
        Some(FileType::from_raw_mode(stat.st_mode))
    };
    let (stdin, stdout) = (io::stdin(), io::stdout());
    let (stdin, stdout) = (stdin.as_fd(), stdout.as_fd());
    match (kind(stdin)?, kind(stdout)?) {
        (FileType::Socket, FileType::Socket) => {
            let socket = |fd: BorrowedFd<'_>| {
                let stream = UnixStream::from(fd.try_clone_to_owned().ok()?);
                stream.set_nonblocking(true).ok()?;
                Some(OwnedFd::from(stream))
            };
            Some(Pair::Sockets(socket(stdin)?, socket(stdout)?))
        }
        #[cfg(target_os = "linux")]
        (FileType::Fifo, FileType::Fifo) => {
            use rustix::fs::Mode;
            use rustix::fs::OFlags;

            let again = |fd: BorrowedFd<'_>, access: OFlags| {
                let number = rustix::path::DecInt::from_fd(fd);
                let path = [b"/proc/self/fd/".as_slice(), number.as_bytes()].concat();
                let flags = access | OFlags::NONBLOCK | OFlags::CLOEXEC;
                let fd = rustix::fs::open(path, flags, Mode::empty()).ok()?;
                (kind(fd.as_fd())? == FileType::Fifo).then_some(fd)
            };
            Some(Pair::Pipes(
                again(stdin, OFlags::RDONLY)?,
                again(stdout, OFlags::WRONLY)?,
            ))
        }
        _ => None,
    }
}
