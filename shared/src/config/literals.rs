//! Whether a secret itself can stand anywhere that takes a reference to one.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::Common;
use super::Source;
use crate::secret::SecretRef;

/// Each field of `[guard]` that holds a reference, by its name in the types, and how it is written.
const PLACES: [(&str, &str); 2] = [
    ("signing_key", "[audit]\nsigning-key = @\n"),
    ("former_signing_key", "[audit]\nformer-signing-key = @\n"),
];

fn read(text: &str, value: &str) -> Result<Common, String> {
    let read = Source::new("c", text.replace('@', value)).parse::<Common>();
    read.map_err(|error| format!("{error} {error:?}"))
}

#[test]
fn every_field_that_holds_a_reference_is_tried_here() {
    let declared = include_str!("common.rs").lines().filter_map(field);
    let tried: BTreeSet<_> = PLACES.iter().map(|(field, _)| *field).collect();
    assert_eq!(declared.collect::<BTreeSet<_>>(), tried);
    for (_, text) in PLACES {
        read(text, "\"env:KEY\"").unwrap();
    }
}

/// As [`PLACES`], where the configuration says how a vault is reached.
#[cfg(feature = "vault")]
const OF_VAULT: [(&str, &str); 2] = [
    ("token", "[secrets.vault]\ntoken = @\n"),
    (
        "secret_id",
        "[secrets.vault.approle]\nrole-id = \"a\"\nsecret-id = @\n",
    ),
];
#[cfg(not(feature = "vault"))]
const OF_VAULT: [(&str, &str); 0] = [];

#[cfg(feature = "vault")]
#[test]
fn every_field_of_a_vault_that_holds_a_reference_is_tried_here() {
    let settings = include_str!("../secret/vault/settings.rs");
    let declared: BTreeSet<_> = settings.lines().filter_map(field).collect();
    let tried: BTreeSet<_> = OF_VAULT.iter().map(|(field, _)| *field).collect();
    assert_eq!(declared, tried);
    for (_, text) in OF_VAULT {
        read(text, "\"env:KEY\"").unwrap();
    }
}

/// The name of the field that a line declares, if that holds a reference.
fn field(line: &str) -> Option<&str> {
    let line = line.trim().strip_prefix("pub ")?;
    let ends = [": SecretRef,", ": Option<SecretRef>,", "(SecretRef),"];
    ends.iter().find_map(|end| line.strip_suffix(end))
}

proptest! {
    #[test]
    fn l4_no_literal_is_taken_for_a_reference_and_none_is_repeated(
        literal in "[ -~]{8,40}",
        number in 10_000_000_i64..,
    ) {
        prop_assume!(literal.parse::<SecretRef>().is_err());
        // for printable text the two languages quote alike
        let quoted = serde_json::to_string(&literal).unwrap();
        let bare = number.to_string();
        for (_, text) in PLACES.into_iter().chain(OF_VAULT) {
            for value in [&quoted, &bare, &format!("[{quoted}]"), &format!("{{ x = {quoted} }}")] {
                let said = read(text, value).unwrap_err();
                prop_assert!(!said.contains(&literal) && !said.contains(&bare), "{}: {}", text, said);
            }
        }
    }
}
