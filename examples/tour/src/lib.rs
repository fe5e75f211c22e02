//! A client that shows what the servers do and refuse, with the real binaries.
//!
//! | module         | answers                                                    |
//! |----------------|------------------------------------------------------------|
//! | [`binary`]     | where is the server?                                       |
//! | [`client`]     | how is it started, and what did it say?                    |
//! | [`screen`]     | how is it shown, and was every promise kept?               |
//! | [`stage`]      | which files are there, and which lie in wait?              |
//! | [`readers`]    | what do two readers see of one folder?                     |
//! | [`attacks`]    | does anything lead out of it?                              |
//! | [`trail`]      | what was recorded, and is a change to the record found?    |
//! | [`crm`]        | which database is there, and on which engine?              |
//! | [`cluster`]    | is there a PostgreSQL to start, and is it gone afterwards? |
//! | [`desks`]      | what do two readers see of one database?                   |
//! | [`statements`] | does any statement lead out of it?                         |
//! | [`lineage`]    | who read which columns?                                    |
//! | [`shown`]      | how are rows written for people?                           |
//! | [`api`]        | which API is there, and who may ask it until when?         |
//! | [`sample`]     | what did it receive?                                       |
//! | [`grant`]      | what is there before, during and after a grant?            |
//! | [`errands`]    | what does the API get to know, and does anything else?     |
//! | [`announced`]  | what was recorded before it left, and where is the key?    |
//!
//! # Invariants
//!
//! - Everything is done to a copy in a temporary directory.
//! - A promise that does not hold makes the program end with 1.

pub mod announced;
pub mod api;
pub mod attacks;
pub mod binary;
pub mod client;
pub mod cluster;
pub mod crm;
pub mod desks;
pub mod errands;
pub mod grant;
pub mod lineage;
pub mod readers;
pub mod sample;
pub mod screen;
pub mod shown;
pub mod stage;
pub mod statements;
pub mod trail;
