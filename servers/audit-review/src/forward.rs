//! Hands the trail on to receivers elsewhere: which there are, and what each of them is sent.
//!
//! | module       | answers                                              |
//! |--------------|------------------------------------------------------|
//! | [`settings`] | which receivers are there?                           |
//! | [`address`]  | where is one, and may it be reached without TLS?     |
//! | `batch`      | what is sent at a time?                              |
//! | `weight`     | how grave is a record?                               |
//! | `syslog`     | how is it a message of RFC 5424?                     |
//! | `otlp`       | how is it a log record of OpenTelemetry?             |
//! | `webhook`    | how is it a signed message of Standard Webhooks?     |
//! | `backoff`    | when is it tried again?                              |
//! | `kept`       | what is kept of how far a receiver got?              |
//!
//! Pure: what connects is below [`effects`](crate::effects), what drives it is the command `forward`.
//! The settings are read by every build; the rest is the cargo feature `forward`, of which `telemetry`
//! uses [`address`] and `backoff` as well.
//!
//! # Invariants
//!
//! - A line is sent as it stands in the trail, so that whoever has all of them has the trail.
//! - What is left out of a trail (a gap, a bad line) is a notice in its place.

pub mod address;
#[cfg(any(feature = "forward", feature = "telemetry"))]
pub mod backoff;
#[cfg(feature = "forward")]
pub mod batch;
#[cfg(feature = "forward")]
pub mod kept;
#[cfg(feature = "forward")]
pub mod otlp;
pub mod settings;
#[cfg(feature = "forward")]
pub mod syslog;
#[cfg(feature = "forward")]
pub mod webhook;
#[cfg(feature = "forward")]
pub mod weight;
