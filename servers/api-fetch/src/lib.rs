//! Calls named endpoints of named hosts, with credentials that the model never sees, and can do
//! nothing else.
//!
//! The promise: nothing is sent but to an endpoint that the operator declared, at an address that
//! the operator's rules allow, with parameters of the declared form; and no credential comes back.
//!
//! | authority                  | held by               | taken                                 |
//! |----------------------------|-----------------------|---------------------------------------|
//! | connect to declared hosts  | [`effects`]           | per call, by a permit of [`scope`]    |
//! | use a credential           | [`effects`]           | last, for its own upstream alone      |
//! | read PEM files             | [`effects`]           | at start, those the operator named    |
//! | read an OpenAPI document   | the command `import`  | never while it serves                 |
//! | read a pinned document     | `[imports]`           | at start, if its SHA-256 is as written |
//! | write files, run, listen   | nothing               | never                                 |

pub mod address;
mod answer;
pub mod config;
pub mod effects;
pub mod endpoint;
pub mod openapi;
pub mod parameters;
pub mod permit;
pub mod program;
pub mod scope;
pub mod select;
mod server;
mod tools;

pub use server::ApiFetch;
