//! Starts the real binaries and talks to them, as little as possible through code of ours.
//!
//! | part      | is                                                               |
//! |-----------|------------------------------------------------------------------|
//! | `bin`     | the servers of the workspace, built once                         |
//! | `world`   | a directory with roots, configuration, policy and trail          |
//! | `raw`     | a client that writes lines and reads lines, and never hangs      |
//! | `answer`  | one response, taken apart                                        |
//! | `client`  | a client over the protocol library, as hosts use it              |
//! | `process` | exit codes, signals, peak memory                                 |
//! | `sql`     | a connection to PostgreSQL that says everything as text             |
//! | `cluster` | a private PostgreSQL, gone with the test process                 |
//! | `trail`   | a second reading of the audit trail, written from its format     |
//!
//! # Invariants
//!
//! - Nothing here knows a type of a server: it sees messages, files and exit codes.
//! - Whatever a server does, a test ends: every wait has [`PATIENCE`] as its end.

mod answer;
mod bin;
mod client;
mod cluster;
mod process;
mod raw;
mod sql;
mod trail;
mod world;

pub use answer::Answer;
pub use bin::bin;
pub use bin::servers;
pub use bin::workspace;
pub use client::Client;
pub use cluster::BOSS;
pub use cluster::Cluster;
pub use process::Ran;
pub use process::loudly;
pub use process::run;
pub use process::until;
pub use raw::Ended;
pub use raw::Era;
pub use raw::PATIENCE;
pub use raw::Raw;
pub use sql::Row;
pub use sql::Sql;
pub use trail::Trail;
pub use trail::verify;
pub use world::CANARY;
pub use world::World;
