//! The table that every server's configuration has: `[guard]`.

use std::path::PathBuf;

use serde::Deserialize;

use super::ByteLimit;
use super::Bytes;
use super::Limit;
use crate::sandbox::Mode;
use crate::secret::SecretRef;
use crate::secret::SecretsConfig;

/// `[guard]`: what all servers have in common.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Common {
    /// Who may do what. Without it only the local user is cleared, for what the arguments opened.
    pub policy: Option<PathBuf>,
    /// How much the kernel must enforce; `require` without it.
    pub sandbox: Mode,
    /// Whether it may run as uid 0 where the kernel cannot keep it from root's files.
    pub allow_root: bool,
    /// `[guard.audit]`: where the record goes.
    pub audit: AuditConfig,
    /// `[guard.limits]`: what one request, and all of them, may take.
    pub limits: Limits,
    /// `[guard.secrets]`: how the places of secrets are reached that need to be told.
    pub secrets: SecretsConfig,
}

/// `[guard.audit]`: where the record goes and when a new file begins.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct AuditConfig {
    /// The directory of the record.
    pub dir: Option<PathBuf>,
    /// A new file begins when the old one would pass this size.
    pub rotate_bytes: ByteLimit<{ 1 << 40 }>,
    /// A new file begins after this many hours.
    pub rotate_hours: Limit<8760>,
    /// New work is refused when the disk has less room than this.
    pub low_water_bytes: Bytes,
    /// Room that is kept for the denials on a full disk, and for the end.
    pub ballast_bytes: Bytes,
    /// Where the key is kept that signs the checkpoints of the record. Without it, one is made
    /// beside the record.
    pub signing_key: Option<SecretRef>,
    /// Where the key is kept that signed them before, so that it can hand over.
    pub former_signing_key: Option<SecretRef>,
}

impl AuditConfig {
    /// The secrets that it refers to.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = SecretRef> {
        let all = [&self.signing_key, &self.former_signing_key];
        all.into_iter().flatten().cloned()
    }
}

/// `[guard.limits]`: configured downwards only.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Limits {
    /// How long one request may take.
    pub deadline_seconds: Limit<30>,
    /// How many requests are worked on at once.
    pub concurrent_calls: Limit<32>,
    /// How many more may wait for their turn.
    pub waiting_calls: Limit<256>,
    /// The longest request message.
    pub request_bytes: ByteLimit<{ 1 << 20 }>,
    /// Threads for work that blocks.
    pub blocking_threads: Limit<8>,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self {
            dir: None,
            rotate_bytes: ByteLimit::near(64 << 20),
            rotate_hours: Limit::near(24),
            low_water_bytes: Bytes(64 << 20),
            ballast_bytes: Bytes(4 << 20),
            signing_key: None,
            former_signing_key: None,
        }
    }
}
