//! What the kernel leaves to a broker: what its charter names, as far as the kernel can tell that
//! apart from the rest.
//!
//! # Invariants
//!
//! - What is not named in the charter adds nothing: a charter without targets opens no socket, one
//!   without secrets and documents reads no file.

use std::path::Path;
use std::path::PathBuf;

use super::Charter;
use super::Document;
use super::Place;
use super::Policy;
use crate::sandbox::Profile;
use crate::sandbox::Sockets;
use crate::secret::Providers;
use crate::secret::SecretRef;

/// What a broker needs for `charter`.
pub(crate) fn profile<P: Policy>(charter: &Charter<P>, providers: &Providers) -> Profile {
    let profile = charter
        .targets
        .iter()
        .fold(Profile::new(), |profile, target| match &target.place {
            Place::Socket(_) => profile.sockets(Sockets::Unix),
            Place::Address(_) => profile.sockets(Sockets::Tcp(target.port)),
            Place::Name(_) => profile
                .sockets(Sockets::Tcp(target.port))
                .sockets(Sockets::Dns),
        });
    let profile = if profile.resolves_names() {
        profile.files_for_dns()
    } else {
        profile
    };
    let secrets = charter.secrets.iter().filter_map(|text| text.parse().ok());
    let profile = secrets.fold(profile, |profile, reference: SecretRef| {
        if reference.is_in_a_keyring() {
            return profile.sockets(Sockets::Unix).asks_kernel_keyring();
        }
        beneath(profile, providers.directories(&reference))
    });
    charter
        .documents
        .iter()
        .fold(profile, |profile, document| match document {
            Document::Roots => profile.files_for_roots(providers.roots()),
            Document::File(path) | Document::Key(path) => beneath(profile, holding(path)),
        })
}

fn beneath(profile: Profile, all: impl IntoIterator<Item = PathBuf>) -> Profile {
    all.into_iter().fold(profile, Profile::read_beneath)
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
