//! Answers questions about named tables and columns of one database, and can do nothing else.
//!
//! The promise: a caller gets to know of a table, a column or a row only what its label and the
//! operator's rules let them, by whatever statement they ask, and nothing that was not named.
//!
//! Two walls hold it, each complete for its purpose: [`statement`] prints every statement anew
//! over a virtual schema in which nothing hidden exists, and the role that [`effects`] connects
//! with is proven at start to have no more rights than the configuration names.
//!
//! | authority                | held by                | taken                                  |
//! |--------------------------|------------------------|----------------------------------------|
//! | connect to one database  | [`effects::Engine`]    | at start, by the operator's connection |
//! | read named columns       | [`permit::Query`]      | for one statement, by [`scope`]        |
//! | change rows of a table   | [`permit::Change`]     | for one call, where the policy says so |
//! | write files, run, listen | nothing                | never                                  |

pub mod config;
pub mod connection;
pub mod effects;
pub mod grant;
pub mod permit;
pub mod program;
mod resources;
pub mod schema;
pub mod scope;
mod server;
mod spelling;
pub mod statement;
mod tools;

pub use server::ScopedDb;
