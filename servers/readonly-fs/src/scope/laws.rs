//! What must hold for any rules, any path and any two readers.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use guard::label::Clearance;
use guard::label::Label;
use guard::label::Taxonomy;

use super::Kind;
use super::Rule;
use super::Rules;
use super::Standing;

const WORDS: [&str; 6] = [
    "public",
    "internal",
    "confidential",
    "public+personal",
    "internal+personal",
    "confidential+personal",
];

fn label() -> impl Strategy<Value = Label> {
    select(&WORDS[..]).prop_map(|word| Taxonomy::default().parse(word).unwrap())
}

/// Readers of one role or two.
fn reader() -> impl Strategy<Value = Clearance> {
    (label(), label()).prop_map(|(a, b)| Clearance::up_to(a).or(Clearance::up_to(b)))
}

fn pattern() -> impl Strategy<Value = String> {
    let part = select(&["a", "b", "c", "A", "*", "a*", "{a,b}", "[bc]", "?", "**"][..]);
    vec(part, 1..4).prop_map(|parts| parts.join("/"))
}

fn rule() -> impl Strategy<Value = Rule> {
    (vec(pattern(), 1..3), label()).prop_map(|(paths, label)| Rule {
        paths,
        label,
        visible: None,
    })
}

/// A rule that may grant its names to more readers than its content.
fn generous_rule() -> impl Strategy<Value = Rule> {
    (rule(), proptest::option::of(label())).prop_map(|(rule, visible)| {
        let below = |label: &Label| label.flows_to(Clearance::up_to(rule.label));
        let visible = visible.filter(below);
        Rule { visible, ..rule }
    })
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    let part = select(&["a", "b", "c", "ab", "A", "\n"][..]);
    vec(part, 0..5).prop_map(|parts| parts.join("/").into_bytes())
}

fn kind() -> impl Strategy<Value = Kind> {
    select(&[Kind::File, Kind::Directory][..])
}

fn parents(path: &[u8]) -> Vec<&[u8]> {
    let ends = path.iter().enumerate().filter(|(_, b)| **b == b'/');
    let mut all: Vec<&[u8]> = vec![b""];
    all.extend(ends.map(|(end, _)| &path[..end]));
    if path.is_empty() { Vec::new() } else { all }
}

fn same(a: Option<Standing>, b: Option<Standing>) -> bool {
    let facts = |s: Standing| (s.label, s.name, s.readable);
    a.map(facts) == b.map(facts)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a2_listed_is_readable_where_no_rule_says_otherwise(
        rules in vec(rule(), 0..5), default in label(), path in path(), kind in kind(), reader in reader()
    ) {
        let rules = Rules::new(default, &rules, false).unwrap();
        if let Some(standing) = rules.find(&path, kind, reader) {
            prop_assert!(standing.readable);
            prop_assert!(standing.label.flows_to(reader));
        } else if kind == Kind::File {
            // and what is not listed may not be read, or lies where the reader may not go
            let hidden = !rules.label(&path).0.flows_to(reader);
            let above = parents(&path).iter().any(|p| rules.find(p, Kind::Directory, reader).is_none());
            prop_assert!(hidden || above || path.is_empty());
        }
    }

    #[test]
    fn nothing_above_the_clearance_is_readable_or_shown(
        rules in vec(generous_rule(), 0..5), default in label(), path in path(), kind in kind(), reader in reader()
    ) {
        let rules = Rules::new(default, &rules, false).unwrap();
        if let Some(standing) = rules.find(&path, kind, reader) {
            prop_assert!(standing.name.flows_to(reader));
            if kind == Kind::File {
                prop_assert_eq!(standing.label, rules.label(&path).0);
                prop_assert_eq!(standing.readable, standing.label.flows_to(reader));
            }
        }
    }

    #[test]
    fn whatever_exists_lies_in_directories_that_exist(
        rules in vec(generous_rule(), 0..5), default in label(), path in path(), kind in kind(), reader in reader()
    ) {
        let rules = Rules::new(default, &rules, false).unwrap();
        if rules.find(&path, kind, reader).is_some() {
            for above in parents(&path) {
                prop_assert!(rules.find(above, Kind::Directory, reader).is_some());
            }
        }
    }

    #[test]
    fn more_clearance_never_takes_anything_away(
        rules in vec(generous_rule(), 0..5), default in label(), path in path(), kind in kind(),
        reader in reader(), more in reader()
    ) {
        let rules = Rules::new(default, &rules, false).unwrap();
        let less = reader;
        let more = less.or(more);
        if let Some(standing) = rules.find(&path, kind, less) {
            let now = rules.find(&path, kind, more);
            prop_assert!(now.is_some());
            prop_assert!(!standing.readable || now.unwrap().readable);
        }
    }

    #[test]
    fn a_label_never_falls_on_the_way_down_once_a_rule_gave_one(
        rules in vec(rule(), 0..5), default in label(), path in path()
    ) {
        let rules = Rules::new(default, &rules, false).unwrap();
        let (label, _) = rules.label(&path);
        for above in parents(&path) {
            let (higher, covered) = rules.label(above);
            prop_assert!(!covered || higher.flows_to(Clearance::up_to(label)));
        }
    }

    #[test]
    fn the_walk_and_the_question_agree(
        rules in vec(generous_rule(), 0..5), default in label(), path in path(), reader in reader()
    ) {
        let rules = Rules::new(default, &rules, false).unwrap();
        let mut standing = rules.top(reader);
        let mut steps: Vec<&[u8]> = parents(&path);
        steps.push(&path);
        for step in steps {
            if !step.is_empty() {
                standing = standing.and_then(|s| rules.enter(&s, step, Kind::Directory, reader));
            }
            prop_assert!(same(standing, rules.find(step, Kind::Directory, reader)));
        }
    }

    #[test]
    fn where_the_disk_folds_case_every_spelling_has_one_label(
        rules in vec(rule(), 0..5), default in label(), path in path()
    ) {
        let rules = Rules::new(default, &rules, true).unwrap();
        let path = String::from_utf8(path).unwrap();
        let upper = rules.label(path.to_uppercase().as_bytes());
        prop_assert_eq!(upper, rules.label(path.to_lowercase().as_bytes()));
    }
}

