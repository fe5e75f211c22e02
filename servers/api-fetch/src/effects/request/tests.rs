//! Headers and paths that must not leave.
