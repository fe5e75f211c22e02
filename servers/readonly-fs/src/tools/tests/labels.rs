//! What an answer holds and how it is labelled, whoever asks.

use super::*;

#[test]
fn a2_what_is_above_the_clearance_is_in_no_answer() {
    let world = small();
    for (clearance, secret) in [
        ("internal", "hr"),
        ("public", "hr"),
        ("public", "src"),
        ("public", "a.md"),
    ] {
        let all = [
            (
                "list_directory",
                json!({"path": "docs", "depth": 8, "hidden": true, "ignored": true}),
            ),
            (
                "find_files",
                json!({"globs": ["**"], "type": "any", "hidden": true, "ignored": true}),
            ),
            (
                "search_text",
                json!({"pattern": ".", "hidden": true, "ignored": true}),
            ),
        ];
        for (tool, arguments) in all {
            let answer = world.call_as(clearance, tool, arguments).unwrap();
            assert!(!text(&answer).contains(&format!("docs/{secret}")), "{tool}");
        }
    }
    assert_eq!(
        world.listed("public", "docs"),
        ["docs/open/", "docs/open/news.md"]
    );
    assert!(
        world
            .read("confidential+personal", "docs/hr/pay.md")
            .is_ok()
    );
}

#[test]
fn a3_forbidden_and_absent_are_the_same_bytes() {
    let world = small();
    for (tool, key) in [("read_file", "path"), ("list_directory", "path")] {
        let ask = |path: &str| {
            let denial = denied(world.call_as("internal", tool, json!({ key: path })));
            (denial.code(), denial.to_string())
        };
        let absent = ask("docs/nothing/here.md");
        for hidden in [
            "docs/hr/pay.md",
            "docs/hr",
            "hr",
            "docs/hr/nothing",
            "nothing/x",
            "nowhere/a",
        ] {
            assert_eq!(ask(hidden), absent, "{tool} {hidden}");
        }
    }
}

#[test]
fn a4_an_answer_has_the_join_of_the_labels_of_what_went_into_it() {
    let world = small();
    let everything = "confidential+personal";
    let label = |tool: &str, arguments: Value| {
        use guard::schema::Arguments;
        use guard::server::Server;
        let tool = TOOLS.iter().find(|known| known.name == tool).unwrap();
        let arguments = arguments.as_object().unwrap().clone();
        let arguments = Arguments::check(tool.parameters, arguments).unwrap();
        let call = world.request(everything);
        let outcome = crate::testing::block_on(world.server.call(call, tool.name, arguments));
        outcome.unwrap().label()
    };
    let is = crate::testing::label;
    assert_eq!(
        label("read_file", json!({"path": "open/news.md"})),
        is("public")
    );
    let large = json!({"globs": ["**/*.md"], "min_size": 12});
    // only the news are so large; that the pay is not is told as well
    assert_eq!(label("find_files", large), is(everything));
    let since = json!({"globs": ["open/*.md"], "modified_since": "2020-01-01T00:00:00Z"});
    assert_eq!(label("find_files", since), is("internal"));
    assert_eq!(
        label("read_file", json!({"paths": ["open/news.md", "a.md"]})),
        is("internal")
    );
    assert_eq!(
        label("read_file", json!({"paths": ["a.md", "hr/pay.md"]})),
        is(everything)
    );
    assert_eq!(
        label("list_directory", json!({"path": "docs"})),
        is(everything)
    );
    assert_eq!(
        label("list_directory", json!({"path": "docs/open"})),
        is("public")
    );
    assert_eq!(
        label("search_text", json!({"pattern": "100"})),
        is(everything)
    );
    assert_eq!(
        label("search_text", json!({"pattern": "in none of them"})),
        is(everything)
    );
    assert_eq!(
        label(
            "search_text",
            json!({"pattern": "fn main", "glob": "**/*.rs"})
        ),
        is("internal")
    );
}

#[test]
fn a4_a_reader_of_two_roles_gets_all_in_answers_that_mix_nothing() {
    let rules = r#"
        [[roots.label-rules]]
        paths = ["p*"]
        label = "internal+personal"
        [[roots.label-rules]]
        paths = ["c*"]
        label = "confidential"
    "#;
    let files = [
        ("c1", "x"),
        ("p2", "x"),
        ("c3", "x"),
        ("i4", "x"),
        ("p5", "x"),
    ];
    let world = World::new(&files, rules);
    let is = |text: &str| guard::label::Clearance::up_to(crate::testing::label(text));
    let both = is("internal+personal").or(is("confidential"));
    for (tool, request) in [
        ("list_directory", json!({"path": "docs"})),
        ("list_directory", json!({"path": "docs", "sort": "size"})),
        ("find_files", json!({"globs": ["*"]})),
        ("search_text", json!({"pattern": "x", "mode": "files"})),
        ("search_text", json!({"pattern": "x", "mode": "count"})),
    ] {
        let mut request = request;
        let mut all = Vec::new();
        loop {
            let call = world.request_cleared(both);
            let answer = world.call_with(call, tool, request.clone()).unwrap();
            assert!(all.len() < 5 || lines(&answer).is_empty());
            all.extend(lines(&answer));
            match answer.structured.get("next") {
                Some(next) => request["cursor"] = next.clone(),
                None => break,
            }
        }
        assert_eq!(all.len(), 5, "{tool}: {all:?}");
    }
    let call = world.request_cleared(both);
    let paths = json!({"paths": ["c1", "p2", "i4"]});
    let read = world.call_with(call, "read_file", paths.clone()).unwrap();
    assert_eq!(read.structured["files"][1]["error"], "unsuitable");
    let stat = world
        .call_with(world.request_cleared(both), "stat_files", paths)
        .unwrap();
    assert_eq!(stat.structured["files"][1]["error"], "unsuitable");
    assert_eq!(stat.structured["files"][2]["path"], "docs/i4");
}
