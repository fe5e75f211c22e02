//! `keyring:SERVICE/USER`: the keyring of the desktop or of the kernel.
//!
//! | store                                                     | cargo feature      |
//! |-----------------------------------------------------------|--------------------|
//! | Keychain, Credential Manager, a Secret Service: by system | `keyring`          |
//! | the Linux kernel                                          | `keyring-keyutils` |
//!
//! With both, the desktop's is asked first: the first store that has the secret gives it, and the
//! first that can be reached takes a new one. So a server without a desktop uses the kernel's, and
//! a desktop's keyring that is there but locked is an error, not a reason to look elsewhere.
//!
//! # Invariants
//!
//! - Errors of the stores end here: some of them hold the secret, or the place of a socket.

#[cfg(feature = "keyring")]
mod desktop;
#[cfg(all(feature = "keyring-keyutils", target_os = "linux"))]
mod keyutils;
#[cfg(feature = "keyring")]
mod patience;

#[cfg(any(
    feature = "keyring",
    all(feature = "keyring-keyutils", target_os = "linux")
))]
use secrecy::zeroize::Zeroizing;

use super::Loaded;
use super::Provider;
use super::Providers;
use super::Reach;
use super::Secret;
use super::Trouble;
use super::Write;

pub(super) const PROVIDER: Provider = Provider {
    scheme: "keyring",
    form: "keyring:SERVICE/USER",
    accepts,
    missing: if STORES.is_empty() {
        Some("keyring")
    } else {
        None
    },
    load: |place, providers| load(place, providers).map(Loaded::from),
    reach: |_, _| Reach {
        local_sockets: cfg!(feature = "keyring"),
        kernel_keyring: cfg!(feature = "keyring-keyutils"),
        ..Reach::default()
    },
    // the session bus, and what a library needs to log in to it
    variables: &["DBUS_SESSION_BUS_ADDRESS", "HOME", "XDG_RUNTIME_DIR"],
    stamp: None,
    write: Some(Write { set, delete }),
};

/// One keyring: how to reach it. A store that cannot be reached says why.
struct Store {
    name: &'static str,
    load: fn(Entry<'_>, &Providers) -> Result<Secret, Trouble>,
    set: fn(Entry<'_>, &Secret, &Providers) -> Result<(), Trouble>,
    delete: fn(Entry<'_>, &Providers) -> Result<(), Trouble>,
}

/// What a secret is filed under.
#[derive(Clone, Copy)]
struct Entry<'a> {
    service: &'a str,
    user: &'a str,
}

const STORES: &[Store] = &[
    #[cfg(feature = "keyring")]
    desktop::STORE,
    #[cfg(all(feature = "keyring-keyutils", target_os = "linux"))]
    keyutils::STORE,
];

fn accepts(place: &str) -> bool {
    let clean = |part: &str| (1..=255).contains(&part.len()) && !part.contains(char::is_control);
    // The kernel's keyring joins the two with an `@`, so one of them must not have any.
    entry(place).is_some_and(|e| clean(e.service) && clean(e.user) && !e.service.contains('@'))
}

fn entry(place: &str) -> Option<Entry<'_>> {
    let (service, user) = place.split_once('/')?;
    Some(Entry { service, user })
}

fn load(place: &str, providers: &Providers) -> Result<Secret, Trouble> {
    first(place, |store, entry| (store.load)(entry, providers))
}

fn set(place: &str, secret: &Secret, providers: &Providers) -> Result<&'static str, Trouble> {
    first(place, |store, entry| {
        (store.set)(entry, secret, providers).map(|()| store.name)
    })
}

fn delete(place: &str, providers: &Providers) -> Result<&'static str, Trouble> {
    first(place, |store, entry| {
        (store.delete)(entry, providers).map(|()| store.name)
    })
}

/// The first store that succeeds; a store that is there and fails is not passed over.
fn first<T>(
    place: &str,
    mut ask: impl FnMut(&Store, Entry<'_>) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let entry = entry(place).ok_or(ABSENT)?;
    let mut said = None;
    for store in STORES {
        match ask(store, entry) {
            // That a store could be asked is worth more than that another could not.
            Err(ABSENT) => said = Some(ABSENT),
            Err(trouble @ Trouble::NoKeyring(_)) => said = said.or(Some(trouble)),
            decided => return decided,
        }
    }
    Err(said.unwrap_or(ABSENT))
}

/// What an error says: `shut` if the store does not open, `failed` if it is of no known kind.
///
/// INVARIANT: what the error holds is dropped, and wiped where it may be the secret.
#[cfg(any(
    feature = "keyring",
    all(feature = "keyring-keyutils", target_os = "linux")
))]
fn trouble(error: keyring_core::Error, shut: Trouble, failed: Trouble) -> Trouble {
    use keyring_core::Error;
    match error {
        Error::NoEntry => ABSENT,
        Error::Ambiguous(_) => Trouble::Ambiguous,
        Error::BadEncoding(bytes) | Error::BadDataFormat(bytes, _) => {
            drop(Zeroizing::new(bytes));
            Trouble::NotText
        }
        Error::TooLong(..) => Trouble::Keyring(
            "the keyring has no room for a secret or a name of this length; use a file instead",
        ),
        Error::NoStorageAccess(_) => shut,
        Error::PlatformFailure(_)
        | Error::BadStoreFormat(_)
        | Error::Invalid(..)
        | Error::NoDefaultStore
        | Error::NotSupportedByStore(_)
        | _ => failed,
    }
}

const ABSENT: Trouble =
    Trouble::Absent("store it with `secret set`, as the user that the server runs as");

#[cfg(test)]
#[cfg(all(feature = "keyring", target_os = "linux"))]
mod tests;
