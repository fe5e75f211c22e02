//! YAML that is JSON, and YAML that means harm.

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn the_core_schema_is_read_and_nothing_of_older_ones() {
    let text = "\
a: &x [1, -2, +3, 0x1f, 0o17, 1.5, 1e3, 007]
b: {n: ~, t: true, f: FALSE, e: , q: \"no\"}
c: [yes, no, NO, on, off, y, n, 1_000, 0b1, 12:30:45, .inf, .nan, 2024-01-01, +, ., e]
d: *x
200: {\"201\": 1}
e: |
  two
  lines
";
    let read = read(text.as_bytes()).unwrap();
    let list = json!([1, -2, 3, 31, 15, 1.5, 1000.0, 7]);
    assert_eq!(
        read,
        json!({
            "a": list, "d": list,
            "b": {"n": null, "t": true, "f": false, "e": null, "q": "no"},
            "c": ["yes", "no", "NO", "on", "off", "y", "n", "1_000", "0b1", "12:30:45", ".inf", ".nan", "2024-01-01", "+", ".", "e"],
            "200": {"201": 1},
            "e": "two\nlines\n",
        })
    );
}

#[test]
fn o6_what_two_readers_read_in_two_ways_is_refused() {
    for (text, trouble) in [
        ("a: 1\na: 2", Trouble::Twice),
        ("1: a\n\"1\": b", Trouble::Twice),
        (
            "a: &x {b: 1}\nc:\n  <<: *x",
            Trouble::Unusual("a merge key"),
        ),
        ("a: !!binary aGk=", Trouble::Unusual("a tag")),
        ("a: !include /etc/passwd", Trouble::Unusual("a tag")),
        (
            "!!python/object:os.system {a: 1}",
            Trouble::Unusual("a tag"),
        ),
        ("? [a, b]\n: 1", Trouble::Unusual("a key that is no text")),
        (
            "a: &x b\n*x : 1",
            Trouble::Unusual("a key that is an alias"),
        ),
        ("a: 1\n---\nb: 2", Trouble::Unusual("a second document")),
        ("a: &x [*x]", Trouble::Unusual("an alias of what it is in")),
        ("a: *nothing", Trouble::NotYaml),
        ("a: [1", Trouble::NotYaml),
        ("a: \"\\xZZ\"", Trouble::NotYaml),
        ("", Trouble::NotYaml),
    ] {
        assert_eq!(read(text.as_bytes()), Err(trouble), "{text}");
    }
    assert_eq!(read(b"a: \xff"), Err(Trouble::NotYaml));
}

#[test]
fn o6_a_bomb_is_refused_before_it_is_built() {
    let mut laughs = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..12 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    assert_eq!(read(laughs.as_bytes()), Err(Trouble::Large));
    let mut tower = String::from("a0: &a0 [1]\n");
    for level in 1..200 {
        tower.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert_eq!(read(tower.as_bytes()), Err(Trouble::Deep));
    let flow = format!("a: {}", "[".repeat(100_000));
    let flow = read(flow.as_bytes());
    assert!(
        matches!(flow, Err(Trouble::Deep | Trouble::NotYaml)),
        "{flow:?}"
    );
    let keys = format!("a: {}1", "{a: ".repeat(5_000));
    let keys = read(keys.as_bytes());
    assert!(
        matches!(keys, Err(Trouble::Deep | Trouble::NotYaml)),
        "{keys:?}"
    );
    let block: String = (0..5_000)
        .map(|level| format!("{}a:\n", " ".repeat(level)))
        .collect();
    assert_eq!(read(block.as_bytes()), Err(Trouble::Deep));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_fail(text in "[a0:\\-\\[\\]{}&*!|>'\"#?,~.\n ]{0,60}") {
        if let Ok(value) = read(text.as_bytes()) {
            prop_assert!(depth(&value) <= DEEPEST);
        }
    }

    #[test]
    fn what_is_json_is_the_same_as_yaml(text in "[a-z0-9 ]{0,8}", figure in any::<i32>(), flag in any::<bool>()) {
        let value = json!({"a": [text, figure, flag, null], "b": {"c": text, "d": {}}});
        prop_assert_eq!(read(value.to_string().as_bytes()).unwrap(), value);
    }
}
