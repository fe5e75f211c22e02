//! Reads files below the given roots.

pub mod effects;
