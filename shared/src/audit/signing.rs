//! The keys that sign a trail's checkpoints: configured, or made beside the trail.
//!
//! A key beside its trail shows that nobody without access to the directory changed the trail,
//! and lets single lines be proven to others. It shows nothing against who can read the directory:
//! for that the key has to be kept elsewhere, or checkpoints have to be copied elsewhere.
//!
//! # Invariants
//!
//! - A key that was made is durable before the first checkpoint that it signs.

use std::sync::Arc;

use rustix::fs::OFlags;
use rustix::io::Errno;
use secrecy::zeroize::Zeroizing;

use super::checkpoint::Spoken;
use super::directory::Directory;
use super::key::random;
use super::note::Said;
use super::note::SigningKey;
use super::note::VerifierKey;
use super::segment::Head;
use super::trouble::Trouble;
use super::trouble::system;
use crate::secret::Secret;

/// The keys of one process.
#[derive(Clone, Debug)]
pub(super) struct Signers {
    /// The one that signs.
    pub(super) own: Arc<SigningKey>,
    /// Those that signed before and are still at hand, to hand over.
    former: Vec<Arc<SigningKey>>,
}

/// Who spoke last for a chain.
#[derive(Clone, Debug)]
pub(super) enum Speaker {
    /// The key of the head of a segment, which has no checkpoint yet.
    Head(VerifierKey),
    /// Whoever signed that checkpoint.
    Checkpoint(Spoken),
}

impl Signers {
    /// The keys for `directory`: `configured`, or the one that lies there or is made there. The
    /// chain is held.
    pub(super) fn load(
        directory: &Directory,
        configured: Option<Arc<SigningKey>>,
        former: Option<Arc<SigningKey>>,
    ) -> Result<Self, Trouble> {
        let beside = read(directory)?.map(Arc::new);
        let mut former: Vec<_> = former.into_iter().collect();
        let own = match (configured, beside) {
            (Some(configured), beside) => {
                former.extend(beside);
                configured
            }
            (None, Some(beside)) => beside,
            (None, None) => Arc::new(create(directory)?),
        };
        publish(directory, own.verifier())?;
        Ok(Self { own, former })
    }

    /// The former key that spoke last, if it is at hand.
    pub(super) fn former(&self, speaker: &Speaker) -> Option<Arc<SigningKey>> {
        let mut all = self.former.iter();
        all.find(|key| speaker.is(key.verifier())).cloned()
    }
}

impl Speaker {
    /// The speaker that a head names.
    pub(super) fn of_head(head: &Head) -> Self {
        Self::Head(head.key.clone())
    }

    /// Whether it speaks in the name of `key`, which did not sign.
    pub(super) fn is_forged(&self, key: &VerifierKey) -> bool {
        match self {
            Self::Head(_) => false,
            Self::Checkpoint(spoken) => spoken.checkpoint.asked(key) == Said::Forged,
        }
    }

    /// Whether it is `key`.
    pub(super) fn is(&self, key: &VerifierKey) -> bool {
        match self {
            Self::Head(named) => named == key,
            Self::Checkpoint(spoken) => spoken.checkpoint.is_signed_by(key),
        }
    }
}

/// The key that was made beside the trail, if one was.
pub(super) fn read(directory: &Directory) -> Result<Option<SigningKey>, Trouble> {
    let fd = match directory.open_file(NAME, "open the signing key", OFlags::RDONLY) {
        Err(trouble) if trouble.is_absence() => return Ok(None),
        other => other?,
    };
    let mut bytes = Zeroizing::new(vec![0; MOST]);
    let count =
        rustix::io::pread(&fd, bytes.as_mut_slice(), 0).map_err(system("read the signing key"))?;
    bytes.truncate(count);
    let damaged = Trouble::Damaged("the signing key");
    let secret = Secret::new(std::mem::take(&mut *bytes)).map_err(|_| damaged)?;
    SigningKey::parse(&secret).map(Some).map_err(|_| damaged)
}

fn create(directory: &Directory) -> Result<SigningKey, Trouble> {
    let seed = Zeroizing::new(random()?);
    let damaged = Trouble::Damaged("the signing key");
    let key = SigningKey::generate(KEY_NAME, &seed).map_err(|_| damaged)?;
    let text = key.to_secret().ok_or(damaged)?;
    text.show_to(|text| replace(directory, NAME, text))?;
    Ok(key)
}

/// Tells the public key beside the trail. Nobody trusts it for where it lies.
fn publish(directory: &Directory, key: &VerifierKey) -> Result<(), Trouble> {
    let text = key.to_string();
    if let Ok(fd) = directory.open_any(PUBLIC, OFlags::RDONLY) {
        let mut bytes = [0; MOST];
        let count = rustix::io::pread(&fd, &mut bytes, 0).unwrap_or_default();
        let there = bytes
            .get(..count)
            .and_then(|there| there.strip_suffix(b"\n"));
        if there == Some(text.as_bytes()) {
            return Ok(());
        }
    }
    replace(directory, PUBLIC, &text)
}

/// Writes a small file of one line, whole or not at all.
fn replace(directory: &Directory, name: &str, line: &str) -> Result<(), Trouble> {
    let failed = system("write a key");
    let new = format!("{name}.new");
    // what a crash left of an earlier attempt
    match directory.remove(&new) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(cause) => return Err(failed(cause)),
    }
    let fd = directory.create_file(&new, "write a key")?;
    for part in [line.as_bytes(), b"\n"] {
        if rustix::io::write(&fd, part).map_err(&failed)? != part.len() {
            return Err(failed(Errno::NOSPC));
        }
    }
    rustix::fs::fsync(&fd).map_err(&failed)?;
    directory.rename(&new, name).map_err(&failed)?;
    directory.sync()
}

/// The private key of a trail that was given none.
pub(super) const NAME: &str = "checkpoint.key";
/// The public key of the process that started last.
pub(super) const PUBLIC: &str = "checkpoint.pub";
const KEY_NAME: &str = "keyhole-audit";
/// More than a key takes.
const MOST: usize = 512;