fn rules(default: &str, list: &[(&str, &str)]) -> Rules {
    let known = Taxonomy::default();
    let rules: Vec<Rule> = list
        .iter()
        .map(|(path, label)| Rule {
            paths: vec![(*path).to_owned()],
            label: known.parse(label).unwrap(),
            visible: None,
        })
        .collect();
    Rules::new(known.parse(default).unwrap(), &rules, false).unwrap()
}

fn exists(rules: &Rules, path: &str, kind: Kind, clearance: &str) -> bool {
    let reader = Clearance::up_to(Taxonomy::default().parse(clearance).unwrap());
    rules.find(path.as_bytes(), kind, reader).is_some()
}

#[test]
fn a_rule_on_all_in_a_directory_covers_the_directory() {
    let rules = rules(
        "internal",
        &[("hr/**", "confidential"), ("**/keys/**", "confidential")],
    );
    assert!(!exists(&rules, "hr", Kind::Directory, "internal"));
    assert!(!exists(&rules, "a/b/keys", Kind::Directory, "internal"));
    assert!(exists(&rules, "hr2", Kind::Directory, "internal"));
    assert!(exists(&rules, "hr", Kind::Directory, "confidential"));
    assert!(!exists(&rules, "hr/a\nb\u{202e}/c", Kind::File, "internal"));
}

#[test]
fn a_rule_on_a_directory_covers_all_beneath_it() {
    let rules = rules(
        "internal",
        &[("hr", "confidential"), ("**/secret.*", "confidential")],
    );
    assert!(!exists(&rules, "hr/a/b/c", Kind::File, "internal"));
    assert!(!exists(
        &rules,
        "x/secret.d/open.md",
        Kind::File,
        "internal"
    ));
}

#[test]
fn passages_lead_to_what_a_lower_rule_opens_and_show_nothing_else() {
    let rules = rules(
        "confidential",
        &[("a/b/public/**", "public"), ("a/x/*.md", "public")],
    );
    for way in ["", "a", "a/b", "a/b/public", "a/x"] {
        assert!(exists(&rules, way, Kind::Directory, "public"), "{way}");
        assert!(!exists(&rules, way, Kind::File, "public") || way == "a/b/public");
    }
    assert!(exists(&rules, "a/b/public/deep/file", Kind::File, "public"));
    assert!(exists(&rules, "a/x/y.md", Kind::File, "public"));
    for hidden in ["b", "a/c", "a/b/c", "a/x/y.txt", "a/x/y.txt/z.md"] {
        assert!(!exists(&rules, hidden, Kind::File, "public"), "{hidden}");
        assert!(
            !exists(&rules, hidden, Kind::Directory, "public"),
            "{hidden}"
        );
    }
}

#[test]
fn no_passage_leads_through_what_a_rule_closes() {
    let rules = rules(
        "internal",
        &[("hr/**", "confidential"), ("hr/open/**", "public")],
    );
    assert!(!exists(&rules, "hr", Kind::Directory, "internal"));
    assert!(!exists(&rules, "hr/open/a", Kind::File, "internal"));
    assert_eq!(
        rules.label(b"hr/open/a").0,
        Taxonomy::default().parse("confidential").unwrap()
    );
}

