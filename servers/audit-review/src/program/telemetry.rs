//! `audit-review telemetry`: sends spans and metrics of the trail to a collector.
//!
//! # Invariants
//!
//! - The trail is only read, and no server waits for this process or the collector.
//! - What was sent is saved after the collector took it: a crash between them sends again the same spans
//!   and the same counts.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use serde_json::Value;

use guard::audit;
use guard::config::Spanned;
use guard::gate::record_id;
use guard::program::Start;
use guard::program::StartError;
use guard::secret::Secret;

use super::AuditReviewProgram;
use super::print;
use super::stay;
use super::stay::Signals;
use super::stay::chance;
use super::stay::clock;
use crate::effects::send::Sent as Answer;
use crate::effects::send::Trouble;
use crate::effects::send::collector::Collector;
use crate::effects::send::collector::Signal;
use crate::forward::backoff::Backoff;
use crate::telemetry::follow::Follow;
use crate::telemetry::follow::Sent;
use crate::telemetry::settings::Endpoint;
use crate::telemetry::settings::Settings;
use crate::telemetry::span::Spans;
use crate::watch::state::StateFile;

/// What it is run with.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub struct Arguments {
    /// The directory of the trail [default: that of the configuration, or of --audit].
    #[arg(value_name = "TRAIL")]
    trail: Option<PathBuf>,
    /// Send what is there, and end.
    #[arg(long)]
    once: bool,
    /// Where it is kept what was sent [default: beside the directory of the trail].
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// How many seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 5,
        value_parser = clap::value_parser!(u64).range(1..=3600))]
    every: u64,
}

/// Runs it.
pub(super) fn run(
    arguments: Arguments,
    start: &Start<'_, AuditReviewProgram>,
    out: &mut dyn Write,
) -> Result<(), StartError> {
    let settings = &start.config.telemetry;
    let trail = super::trail(start, arguments.trail);
    let collector = collector(settings, start)?;
    let key = settings.principal_key.as_ref();
    let key = key.map(|key| secret(key, start)).transpose()?;
    let spans = Spans::new(settings.ratio, key.as_ref());
    let configured = settings.state.as_ref();
    let path = stay::state(arguments.state, configured, start, &trail, BESIDE);
    let (file, sent) = stay::hold(&path)?;
    let new = || Sent::nothing(start.now(), record_id(start.now()).to_string());
    let mut work = Work {
        follow: Follow::on(trail, spans, sent.unwrap_or_else(new)),
        file,
        collector,
        every: (!arguments.once).then(|| Duration::from_secs(arguments.every)),
        records: 0,
        told: None,
    };
    let runtime = stay::runtime()?;
    let ended = runtime.block_on(work.run());
    // names are looked up by a thread that nothing can stop
    runtime.shutdown_background();
    ended?;
    print(out, &format!("{} records sent\n", work.records))
}

/// A trail on its way to a collector.
struct Work {
    follow: Follow,
    file: StateFile,
    collector: Collector,
    /// How long between two looks; `None` to look once.
    every: Option<Duration>,
    records: u64,
    /// When metrics were sent last.
    told: Option<DateTime<Utc>>,
}

/// Whether to go on.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Go {
    On,
    Stop,
}

impl Work {
    async fn run(&mut self) -> Result<(), StartError> {
        let mut signals = Signals::listen()?;
        loop {
            let go = match self.follow.next().map_err(failed)? {
                Some(piece) => {
                    let (meters, records) = (piece.meters().body(clock()), piece.records);
                    let mut go = Go::On;
                    if !piece.spans.is_empty() {
                        let spans = piece.spans.clone().body();
                        go = self.send(Signal::Traces, &spans, &mut signals).await?;
                    }
                    if go == Go::On {
                        go = self.send(Signal::Metrics, &meters, &mut signals).await?;
                    }
                    if go == Go::On {
                        self.follow.done(piece);
                        self.records += records;
                        let saved = self.file.save(self.follow.sent());
                        saved.map_err(|cause| StartError::step("save what was sent", cause))?;
                    }
                    go
                }
                None => match self.every {
                    None => Go::Stop,
                    Some(every) => self.rest(every, &mut signals).await?,
                },
            };
            if go == Go::Stop {
                return Ok(());
            }
        }
    }

