//! The detectors: each looks at one habit of a principal, or of the servers.
//!
//! | module     | what it notices                                              | what it keeps, at most |
//! |------------|--------------------------------------------------------------|------------------------|
//! | `volume`   | more calls, items or bytes in an hour than is usual          | 28 samples an hour of the day |
//! | `distinct` | many different resources in ten minutes, or in a day         | the threshold; 8192 bits |
//! | `hours`    | work at an hour at which there never was any                 | a bit an hour and day  |
//! | `denials`  | many refusals                                                | the threshold          |
//! | `category` | the first access to a category                               | 64 names               |
//! | `egress`   | reading what is sensitive, then sending                      | 64 endpoints           |
//! | `places`   | one principal from two addresses by turns                    | 8 addresses            |
//! | `silence`  | a server that should have written                            | a bit an hour and day  |
//!
//! # Invariants
//!
//! - All are pure: what they say depends on the records before, and on nothing else.

pub mod baseline;
pub mod category;
pub mod denials;
pub mod distinct;
pub mod egress;
pub mod hours;
pub mod places;
pub mod silence;
pub mod volume;

use super::calendar::Local;
use super::clock::At;

/// When a record is looked at, and which it is.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The time of the trail.
    pub at: At,
    /// The same where people work.
    pub local: Local,
    /// The position of the record.
    pub seq: u64,
}
