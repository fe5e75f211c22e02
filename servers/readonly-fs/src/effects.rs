//! Everything that touches a file.

pub mod encoding;
pub mod lines;
pub mod lines_index;
pub mod lines_take;
#[cfg(test)]
mod lines_tests;
pub mod media;
pub mod search;
pub mod search_file;
mod search_matcher;
pub mod search_sink;
mod search_stream;
#[cfg(test)]
mod search_tests;
pub mod text;
pub mod text_source;
#[cfg(test)]
mod text_tests;
