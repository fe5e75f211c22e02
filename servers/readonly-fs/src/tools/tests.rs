//! Each tool over real files.

mod labels;

use serde_json::Value;
use serde_json::json;

use guard::error::Denial;
use guard::error::Refusal;
use guard::schema::json_schema;

use super::TOOLS;
use crate::testing::Given;
use crate::testing::World;
use crate::testing::lines;
use crate::testing::text;

fn small() -> World {
    let files = [
        ("a.md", "alpha\nbeta\n"),
        ("b.txt", "beta\n"),
        (".env", "KEY=beta\n"),
        ("src/main.rs", "fn main() {}\n// beta\n"),
        ("src/lib/deep.rs", "// deep\n"),
        ("target/out.md", "beta\n"),
        (".gitignore", "target/\n"),
        ("hr/pay.md", "beta: 100\n"),
        ("open/news.md", "beta is out!\n"),
    ];
    let rules = r#"
        [[roots.label-rules]]
        paths = ["hr/**"]
        label = "confidential+personal"
        [[roots.label-rules]]
        paths = ["open/**"]
        label = "public"
    "#;
    World::new(&files, rules)
}

fn denied(outcome: Result<Given, Refusal>) -> Denial {
    match outcome {
        Err(Refusal::Denied(denial)) => denial,
        other => panic!("{other:?}"),
    }
}

#[test]
fn all_definitions_together_stay_below_5_kb() {
    let all: Vec<Value> = TOOLS
        .iter()
        .map(|tool| {
            let output: Value = serde_json::from_str(tool.output).unwrap();
            json!({
                "name": tool.name,
                "title": tool.title,
                "description": tool.about,
                "inputSchema": json_schema(tool.parameters),
                "outputSchema": output,
            })
        })
        .collect();
    let size = json!({ "tools": all }).to_string().len();
    // the gate adds annotations and labels
    assert!(size < 4100, "{size}");
    assert!(TOOLS.is_sorted_by_key(|tool| tool.name));
}

#[test]
fn a_listing_has_one_escaped_line_an_entry_and_leaves_out_what_is_ignored() {
    let world = small();
    let answer = world.call("list_directory", json!({"path": "docs"}));
    let shown = ["docs/a.md", "docs/b.txt", "docs/open/", "docs/src/"];
    assert_eq!(lines(&answer), shown);
    assert_eq!(answer.structured["entries"], 4);
    assert_eq!(answer.structured["truncated"], false);
    let all = json!({"path": ".", "hidden": true, "ignored": true, "depth": 2});
    let all = lines(&world.call("list_directory", all));
    assert!(
        all.contains(&"docs/target/out.md".to_owned()) && all.contains(&"docs/.env".to_owned())
    );
    let globbed = json!({"path": "docs/", "depth": 8, "glob": "*.rs"});
    let globbed = lines(&world.call("list_directory", globbed));
    assert_eq!(globbed, ["docs/src/lib/deep.rs", "docs/src/main.rs"]);
}

#[test]
fn sizes_and_times_come_with_a_listing_that_is_sorted_by_them() {
    let world = small();
    let sorted = json!({"path": "docs", "sort": "size", "sizes": true});
    let rows = lines(&world.call("list_directory", sorted));
    assert!(rows[0].starts_with("docs/a.md\t11\t"), "{rows:?}");
    assert!(rows[1].starts_with("docs/b.txt\t5\t"), "{rows:?}");
    assert!(rows[2].contains("/\t-\t"), "{rows:?}");
}

#[test]
fn every_page_goes_on_where_the_last_one_ended() {
    let world = small();
    for tool in ["list_directory", "find_files", "search_text"] {
        for sort in ["name", "size", "modified"] {
            let mut request = match tool {
                "list_directory" => {
                    json!({"path": "docs", "depth": 8, "hidden": true, "sort": sort})
                }
                "find_files" => json!({"globs": ["**"], "type": "any", "hidden": true}),
                _ => json!({"pattern": "beta", "hidden": true, "mode": "files"}),
            };
            let whole = lines(&world.call(tool, request.clone()));
            request["limit"] = 1.into();
            let mut paged = Vec::new();
            loop {
                let answer = world.call(tool, request.clone());
                paged.extend(lines(&answer).into_iter().filter(|line| !line.is_empty()));
                match answer.structured.get("next") {
                    Some(next) => request["cursor"] = next.clone(),
                    None => break,
                }
                assert!(answer.truncated);
            }
            let whole: Vec<_> = whole.into_iter().filter(|line| !line.is_empty()).collect();
            assert_eq!(paged, whole, "{tool} {sort}");
        }
    }
}

