//! Reads the configuration of an MCP host and tells what the servers in it allow as a whole.
//!
//! Each server may be harmless by itself. In one host the model stands between all of them: what
//! one of them shows, another can carry away, and what a third brings in can tell the model to.
//!
//! | module       | answers                                                          |
//! |--------------|------------------------------------------------------------------|
//! | [`host`]     | which servers does the host start, and how?                      |
//! | [`ours`]     | is that one of our binaries, and what would it serve?            |
//! | [`judge`]    | what does the composition allow, and what should be changed?     |
//! | [`finding`]  | how is that said?                                                |
//! | [`program`]  | the command line                                                 |
//!
//! # Invariants
//!
//! - No binary is run but those of this suite that lie beside this one, and of them nothing is
//!   asked but to describe themselves. A command that the host names is never run by its name.
//! - What is not known is said to be unknown, and taken for the worst until the operator says what
//!   it does.
//! - No value of the host's `env` or of an argument is ever printed.

pub mod finding;
pub mod host;
pub mod judge;
pub mod ours;
pub mod program;
