//! How grave a record is, in the figures of syslog and of OpenTelemetry.

use guard::audit::Event;

/// How grave.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Weight {
    /// What is asked for all day.
    Usual,
    /// What an operator did, and what was given up.
    Notable,
    /// A refusal, or a finding that may be nothing.
    Warning,
    /// A failure, and a place at which the trail is not whole.
    Error,
    /// A finding that somebody should look at now.
    Alert,
}

impl Weight {
    /// Of a record.
    #[must_use]
    pub fn of(event: &Event<'_>) -> Self {
        if event.text("kind") == Some("detect") {
            return match event.text("detect.level") {
                Some("alert") => Self::Alert,
                _ => Self::Warning,
            };
        }
        match (event.text("outcome"), event.text("kind")) {
            (Some("error" | "unknown"), _) => Self::Error,
            (Some("denied"), _) => Self::Warning,
            (Some("cancelled"), _) | (_, Some("admin")) => Self::Notable,
            _ => Self::Usual,
        }
    }

    /// The severity of RFC 5424, section 6.2.1: 0 to 7, the gravest first.
    #[must_use]
    pub const fn syslog(self) -> u8 {
        match self {
            Self::Usual => 6,
            Self::Notable => 5,
            Self::Warning => 4,
            Self::Error => 3,
            Self::Alert => 1,
        }
    }

    /// `SeverityNumber` and `SeverityText` of OpenTelemetry's data model of logs; the numbers are
    /// those of its appendix for the severities of syslog.
    #[must_use]
    pub const fn otel(self) -> (u8, &'static str) {
        match self {
            Self::Usual => (9, "INFO"),
            Self::Notable => (10, "NOTICE"),
            Self::Warning => (13, "WARN"),
            Self::Error => (17, "ERROR"),
            Self::Alert => (19, "ALERT"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_graver_than_a_read_and_a_finding_graver_than_both() {
        let weight = |line: &str| Weight::of(&Event::parse(line.as_bytes()).unwrap());
        let read = weight(r#"{"kind":"request","outcome":"allowed"}"#);
        let refused = weight(r#"{"kind":"request","outcome":"denied"}"#);
        let failed = weight(r#"{"kind":"request","outcome":"unknown"}"#);
        let found = weight(r#"{"kind":"detect","detect.level":"alert"}"#);
        assert!(read < refused && refused < failed && failed < found);
        assert_eq!(weight(r#"{"t":"ckpt"}"#), Weight::Usual);
        assert_eq!((found.syslog(), found.otel().0), (1, 19));
    }
}
