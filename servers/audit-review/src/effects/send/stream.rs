//! Sends frames over a connection, and knows whether they were read.
//!
//! Syslog acknowledges nothing. But whoever reads a connection to its end closes it in order, and an
//! operating system that closes one with unread bytes resets it instead. So each batch has a
//! connection of its own: it is sent, its end is told, and it counts once the receiver closed as
//! well. What a receiver read and lost by itself after that is not known.

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;

use super::Line;
use super::Trouble;
use super::dial::Wire;
use super::dial::dial;

/// Sends `bytes` and waits until they were read.
pub(super) async fn send(line: &Line, bytes: &[u8]) -> Result<(), Trouble> {
    let mut wire = dial(line).await?;
    let broken = |_| Trouble::Broken;
    wire.write_all(bytes).await.map_err(broken)?;
    wire.flush().await.map_err(broken)?;
    wire.shutdown().await.map_err(broken)?;
    let mut said = [0; 256];
    let mut left = MOST;
    loop {
        match wire.read(&mut said).await {
            Ok(0) => return Ok(()),
            // nothing is to be said here; a receiver that talks is none
            Ok(count) => left = left.checked_sub(count).ok_or(Trouble::Garbled)?,
            // without the word that ends TLS: many receivers leave it out
            Err(error) if ended(&error, &wire) => return Ok(()),
            Err(_) => return Err(Trouble::Broken),
        }
    }
}

fn ended(error: &std::io::Error, wire: &Wire) -> bool {
    matches!(wire, Wire::Tls(_)) && error.kind() == std::io::ErrorKind::UnexpectedEof
}

/// What a receiver may say; it is dropped.
const MOST: usize = 4096;
