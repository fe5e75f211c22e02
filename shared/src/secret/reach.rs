//! What loading a secret takes, so that a process that does nothing else is left no more than that.
//!
//! # Invariants
//!
//! - Nothing is fetched to find it out. What is set up wrongly takes nothing: loading it fails
//!   before it asks anybody.
//! - A place that is read to reach another is counted with it.

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;

use super::Providers;
use super::SecretRef;
use super::SecretsConfig;
use super::env;
use super::vault;

/// Files, ports and keyrings that loading takes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Reach {
    /// What is read beneath. Directories, for files are replaced by renaming.
    pub(crate) directories: Vec<PathBuf>,
    /// TCP ports, of any host.
    pub(crate) ports: BTreeSet<u16>,
    /// Whether names are resolved.
    pub(crate) names: bool,
    /// Whether the certificates are read that the system trusts.
    pub(crate) roots: bool,
    /// Whether sockets of the file system are connected.
    pub(crate) local_sockets: bool,
    /// Whether the kernel's keyring is asked.
    pub(crate) kernel_keyring: bool,
}

impl Reach {
    /// Reading `file`.
    pub(super) fn file(file: &Path) -> Self {
        Self {
            directories: holding(file).collect(),
            ..Self::default()
        }
    }

    /// Both.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.directories.extend(other.directories);
        self.ports.extend(other.ports);
        self.names |= other.names;
        self.roots |= other.roots;
        self.local_sockets |= other.local_sockets;
        self.kernel_keyring |= other.kernel_keyring;
        self
    }
}

impl Providers {
    /// What loading `reference` takes, as things are now.
    pub(crate) fn reach(&self, reference: &SecretRef) -> Reach {
        let reach = reference.provider.reach;
        reach(&reference.place, self)
    }

    /// Where the environment says that trusted certificates are.
    pub(crate) fn roots(&self) -> Vec<PathBuf> {
        let file = self.variable("SSL_CERT_FILE").map(PathBuf::from);
        let all = self.variable("SSL_CERT_DIR");
        let all = all.iter().flat_map(std::env::split_paths);
        let files = file.iter().flat_map(|file| holding(file));
        files.chain(all.filter(|dir| dir.is_dir())).collect()
    }
}

impl SecretRef {
    /// The environment's variables that loading it reads, where `config` says how its place is
    /// reached.
    pub(crate) fn variables(&self, config: &SecretsConfig) -> BTreeSet<String> {
        let known = self.provider.variables.iter();
        let mut all: BTreeSet<String> = known.map(|name| (*name).to_owned()).collect();
        if self.is_of(&env::PROVIDER) {
            all.insert(self.place.clone());
        }
        if self.is_of(&vault::PROVIDER) {
            // none of them is of that place itself, or it is refused before it is read
            let others = config.logins();
            let others = others
                .into_iter()
                .filter(|one| !one.is_of(&vault::PROVIDER));
            all.extend(others.flat_map(|one| one.variables(config)));
        }
        all
    }
}

impl SecretsConfig {
    /// The files of what logs in to the places.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let logins = self.logins();
        let named = logins.into_iter().filter_map(SecretRef::file);
        #[cfg(feature = "vault")]
        let named = named.chain(self.vault.jwt_file());
        named.map(Path::to_owned).collect()
    }

    /// Where what logs in to the places is kept.
    #[cfg_attr(
        not(feature = "vault"),
        expect(clippy::unused_self, reason = "there is nothing to be told")
    )]
    fn logins(&self) -> Vec<&SecretRef> {
        #[cfg(feature = "vault")]
        return self.vault.logins().collect();
        #[cfg(not(feature = "vault"))]
        Vec::new()
    }
}

/// The directories that hold `file`, where it is named and where it is: a rule on the file itself
/// would not outlive its replacement. One that is not there yet cannot be read later.
#[expect(
    clippy::disallowed_methods,
    reason = "where the operator's own files are, at start"
)]
pub(crate) fn holding(file: &Path) -> impl Iterator<Item = PathBuf> {
    let real = std::fs::canonicalize(file).ok();
    let all = [Some(file.to_owned()), real];
    all.into_iter()
        .flatten()
        .filter_map(|path| path.parent().map(Path::to_owned))
        .filter(|directory| directory.is_dir())
}

#[cfg(test)]
mod tests;
