//! The configuration file as the operator writes it.
//!
//! # Invariants
//!
//! - A key that is not known is refused.

use std::path::PathBuf;

use serde::Deserialize;

use guard::audit::VerifierKey;
use guard::config::Common;
use guard::config::Spanned;

use crate::forward::settings::Receiver;

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// `[guard]`: what all servers have in common.
    pub guard: Common,
    /// `[trail]`: what is read.
    pub trail: TrailConfig,
    /// `[watch]`: what counts as unusual.
    pub watch: crate::watch::settings::Settings,
    /// `[telemetry]`: where spans and metrics go.
    #[cfg(feature = "telemetry")]
    pub telemetry: crate::telemetry::settings::Settings,
    /// `[[forward]]`: who is handed the trail.
    pub forward: Vec<Receiver>,
}

/// `[trail]`: what is read, and how sensitive it is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct TrailConfig {
    /// The directory of the trail, relative to the configuration file. Without one it is that
    /// which this server writes its own records to.
    pub dir: Option<PathBuf>,
    /// The least label of every record; the label of what was accessed is joined to it. Without
    /// one it is the default for unlabelled data.
    pub label: Option<Spanned<String>>,
    /// The keys that may sign its checkpoints, as `keygen` prints them.
    pub keys: Vec<VerifierKey>,
    /// Files of checkpoints that were kept elsewhere, relative to the configuration file.
    pub anchors: Vec<PathBuf>,
    /// Whether what people do to it by the commands is recorded in it, where they write it.
    pub record_reading: bool,
}

impl Default for TrailConfig {
    fn default() -> Self {
        Self {
            dir: None,
            label: None,
            keys: Vec::new(),
            anchors: Vec::new(),
            record_reading: true,
        }
    }
}
