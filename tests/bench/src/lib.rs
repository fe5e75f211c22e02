//! A client that costs next to nothing, and the operating system's own figures.

pub mod client;
pub mod figures;
pub mod places;
pub mod profile;
pub mod table;
pub mod upstream;
