//! The only place that reaches the network: sends a batch to the one receiver it was opened for.
//!
//! | module   | answers                                             |
//! |----------|-----------------------------------------------------|
//! | `dial`   | how is the receiver reached, and is it the one?     |
//! | `tls`    | who may vouch for it?                               |
//! | `http`   | how is one request made and its answer read?        |
//! | `stream` | how is it known that a stream was read to its end?  |
//!
//! # Invariants
//!
//! - Nothing that a receiver says is told to anybody; of its answer the status, `Retry-After` and one
//!   number are read, under bounds of bytes and of time.
//! - No redirect is followed, and no other host is reached than the one of the configuration.

mod dial;
mod http;
mod stream;
#[cfg(test)]
mod tests;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::time::timeout;

use guard::config::Source;
use guard::program::StartError;
use guard::secret::Providers;
use guard::secret::Secret;
use guard::secret::SecretRef;

use crate::forward::address::Address;
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

/// How to reach a receiver.
#[derive(Debug)]
struct Line {
    address: Address,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

/// A receiver of HTTP, and what proves to it who sends.
#[derive(Debug)]
struct Door {
    line: Line,
    secret: Option<Secret>,
    token: Option<Secret>,
}

/// What a receiver did with a batch.
#[derive(Debug)]
pub enum Sent {
    /// It took it.
    Taken,
    /// It took it and says that it rejected so many records of it, for good.
    TakenBut(u64),
    /// It did not, and may later; not before the given while.
    Later(Trouble, Option<Duration>),
    /// It will not, unless an operator changes something.
    Refused(Trouble),
    /// Nobody reads standard output any more.
    Gone,
}

/// Why a batch was not taken. For the operator; it repeats nothing of the receiver's.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Trouble {
    /// There is no connection.
    #[error("cannot connect: {0}")]
    Connect(std::io::ErrorKind),
    /// The address is said to be on this machine and is not.
    #[error("the name of the address leads to another machine: use TLS, or `127.0.0.1`")]
    Elsewhere,
    /// The handshake failed.
    #[error("no TLS with the receiver: {0}")]
    Tls(String),
    /// The connection broke.
    #[error("the connection broke")]
    Broken,
    /// It took too long.
    #[error("no answer within the timeout")]
    Slow,
    /// What it answered is no HTTP.
    #[error("the answer is not HTTP, or its head is too large")]
    Garbled,
    /// It answered with a redirect, which is not followed.
    #[error("it answers {0}, a redirect: set `address` to where it leads, if that is right")]
    Redirect(u16),
    /// It does not accept who asks.
    #[error("it answers {0}: check `token` and `secret`, and what they may do there")]
    Unauthorized(u16),
    /// It answered with another status.
    #[error("it answers {0}")]
    Status(u16),
    /// The secret cannot be used.
    #[error("the secret is no key: write `whsec_` and base64, or any other text")]
    Secret,
}

impl Trouble {
    /// Whether it stays until an operator changes something. A receiver that is not there, or whose
    /// certificate is not trusted, may be repaired at its end.
    const fn is_lasting(&self) -> bool {
        matches!(self, Self::Elsewhere | Self::Secret)
    }

    /// Whether a smaller batch, or another record, might have been taken.
    #[must_use]
    pub const fn is_about_content(&self) -> bool {
        matches!(self, Self::Status(400 | 413 | 422))
    }
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
                let asked = http::post(&door.line, path, door.headers(), body, now);
                let answered = timeout(self.timeout, asked).await;
                answered.map(|answer| answer.map(|answer| answer.of_otlp()))
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
        match sent {
            Ok(Ok(sent)) => sent,
            Ok(Err(trouble)) if trouble.is_lasting() => Sent::Refused(trouble),
            Ok(Err(trouble)) => Sent::Later(trouble, None),
            Err(_) => Sent::Later(Trouble::Slow, None),
        }
    }
}

impl Door {
    fn headers(&self) -> Vec<(&'static str, String)> {
        let token = self.token.as_ref();
        let bearer = token.map(|token| token.show_to(|text| format!("Bearer {text}")));
        bearer
            .map(|value| ("authorization", value))
            .into_iter()
            .collect()
    }

    /// The same with what Standard Webhooks asks for; `None` if the secret is no key.
    fn signed(&self, id: &str, timestamp: i64, body: &str) -> Option<Vec<(&'static str, String)>> {
        let mut headers = self.headers();
        headers.push(("webhook-id", id.to_owned()));
        headers.push(("webhook-timestamp", timestamp.to_string()));
        if let Some(secret) = &self.secret {
            let signature = webhook::signature(secret, id, timestamp, body)?;
            headers.push(("webhook-signature", signature));
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
    let step = || format!("open the receiver `{name}`");
    let tls = if target.address.is_encrypted() {
        let file = target.ca.as_ref().map(|path| match source {
            Some(source) => source.resolve(path),
            None => path.clone(),
        });
        let config = tls::config(file.as_deref(), target.address.scheme())
            .map_err(|cause| StartError::step(step(), cause))?;
        let host = ServerName::try_from(target.address.host().to_owned())
            .map_err(|cause| StartError::step(step(), cause))?;
        Some((config, host))
    } else {
        None
    };
    Ok(Line {
        address: target.address.clone(),
        tls,
    })
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
