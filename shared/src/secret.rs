//! Passwords and tokens: configuration says where one is kept, never what it is.
//!
//! | reference                | kept in                                | cargo feature                 |
//! |--------------------------|----------------------------------------|-------------------------------|
//! | `env:NAME`               | the environment                        |                               |
//! | `file:/PATH`             | a file that only its owner can read    |                               |
//! | `cred:NAME`              | a systemd credential, a mounted secret |                               |
//! | `keyring:SERVICE/USER`   | the keyring of the desktop, the kernel | `keyring`, `keyring-keyutils` |
//! | `vault:MOUNT/PATH#FIELD` | HashiCorp Vault, OpenBao               | `vault`                       |
//! | `aws-sm:ID#FIELD`        | AWS Secrets Manager                    | `aws`                         |
//!
//! [`Providers`] fetch a secret once, [`Kept`] keeps one that may change.
//!
//! Another place is one file beside these and one line in `PROVIDERS`.
//!
//! # Invariants
//!
//! - A [`Secret`] has no `Display`, `Serialize` or `Clone`, and its `Debug` is one fixed word.
//! - A text that is no reference is dropped where it is refused: it may be the secret itself.
//! - An error names the reference and a remedy, never a value.

#[cfg(feature = "aws")]
mod aws;
#[cfg(not(feature = "aws"))]
#[path = "secret/aws_absent.rs"]
mod aws;
#[cfg(feature = "http")]
mod buffer;
mod command;
mod cred;
mod env;
mod error;
mod file;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "http")]
#[cfg_attr(
    not(any(test, feature = "vault")),
    expect(dead_code, reason = "some of it is for Vault alone")
)]
mod json;
mod kept;
mod keyring;
mod lease;
mod reach;
mod terminal;
mod unreached;
mod value;
#[cfg(feature = "vault")]
mod vault;
#[cfg(not(feature = "vault"))]
#[path = "secret/vault_absent.rs"]
mod vault;

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

use crate::config;

pub use command::Checked;
pub use command::GivenRef;
pub use command::SecretCommand;
pub use command::check;
pub use error::SecretError;
pub use error::Trouble;
pub use kept::Kept;
pub use kept::Rhythm;
pub use lease::Lease;
pub use lease::LeaseId;
pub use lease::Loaded;
pub use lease::Loads;
pub use lease::Stamp;
pub(crate) use reach::Reach;
pub(crate) use reach::holding;
pub use unreached::Unreached;
pub use value::LengthClass;
pub use value::Secret;
#[cfg(feature = "vault")]
pub use vault::AppRole;
#[cfg(feature = "vault")]
pub use vault::Kubernetes;
#[cfg(feature = "vault")]
pub use vault::VaultConfig;

/// Where a secret is kept. `Display` writes it as the configuration has it.
#[derive(Clone)]
pub struct SecretRef {
    provider: &'static Provider,
    place: String,
}

/// The ways to the places where secrets are kept, as they are in this process.
pub struct Providers {
    environment: Environment,
    mounted: PathBuf,
    #[cfg(feature = "vault")]
    vault: vault::Vault,
    #[cfg(feature = "aws")]
    aws: aws::Account,
}

/// `[guard.secrets]`: how the places are reached that need to be told.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SecretsConfig {
    /// `[guard.secrets.vault]`: HashiCorp Vault or OpenBao.
    #[cfg(feature = "vault")]
    pub vault: VaultConfig,
}

type Environment = Box<dyn Fn(&str) -> Option<OsString> + Send + Sync>;

/// One kind of place. `load` and its like get what stands behind the colon.
struct Provider {
    scheme: &'static str,
    form: &'static str,
    accepts: fn(&str) -> bool,
    /// The cargo feature that this build lacks.
    missing: Option<&'static str>,
    load: fn(&str, &Providers) -> Result<Loaded, Trouble>,
    /// What that takes.
    reach: fn(&str, &Providers) -> Reach,
    /// Which variables of the environment that reads.
    variables: &'static [&'static str],
    /// What it looks like from outside, where that tells of a change.
    stamp: Option<fn(&str, &Providers) -> Option<Stamp>>,
    write: Option<Write>,
}

/// For places that can be written. Both say where that was.
struct Write {
    set: fn(&str, &Secret, &Providers) -> Result<&'static str, Trouble>,
    delete: fn(&str, &Providers) -> Result<&'static str, Trouble>,
}

const PROVIDERS: &[&Provider] = &[
    &env::PROVIDER,
    &file::PROVIDER,
    &cred::PROVIDER,
    &keyring::PROVIDER,
    &vault::PROVIDER,
    &aws::PROVIDER,
];

impl Providers {
    /// The places that this process reaches.
    #[must_use]
    pub fn of_process() -> Self {
        Self::new(env::of_process)
    }

    /// As [`Providers::of_process`], with another environment.
    pub fn new(environment: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        Self {
            environment: Box::new(environment),
            mounted: PathBuf::from("/run/secrets"),
            #[cfg(feature = "vault")]
            vault: vault::Vault::new(VaultConfig::default()),
            #[cfg(feature = "aws")]
            aws: aws::Account::new(crate::program::instant),
        }
    }

