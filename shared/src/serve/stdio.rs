//! The standard streams, read and written without a thread between where the kernel allows it.
//!
//! Hosts connect a child either by pipes or, where they are built on libuv, by socket pairs.
//! Both can be polled; a terminal or a file cannot, and then a thread does the reading.

use std::io;
use std::pin::Pin;

use rmcp::transport::io::stdio_pipes;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;

type Reader = Pin<Box<dyn AsyncRead + Send>>;
type Writer = Pin<Box<dyn AsyncWrite + Send>>;

/// Standard input and output.
///
/// # Errors
///
/// If a socket cannot be registered with the runtime.
pub(super) fn streams() -> io::Result<(Reader, Writer)> {
    if let Some((reader, writer)) = sockets()? {
        return Ok((Box::pin(reader), Box::pin(writer)));
    }
    let (reader, writer) = stdio_pipes();
    Ok((Box::pin(reader), Box::pin(writer)))
}

#[cfg(unix)]
fn sockets() -> io::Result<Option<(impl AsyncRead + Send, impl AsyncWrite + Send)>> {
    use std::os::fd::AsFd;
    use std::os::fd::BorrowedFd;
    use std::os::unix::net::UnixStream;

    use rustix::fs::FileType;

    let is_socket = |fd: BorrowedFd<'_>| {
        let kind = rustix::fs::fstat(fd).map(|stat| FileType::from_raw_mode(stat.st_mode));
        kind.is_ok_and(|kind| kind == FileType::Socket)
    };
    let (stdin, stdout) = (io::stdin(), io::stdout());
    if !is_socket(stdin.as_fd()) || !is_socket(stdout.as_fd()) {
        return Ok(None);
    }
    let stream = |fd: BorrowedFd<'_>| {
        let stream = UnixStream::from(fd.try_clone_to_owned()?);
        stream.set_nonblocking(true)?;
        tokio::net::UnixStream::from_std(stream)
    };
    Ok(Some((stream(stdin.as_fd())?, stream(stdout.as_fd())?)))
}

#[cfg(not(unix))]
fn sockets() -> io::Result<Option<(tokio::io::Stdin, tokio::io::Stdout)>> {
    Ok(None)
}
