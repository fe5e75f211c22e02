//! Records in the trail that a person read it, where that person writes it as well.
//!
//! An auditor with a copy, or with a directory that is mounted read-only, works all the same: then
//! the log on standard error says that it was not recorded, and why.
//!
//! # Invariants
//!
//! - A trail that is not what was written is left as it is: it is evidence.

use std::error::Error;
use std::path::Path;

use guard::audit;
use guard::program::Start;
use guard::program::StartError;
use guard::server::Server;

use super::AuditReviewProgram;
use super::found;
use crate::AuditReview;

/// Runs `command`, then records that `action` was done to the trail in `dir`: what was read does
/// not show its own record.
pub(super) fn recorded(
    start: &Start<'_, AuditReviewProgram>,
    dir: &Path,
    action: &'static str,
    command: impl FnOnce() -> Result<(), StartError>,
) -> Result<(), StartError> {
    let ended = command();
    let is_whole = match &ended {
        Ok(()) => true,
        Err(StartError::Found { code, .. }) => found::OF_WHOLE.contains(code),
        // it ended before the trail was read
        Err(_) => return ended,
    };
    if is_whole {
        record(start, dir, action);
    } else if start.config.trail.record_reading {
        tracing::warn!(action, "not recorded: the trail is left as it is");
    }
    ended
}

/// Records it now.
pub(super) fn record(start: &Start<'_, AuditReviewProgram>, dir: &Path, action: &'static str) {
    if !start.config.trail.record_reading {
        return;
    }
    if let Err(cause) = try_record(start, dir, action) {
        tracing::warn!(action, cause, "not recorded in the trail");
    }
}

fn try_record(
    start: &Start<'_, AuditReviewProgram>,
    dir: &Path,
    action: &'static str,
) -> Result<(), String> {
    let settings = start.trail_settings(dir);
    let settings = settings.map_err(|error| error.to_string())?;
    let origin = audit::Origin {
        server_name: AuditReview::NAME,
        server_version: AuditReview::VERSION,
        ..audit::Origin::default()
    };
    match audit::record_access(settings, origin, action, start.now()) {
        // there is nothing that was read
        Err(trouble) if trouble.is_absence() => Ok(()),
        Err(trouble) => Err(match trouble.source() {
            Some(cause) => format!("{trouble}: {cause}"),
            None => trouble.to_string(),
        }),
        Ok(()) => Ok(()),
    }
}