    /// Waits for more; counts that do not change are told again, so that no series looks as if it had ended.
    async fn rest(&mut self, every: Duration, signals: &mut Signals) -> Result<Go, StartError> {
        let now = clock();
        if self
            .told
            .is_none_or(|told| (now - told).num_seconds() >= REPEAT)
        {
            let meters = self.follow.sent().meters().body(now);
            return self.send(Signal::Metrics, &meters, signals).await;
        }
        tokio::select! {
            () = signals.any() => Ok(Go::Stop),
            () = tokio::time::sleep(every) => Ok(Go::On),
        }
    }

    /// Sends until it is taken: again and again, with pauses that grow. Once only so many times.
    async fn send(
        &mut self,
        signal: Signal,
        body: &Value,
        signals: &mut Signals,
    ) -> Result<Go, StartError> {
        let mut backoff = Backoff::default();
        loop {
            let sent = tokio::select! {
                biased;
                () = signals.any() => return Ok(Go::Stop),
                sent = self.collector.send(signal, body, clock()) => sent,
            };
            let (why, asked) = match sent {
                Answer::Taken => return Ok(self.taken(signal, backoff)),
                Answer::TakenBut(rejected) => {
                    tracing::warn!(
                        rejected,
                        "the collector has no use for some of what was sent"
                    );
                    return Ok(self.taken(signal, backoff));
                }
                Answer::Later(why, asked) => (why, asked),
                Answer::Refused(why) => return Err(StartError::step(SEND, refused(&why))),
                // nobody is there to send to any more
                Answer::Gone => return Ok(Go::Stop),
            };
            let pause = backoff.next(chance(), asked);
            if self.every.is_none() && backoff.failures() >= TRIES {
                return Err(StartError::step(SEND, GIVEN_UP));
            }
            if backoff.failures() == 1 {
                tracing::warn!(
                    %why,
                    "the collector does not take what is sent: it is kept in the trail and sent later"
                );
            }
            tokio::select! {
                () = signals.any() => return Ok(Go::Stop),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    fn taken(&mut self, signal: Signal, backoff: Backoff) -> Go {
        if backoff.failures() > 0 {
            tracing::info!("the collector takes again what is sent");
        }
        if signal == Signal::Metrics {
            self.told = Some(clock());
        }
        Go::On
    }
}

/// What an operator is to look at.
fn refused(why: &Trouble) -> String {
    match why.status() {
        Some(status) => format!(
            "the collector answered {status}: look at the address and the headers in [telemetry], or at its log"
        ),
        None => why.to_string(),
    }
}

fn collector(
    settings: &Settings,
    start: &Start<'_, AuditReviewProgram>,
) -> Result<Collector, StartError> {
    let Some(at) = &settings.endpoint else {
        return Err(StartError::Arguments(NOWHERE.to_owned()));
    };
    let endpoint: &Endpoint = at.get_ref();
    if !endpoint.is_fit(settings.insecure) {
        return Err(unfit(at, start));
    }
    let secrets = start.secrets();
    Collector::open(endpoint, settings, start.source, &secrets, PATIENCE)
}

fn unfit(at: &Spanned<Endpoint>, start: &Start<'_, AuditReviewProgram>) -> StartError {
    match start.source {
        Some(source) => StartError::from(source.error_at(at.span(), PLAIN)),
        None => StartError::Arguments(PLAIN.to_owned()),
    }
}

fn secret(
    reference: &guard::secret::SecretRef,
    start: &Start<'_, AuditReviewProgram>,
) -> Result<Secret, StartError> {
    let loaded = start.secrets().load(reference);
    loaded.map_err(|cause| StartError::step("fetch a secret", cause))
}

fn failed(cause: audit::Trouble) -> StartError {
    StartError::step("read the trail", cause)
}

const SEND: &str = "send to the collector";
const GIVEN_UP: &str = "it was not reached, or had no time; the next run goes on from here";
const NOWHERE: &str =
    "`telemetry` needs a configuration that says where to: `endpoint` in `[telemetry]`";
const PLAIN: &str = "expected https, or http to a loopback address with `insecure = true`";
/// For one request, from the name to the last byte of the answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often one run asks.
const TRIES: u32 = 5;
/// So many seconds until counts that do not change are told again.
const REPEAT: i64 = 60;
/// What is added to the directory of the trail for the file of what was sent.
const BESIDE: &str = ".telemetry";

const HELP: &str = "\
Spans and metrics are made of the trail, so no server needs a network for them, and what a collector
misses is sent later. README.md says what is sent, and what never is.

Exit codes: 0 all that is there was sent (--once) or a signal came; 2 and 3 as usual.

Examples:
  audit-review telemetry --config audit-review.toml
      Follow the trail.
  audit-review telemetry --once --config audit-review.toml
      Send what is there, from a timer.";
