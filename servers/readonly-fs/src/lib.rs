//! Reads files below the given roots, and can do nothing else.
//!
//! The promise: a caller gets to know of a file only what its label lets them, by whatever way
//! they ask, and nothing that is not below a root.
//!
//! | authority            | held by                | taken                                  |
//! |----------------------|------------------------|----------------------------------------|
//! | read below the roots | [`effects::Handles`]   | once at start, by the operator's paths |
//! | decide who sees what | [`scope::Scope`]       | from the configuration                 |
//! | be told of changes   | [`effects::watch`]     | per subscription, by open descriptor   |
//! | write, run, connect  | nothing                | never                                  |
//!
//! A request goes `tools` or `resources` -> [`scope`] (a permit or a denial) -> [`effects`]
//! (takes the permit) and comes back labelled.

pub mod config;
pub mod coverage;
pub mod effects;
pub mod program;
mod resources;
pub mod scope;
mod server;
mod start;
#[cfg(test)]
mod testing;
mod tools;

pub use server::ReadonlyFs;
pub use start::StartTrouble;
