//! Values of every kind, taken as they are or refused.

use guard::config::Spanned;

use super::*;
use crate::config::ParameterConfig;

/// The parameter that `toml` declares.
fn parameter(toml: &str) -> &'static Parameter {
    let source = guard::config::Source::new("p", toml);
    let config: ParameterConfig = source.parse().unwrap();
    let name = Spanned::new(0..0, "p".to_owned());
    Box::leak(Box::new(declare(&name, &config).unwrap()))
}

fn reads(toml: &str, value: &Value) -> Option<Vec<String>> {
    parameter(toml).read(value).ok()
}

#[test]
fn a_pattern_is_of_the_whole_text() {
    let toml = "in = \"path\"\npattern = \"[A-Z]{2}[0-9]{4}|x\"";
    assert_eq!(
        reads(toml, &json!("AB1234")),
        Some(vec!["AB1234".to_owned()])
    );
    for wrong in ["AB12345", "xAB1234", "AB1234\n", "ab1234", "xx", ""] {
        assert_eq!(reads(toml, &json!(wrong)), None, "{wrong:?}");
    }
    let shown = Form::json(parameter(toml));
    assert_eq!(shown["pattern"], "^(?:[A-Z]{2}[0-9]{4}|x)$");
}

#[test]
fn numbers_are_in_their_range_and_have_one_spelling() {
    let toml = "in = \"path\"\ntype = \"integer\"\nmin = 1\nmax = 100";
    assert_eq!(reads(toml, &json!(100)), Some(vec!["100".to_owned()]));
    for wrong in [
        json!(0),
        json!(101),
        json!("7"),
        json!(7.0),
        json!(true),
        json!(null),
    ] {
        assert_eq!(reads(toml, &wrong), None, "{wrong}");
    }
    for (text, fits) in [
        ("7", true),
        ("007", false),
        ("+7", false),
        ("7.0", false),
        ("0", false),
    ] {
        assert_eq!(parameter(toml).accepts_text(text), fits, "{text}");
    }
    let toml = "in = \"query\"\ntype = \"number\"\nmin = 0.5";
    assert_eq!(reads(toml, &json!(1.5)), Some(vec!["1.5".to_owned()]));
    assert_eq!(reads(toml, &json!(1)), Some(vec!["1".to_owned()]));
    assert_eq!(reads(toml, &json!(0.1)), None);
}

#[test]
fn o5_a_refusal_says_what_the_declaration_wants() {
    for (toml, expected) in [
        (
            "in = \"path\"",
            "a text of at most 128 characters of `A-Z a-z 0-9 . _ ~ -`",
        ),
        ("in = \"query\"\none-of = [\"a\", \"b\"]", "one of `a`, `b`"),
        (
            "in = \"query\"\ntype = \"boolean[]\"",
            "a list of at most 20, each true or false",
        ),
        (
            "in = \"body\"\npattern = \"x+\"\nmax-length = 5",
            "a text of at most 5 characters that matches `^(?:x+)$`",
        ),
    ] {
        let denial = parameter(toml).read(&json!({"hunter2": 1})).unwrap_err();
        assert_eq!(
            denial.to_string(),
            format!("argument `p`: expected {expected}")
        );
    }
}

#[test]
fn percent_encoding_is_read_only_where_it_is_whole() {
    assert_eq!(decoded("a%2Fb%C3%A9").unwrap(), "a/bé");
    for wrong in ["%", "%2", "%zz", "%ff", "a%"] {
        assert_eq!(decoded(wrong), None, "{wrong}");
    }
}
