//! Whether a secret itself can stand anywhere that takes a reference to one.

use std::collections::BTreeSet;

use guard::config::Source;
use guard::secret::SecretRef;
use proptest::prelude::*;

use super::Config;

/// Each field that holds a reference, by its name in the types, and the line in which it is written.
const PLACES: [(&str, &str); 7] = [
    ("Bearer", "credential = { bearer = @ }"),
    (
        "password",
        "credential = { basic = { user = \"ada\", password = @ } }",
    ),
    (
        "value",
        "credential = { header = { name = \"X-Key\", value = @ } }",
    ),
    (
        "value",
        "credential = { query = { name = \"key\", value = @ } }",
    ),
    (
        "client_secret",
        "credential = { oauth2 = { token-url = \"https://a/t\", client-id = \"x\", client-secret = @ } }",
    ),
    (
        "signed",
        "user-context = { header = \"X-User\", signed = @ }",
    ),
    (
        "Secret",
        "client-certificate = { chain = \"c.pem\", key = @ }",
    ),
];

fn read(line: &str, value: &str) -> Result<Config, String> {
    let text = format!(
        "[upstreams.crm]\nbase = \"https://api.example.com\"\n{}\n",
        line.replace('@', value)
    );
    let read = Source::new("c", text).parse::<Config>();
    read.map_err(|error| format!("{error} {error:?}"))
}

#[test]
fn every_field_that_holds_a_reference_is_tried_here() {
    let declared = include_str!("upstream.rs").lines().filter_map(|line| {
        let line = line.trim().trim_start_matches("pub ");
        let ends = [": SecretRef,", ": Option<SecretRef>,", "(SecretRef),"];
        ends.iter().find_map(|end| line.strip_suffix(end))
    });
    let tried: BTreeSet<_> = PLACES.iter().map(|(field, _)| *field).collect();
    assert_eq!(declared.collect::<BTreeSet<_>>(), tried);
    for (_, line) in PLACES {
        read(line, "\"env:KEY\"").unwrap();
    }
    for source in [
        include_str!("../config.rs"),
        include_str!("cache.rs"),
        include_str!("endpoint.rs"),
        include_str!("import.rs"),
    ] {
        assert!(
            !source.contains("SecretRef"),
            "a place that is not tried here"
        );
    }
}

proptest! {
    #[test]
    fn l4_no_literal_is_taken_for_a_reference_and_none_is_repeated(
        literal in "[ -~]{8,40}",
        number in 10_000_000_i64..,
    ) {
        prop_assume!(literal.parse::<SecretRef>().is_err());
        for (field, line) in PLACES {
            // the path of a file may stand there as well: of a key itself it has a line's end
            let text = match field {
                "Secret" => format!("-----BEGIN {}-----\n{literal}", "PRIVATE KEY"),
                _ => literal.clone(),
            };
            // for printable text the two languages quote alike
            let quoted = serde_json::to_string(&text).unwrap();
            let bare = number.to_string();
            for value in [&quoted, &bare, &format!("[{quoted}]"), &format!("{{ x = {quoted} }}")] {
                let said = read(line, value).unwrap_err();
                prop_assert!(!said.contains(&literal) && !said.contains(&bare), "{}: {}", line, said);
            }
        }
    }
}
