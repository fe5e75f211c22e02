//! `audit-review forward`.

use std::io::Write;

use guard::program::Start;
use guard::program::StartError;

use super::AuditReviewProgram;

/// What it is run with.
#[derive(Debug, clap::Args)]
pub struct Arguments {}

/// Runs it.
pub(super) fn run(
    _arguments: Arguments,
    _start: &Start<'_, AuditReviewProgram>,
    _out: &mut dyn Write,
) -> Result<(), StartError> {
    Err(StartError::Arguments("not there yet".to_owned()))
}
