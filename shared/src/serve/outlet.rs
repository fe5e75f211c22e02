//! The writing half of a connection: answers that are ready together leave together.
//!
//! # Invariants
//!
//! - A line is written whole before the next one begins; after half of one there is no next.
//! - Who sends is told only once its line is out, or that the connection is broken.

use std::io;
use std::sync::Arc;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use rmcp::model::ServerJsonRpcMessage;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::sync::Mutex;
use tokio::sync::Semaphore;

use crate::together::give_way;

/// The writing half, shared by all answers.
pub(super) struct Outlet<W>(Arc<Inner<W>>);

struct Inner<W> {
    writer: Mutex<Option<W>>,
    /// Short lines that nobody writes yet.
    ready: std::sync::Mutex<Vec<u8>>,
    /// Answers that may wait for the client to read.
    room: Semaphore,
}

impl<W> Clone for Outlet<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W: AsyncWrite + Send + Unpin> Outlet<W> {
    pub(super) fn new(writer: W) -> Self {
        Self(Arc::new(Inner {
            writer: Mutex::new(Some(writer)),
            ready: std::sync::Mutex::default(),
            room: Semaphore::new(WAITING_ANSWERS),
        }))
    }

    /// Waits until there is room for one more answer.
    pub(super) async fn room(&self) {
        // a closed semaphore is never made
        drop(self.0.room.acquire().await);
    }

    /// Writes `line`, and returns once it is out.
    pub(super) async fn send(&self, mut line: Vec<u8>) -> io::Result<()> {
        let _room = self.0.room.try_acquire();
        if line.len() <= SHORT {
            self.ready().extend_from_slice(&line);
            line = Vec::new();
            // those that are ready as well put their lines to this one
            give_way().await;
        }
        let mut writer = self.0.writer.lock().await;
        // gone, or given up in the middle of a line
        let mut open = writer.take().ok_or(io::ErrorKind::NotConnected)?;
        // if it is empty, another wrote this line with its own
        let ready = std::mem::take(&mut *self.ready());
        if !(ready.is_empty() && line.is_empty()) {
            open.write_all(&ready).await?;
            open.write_all(&line).await?;
            open.flush().await?;
        }
        *writer = Some(open);
        Ok(())
    }

    /// Lets go of the stream.
    pub(super) async fn close(&self) {
        drop(self.0.writer.lock().await.take());
    }

    fn ready(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The message as a line.
pub(super) fn line(message: &ServerJsonRpcMessage) -> io::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(USUAL);
    serde_json::to_writer(&mut line, message)?;
    line.push(b'\n');
    Ok(line)
}

const WAITING_ANSWERS: usize = 64;
/// Lines up to this length are joined; a longer one is worth a write of its own.
const SHORT: usize = 16 * 1024;
/// What most answers need, and what the allocator has at hand.
const USUAL: usize = 960;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rmcp::model::NumberOrString;
    use rmcp::model::ServerResult;
    use tokio::io::AsyncReadExt;

    use super::*;

    fn answer(id: i64) -> Vec<u8> {
        let id = NumberOrString::Number(id);
        line(&ServerJsonRpcMessage::response(ServerResult::empty(()), id)).unwrap()
    }

    #[tokio::test]
    async fn answers_that_are_ready_together_leave_whole_and_each_once() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let outlet = Outlet::new(ours);
        let sent = async {
            let all = (0..50).map(|id| outlet.send(answer(id)));
            let sent = futures::future::join_all(all).await;
            assert!(sent.iter().all(Result::is_ok));
            outlet.close().await;
        };
        let mut text = String::new();
        let (_, read) = tokio::join!(sent, theirs.read_to_string(&mut text));
        read.unwrap();
        let ids = text.lines().map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["id"].as_i64().unwrap()
        });
        assert_eq!(ids.collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn nobody_is_told_that_a_line_is_out_that_another_could_not_write() {
        let (ours, theirs) = tokio::io::duplex(8);
        let outlet = Outlet::new(ours);
        let all = (0..3).map(|id| outlet.send(answer(id)));
        let sent = futures::future::join_all(all);
        let mut sent = std::pin::pin!(sent);
        let soon = tokio::time::timeout(Duration::from_millis(50), &mut sent).await;
        assert!(soon.is_err(), "the client does not read");
        drop(theirs);
        assert!(sent.await.iter().all(Result::is_err));
    }

    #[tokio::test]
    async fn after_half_a_line_there_is_no_other() {
        let (ours, mut theirs) = tokio::io::duplex(8);
        let outlet = Outlet::new(ours);
        let half = tokio::time::timeout(Duration::from_millis(50), outlet.send(answer(1)));
        assert!(half.await.is_err(), "the client does not read");
        assert!(outlet.send(answer(2)).await.is_err());
        drop(outlet);
        let mut text = Vec::new();
        theirs.read_to_end(&mut text).await.unwrap();
        assert_eq!(text.len(), 8);
    }
}
