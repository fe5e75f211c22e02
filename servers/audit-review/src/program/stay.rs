//! What the commands have in common that stay until a signal: `watch`, `forward`, `telemetry`.

use std::path::Path;
use std::path::PathBuf;

use chrono::DateTime;
use chrono::Utc;
use tokio::runtime::Runtime;
use tokio::signal::unix::Signal;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use guard::audit::Audit;
use guard::audit::Origin;
use guard::program::Start;
use guard::program::StartError;
use guard::server::Server;

use super::AuditReviewProgram;
use super::resolve;
use crate::AuditReview;
use crate::effects::Trail;
use crate::watch::state::Saved;
use crate::watch::state::StateFile;

/// What ends a command in order: SIGTERM and SIGINT.
#[derive(Debug)]
pub(super) struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    /// Listens from now on; within a runtime.
    pub(super) fn listen() -> Result<Self, StartError> {
        let failed = |cause| StartError::step("listen for signals", cause);
        Ok(Self {
            term: signal(SignalKind::terminate()).map_err(failed)?,
            int: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    /// Waits for one of them.
    pub(super) async fn any(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}

/// A runtime on this thread.
pub(super) fn runtime() -> Result<Runtime, StartError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|cause| StartError::step("start a timer", cause))
}

/// The trail as it is written to.
pub(super) fn open(
    start: &Start<'_, AuditReviewProgram>,
    trail: &Trail,
) -> Result<Audit, StartError> {
    let settings = start.trail_settings(trail.dir())?;
    let origin = Origin {
        server_name: AuditReview::NAME,
        server_version: AuditReview::VERSION,
        ..Origin::default()
    };
    Audit::open(settings, origin, clock()).map_err(|cause| {
        let step = format!("open the audit trail in {}", trail.dir().display());
        StartError::step(step, cause)
    })
}

/// Holds the file of state at `path`; gives what is in it.
pub(super) fn hold<T: Saved>(path: &Path) -> Result<(StateFile, Option<T>), StartError> {
    let refused = |cause| StartError::step(format!("the state in {}", path.display()), cause);
    let file = StateFile::hold(path).map_err(refused)?;
    let state = file.load().map_err(refused)?;
    Ok((file, state))
}

/// Where state is kept: as `given`, else as `configured`, else beside the trail with this `suffix`.
pub(super) fn state(
    given: Option<PathBuf>,
    configured: Option<&PathBuf>,
    start: &Start<'_, AuditReviewProgram>,
    trail: &Trail,
    suffix: &str,
) -> PathBuf {
    let configured = configured.map(|path| resolve(path, start));
    given.or(configured).unwrap_or_else(|| {
        let mut beside = trail.dir().as_os_str().to_owned();
        beside.push(suffix);
        beside.into()
    })
}

/// The one place of these commands that reads the clock.
#[expect(
    clippy::disallowed_methods,
    reason = "time comes in here and is passed on"
)]
pub(super) fn clock() -> DateTime<Utc> {
    Utc::now()
}

/// Some number, so that two senders do not knock at the same instant.
#[cfg(any(feature = "forward", feature = "telemetry"))]
pub(super) fn chance() -> u16 {
    let mut bytes = [0; 2];
    // without it both wait the shortest
    let _filled = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    u16::from_ne_bytes(bytes)
}
