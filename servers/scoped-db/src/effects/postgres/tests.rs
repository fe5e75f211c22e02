//! What holds against a real server.

mod catalog;
mod reading;
mod sessions;
mod tls;
mod walls;
mod writing;
