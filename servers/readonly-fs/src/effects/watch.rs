//! Tells when something that is watched changes.
