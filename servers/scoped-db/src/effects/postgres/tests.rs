//! What holds against a real server.

mod catalog;
mod proof;
mod reading;
mod sessions;
mod speed;
mod tls;
mod walls;
mod writing;
