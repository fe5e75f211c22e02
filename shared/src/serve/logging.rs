//! The operator's log: standard error, as text or JSON.
//!
//! # Invariants
//!
//! - The protocol library is held at `warn`, whatever level is asked for: below that it writes
//!   whole requests and results.
//! - A panic is told by its place, never by its message, which may hold data.

use tracing::Level;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One object a line.
    Json,
}

/// How much is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum Amount {
    /// What failed.
    Error,
    /// And what looks wrong.
    #[default]
    Warn,
    /// And what happens.
    Info,
    /// And how.
    Debug,
}

/// Sets up the log of this process. A second call changes nothing.
pub fn init(format: Format, amount: Amount) {
    let level = match amount {
        Amount::Error => Level::ERROR,
        Amount::Warn => Level::WARN,
        Amount::Info => Level::INFO,
        Amount::Debug => Level::DEBUG,
    };
    let quiet = LevelFilter::from_level(level).min(LevelFilter::WARN);
    let filter = Targets::new()
        .with_default(level)
        .with_target("rmcp", quiet);
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false);
    let layer = match format {
        Format::Text => layer.with_target(false).with_filter(filter).boxed(),
        Format::Json => layer.json().flatten_event(true).with_filter(filter).boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(layer);
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::debug!("the log is set up already");
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!("panicked at {place}");
    }));
}
