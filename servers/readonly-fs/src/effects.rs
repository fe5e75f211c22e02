//! The only code that touches files. Nothing here decides what may be seen: it asks the permit.
//!
//! # Invariants
//!
//! - A path is resolved in [`open`] and nowhere else, below a root that was opened at start.
//! - Only regular files and directories are opened for reading, never a FIFO, a device or a
//!   socket, and nothing is ever opened for writing.
//! - What was opened is what was judged: type, links, mount and path are those of the
//!   descriptor, not of the name.

pub mod encoding;
mod ignored;
pub mod lines;
pub mod lines_index;
pub mod lines_take;
#[cfg(test)]
mod lines_tests;
mod links;
pub mod media;
mod meta;
mod names;
pub mod open;
mod open_at_once;
pub mod root;
pub mod search;
pub mod search_file;
mod search_matcher;
pub mod search_sink;
mod search_stream;
#[cfg(test)]
mod search_tests;
mod snapshots;
pub mod text;
pub mod text_source;
#[cfg(test)]
mod text_tests;
pub mod walk;
pub mod watch;

pub use meta::Meta;
pub use open::Opened;
pub use root::Handle;
pub use root::Handles;
pub use root::RootTrouble;
pub use walk::Entry;
pub use walk::Options;
pub use walk::Walk;
