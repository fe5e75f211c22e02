//! Where records come from: which build of which server, and which process of it.

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

use super::encode::Fields;

/// What a trail says about the server that writes it.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The name of the binary.
    pub server_name: &'static str,
    /// Its version.
    pub server_version: &'static str,
    /// The SHA-256 of the binary, where it could be read.
    pub binary_hash: Option<String>,
    /// The hash of the policy that is in force.
    pub policy_hash: Option<String>,
}

/// What goes into every line of one process, encoded once.
#[derive(Debug)]
pub(super) struct Stamp {
    /// This process.
    pub(super) instance: Uuid,
    /// The fields `server.*`, encoded.
    pub(super) server: Vec<u8>,
    /// As in [`Origin`].
    pub(super) policy_hash: Option<String>,
    /// As in [`Origin`].
    binary_hash: Option<String>,
    /// Which key made the keyed hashes.
    key_id: String,
}

impl Stamp {
    /// The stamp of `instance`.
    pub(super) fn new(origin: Origin, instance: Uuid, key_id: String) -> Self {
        let mut server = Fields::new();
        server.text("server.name", Some(origin.server_name));
        server.text("server.version", Some(origin.server_version));
        server.uuid("server.instance", instance);
        Self {
            instance,
            server: server.finish(),
            policy_hash: origin.policy_hash,
            binary_hash: origin.binary_hash,
            key_id,
        }
    }

    /// The body of the first line of a segment.
    pub(super) fn head(&self, chain: &str, segment: u64, now: DateTime<Utc>) -> Vec<u8> {
        let mut out = Fields::new();
        out.time("time", now);
        out.text("chain", Some(chain));
        out.number("segment", segment);
        let host = rustix::system::uname();
        out.text("host", Some(&host.nodename().to_string_lossy()));
        out.number("pid", u64::from(std::process::id()));
        out.ready_made(&self.server);
        out.text("binary.hash", self.binary_hash.as_deref());
        out.text("policy.hash", self.policy_hash.as_deref());
        out.word("hash.alg", "sha-256");
        out.word("hmac.alg", "hmac-sha-256-128");
        out.text("hmac.key.id", Some(&self.key_id));
        out.finish()
    }

    /// The body of the last line of a segment.
    pub(super) fn tail(chain: &str, segment: u64, now: DateTime<Utc>) -> Vec<u8> {
        let mut out = Fields::new();
        out.time("time", now);
        out.text("chain", Some(chain));
        out.number("segment", segment);
        out.finish()
    }
}
