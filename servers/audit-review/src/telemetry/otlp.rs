//! Writes what is sent as OTLP has it: JSON by the mapping of Protocol Buffers, with ids in hexadecimal.
//!
//! Instants are texts, for a JSON number holds no nanoseconds of this century. Counts are numbers, which the
//! mapping allows and every receiver reads.

use chrono::DateTime;
use chrono::Utc;
use serde_json::Value;
use serde_json::json;

/// An attribute that is a text.
pub(super) fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

/// An attribute that is a number.
pub(super) fn number(key: &str, value: u64) -> Value {
    // the mapping writes 64 bits as a text
    json!({"key": key, "value": {"intValue": value.to_string()}})
}

/// An attribute that is yes.
pub(super) fn yes(key: &str) -> Value {
    json!({"key": key, "value": {"boolValue": true}})
}

/// Nanoseconds since 1970; the beginning of time for what was before.
pub(super) fn nanoseconds(at: DateTime<Utc>) -> u64 {
    let at = at.timestamp_nanos_opt().unwrap_or_default();
    u64::try_from(at).unwrap_or_default()
}

/// Who made the spans and metrics.
pub(super) fn scope() -> Value {
    json!({"name": "keyhole", "version": env!("CARGO_PKG_VERSION")})
}
