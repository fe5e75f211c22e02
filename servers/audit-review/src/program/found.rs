//! The exit codes of what the commands find. They are stable.

/// A line is not the one that must stand there.
pub(super) const BROKEN: u8 = 10;
