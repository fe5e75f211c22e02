//! Makes spans and metrics of the trail, for the collectors of OpenTelemetry.
//!
//! The servers export nothing: it would need a network where there is none, and a queue that drops
//! when the collector is slow. Here a process of its own reads the trail, so a collector that is down
//! holds nobody up, and what it misses is read again.
//!
//! Names are those of the semantic conventions for generative AI and MCP (in development; as they
//! stand beside 1.43 of the general ones); what they have no name for is below `keyhole.`. The
//! encoding is OTLP 1.x as JSON.
//!
//! # Invariants
//!
//! - No text leaves but a plain name (`word`), a number, or an instant: no argument, no resource,
//!   no value of the caller's, no category of a label; of a principal at most a keyed hash.
//! - The series of a metric are bounded, whatever the trail holds.
//! - Metrics are counted from the first record on and kept beside the place in the trail: what is
//!   sent twice is counted once.
//!
//! | module       | does                                     |
//! |--------------|------------------------------------------|
//! | `request`    | reads what a record says of a request    |
//! | [`span`]     | makes a span of it                       |
//! | [`metric`]   | counts it                                |
//! | `otlp`       | writes both as the protocol has them     |
//! | [`settings`] | is `[telemetry]` of the configuration    |
//! | [`follow`]   | goes along a trail                       |
//!
//! Pure but for reading the trail: what connects is below [`effects`](crate::effects).

pub mod follow;
pub mod metric;
mod otlp;
mod request;
pub mod settings;
pub mod span;
#[cfg(test)]
mod tests;

/// A text as far as it is a plain name; `?` for every other.
///
/// What comes from outside under a name of ours, as an unknown tool does, is `?` in the trail already.
fn word(text: &str) -> &str {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
    let fits = (1..=MOST).contains(&text.len()) && text.bytes().all(plain);
    if fits { text } else { UNKNOWN }
}

/// The longest name, in bytes.
const MOST: usize = 96;
/// What is no name.
const UNKNOWN: &str = "?";
