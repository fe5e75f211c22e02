//! What holds against a real server.

mod catalog;
mod cost;
mod proof;
mod reading;
mod sessions;
mod speed;
mod system;
mod tls;
mod walls;
mod writing;
