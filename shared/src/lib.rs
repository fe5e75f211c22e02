//! The door that every request of a Keyhole server passes.
//!
//! | module        | answers                                                     |
//! |---------------|-------------------------------------------------------------|
//! | [`label`]     | how sensitive is this value, and who may see it?            |
//! | [`principal`] | who asks?                                                   |
//! | [`policy`]    | what may they see and do, until when?                       |
//! | [`session`]   | what is that worth at this instant?                         |
//! | [`quota`]     | how much may they use?                                      |
//! | [`gate`]      | the one way from a request to an answer                     |
//! | [`call`]      | how far may this one request go, and what did it touch?     |
//! | [`schema`]    | what does a tool take, and does this call fit?              |
//! | [`cursor`]    | is this handle ours, theirs, and fresh?                     |
//! | [`trace`]     | in which trace of its caller does it stand?                 |
//! | [`audit`]     | what happened, and how can that be shown later?             |
//! | [`error`]     | what may be said when there is no answer?                   |
//! | [`secret`]    | where is a password kept, and who may see it?               |
//! | [`sandbox`]   | what does the kernel hold this process to?                  |
//! | [`config`]    | what did the operator ask for, and on which line?           |
//! | [`text`]      | which characters would a reader not see?                    |
//! | [`server`]    | what does a server tell the gate about itself?              |
//! | [`serve`]     | how does a client reach it?                                 |
//! | [`broker`]    | how is anything outside reached, without the right to?      |
//! | [`program`]   | how does it start, and with which exit code does it end?    |
//!
//! # Invariants
//!
//! - Nothing here opens a file below a server's scope, a table, or a URL.
//! - No type here prints a secret: neither with `Debug`, `Display` nor `Serialize`.
//! - This crate never depends on a server.

pub mod audit;
pub mod broker;
pub mod call;
pub mod config;
pub mod cursor;
pub mod error;
pub mod gate;
pub mod label;
pub mod policy;
pub mod principal;
pub mod program;
pub mod quota;
pub mod sandbox;
pub mod schema;
pub mod secret;
pub mod serve;
pub mod server;
pub mod session;
mod small_file;
pub mod text;
mod together;
pub mod trace;
