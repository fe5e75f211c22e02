//! What the kernel leaves to a broker: what its charter names, as far as the kernel can tell that
//! apart from the rest.
//!
//! # Invariants
//!
//! - What is not named in the charter adds nothing: a charter without targets opens no socket, one
//!   without secrets and documents reads no file.

use std::path::PathBuf;

use super::Charter;
use super::Document;
use super::Place;
use super::Policy;
use crate::sandbox::Profile;
use crate::sandbox::Sockets;
use crate::secret::Providers;
use crate::secret::Reach;
use crate::secret::holding;

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
    let profile = reaching(profile, charter, providers);
    let profile = if profile.resolves_names() {
        profile.files_for_dns()
    } else {
        profile
    };
    charter
        .documents
        .iter()
        .fold(profile, |profile, document| match document {
            Document::Roots => profile.files_for_roots(providers.roots()),
            Document::File(path) | Document::Key(path) => beneath(profile, holding(path)),
        })
}

/// What its secrets take, as their providers say.
fn reaching<P: Policy>(profile: Profile, charter: &Charter<P>, providers: &Providers) -> Profile {
    let secrets = charter.secrets.iter();
    let reach = secrets.fold(Reach::default(), |reach, one| {
        reach.and(providers.reach(one))
    });
    let profile = beneath(profile, reach.directories);
    let ports = reach.ports.into_iter().map(Sockets::Tcp);
    let names = reach.names.then_some(Sockets::Dns);
    let local = reach.local_sockets.then_some(Sockets::Unix);
    let sockets = ports.chain(names).chain(local);
    let profile = sockets.fold(profile, Profile::sockets);
    let profile = match reach.roots {
        true => profile.files_for_roots(providers.roots()),
        false => profile,
    };
    match reach.kernel_keyring {
        true => profile.asks_kernel_keyring(),
        false => profile,
    }
}

fn beneath(profile: Profile, all: impl IntoIterator<Item = PathBuf>) -> Profile {
    all.into_iter().fold(profile, Profile::read_beneath)
}
