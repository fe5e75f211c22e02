//! What holds against a real server.

mod catalog;
mod reading;
