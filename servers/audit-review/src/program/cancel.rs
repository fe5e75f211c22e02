//! Work that a signal ends at once: a long look at a trail that says nothing before its end.
//!
//! # Invariants
//!
//! - Nothing was printed or written when a signal ended it: what the work gives comes back only
//!   whole.

use guard::program::StartError;

use super::found;
use super::stay::Signals;

/// Runs `work`, which only reads, on a thread of its own. With SIGINT or SIGTERM it is left where
/// it is, and the process is to end.
pub(super) fn cancellable<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .map_err(|cause| StartError::step("wait for signals", cause))?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let (tell, done) = tokio::sync::oneshot::channel();
        std::thread::Builder::new()
            .name("reader".to_owned())
            .spawn(move || {
                // nobody listens any more after a signal
                let _told = tell.send(work());
            })
            .map_err(|cause| StartError::step("start a thread", cause))?;
        let cancelled = || StartError::Found {
            code: found::CANCELLED,
            said: "cancelled: nothing is said of the trail".to_owned(),
        };
        tokio::select! {
            biased;
            () = signals.any() => Err(cancelled()),
            done = done => done.map_err(|cause| StartError::step("read the trail", cause)),
        }
    })
}