#[test]
fn i9_a_cursor_is_good_for_its_request_and_its_principal_only() {
    let world = small();
    let first = world.call("list_directory", json!({"path": "docs", "limit": 1}));
    let cursor = &first.structured["next"];
    let other = json!({"path": "docs", "limit": 2, "cursor": cursor});
    let denial = denied(world.call_as("internal", "list_directory", other));
    assert_eq!(denial, Denial::StaleCursor);
    let same = json!({"path": "docs", "limit": 1, "cursor": cursor});
    let bob = world.request_of("bob", "internal", Default::default());
    let denial = denied(world.call_with(bob, "list_directory", same.clone()));
    assert_eq!(denial, Denial::StaleCursor);
    assert_eq!(lines(&world.call("list_directory", same)), ["docs/b.txt"]);
}

#[test]
fn find_files_matches_names_sizes_and_times() {
    let world = small();
    let find = |arguments: Value| lines(&world.call("find_files", arguments));
    assert_eq!(
        find(json!({"globs": ["*.rs"]})),
        ["docs/src/lib/deep.rs", "docs/src/main.rs"]
    );
    assert_eq!(
        find(json!({"globs": ["lib/*"], "path": "docs/src"})),
        ["docs/src/lib/deep.rs"]
    );
    assert_eq!(
        find(json!({"globs": ["*"], "min_size": 11, "max_size": 11})),
        ["docs/a.md"]
    );
    assert_eq!(
        find(json!({"globs": ["s*"], "type": "directory"})),
        ["docs/src/"]
    );
    assert!(find(json!({"globs": ["*"], "modified_since": "2999-01-01T00:00:00Z"})).is_empty());
    let wrong = world.call_as(
        "internal",
        "find_files",
        json!({"globs": ["*"], "modified_since": "now"}),
    );
    assert_eq!(denied(wrong).code(), "malformed");
}

#[test]
fn search_text_groups_by_file_and_counts() {
    let world = small();
    let search = |arguments: Value| text(&world.call("search_text", arguments));
    let found = search(json!({"pattern": "bet.", "context": 1, "glob": "*.md"}));
    let wanted = "docs/a.md\n1- alpha\n2: beta\n\ndocs/open/news.md\n1: beta is out!\n";
    assert_eq!(found, wanted);
    let files = search(json!({"pattern": "beta", "mode": "files", "path": "docs/src"}));
    assert_eq!(files, "docs/src/main.rs\n");
    let count =
        search(json!({"pattern": "BETA", "case": "insensitive", "mode": "count", "path": "src"}));
    assert_eq!(count, "docs/src/main.rs: 1\n");
}

#[test]
fn read_file_gives_parts_and_the_call_that_goes_on() {
    let lines: String = (1..=3000).map(|n| format!("line {n}\n")).collect();
    let world = World::new(&[("long.txt", &lines), ("b.txt", "b\n")], "");
    let answer = world.call("read_file", json!({"path": "long.txt"}));
    let shown = text(&answer);
    let trailer =
        "[lines 1-2000 of 3000; go on with {\"path\":\"docs/long.txt\",\"from_line\":2001}]\n";
    let trailer_sorted =
        "[lines 1-2000 of 3000; go on with {\"from_line\":2001,\"path\":\"docs/long.txt\"}]\n";
    assert!(shown.ends_with(trailer) || shown.ends_with(trailer_sorted));
    let next = answer.structured["files"][0]["next"].clone();
    let rest = world.call("read_file", next);
    assert!(text(&rest).starts_with("line 2001\n") && !rest.truncated);
    let tail = text(&world.call("read_file", json!({"path": "docs/long.txt", "tail": 1})));
    assert_eq!(tail, "line 3000\n");
    let bytes = json!({"path": "docs/long.txt", "from_byte": 5, "to_byte": 6});
    assert_eq!(text(&world.call("read_file", bytes)), "1");
    let both = json!({"path": "docs/long.txt", "from_byte": 5, "tail": 6});
    assert_eq!(
        denied(world.call_as("internal", "read_file", both)).code(),
        "malformed"
    );
    let batch = world.call("read_file", json!({"paths": ["b.txt", "no.txt"]}));
    assert_eq!(
        text(&batch),
        "docs/b.txt\nb\ndocs/no.txt\n[not_found: not found, or not available to you]\n"
    );
    assert_eq!(batch.structured["files"][1]["error"], "not_found");
}

