//! Which parts of an answer exist: dot paths, and what a body may weigh before it is read.
//!
//! # Invariants
//!
//! - What no path names is gone. A path that does not fit the answer names nothing.
//! - A body is measured before it is parsed: how deep it nests, and what it would take in memory.

mod fields;
mod path;
mod weigh;

pub use fields::Fields;
pub use fields::NotAPath;
pub use path::Path;
pub use weigh::Measure;
pub use weigh::measure;
