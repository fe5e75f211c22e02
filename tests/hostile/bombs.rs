//! Patterns and parameters that are meant to cost more than they look.

use std::time::Duration;
use std::time::Instant;

use serde_json::json;

use super::call_beside;
use super::finish;
use super::world;

#[test]
fn a_regex_costs_no_more_than_its_limits() {
    let world = world();
    world.file("root/a.txt", "a".repeat(100_000) + "!\n");
    let mut raw = world.serve();
    for pattern in [
        "(a+)+$",
        "(a|a)*b",
        "(.*)*(.*)*(.*)*x",
        "((a{100}){100}){100}",
        "(?:(?:(?:(?:a{50}){50}){50}){50})",
        "\\w{1000}{1000}",
        "(?i)\\pL{900}",
        "[\\s\\S]{0,65535}x",
        "(?s).{10000}x",
        "^",
        "$",
        "",
        "(",
        "[",
        "\\",
        "(?P<",
        "\\x{110000}",
        "(?=look)",
        "(a)\\1",
        "\\n",
        "\\0",
        "(?m)^$",
        "a{4294967295}",
        "\u{0}",
    ] {
        let start = Instant::now();
        let answer = call_beside(&mut raw, "search_text", json!({"pattern": pattern}));
        let took = start.elapsed();
        assert!(took < Duration::from_secs(8), "{pattern}: {took:?}");
        assert!(answer.0.to_string().len() < 700_000, "{pattern}");
    }
    let nested = "(".repeat(500) + &")".repeat(500);
    let long = "a".repeat(1025);
    let many = "a|".repeat(511);
    for pattern in [&nested, &long, &many] {
        let answer = call_beside(&mut raw, "search_text", json!({"pattern": pattern}));
        if pattern == &long {
            assert_eq!(answer.code(), Some("malformed"), "{}", answer.short());
        }
    }
    finish(&world, raw);
}

#[test]
fn a_glob_costs_no_more_than_its_limits() {
    let world = world();
    let long = "a".repeat(200);
    world.file(&format!("root/{long}"), "x");
    let mut raw = world.serve();
    let globs = [
        "*".repeat(256),
        "*a".repeat(128),
        "**/".repeat(85),
        "{a,b}".repeat(8),
        "{a,b}".repeat(40),
        "{".repeat(100),
        "{{{{{{{{a,b},c},d},e},f},g},h},i}".to_owned(),
        "[a-z]".repeat(51),
        "[".to_owned(),
        "[!".to_owned(),
        "[]-a]".to_owned(),
        "\\".to_owned(),
        "..".to_owned(),
        "../**".to_owned(),
        "/etc/*".to_owned(),
        "{a,".repeat(60),
        "?".repeat(256),
        "a".repeat(257),
        String::new(),
        "\u{0}".to_owned(),
    ];
    for glob in &globs {
        let start = Instant::now();
        for (tool, arguments) in [
            ("find_files", json!({"globs": [glob], "hidden": true})),
            ("list_directory", json!({"path": "docs", "glob": glob})),
            ("search_text", json!({"pattern": "x", "glob": glob})),
        ] {
            let answer = call_beside(&mut raw, tool, arguments);
            assert!(!answer.0.to_string().contains("passwd"), "{glob}");
        }
        let took = start.elapsed();
        assert!(took < Duration::from_secs(6), "{glob}: {took:?}");
    }
    let all: Vec<_> = (0..17).map(|n| format!("*{n}")).collect();
    let answer = raw.call("find_files", json!({"globs": all}));
    assert_eq!(answer.code(), Some("malformed"));
    let bombs = vec!["{a,b}{c,d}{e,f}{g,h}{i,j}{k,l}{m,n}{o,p}*"; 16];
    let _answer = call_beside(&mut raw, "find_files", json!({"globs": bombs}));
    finish(&world, raw);
}

#[test]
fn o1_numbers_and_lists_out_of_range_are_malformed() {
    let world = world();
    let mut raw = world.serve();
    let far = [json!(-1), json!(u64::MAX), json!(1e300), json!(0.5), json!("1"), json!([1])];
    for odd in &far {
        for (tool, arguments) in [
            ("list_directory", json!({"path": "docs", "depth": odd})),
            ("list_directory", json!({"path": "docs", "limit": odd})),
            ("find_files", json!({"globs": ["*"], "min_size": odd})),
            ("search_text", json!({"pattern": "x", "context": odd})),
            ("read_file", json!({"path": "docs/small.txt", "from_line": odd})),
            ("read_file", json!({"path": "docs/small.txt", "tail": odd})),
            ("read_file", json!({"path": "docs/small.txt", "to_byte": odd})),
        ] {
            let answer = raw.call(tool, arguments.clone());
            assert_eq!(answer.code(), Some("malformed"), "{tool} {arguments}");
        }
    }
    for (tool, arguments) in [
        ("list_directory", json!({"path": "docs", "depth": 9})),
        ("list_directory", json!({"path": "docs", "limit": 1001})),
        ("list_directory", json!({"path": "docs", "sort": "owner"})),
        ("search_text", json!({"pattern": "x", "limit": 201})),
        ("search_text", json!({"pattern": "x", "context": 6})),
        ("read_file", json!({"path": "docs/small.txt", "tail": 2001})),
        ("read_file", json!({"path": "docs/small.txt", "tail": 1, "from_line": 1})),
        ("read_file", json!({"path": "docs/small.txt", "paths": ["docs/small.txt"]})),
        ("read_file", json!({"paths": vec!["docs/small.txt"; 51]})),
        ("read_file", json!({"paths": []})),
        ("stat_files", json!({"paths": vec!["x"; 51]})),
        ("find_files", json!({"globs": ["*"], "modified_since": "yesterday"})),
        ("list_directory", json!({"path": "docs", "cursor": "AAAA"})),
    ] {
        let answer = raw.call(tool, arguments.clone());
        let code = answer.code();
        let refused = matches!(code, Some("malformed" | "stale_cursor"));
        assert!(refused, "{tool} {arguments}: {}", answer.short());
    }
    for edge in [json!({"from_line": i64::MAX}), json!({"from_byte": i64::MAX}),
        json!({"from_line": 5, "to_line": 2}), json!({"from_byte": 5, "to_byte": 2})]
    {
        let mut arguments = edge;
        arguments["path"] = "docs/small.txt".into();
        let answer = raw.call("read_file", arguments.clone());
        assert_ne!(answer.code(), Some("failed"), "{arguments}: {}", answer.short());
    }
    finish(&world, raw);
}

#[test]
fn ignore_files_that_are_bombs_do_no_harm() {
    let world = world();
    let bomb = "{a,b}".repeat(30) + "*\n" + &"**/".repeat(2000) + "x\n" + &"[".repeat(5000);
    world.file("root/sub/.gitignore", bomb.repeat(20));
    world.file("root/sub/a.txt", "x\n");
    world.sparse("root/wide", 1).dir("root/huge").sparse("root/huge/.gitignore", 1 << 40);
    world.dir("root/pipe").fifo("root/pipe/.gitignore");
    world.dir("root/out").link("root/out/.gitignore", "../../outside/secret.txt");
    let mut raw = world.serve();
    for (tool, arguments) in [
        ("list_directory", json!({"path": "docs", "depth": 8})),
        ("find_files", json!({"globs": ["**"]})),
        ("search_text", json!({"pattern": "x"})),
    ] {
        let answer = call_beside(&mut raw, tool, arguments);
        assert!(answer.is_ok(), "{tool}: {}", answer.short());
    }
    finish(&world, raw);
}
