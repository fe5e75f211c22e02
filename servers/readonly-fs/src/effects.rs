//! Everything that touches a file.

pub mod encoding;
pub mod lines;
pub mod lines_index;
pub mod media;
pub mod search;
pub mod search_file;
pub mod search_sink;
pub mod text;
pub mod text_source;
