//! The keyring of the desktop, by the crate `keyring`: Keychain on macOS, the Credential Manager on
//! Windows, elsewhere a Secret Service (GNOME Keyring, KWallet, KeePassXC).
//!
//! That crate waits for as long as someone at the screen does, and cannot be interrupted; so each
//! call has a thread of its own and is left behind after [`PATIENCE`].
//!
//! With a Secret Service it also has these properties, which nothing here can change:
//!
//! - The first call connects to the session bus and starts threads; connection and threads stay
//!   until the process ends. Secrets are therefore loaded before the sandbox shuts, and the sandbox
//!   must reckon with threads that were there before it and that it does not hold.
//! - If that first connection fails, or the service restarts, the keyring is out of reach for the
//!   rest of the process.
//! - What crosses the bus is encrypted by a 1024-bit exchange that is not authenticated: it keeps a
//!   mere listener out. Whoever is on the bus can ask as well.
//! - Copies in its own buffers are not wiped; those that come back to this module are.
//!
//! The Credential Manager joins user and service with a dot: `a.b/c` and `b/c.a` are one entry there.
//!
//! # Invariants
//!
//! - The bus is a Unix socket: the library would also start a program or dial a host if its
//!   address said so.
//! - Nobody waits longer than [`PATIENCE`] for someone at the screen.

use std::time::Duration;

use keyring_core::Error;
#[cfg(all(unix, not(target_os = "macos")))]
use rustix::fs::FileType;
use secrecy::zeroize::Zeroizing;

use super::Entry;
use super::Store;
use super::patience::Patience;
use super::patience::Unanswered;
use crate::secret::Providers;
use crate::secret::Secret;
use crate::secret::Trouble;

pub(super) const STORE: Store = Store {
    name: if cfg!(target_os = "macos") {
        "the keychain"
    } else if cfg!(windows) {
        "the Credential Manager"
    } else {
        "the desktop's keyring (Secret Service)"
    },
    load,
    set,
    delete,
};

/// Less than a host waits for a server to start.
static PATIENCE: Patience = Patience::new(Duration::from_secs(30));

fn load(entry: Entry<'_>, providers: &Providers) -> Result<Secret, Trouble> {
    // As a password, not as bytes: Windows and its own tools keep those as UTF-16.
    ask(entry, providers, |filed| {
        Secret::new(filed.get_password().map_err(trouble)?)
    })
}

fn set(entry: Entry<'_>, secret: &Secret, providers: &Providers) -> Result<(), Trouble> {
    let text = secret.show_to(|text| Zeroizing::new(text.to_owned()));
    ask(entry, providers, move |filed| {
        filed.set_password(&text).map_err(trouble)
    })
}

fn delete(entry: Entry<'_>, providers: &Providers) -> Result<(), Trouble> {
    ask(entry, providers, |filed| {
        filed.delete_credential().map_err(trouble)
    })
}

fn ask<T: Send + 'static>(
    entry: Entry<'_>,
    providers: &Providers,
    act: impl FnOnce(&keyring::Entry) -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Trouble> {
    if !is_local(providers) {
        return Err(NOBODY);
    }
    let (service, user) = (entry.service.to_owned(), entry.user.to_owned());
    let answer = PATIENCE.spend(move || {
        let filed = keyring::Entry::new(&service, &user).map_err(trouble)?;
        act(&filed)
    });
    answer.unwrap_or_else(|unanswered| {
        Err(match unanswered {
            Unanswered::Waiting => LATE,
            Unanswered::Died => FAILED,
        })
    })
}

/// Whether the library, which reads the process's own environment, will find a Unix socket.
#[cfg(all(unix, not(target_os = "macos")))]
fn is_local(providers: &Providers) -> bool {
    if let Some(address) = providers.variable("DBUS_SESSION_BUS_ADDRESS") {
        // The library knows no lists; what stands behind a `;` must never come to mean something.
        let address = address.to_string_lossy();
        return address.starts_with("unix:") && !address.contains(';');
    }
    let Some(runtime) = providers.variable("XDG_RUNTIME_DIR") else {
        return false;
    };
    rustix::fs::stat(std::path::Path::new(&runtime).join("bus").as_path())
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Socket)
}

/// The system's own calls: there is no address that could lead elsewhere.
#[cfg(not(all(unix, not(target_os = "macos"))))]
fn is_local(_: &Providers) -> bool {
    true
}

fn trouble(error: Error) -> Trouble {
    if matches!(error, Error::NoDefaultStore) {
        return NOBODY;
    }
    super::trouble(error, SHUT, FAILED)
}

const NOBODY: Trouble = Trouble::NoKeyring(if cfg!(any(target_os = "macos", windows)) {
    "the keyring of this user cannot be opened: log in at the screen, or use a file"
} else {
    "there is no desktop keyring here: pass DBUS_SESSION_BUS_ADDRESS (one unix: address) on to the \
     server, start a Secret Service such as gnome-keyring-daemon, or use a file"
});

const SHUT: Trouble = Trouble::Keyring(
    "the desktop's keyring is locked and nobody unlocked it: unlock it and start again",
);

const LATE: Trouble = Trouble::Keyring(
    "the desktop's keyring did not answer in time: unlock it, or start it anew, and try again",
);

const FAILED: Trouble = Trouble::Keyring("the desktop's keyring failed; use a file instead");
