//! A secret together with how long it is good, and how a change of it is noticed.

use std::fmt;
use std::time::Duration;

use super::Secret;
use super::SecretError;
use super::SecretRef;

/// What a place gave.
#[derive(Debug)]
pub struct Loaded {
    /// The secret.
    pub secret: Secret,
    /// How long it is good, where the place says so.
    pub lease: Option<Lease>,
}

/// How long a secret is good.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lease {
    /// From the instant it was given.
    pub time: Duration,
    /// The name under which it can be made longer; none if it cannot.
    pub renewable: Option<LeaseId>,
}

/// The name of a lease. Whoever may end leases can end this one with it, so `Debug` hides it.
#[derive(Clone, Eq, PartialEq)]
pub struct LeaseId(pub(super) String);

/// What a file looks like from outside. A file with another stamp is another, or has changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stamp(pub(super) [i128; 7]);

/// What fetches secrets: this process, or another that kept the authority to.
pub trait Loads: Send + Sync {
    /// Fetches the secret, and how long it is good.
    ///
    /// # Errors
    ///
    /// [`SecretError::Unusable`] with the reference and what to do about it.
    fn fetch(&self, reference: &SecretRef) -> Result<Loaded, SecretError>;

    /// Makes a lease longer, and says how long it is from now.
    ///
    /// # Errors
    ///
    /// As [`Loads::fetch`]; the secret is then to be fetched anew.
    fn renew(&self, reference: &SecretRef, lease: &LeaseId) -> Result<Lease, SecretError>;

    /// What the place looks like from outside, if a look is cheap. Another stamp: another secret.
    fn stamp(&self, reference: &SecretRef) -> Option<Stamp>;
}

impl Stamp {
    /// Where the content is, how much it is, when it changed, and when its name or mode did.
    pub(crate) fn of(stat: &rustix::fs::Stat) -> Self {
        // wide enough for the fields of every system
        Self([
            i128::from(stat.st_dev),
            i128::from(stat.st_ino),
            i128::from(stat.st_size),
            i128::from(stat.st_mtime),
            i128::from(stat.st_mtime_nsec),
            i128::from(stat.st_ctime),
            i128::from(stat.st_ctime_nsec),
        ])
    }
}

impl From<Secret> for Loaded {
    fn from(secret: Secret) -> Self {
        Self {
            secret,
            lease: None,
        }
    }
}

impl fmt::Debug for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LeaseId")
    }
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "good for {} seconds", self.time.as_secs())?;
        if self.renewable.is_some() {
            f.write_str(", can be renewed")?;
        }
        Ok(())
    }
}
