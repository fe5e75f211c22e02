//! What the labels of each root cover.

use std::io::Write;

use crate::ReadonlyFs;

/// Writes it to `out`.
///
/// # Errors
///
/// If it cannot be written.
pub fn print(_server: &ReadonlyFs, _files: bool, _out: &mut dyn Write) -> std::io::Result<()> {
    Ok(())
}