#[test]
fn stat_files_describes_what_exists_for_the_reader() {
    let world = small();
    let paths = json!({"paths": ["a.md", "src", "hr/pay.md", "no.md"]});
    let answer = world.call("stat_files", paths);
    let files = &answer.structured["files"];
    assert_eq!(files[0]["path"], "docs/a.md");
    assert_eq!(
        (&files[0]["size"], &files[0]["lines"]),
        (&json!(11), &json!(2))
    );
    assert_eq!(
        (&files[0]["label"], &files[0]["links"]),
        (&json!("internal"), &json!(1))
    );
    assert_eq!(files[1]["type"], "directory");
    assert_eq!(
        files[2],
        json!({"path": "docs/hr/pay.md", "error": "not_found"})
    );
    assert_eq!(
        files[3],
        json!({"path": "docs/no.md", "error": "not_found"})
    );
}

#[test]
fn list_roots_tells_names_labels_and_limits() {
    let world = small();
    world.server.tell_sandbox(json!({"landlock": "abi 7"}));
    let answer = world.call("list_roots", json!({}));
    assert_eq!(
        answer.structured["roots"],
        json!([{"name": "docs", "label": "internal"}])
    );
    assert_eq!(answer.structured["limits"]["entries"], 1000);
    assert_eq!(answer.structured["sandbox"]["landlock"], "abi 7");
    // to the public, the root is only the way to what is public
    let public = world.call_as("public", "list_roots", json!({})).unwrap();
    assert_eq!(
        public.structured["roots"],
        json!([{"name": "docs", "label": "public"}])
    );
}

#[test]
fn a_path_may_leave_out_the_only_root_and_answers_never_do() {
    let world = World::new(
        &[
            ("docs/a.md", "inner"),
            ("a.md", "outer"),
            ("docs/b.md", "b"),
        ],
        "",
    );
    // as every answer writes it
    assert_eq!(world.read("internal", "docs/a.md").unwrap(), "outer");
    assert_eq!(world.read("internal", "docs/docs/a.md").unwrap(), "inner");
    assert_eq!(world.read("internal", "a.md").unwrap(), "outer");
    // no such thing under the root's name
    assert_eq!(world.read("internal", "docs/b.md").unwrap(), "b");
    for path in world.listed("internal", "") {
        if !path.ends_with('/') {
            assert!(world.read("internal", &path).is_ok(), "{path}");
        }
    }
}

#[test]
fn a_listing_that_has_nothing_to_look_for_is_the_one_that_looks() {
    let files = [
        ("a.md", "a"),
        ("sub/b.md", "b"),
        ("hr/pay.md", "pay"),
        (".hid", ""),
    ];
    let keys = "hard-links = \"allow\"\nmounts = true\n[[roots.label-rules]]\npaths = [\"hr/**\"]\nlabel = \"confidential\"\n";
    let world = World::new(&files, keys);
    std::os::unix::fs::symlink("a.md", world.path("link")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", world.path("out")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, world.path("pipe"), 0o600.into()).unwrap();
    let names = |sizes: bool| {
        let arguments = json!({"path": "docs", "depth": 8, "hidden": true, "sizes": sizes});
        let answer = world.call("list_directory", arguments);
        let name = |line: String| line.split('\t').next().unwrap().to_owned();
        lines(&answer).into_iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(names(false), names(true));
    assert_eq!(names(false).len(), 5);
}
