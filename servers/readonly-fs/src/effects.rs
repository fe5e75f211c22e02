//! Everything that touches a file.

pub mod encoding;
pub mod lines;
pub mod lines_index;
pub mod media;
pub mod search;
pub mod search_file;
mod search_matcher;
pub mod search_sink;
mod search_stream;
pub mod text;
pub mod text_source;
