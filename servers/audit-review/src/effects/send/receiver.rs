//! A receiver of the trail, and what a batch becomes for it.
//!
//! # Invariants
//!
//! - A batch is sent by nothing but the kind that the configuration names, to its one address.

#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use hyper::header::AUTHORIZATION;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::time::timeout;

use guard::config::Source;
use guard::program::StartError;
use guard::secret::Providers;
use guard::secret::Secret;
use guard::secret::SecretRef;

use super::Line;
use super::Sent;
use super::Trouble;
use super::http;
use super::stream;
use crate::forward::batch::Batch;
use crate::forward::otlp;
use crate::forward::settings::Kind;
use crate::forward::settings::Receiver;
use crate::forward::settings::Target;
use crate::forward::syslog;
use crate::forward::webhook;

/// Sends to one receiver.
#[derive(Debug)]
pub struct Sender {
    name: String,
    timeout: Duration,
    to: To,
}

#[derive(Debug)]
enum To {
    Stdout(mpsc::Sender<Print>),
    Syslog { line: Line, host: String },
    Otlp(Door),
    Webhook(Door),
}

/// A text for standard output, and who waits until it is written.
#[derive(Debug)]
pub struct Print {
    /// The text.
    pub text: String,
    /// Told `true` once it is written, `false` if nobody reads any more.
    pub done: oneshot::Sender<bool>,
}

/// A receiver of HTTP, and what proves to it who sends.
#[derive(Debug)]
struct Door {
    line: Line,
    secret: Option<Secret>,
    token: Option<Secret>,
}

impl Sender {
    /// Opens what is needed to send to `receiver`: certificates and secrets are read now.
    ///
    /// # Errors
    ///
    /// [`StartError`] with what to change.
    pub fn open(
        receiver: &Receiver,
        source: Option<&Source>,
        secrets: &Providers,
        stdout: &mpsc::Sender<Print>,
    ) -> Result<Self, StartError> {
        let line = |target: &Target| line(&receiver.name, target, source);
        let door = |target: &Target| {
            Ok::<_, StartError>(Door {
                line: line(target)?,
                secret: load(&receiver.name, target.secret.as_ref(), secrets)?,
                token: load(&receiver.name, target.token.as_ref(), secrets)?,
            })
        };
        let to = match &receiver.kind {
            Kind::Stdout => To::Stdout(stdout.clone()),
            Kind::Syslog(target) => To::Syslog {
                line: line(target)?,
                host: host(),
            },
            Kind::Otlp(target) => To::Otlp(door(target)?),
            Kind::Webhook(target) => To::Webhook(door(target)?),
        };
        Ok(Self {
            name: receiver.name.clone(),
            timeout: receiver.timeout,
            to,
        })
    }

    /// Sends `batch`, which is the same as any other of the same `id`.
    pub async fn send(&self, batch: &Batch, id: &str, now: DateTime<Utc>) -> Sent {
        let sent = match &self.to {
            To::Stdout(out) => return print(out, batch).await,
            To::Syslog { line, host } => {
                let mut text = String::with_capacity(batch.bytes() * 2);
                for item in batch.items() {
                    syslog::frame(&mut text, host, item);
                }
                let sent = timeout(self.timeout, stream::send(line, text.as_bytes())).await;
                sent.map(|sent| sent.map(|()| Sent::Taken))
            }
            To::Otlp(door) => {
                let body = otlp::body(batch.items(), now.timestamp_nanos_opt().unwrap_or(0));
                let path = door.line.address.path("/v1/logs");
                let Some(headers) = door.headers() else {
                    return Sent::Refused(Trouble::Secret);
                };
                let asked = http::post(&door.line, path, headers, body, now);
                let answered = timeout(self.timeout, asked).await;
                answered.map(|answer| answer.map(|answer| answer.of_otlp(REJECTED)))
            }
            To::Webhook(door) => {
                let body = webhook::body(&self.name, batch.items());
                let Some(headers) = door.signed(id, now.timestamp(), &body) else {
                    return Sent::Refused(Trouble::Secret);
                };
                let path = door.line.address.path("/");
                let asked = http::post(&door.line, path, headers, body, now);
                let answered = timeout(self.timeout, asked).await;
                answered.map(|answer| answer.map(|answer| answer.sent()))
            }
        };
        Sent::of(sent)
    }
}

impl Door {
    /// What proves who sends; `None` if the token is no value of a header.
    fn headers(&self) -> Option<Vec<(HeaderName, HeaderValue)>> {
        let mut headers = Vec::new();
        if let Some(token) = &self.token {
            let bearer = token.show_to(|text| http::hidden(&format!("Bearer {text}")));
            headers.push((AUTHORIZATION, bearer?));
        }
        Some(headers)
    }

    /// The same with what Standard Webhooks asks for; `None` also if the secret is no key.
    fn signed(
        &self,
        id: &str,
        timestamp: i64,
        body: &str,
    ) -> Option<Vec<(HeaderName, HeaderValue)>> {
        let mut headers = self.headers()?;
        let mut push = |name, value: &str| {
            headers.push((HeaderName::from_static(name), http::hidden(value)?));
            Some(())
        };
        push("webhook-id", id)?;
        push("webhook-timestamp", &timestamp.to_string())?;
        if let Some(secret) = &self.secret {
            push(
                "webhook-signature",
                &webhook::signature(secret, id, timestamp, body)?,
            )?;
        }
        Some(headers)
    }
}

async fn print(out: &mpsc::Sender<Print>, batch: &Batch) -> Sent {
    let mut text = String::with_capacity(batch.bytes());
    for item in batch.items() {
        text.push_str(&item.text());
        text.push('\n');
    }
    let (done, written) = oneshot::channel();
    if out.send(Print { text, done }).await.is_err() {
        return Sent::Gone;
    }
    match written.await {
        Ok(true) => Sent::Taken,
        Ok(false) | Err(_) => Sent::Gone,
    }
}

fn line(name: &str, target: &Target, source: Option<&Source>) -> Result<Line, StartError> {
    let line = Line::open(&target.address, target.ca.as_deref(), source);
    line.map_err(|cause| StartError::step(format!("open the receiver `{name}`"), cause))
}

fn load(
    name: &str,
    kept: Option<&SecretRef>,
    secrets: &Providers,
) -> Result<Option<Secret>, StartError> {
    let Some(kept) = kept else { return Ok(None) };
    let secret = secrets.load(kept);
    let step = || format!("open the receiver `{name}`");
    secret
        .map(Some)
        .map_err(|cause| StartError::step(step(), cause))
}

/// What this machine calls itself.
fn host() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

/// The count of what a receiver of OTLP did not take, in its answer.
const REJECTED: &str = "rejectedLogRecords";
