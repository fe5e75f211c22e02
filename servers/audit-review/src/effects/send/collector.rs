//! A collector of OpenTelemetry, and how spans and metrics get to it.

#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;
use serde_json::Value;
use tokio::time::timeout;

use guard::config::Source;
use guard::program::StartError;
use guard::secret::Providers;

use super::Line;
use super::Sent;
use super::Trouble;
use super::http;
use crate::telemetry::settings::Endpoint;
use crate::telemetry::settings::Settings;

/// A collector, and how it is reached.
#[derive(Debug)]
pub struct Collector {
    line: Line,
    /// What the path of every request begins with.
    path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
}

/// What is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metrics.
    Metrics,
}

impl Signal {
    const fn path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Metrics => "/v1/metrics",
        }
    }

    /// The count of what was not taken, in the answer.
    const fn rejected(self) -> &'static str {
        match self {
            Self::Traces => "rejectedSpans",
            Self::Metrics => "rejectedDataPoints",
        }
    }
}

impl Collector {
    /// Opens what is needed to send to `endpoint` as `settings` say: certificates and secrets are read
    /// now. A request is given up after `timeout`.
    ///
    /// # Errors
    ///
    /// [`StartError`] with what to change.
    pub fn open(
        endpoint: &Endpoint,
        settings: &Settings,
        source: Option<&Source>,
        secrets: &Providers,
        timeout: Duration,
    ) -> Result<Self, StartError> {
        let mut headers = Vec::new();
        for (name, kept) in &settings.headers {
            let secret = secrets.load(kept);
            let secret = secret.map_err(|cause| StartError::step(OPEN, cause))?;
            let name = HeaderName::try_from(name.as_str());
            let (Ok(name), Some(value)) = (name, secret.show_to(http::hidden)) else {
                return Err(StartError::step(OPEN, NO_HEADER));
            };
            headers.push((name, value));
        }
        let line = Line::open(endpoint.address(), settings.ca.as_deref(), source);
        Ok(Self {
            line: line.map_err(|cause| StartError::step(OPEN, cause))?,
            path: endpoint.path().to_owned(),
            headers,
            timeout,
        })
    }

    /// Sends `body`.
    pub async fn send(&self, signal: Signal, body: &Value, now: DateTime<Utc>) -> Sent {
        let path = format!("{}{}", self.path, signal.path());
        let headers = self.headers.clone();
        let asked = http::post(&self.line, &path, headers, body.to_string(), now);
        let answered = timeout(self.timeout, asked).await;
        let answered =
            answered.map(|answer| answer.map(|answer| answer.of_otlp(signal.rejected())));
        let sent = Sent::of(answered);
        // a collector that says in no other way that it is busy has found something wrong
        if let Sent::Later(Trouble::Status(code), _) = sent
            && !BUSY.contains(&code)
        {
            return Sent::Refused(Trouble::Status(code));
        }
        sent
    }
}

const OPEN: &str = "prepare for the collector";
const NO_HEADER: &str = "a secret of `telemetry.headers` is no value of a header";
/// What OTLP calls retryable (OTLP 1.x, "OTLP/HTTP response"); it forbids it for all others.
const BUSY: [u16; 4] = [429, 502, 503, 504];
