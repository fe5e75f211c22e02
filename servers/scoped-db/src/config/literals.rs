//! Whether a secret itself can stand anywhere that takes a reference to one.

use std::collections::BTreeSet;

use guard::config::Source;
use guard::secret::SecretRef;
use proptest::prelude::*;

use super::Config;

/// Each field that holds a reference, by its name in the types, and how it is written.
const PLACES: [(&str, &str); 2] = [
    ("password", "[database]\npassword = @\n"),
    ("key", "[masks]\nkey = @\n"),
];

fn read(text: &str, value: &str) -> Result<Config, String> {
    let read = Source::new("c", text.replace('@', value)).parse::<Config>();
    read.map_err(|error| format!("{error} {error:?}"))
}

#[test]
fn every_field_that_holds_a_reference_is_tried_here() {
    let declared = include_str!("../config.rs").lines().filter_map(|line| {
        let line = line.trim().trim_start_matches("pub ");
        let ends = [": SecretRef,", ": Option<SecretRef>,", "(SecretRef),"];
        ends.iter().find_map(|end| line.strip_suffix(end))
    });
    let tried: BTreeSet<_> = PLACES.iter().map(|(field, _)| *field).collect();
    assert_eq!(declared.collect::<BTreeSet<_>>(), tried);
    for (_, text) in PLACES {
        read(text, "\"env:KEY\"").unwrap();
    }
    assert!(!include_str!("columns.rs").contains("SecretRef"));
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
        for (_, text) in PLACES {
            for value in [&quoted, &bare, &format!("[{quoted}]"), &format!("{{ x = {quoted} }}")] {
                let said = read(text, value).unwrap_err();
                prop_assert!(!said.contains(&literal) && !said.contains(&bare), "{}: {}", text, said);
            }
        }
    }
}
