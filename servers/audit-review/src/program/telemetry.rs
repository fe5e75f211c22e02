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

use guard::audit::Trouble;
use guard::config::Spanned;
use guard::gate::record_id;
use guard::program::Start;
use guard::program::StartError;
use guard::secret::Secret;

use super::AuditReviewProgram;
use super::print;
use crate::effects::Trail;
use crate::telemetry::collector::Collector;
use crate::telemetry::collector::Sent as Answer;
use crate::telemetry::collector::Signal;
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
    let path = state(arguments.state, settings, start, &trail);
    let refused = |cause| StartError::step(format!("the state in {}", path.display()), cause);
    let file = StateFile::hold(&path).map_err(refused)?;
    let sent = file.load().map_err(refused)?;
    let new = || Sent::nothing(start.now(), record_id(start.now()).to_string());
    let mut work = Work {
        follow: Follow::on(trail, spans, sent.unwrap_or_else(new)),
        file,
        collector,
        every: (!arguments.once).then(|| Duration::from_secs(arguments.every)),
        records: 0,
        told: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|cause| StartError::step("start a timer", cause))?;
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
        let mut tries = 0_u32;
        loop {
            let answer = tokio::select! {
                biased;
                () = signals.any() => return Ok(Go::Stop),
                answer = self.collector.send(signal, body) => answer,
            };
            let after = match answer.map_err(|cause| StartError::step(SEND, cause))? {
                Answer::Taken(rejected) => {
                    if rejected > 0 {
                        tracing::warn!(
                            rejected,
                            "the collector has no use for some of what was sent"
                        );
                    }
                    if tries > 0 {
                        tracing::info!("the collector takes again what is sent");
                    }
                    if signal == Signal::Metrics {
                        self.told = Some(clock());
                    }
                    return Ok(Go::On);
                }
                Answer::Later(after) => after,
            };
            tries = tries.saturating_add(1);
            if self.every.is_none() && tries >= TRIES {
                return Err(StartError::step(SEND, GIVEN_UP));
            }
            if tries == 1 {
                tracing::warn!(
                    "the collector does not take what is sent: it is kept in the trail and sent later"
                );
            }
            tokio::select! {
                () = signals.any() => return Ok(Go::Stop),
                () = tokio::time::sleep(pause(tries, after, clock())) => {}
            }
        }
    }
}

/// What ends it in order.
struct Signals {
    term: tokio::signal::unix::Signal,
    int: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> Result<Self, StartError> {
        use tokio::signal::unix::SignalKind;
        use tokio::signal::unix::signal;

        let failed = |cause| StartError::step("listen for signals", cause);
        Ok(Self {
            term: signal(SignalKind::terminate()).map_err(failed)?,
            int: signal(SignalKind::interrupt()).map_err(failed)?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}

/// How long until the next try: as asked, else twice as long each time; and a bit that differs.
fn pause(tries: u32, asked: Option<u64>, now: DateTime<Utc>) -> Duration {
    let grown = SHORTEST.saturating_mul(1 << tries.saturating_sub(1).min(16));
    let asked = asked.map(Duration::from_secs);
    let base = asked.map_or(grown.min(LONGEST), |asked| {
        asked.clamp(SHORTEST, LONGEST_ASKED)
    });
    // several that failed together do not come back together
    base + base.mul_f64(f64::from(now.timestamp_subsec_micros() % 1000) / 4000.0)
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
    let headers = settings.headers.iter();
    let headers = headers.map(|(name, value)| Ok((name.clone(), secret(value, start)?)));
    let headers = headers.collect::<Result<Vec<_>, StartError>>()?;
    let ca = settings.ca.as_ref().map(|ca| resolve(ca, start));
    Collector::new(endpoint.clone(), ca, &headers, PATIENCE)
        .map_err(|cause| StartError::step("prepare for the collector", cause))
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

fn state(
    given: Option<PathBuf>,
    settings: &Settings,
    start: &Start<'_, AuditReviewProgram>,
    trail: &Trail,
) -> PathBuf {
    let configured = settings.state.as_ref().map(|path| resolve(path, start));
    given.or(configured).unwrap_or_else(|| {
        let mut beside = trail.dir().as_os_str().to_owned();
        beside.push(".telemetry");
        beside.into()
    })
}

fn resolve(path: &std::path::Path, start: &Start<'_, AuditReviewProgram>) -> PathBuf {
    match start.source {
        Some(source) => source.resolve(path),
        None => path.to_owned(),
    }
}

fn failed(cause: Trouble) -> StartError {
    StartError::step("read the trail", cause)
}

/// The one place of this command that reads the clock.
#[expect(
    clippy::disallowed_methods,
    reason = "time comes in here and is passed on"
)]
fn clock() -> DateTime<Utc> {
    Utc::now()
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
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);
/// The longest that a collector may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(600);
/// So many seconds until counts that do not change are told again.
const REPEAT: i64 = 60;

const HELP: &str = "\
Spans and metrics are made of the trail, so no server needs a network for them, and what a collector
misses is sent later. README.md says what is sent, and what never is.

Exit codes: 0 all that is there was sent (--once) or a signal came; 2 and 3 as usual.

Examples:
  audit-review telemetry --config audit-review.toml
      Follow the trail.
  audit-review telemetry --once --config audit-review.toml
      Send what is there, from a timer.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_grows_to_a_minute_and_is_never_shorter_than_asked() {
        let now = DateTime::from_timestamp(1_800_000_000, 999_000_000).unwrap();
        let mut before = Duration::ZERO;
        for tries in 1..100 {
            let pause = pause(tries, None, now);
            assert!(
                pause >= before && pause <= LONGEST.mul_f64(1.25),
                "{tries}: {pause:?}"
            );
            before = pause;
        }
        assert!(before >= LONGEST);
        assert!(pause(1, Some(7), now) >= Duration::from_secs(7));
        assert!(pause(1, Some(0), now) >= SHORTEST);
        assert!(pause(1, Some(u64::MAX), now) <= LONGEST_ASKED.mul_f64(1.25));
    }
}
