//! What a receiver answered, and what that means.

use std::time::Duration;

use hyper::StatusCode;
use serde_json::Value;

use super::Sent;
use super::Trouble;

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    after: Option<Duration>,
    /// The body, as far as it was read.
    body: Vec<u8>,
}

impl Answer {
    pub(super) const fn new(status: StatusCode, after: Option<Duration>, body: Vec<u8>) -> Self {
        Self {
            status,
            after,
            body,
        }
    }

    /// What it means.
    pub(super) fn sent(&self) -> Sent {
        let code = self.status.as_u16();
        match code {
            200..=299 => Sent::Taken,
            300..=399 => Sent::Refused(Trouble::Redirect(code)),
            401 | 403 => Sent::Refused(Trouble::Unauthorized(code)),
            408 | 429 | 500..=599 => Sent::Later(Trouble::Status(code), self.after),
            _ => Sent::Refused(Trouble::Status(code)),
        }
    }

    /// What it means where it may say, under the key `counted`, that a part was dropped.
    pub(super) fn of_otlp(&self, counted: &str) -> Sent {
        match (self.sent(), rejected(&self.body, counted)) {
            (Sent::Taken, count @ 1..) => Sent::TakenBut(count),
            (sent, _) => sent,
        }
    }
}

/// How many of what was sent were rejected (OTLP 1.x, "partial success").
fn rejected(body: &[u8], counted: &str) -> u64 {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let count = body
        .get("partialSuccess")
        .and_then(|part| part.get(counted));
    match count {
        // 64 bits are a text in this encoding; not all know
        Some(Value::String(text)) => text.parse().unwrap_or(0),
        Some(value) => value.as_u64().unwrap_or(0),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_was_rejected_is_read_from_the_answer() {
        let rejected = |body: &str, counted| super::rejected(body.as_bytes(), counted);
        let logs = "rejectedLogRecords";
        let text = r#"{"partialSuccess":{"rejectedLogRecords":"3"}}"#;
        assert_eq!(rejected(text, logs), 3);
        assert_eq!(rejected(text, "rejectedSpans"), 0);
        let number = r#"{"partialSuccess":{"rejectedSpans":2}} "#;
        assert_eq!(rejected(number, "rejectedSpans"), 2);
        for body in ["", "{}", "garbage", r#"{"partialSuccess":{}}"#, "\u{0}"] {
            assert_eq!(rejected(body, logs), 0, "{body}");
        }
    }
}
