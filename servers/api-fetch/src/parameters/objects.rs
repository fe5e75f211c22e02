//! Objects in bodies: taken whole as they are declared, or refused.

use proptest::prelude::*;

use guard::config::Source;
use guard::config::Spanned;

use super::*;
use crate::config::ParameterConfig;

fn declared(toml: &str) -> Result<&'static Parameter, Trouble> {
    let source = Source::new("p", toml);
    let config: ParameterConfig = source.parse().unwrap();
    let name = Spanned::new(0..0, "p".to_owned());
    declare(&name, &config).map(|one| &*Box::leak(Box::new(one)))
}

const HOME: &str = r#"
in = "body"
type = "object"
members.street = { required = true, max-length = 9 }
members.zip = { type = "integer", name = "zip code", min = 0 }
members.tags = { type = "string[]", max-items = 2 }
members.floors = { type = "object[]", max-items = 2, members = { number = { type = "integer", required = true } } }
"#;

#[test]
fn o1_an_object_is_taken_as_declared_or_refused() {
    let home = declared(HOME).unwrap();
    let whole = json!({"street": "x", "zip": 7, "tags": ["a"], "floors": [{"number": 1}]});
    assert!(home.accepts(&whole));
    let sent = json!({"street": "x", "zip code": 7, "tags": ["a"], "floors": [{"number": 1}]});
    assert_eq!(home.written(&whole), sent);
    for wrong in [
        json!({}),
        json!({"zip": 7}),
        json!({"street": null}),
        json!({"street": "too long for it"}),
        json!({"street": "a\nb"}),
        json!({"street": "x", "zip code": 7}),
        json!({"street": "x", "zip": -1}),
        json!({"street": "x", "zip": "7"}),
        json!({"street": "x", "tags": ["a", "b", "c"]}),
        json!({"street": "x", "floors": {"number": 1}}),
        json!({"street": "x", "floors": [{"number": 1}, {}]}),
        json!({"street": "x", "floors": [{"number": 1, "more": 1}]}),
        json!({"street": "x", "__proto__": {}}),
        json!([{"street": "x"}]),
        json!("x"),
    ] {
        assert!(!home.accepts(&wrong), "{wrong}");
    }
    let form = Form::json(home);
    assert_eq!(form["additionalProperties"], false);
    assert_eq!(form["required"], json!(["street"]));
    assert_eq!(
        form["properties"]["floors"]["items"]["required"],
        json!(["number"])
    );
    assert!(home.read(&json!({})).is_err());
}

#[test]
fn o1_what_an_object_cannot_be_is_refused() {
    let deep = |levels: usize| {
        let inner = "type = \"object\", members = { a = { ".repeat(levels);
        let ends = "} }".repeat(levels);
        format!(
            "in = \"body\"\ntype = \"object\"\nmembers = {{ a = {{ {inner} type = \"integer\" {ends} }} }}"
        )
    };
    assert!(declared(&deep(4)).is_ok());
    for wrong in [
        "in = \"body\"\ntype = \"object\"",
        "in = \"body\"\nmembers = { a = {} }",
        "in = \"query\"\ntype = \"object\"\nmembers = { a = {} }",
        "in = \"body\"\ntype = \"object\"\nmembers = { a = { in = \"body\" } }",
        "in = \"body\"\ntype = \"object\"\nmembers = { \"a b\" = {} }",
        "in = \"body\"\ntype = \"object\"\nmembers = { a = {}, b = { name = \"a\" } }",
        "in = \"body\"\ntype = \"object\"\nmembers = { a = { name = \"x\\n\" } }",
        "in = \"body\"\ntype = \"object\"\npattern = \"x\"\nmembers = { a = {} }",
        "type = \"integer\"",
        &deep(5),
    ] {
        assert!(declared(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn nothing_is_sent_that_is_not_declared(name in "[a-z ]{1,9}", text in any::<String>(), figure in any::<i64>()) {
        let home = declared(HOME).unwrap();
        let given = json!({"street": text, name.clone(): figure});
        if home.accepts(&given) {
            prop_assert!(name == "zip" || name == "street");
            let sent = home.written(&given);
            prop_assert!(sent.as_object().unwrap().keys().all(|key| key == "street" || key == "zip code"));
        }
    }
}
