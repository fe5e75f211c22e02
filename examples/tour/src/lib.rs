//! A client that shows what `readonly-fs` does and refuses, with the real binary.
//!
//! | module     | answers                                                       |
//! |------------|---------------------------------------------------------------|
//! | [`binary`] | where is the server?                                          |
//! | [`client`] | how is it started, and what did it say?                       |
//! | [`stage`]  | which files are there, and which lie in wait?                 |
//! | [`screen`] | how is it shown, and was every promise kept?                  |
//! | [`readers`]| what do two readers see of one folder?                        |
//! | [`attacks`]| does anything lead out of it?                                 |
//! | [`trail`]  | what was recorded, and is a change to the record found?       |
//!
//! # Invariants
//!
//! - Everything is done to a copy in a temporary directory.
//! - A promise that does not hold makes the program end with 1.

pub mod attacks;
pub mod binary;
pub mod client;
pub mod cluster;
pub mod readers;
pub mod screen;
pub mod stage;
pub mod trail;
