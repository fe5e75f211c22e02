//! The keyring of the Linux kernel: in memory, and gone with the last session or a few days later.

use std::collections::HashMap;

use keyring_core::Error;
use keyring_core::api::CredentialStoreApi;
use linux_keyutils_keyring_store::Store as Keyutils;

use super::Entry;
use super::Store;
use crate::secret::Secret;
use crate::secret::Trouble;

pub(super) const STORE: Store = Store {
    name: "the kernel's keyring (keyutils)",
    load: |entry, _| {
        let bytes = credential(entry)?.get_secret().map_err(trouble)?;
        Secret::new(bytes)
    },
    set: |entry, secret, _| {
        let credential = credential(entry)?;
        secret.show_to(|text| credential.set_secret(text.as_bytes()).map_err(trouble))
    },
    delete: |entry, _| credential(entry)?.delete_credential().map_err(trouble),
};

fn credential(entry: Entry<'_>) -> Result<keyring_core::Entry, Trouble> {
    let store = Keyutils::new().map_err(trouble)?;
    store
        .build(entry.service, entry.user, None::<&HashMap<&str, &str>>)
        .map_err(trouble)
}

fn trouble(error: Error) -> Trouble {
    super::trouble(error, SHUT, FAILED)
}

const SHUT: Trouble = Trouble::NoKeyring(
    "the kernel's keyring is shut: run in a session of its own (`keyctl session`, or \
     KeyringMode=shared in the unit); containers usually bar it, use a file there",
);

const FAILED: Trouble = Trouble::Keyring("the kernel's keyring failed; use a file instead");
