//! Reads the audit trail that the other servers leave, and can do nothing else.
//!
//! The promise: whoever asks is shown a record only if they are cleared for what it tells of,
//! and what is shown is the trail as it is, with every place at which it is not whole.
//!
//! | authority                 | held by              | taken                             |
//! |---------------------------|----------------------|-----------------------------------|
//! | read the trail            | [`effects`]          | at each question, by its directory |
//! | decide who sees which record | [`scope::Scope`]  | from the configuration            |
//! | change the trail          | nothing but `prune`  | by an operator, on the command line |
//! | connect                   | nothing, or `effects::send` with the cargo features `forward` and `telemetry` | by an operator, to the receivers and the collector of the configuration |
//!
//! A request goes `tools` -> [`query`] (what is asked for) -> [`effects`] (reads) -> [`scope`]
//! (a record is released or it is not there).

pub mod config;
pub mod effects;
pub mod export;
pub mod forward;
pub mod program;
pub mod query;
pub mod report;
pub mod scope;
mod server;
pub mod show;
#[cfg(feature = "telemetry")]
pub mod telemetry;
#[cfg(test)]
mod testing;
mod tools;
pub mod watch;

pub use server::AuditReview;
