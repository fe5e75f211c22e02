//! Decides whether a request is sent once more, and when. Pure.
//!
//! # Invariants
//!
//! - Nothing is repeated that could be done twice by it.
//! - A wait that the upstream asks for is kept to, or the answer is passed on as it is.

use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use hyper::HeaderMap;
use hyper::StatusCode;
use hyper::header::RETRY_AFTER;

use crate::permit::Method;

/// Whether asking twice does no more than asking once.
pub(super) const fn may_repeat(method: Method) -> bool {
    match method {
        Method::Get | Method::Head | Method::Put | Method::Delete => true,
        Method::Post | Method::Patch => false,
    }
}

/// Whether the upstream says that it will answer later.
pub(super) fn is_for_later(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    )
}

/// How many seconds the upstream asks to wait, rounded up.
pub(super) fn asked_to_wait(headers: &HeaderMap, now: DateTime<Utc>) -> Option<u64> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().unwrap_or(u64::MAX)).filter(|_| !text.is_empty());
    }
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    let wait = date.with_timezone(&Utc).signed_duration_since(now);
    let wait = wait.num_milliseconds().max(0);
    Some(u64::try_from(wait).unwrap_or_default().div_ceil(1000))
}

/// How long to wait before asking again, if that leaves time for an answer.
pub(super) fn pause(asked: Option<u64>, left: Duration) -> Option<Duration> {
    let pause = asked.map_or(BRIEFLY, Duration::from_secs).max(BRIEFLY);
    (pause.checked_add(ANSWER)? <= left).then_some(pause)
}

const BRIEFLY: Duration = Duration::from_millis(200);
/// What an answer takes.
const ANSWER: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(value: &str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        asked_to_wait(
            &headers,
            DateTime::from_timestamp(784_111_777, 500_000_000).unwrap(),
        )
    }

    #[test]
    fn a_wait_is_read_as_seconds_and_as_a_date_and_not_guessed() {
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:47 GMT"), Some(10));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
        assert_eq!(wait("99999999999999999999999999"), Some(u64::MAX));
        for odd in ["", "-1", "1.5", "soon", "+3", "0x10"] {
            assert_eq!(wait(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_pause_leaves_time_for_an_answer_or_there_is_none() {
        let left = Duration::from_secs(10);
        assert_eq!(pause(None, left), Some(BRIEFLY));
        assert_eq!(pause(Some(0), left), Some(BRIEFLY));
        assert_eq!(pause(Some(9), left), Some(Duration::from_secs(9)));
        assert_eq!(pause(Some(10), left), None);
        assert_eq!(pause(Some(u64::MAX), left), None);
        assert_eq!(pause(None, Duration::from_millis(600)), None);
    }
}
