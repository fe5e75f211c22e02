//! Reads files below the given roots, and can do nothing else.

pub mod config;
pub mod effects;
pub mod scope;