#[test]
fn visible_shows_names_and_not_content() {
    let known = Taxonomy::default();
    let rule = Rule {
        paths: vec!["hr/**".to_owned()],
        label: known.parse("confidential").unwrap(),
        visible: Some(known.parse("internal").unwrap()),
    };
    let built = Rules::new(Label::PUBLIC, std::slice::from_ref(&rule), false).unwrap();
    let reader = Clearance::up_to(known.parse("internal").unwrap());
    let standing = built.find(b"hr/pay.md", Kind::File, reader).unwrap();
    assert!(!standing.readable);
    assert!(
        built
            .find(b"hr/pay.md", Kind::File, Clearance::default())
            .is_none()
    );
    let upside_down = Rule {
        visible: Some(known.parse("confidential+personal").unwrap()),
        ..rule
    };
    assert!(Rules::new(Label::PUBLIC, &[upside_down], false).is_err());
}

#[test]
fn a_pattern_that_could_not_match_or_is_too_large_is_refused() {
    let refused = |pattern: &str| {
        let rule = Rule {
            paths: vec![pattern.to_owned()],
            label: Label::PUBLIC,
            visible: None,
        };
        Rules::new(Label::PUBLIC, &[rule], false).is_err()
    };
    for pattern in [
        "", "/hr/**", "hr/", "./hr", "../hr", "a/../b", "a//b", "[", "{a", "a{",
    ] {
        assert!(refused(pattern), "{pattern}");
    }
    assert!(refused(&"a".repeat(257)) && refused(&"{a}".repeat(9)));
    assert!(!refused("**") && !refused("hr/**"));
}

#[test]
fn everything_covers_the_root_too() {
    let rules = rules("public", &[("**", "internal")]);
    assert!(!exists(&rules, "", Kind::Directory, "public"));
    assert!(exists(&rules, "", Kind::Directory, "internal"));
}

const COMPOSED: &str = "caf\u{e9}";
const APART: &str = "cafe\u{301}";

#[test]
fn a_rule_covers_a_name_in_both_forms_of_its_letters() {
    for written in [COMPOSED, APART] {
        let rules = rules("internal", &[(&format!("{written}/**"), "personal")]);
        for name in [COMPOSED, APART] {
            for path in [name.to_owned(), format!("{name}/a/b")] {
                let (label, why) = rules.explain(path.as_bytes());
                assert_eq!(
                    Taxonomy::default().text(label),
                    "confidential+personal",
                    "{path}"
                );
                assert!(why.contains("caf"), "{why}");
            }
        }
        let (label, _) = rules.explain(b"cafe/a");
        assert_eq!(Taxonomy::default().text(label), "internal");
    }
}

#[test]
fn a_rule_lowers_the_label_of_no_name_but_its_own() {
    for (written, other) in [(COMPOSED, APART), (APART, COMPOSED)] {
        let rules = rules("confidential", &[(&format!("{written}/**"), "public")]);
        let label = |path: &str| Taxonomy::default().text(rules.label(path.as_bytes()).0);
        assert_eq!(label(&format!("{written}/a")), "public");
        assert_eq!(label(&format!("{other}/a")), "confidential");
    }
}

proptest! {
    #[test]
    fn of_rules_that_raise_labels_none_is_lost_by_another_form(
        all in vec((pattern_of_letters(), label()), 0..4), default in label(),
        path in vec(select(&["\u{e9}", "a", "\u{1e69}", "\u{ac00}b"][..]), 1..4),
    ) {
        use unicode_normalization::UnicodeNormalization;
        let rule = |(path, label): &(String, Label)| Rule {
            paths: vec![path.clone()],
            label: label.join(default),
            visible: None,
        };
        let rules = Rules::new(default, &all.iter().map(rule).collect::<Vec<_>>(), false).unwrap();
        let path = path.join("/");
        let apart: String = path.nfd().collect();
        let (label, _) = rules.label(path.as_bytes());
        prop_assert!(label.flows_to(Clearance::up_to(rules.label(apart.as_bytes()).0)));
    }
}

fn pattern_of_letters() -> impl Strategy<Value = String> {
    let parts = [
        "\u{e9}",
        "e\u{301}",
        "a",
        "*",
        "?",
        "\u{1e69}",
        "s\u{307}\u{323}",
        "**",
        "\u{ac00}*",
    ];
    vec(select(parts.to_vec()), 1..4).prop_map(|parts| parts.join("/"))
}
