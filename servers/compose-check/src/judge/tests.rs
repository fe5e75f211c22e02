use guard::program::DescribedTool;

use super::*;

fn described(private: bool, untrusted: bool, egress: bool) -> Description {
    Description {
        format: Description::FORMAT.into(),
        subject: "ada@local".to_owned(),
        roles: vec!["support".to_owned()],
        private,
        untrusted,
        tools: vec![DescribedTool {
            name: format!("tool-{private}-{untrusted}-{egress}"),
            open_world: egress,
            ..DescribedTool::default()
        }],
        sandbox: "all".to_owned(),
        ..Description::default()
    }
}

fn part(name: &str, described: Result<Description, Unknown>) -> Part {
    Part {
        name: name.to_owned(),
        started: None,
        described,
    }
}

fn codes(parts: &[Part], accepted: &[&str]) -> Vec<(Severity, &'static str)> {
    let accepted: Vec<Accepted> = accepted.iter().map(|text| text.parse().unwrap()).collect();
    let found = judge(parts, &accepted);
    found
        .iter()
        .map(|finding| (finding.severity, finding.code))
        .collect()
}

const LEAVES: (Severity, &str) = (Severity::Error, "private-data-can-leave");

#[test]
fn all_three_together_are_an_error_and_any_two_are_not() {
    for mask in 0..8 {
        let (private, untrusted, egress) = (mask & 1 > 0, mask & 2 > 0, mask & 4 > 0);
        let parts = [
            part("a", Ok(described(private, false, false))),
            part("b", Ok(described(false, untrusted, false))),
            part("c", Ok(described(false, false, egress))),
        ];
        let found = codes(&parts, &[]);
        let leaves = found.contains(&LEAVES);
        assert_eq!(leaves, mask == 7, "{found:?}");
    }
    let two = [
        part("docs", Ok(described(true, true, false))),
        part("api", Ok(described(false, false, true))),
    ];
    assert_eq!(codes(&two, &[]), [LEAVES]);
    assert_eq!(codes(&two, &["api=none"]), []);
    // one that shows what it also sends to: worth a decision
    let one = [part("api", Ok(described(true, true, true)))];
    assert_eq!(codes(&one, &[]), [(Severity::Warning, LEAVES.1)]);
}

#[test]
fn what_is_unknown_is_taken_for_the_worst_until_it_is_said_what_it_is() {
    let parts = [
        part("docs", Ok(described(true, false, false))),
        part("web", Err(Unknown::Foreign)),
    ];
    let unknown = "unknown-server";
    assert_eq!(codes(&parts, &[]), [LEAVES, (Severity::Warning, unknown)]);
    assert_eq!(
        codes(&parts, &["web=untrusted"]),
        [(Severity::Note, unknown)]
    );
    assert_eq!(
        codes(&parts, &["web=untrusted,egress"]),
        [LEAVES, (Severity::Note, unknown)]
    );
    for text in ["web", "web=", "web=all", "web=private,", "=x"] {
        assert_eq!(text.parse::<Accepted>(), Err(NotAccepted), "{text}");
    }
}

#[test]
fn a_literal_secret_is_found_and_its_value_is_not_told() {
    let started = |arguments: &[&str], env: &[(&str, &str)]| Started {
        command: "x".to_owned(),
        arguments: arguments.iter().map(|text| (*text).to_owned()).collect(),
        env: env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        cwd: None,
    };
    for (arguments, env, expected) in [
        (&["--password=hunter2"][..], &[][..], true),
        (&["--token", "hunter2"], &[], true),
        (&["postgres://ada:hunter2@db/crm"], &[], true),
        (
            &["--connection", "postgres://ada:hunter2@db/crm"],
            &[],
            true,
        ),
        (&[], &[("EXTERNAL_API_KEY", "hunter2")], true),
        (&[], &[("githubToken", "hunter2")], true),
        (&["--password=keyring:crm/reader"], &[], false),
        (&["--token", "${input:token}"], &[], false),
        (
            &["postgres://ada@db/crm", "postgres://ada:${PW}@db/crm"],
            &[],
            false,
        ),
        (&["--audit=hunter2", "hunter2"], &[], false),
        (
            &[],
            &[
                ("EXTERNAL_API_KEY", "${input:key}"),
                ("DB_READ_ONLY", "true"),
                ("MONKEY", "x"),
            ],
            false,
        ),
    ] {
        let mut found = Vec::new();
        secrets(
            &part("x", Err(Unknown::Foreign)),
            &started(arguments, env),
            &mut found,
        );
        assert_eq!(!found.is_empty(), expected, "{arguments:?} {env:?}");
        assert!(
            found
                .iter()
                .all(|finding| !finding.to_string().contains("hunter2"))
        );
    }
    let mut found = Vec::new();
    let preload = started(&[], &[("LD_PRELOAD", "/tmp/x.so")]);
    secrets(&part("x", Err(Unknown::Foreign)), &preload, &mut found);
    assert_eq!(
        found.first().map(|finding| finding.code),
        Some("changed-program")
    );
}

#[test]
fn grants_that_ended_sandboxes_trails_and_tools_of_one_name_are_told() {
    let mut late = described(false, false, false);
    late.ended = vec!["grants[0] ended 2026-01-01T00:00:00+00:00".to_owned()];
    late.sandbox = "none".to_owned();
    let mut nobody = described(false, false, false);
    nobody.roles.clear();
    nobody.audit = "/elsewhere".into();
    let found = codes(&[part("a", Ok(late)), part("b", Ok(nobody))], &[]);
    assert_eq!(
        found,
        [
            (Severity::Error, "serves-nobody"),
            (Severity::Warning, "grants-ended"),
            (Severity::Warning, "no-sandbox"),
            (Severity::Warning, "same-tools"),
            (Severity::Note, "several-trails"),
        ]
    );
    let failed = Unknown::Failed("scoped-db: connect: refused".to_owned());
    let found = codes(
        &[part("a", Err(failed)), part("b", Err(Unknown::Impostor))],
        &["a=none", "b=none"],
    );
    let code = "not-described";
    assert_eq!(found, [(Severity::Error, code), (Severity::Warning, code)]);
}