    /// The same, told how to reach what needs it.
    #[must_use]
    #[cfg_attr(
        not(feature = "vault"),
        expect(unused_variables, unused_mut, reason = "there is nothing to be told")
    )]
    pub fn told(mut self, config: &SecretsConfig) -> Self {
        #[cfg(feature = "vault")]
        {
            self.vault = vault::Vault::new(config.vault.clone());
        }
        self
    }

    /// Fetches the secret. Once loaded it is not looked up again: ask again for a new one.
    ///
    /// # Errors
    ///
    /// [`SecretError::Unusable`] with the reference and what to do about it.
    pub fn load(&self, reference: &SecretRef) -> Result<Secret, SecretError> {
        self.fetch(reference).map(|loaded| loaded.secret)
    }

    /// Keeps the secret there, and says where that is.
    ///
    /// # Errors
    ///
    /// [`SecretError::ReadOnly`] for places that are not written, else [`SecretError::Unusable`].
    pub fn set(&self, to: &SecretRef, secret: &Secret) -> Result<&'static str, SecretError> {
        let set = to.writer()?.set;
        set(&to.place, secret, self).map_err(|trouble| SecretError::unusable(to, trouble))
    }

    /// Removes the secret from there, and says where that was.
    ///
    /// # Errors
    ///
    /// As [`Providers::set`].
    pub fn delete(&self, from: &SecretRef) -> Result<&'static str, SecretError> {
        let delete = from.writer()?.delete;
        delete(&from.place, self).map_err(|trouble| SecretError::unusable(from, trouble))
    }

    fn stamp_of(&self, reference: &SecretRef) -> Option<Stamp> {
        let stamp = reference.provider.stamp?;
        stamp(&reference.place, self)
    }

    fn variable(&self, name: &str) -> Option<OsString> {
        (self.environment)(name).filter(|value| !value.is_empty())
    }

    /// The directories that a supervisor filled for this process alone: permissions of the files
    /// in there are its business.
    fn supervised(&self) -> impl Iterator<Item = PathBuf> {
        let systemd = self.variable("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let systemd = systemd.filter(|dir| dir.is_absolute());
        systemd.into_iter().chain([self.mounted.clone()])
    }
}

impl Loads for Providers {
    fn fetch(&self, reference: &SecretRef) -> Result<Loaded, SecretError> {
        let load = reference.provider.load;
        load(&reference.place, self).map_err(|trouble| SecretError::unusable(reference, trouble))
    }

    #[cfg_attr(
        not(feature = "vault"),
        expect(unused_variables, reason = "nothing here has a lease")
    )]
    fn renew(&self, reference: &SecretRef, lease: &LeaseId) -> Result<Lease, SecretError> {
        #[cfg(feature = "vault")]
        let renewed = vault::renew(lease, self);
        #[cfg(not(feature = "vault"))]
        let renewed = Err(Trouble::Unfit("nothing here has a lease"));
        renewed.map_err(|trouble| SecretError::unusable(reference, trouble))
    }

    fn stamp(&self, reference: &SecretRef) -> Option<Stamp> {
        self.stamp_of(reference)
    }
}

impl SecretRef {
    /// The file that it is in, where that is named by its path.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.is_of(&file::PROVIDER).then(|| Path::new(&self.place))
    }

    fn is_of(&self, provider: &Provider) -> bool {
        self.provider.scheme == provider.scheme
    }

    fn writer(&self) -> Result<&'static Write, SecretError> {
        let read_only = || SecretError::ReadOnly(self.clone());
        self.provider.write.as_ref().ok_or_else(read_only)
    }
}

impl FromStr for SecretRef {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        let (scheme, place) = text.split_once(':').ok_or(SecretError::NotAReference)?;
        let provider = PROVIDERS.iter().find(|known| known.scheme == scheme);
        let provider = provider.ok_or(SecretError::NotAReference)?;
        if let Some(feature) = provider.missing {
            return Err(SecretError::NotBuilt {
                scheme: provider.scheme,
                feature,
            });
        }
        if !(provider.accepts)(place) {
            return Err(SecretError::Malformed(provider.form));
        }
        Ok(Self {
            provider,
            place: place.to_owned(),
        })
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // By hand, so that not even a number that should have been quoted is repeated.
        let text = String::deserialize(from);
        let text = text.map_err(|_| SecretError::NotAReference);
        let read = text.and_then(|text| text.parse());
        read.map_err(|error| config::expected(&error.expectation()))
    }
}

impl Serialize for SecretRef {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.provider.scheme, self.place)
    }
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretRef({self})")
    }
}

impl PartialEq for SecretRef {
    fn eq(&self, other: &Self) -> bool {
        self.provider.scheme == other.provider.scheme && self.place == other.place
    }
}

impl Eq for SecretRef {}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Providers").finish_non_exhaustive()
    }
}

/// `env:NAME, file:/PATH or ...`: the references that this build knows.
fn forms() -> String {
    let known = PROVIDERS.iter().filter(|known| known.missing.is_none());
    let known: Vec<_> = known.map(|known| known.form).collect();
    match known.split_last() {
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests;
