//! The keyring of the desktop: GNOME Keyring, KWallet, KeePassXC.
//!
//! The crate that `keyring` fronts waits up to a year for someone to unlock the keyring, so the
//! one below it is used. Secrets cross the session bus in the clear: who can listen there can
//! also ask, and the bus's own encryption rests on a 1024-bit exchange that is not authenticated.
//!
//! # Invariants
//!
//! - The bus is a Unix socket: libdbus would also start a program or dial a host if its address
//!   said so.
//! - Nobody waits longer than [`PATIENCE_SECONDS`] for someone at the screen.

use std::collections::HashMap;
use std::path::Path;

use dbus_secret_service::EncryptionType;
use dbus_secret_service::Error;
use dbus_secret_service::Item;
use dbus_secret_service::SecretService;
use rustix::fs::FileType;

use super::ABSENT;
use super::Entry;
use super::Store;
use crate::secret::Providers;
use crate::secret::Secret;
use crate::secret::Trouble;

pub(super) const STORE: Store = Store {
    name: "the desktop's keyring (Secret Service)",
    load,
    set,
    delete,
};

fn load(entry: Entry<'_>, providers: &Providers) -> Result<Secret, Trouble> {
    let service = connect(providers)?;
    let bytes = find(&service, entry)?.get_secret().map_err(trouble)?;
    Secret::new(bytes)
}

fn set(entry: Entry<'_>, secret: &Secret, providers: &Providers) -> Result<(), Trouble> {
    let service = connect(providers)?;
    match find(&service, entry) {
        Ok(item) => secret.show_to(|text| item.set_secret(text.as_bytes(), TEXT)),
        Err(Trouble::Absent(_)) => {
            let collection = service.get_default_collection().map_err(trouble)?;
            collection.ensure_unlocked().map_err(trouble)?;
            let label = format!("{}/{}", entry.service, entry.user);
            let mut filed = under(entry);
            // What other programs of this kind file it under, so that they find it as well.
            filed.insert("target", "default");
            let create =
                |text: &str| collection.create_item(&label, filed, text.as_bytes(), false, TEXT);
            secret.show_to(create).map(|_| ())
        }
        Err(other) => return Err(other),
    }
    .map_err(trouble)
}

fn delete(entry: Entry<'_>, providers: &Providers) -> Result<(), Trouble> {
    let service = connect(providers)?;
    find(&service, entry)?.delete().map_err(trouble)
}

/// The one item of this name, unlocked.
fn find<'a>(service: &'a SecretService, entry: Entry<'_>) -> Result<Item<'a>, Trouble> {
    let found = service.search_items(under(entry)).map_err(trouble)?;
    let mut items = found.unlocked.into_iter().chain(found.locked);
    let item = items.next().ok_or(ABSENT)?;
    if items.next().is_some() {
        return Err(Trouble::Ambiguous);
    }
    item.ensure_unlocked().map_err(trouble)?;
    Ok(item)
}

fn under(entry: Entry<'_>) -> HashMap<&str, &str> {
    HashMap::from([("service", entry.service), ("username", entry.user)])
}

fn connect(providers: &Providers) -> Result<SecretService, Trouble> {
    if !bus_is_a_socket(providers) {
        return Err(NO_BUS);
    }
    let plain = EncryptionType::Plain;
    SecretService::connect_with_max_prompt_timeout(plain, PATIENCE_SECONDS).map_err(trouble)
}

/// Whether the library, which reads the process's own environment, will find a Unix socket.
fn bus_is_a_socket(providers: &Providers) -> bool {
    if let Some(address) = providers.variable("DBUS_SESSION_BUS_ADDRESS") {
        let address = address.to_string_lossy();
        return address.split(';').all(|one| one.starts_with("unix:"));
    }
    let Some(runtime) = providers.variable("XDG_RUNTIME_DIR") else {
        return false;
    };
    rustix::fs::stat(Path::new(&runtime).join("bus").as_path())
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Socket)
}

/// INVARIANT: what the error holds is dropped.
#[expect(
    clippy::needless_pass_by_value,
    reason = "for map_err; the error ends here"
)]
fn trouble(error: Error) -> Trouble {
    match error {
        Error::NoResult => ABSENT,
        Error::Locked | Error::Prompt => Trouble::Keyring(
            "the desktop's keyring is locked and nobody unlocked it: unlock it and start again",
        ),
        Error::Dbus(_) | Error::Unavailable => NO_BUS,
        Error::Crypto(_) | Error::Path(_) | Error::Parse | Error::UnsupportedSecretFormat | _ => {
            Trouble::Keyring("the desktop's keyring failed; use a file instead")
        }
    }
}

const NO_BUS: Trouble = Trouble::NoKeyring(
    "there is no desktop keyring here: pass DBUS_SESSION_BUS_ADDRESS (a unix: address) on to the \
     server, start a Secret Service such as gnome-keyring-daemon, or use a file",
);

/// Less than a host waits for a server to start.
const PATIENCE_SECONDS: u64 = 30;

const TEXT: &str = "text/plain";
