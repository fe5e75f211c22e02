//! Label rules compile or are refused, and what lies beneath is never labelled lower.
#![no_main]

use guard::label::Clearance;
use guard::label::Label;
use guard::label::Taxonomy;
use libfuzzer_sys::fuzz_target;
use readonly_fs::scope::Kind;
use readonly_fs::scope::RelPath;
use readonly_fs::scope::Rule;
use readonly_fs::scope::Rules;

fuzz_target!(|input: (&str, &str, &str)| {
    let (pattern, path, name) = input;
    let words = Taxonomy::default();
    let (Ok(secret), Ok(internal)) = (words.parse("personal"), words.parse("internal")) else {
        return;
    };
    let rule = Rule {
        paths: vec![pattern.to_owned()],
        label: secret,
        visible: None,
    };
    let Ok(rules) = Rules::new(internal, &[rule], false) else {
        return;
    };
    let Ok(path) = RelPath::parse(path) else {
        return;
    };
    let Some(below) = path.child(name.as_bytes()) else {
        return;
    };
    let (above, beneath) = (rules.label(path.as_bytes()).0, rules.label(below.as_bytes()).0);
    assert!(above != secret || beneath == secret);
    let reader = Clearance::up_to(internal);
    let found = rules.find(below.as_bytes(), Kind::File, reader);
    assert!(beneath != secret || found.is_none_or(|standing| !standing.readable));
    assert!(Label::PUBLIC.is_below(above));
});
