//! What is declared is taken, and nothing else.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const PARAMETERS: &[Parameter] = &[
    Parameter::new("path", Kind::Text(8), "where").required(),
    Parameter::new("depth", Kind::Whole(1, 8), ""),
    Parameter::new("hidden", Kind::Flag, ""),
    Parameter::new("sort", Kind::Choice(&["name", "size"]), ""),
    Parameter::new("globs", Kind::Texts(2, 4), ""),
];

fn check(given: &Value) -> Result<Arguments, Denial> {
    Arguments::check(PARAMETERS, given.as_object().unwrap().clone())
}

#[test]
fn o1_what_is_not_declared_or_does_not_fit_is_refused() {
    let fits = json!({"path": "a", "depth": 8, "hidden": true, "sort": "size", "globs": ["*.md"]});
    assert!(check(&fits).is_ok());
    assert!(check(&json!({"path": "a", "depth": null})).is_ok());
    for wrong in [
        json!({}),
        json!({"path": 1}),
        json!({"path": "123456789"}),
        json!({"path": "a", "depth": 0}),
        json!({"path": "a", "depth": 9}),
        json!({"path": "a", "depth": 1.5}),
        json!({"path": "a", "depth": "1"}),
        json!({"path": "a", "depth": 1e99}),
        json!({"path": "a", "hidden": "true"}),
        json!({"path": "a", "sort": "Name"}),
        json!({"path": "a", "globs": ["a", "b", "c"]}),
        json!({"path": "a", "globs": ["12345"]}),
        json!({"path": "a", "globs": [["a"]]}),
        json!({"path": "a", "Path": "b"}),
    ] {
        assert_eq!(check(&wrong).unwrap_err().code(), "malformed", "{wrong}");
    }
}

#[test]
fn the_schema_is_closed_and_names_what_is_required() {
    let schema = json_schema(PARAMETERS);
    assert_eq!(schema["additionalProperties"], json!(false));
    assert_eq!(schema["required"], json!(["path"]));
    assert_eq!(schema["properties"]["depth"]["maximum"], json!(8));
}

proptest! {
    #[test]
    fn o5_neither_a_refusal_nor_a_shape_repeats_the_callers_text(name in "[a-z]{12}", value in "[A-Z]{12}") {
        let given = json!({"path": "a", &name: &value});
        let denial = check(&given).unwrap_err().to_string();
        let shape = shape(PARAMETERS, given.as_object().unwrap());
        prop_assert!(!denial.contains(&name) && !denial.contains(&value));
        prop_assert_eq!(shape, "path:string +1 unknown");
    }
}

const CONDITIONS: &[Parameter] = &[
    Parameter::new("column", Kind::Text(8), "").required(),
    Parameter::new("op", Kind::Choice(&["=", "in"]), "").required(),
    Parameter::new("value", Kind::Scalar(4), ""),
    Parameter::new("values", Kind::Scalars(2, 4), ""),
];

const NESTED: &[Parameter] = &[
    Parameter::new("where", Kind::Items(2, CONDITIONS), "all must hold"),
    Parameter::new("set", Kind::Row(2, 4), ""),
    Parameter::new("params", Kind::Scalars(2, 4), ""),
    Parameter::new("at", Kind::Scalar(4), ""),
];

fn nested(given: &Value) -> Result<Arguments, Denial> {
    Arguments::check(NESTED, given.as_object().unwrap().clone())
}

#[test]
fn o1_lists_rows_and_items_are_bounded_and_closed() {
    let fits = json!({
        "where": [{"column": "a", "op": "=", "value": 1}, {"column": "b", "op": "in", "values": [1.5, "x"]}],
        "set": {"name": "abcd", "an unknown column": false},
        "params": [null, true],
        "at": "abcd",
    });
    assert!(nested(&fits).is_ok());
    let long = "n".repeat(129);
    for wrong in [
        json!({"at": "abcde"}),
        json!({"at": []}),
        json!({"at": {}}),
        json!({"params": "a"}),
        json!({"params": [1, 2, 3]}),
        json!({"params": ["abcde"]}),
        json!({"params": [[1]]}),
        json!({"params": {"0": 1}}),
        json!({"set": []}),
        json!({"set": {"a": 1, "b": 2, "c": 3}}),
        json!({"set": {"a": "abcde"}}),
        json!({"set": {"a": {"$gt": 1}}}),
        json!({"set": {&long: 1}}),
        json!({"where": {"column": "a", "op": "="}}),
        json!({"where": [{"op": "="}]}),
        json!({"where": ["a = 1"]}),
        json!({"where": [null]}),
        json!({"where": [{"column": "a", "op": "or"}]}),
        json!({"where": [{"column": "a", "op": null}]}),
        json!({"where": [{"column": "a", "op": "=", "sql": "1=1"}]}),
        json!({"where": [{"column": "a", "op": "=", "sql": null, "or": 1}]}),
        json!({"where": [{"column": "a", "op": "in", "values": [[1]]}]}),
        json!({"where": vec![json!({"column": "a", "op": "="}); 3]}),
    ] {
        assert_eq!(nested(&wrong).unwrap_err().code(), "malformed", "{wrong}");
    }
}

#[test]
fn a_null_is_absent_unless_it_is_a_value() {
    let condition = json!({"column": "a", "op": "=", "value": null, "values": null});
    let given = json!({
        "where": [condition], "set": {"a": null}, "params": [null], "at": null,
    });
    let kept = json!({
        "where": [{"column": "a", "op": "=", "value": null}],
        "set": {"a": null}, "params": [null], "at": null,
    });
    let arguments = nested(&given).unwrap();
    assert_eq!(Value::Object(arguments.given().clone()), kept);
    let absent = nested(&json!({"where": null, "set": null, "params": null})).unwrap();
    assert!(absent.given().is_empty());
}

#[test]
fn the_schema_of_nested_parameters_is_as_closed_as_their_check() {
    let schema = json_schema(NESTED);
    let properties = &schema["properties"];
    let scalar = json!({"type": ["null", "boolean", "number", "string"], "maxLength": 4});
    assert_eq!(properties["at"], scalar);
    assert_eq!(
        properties["set"],
        json!({"type": "object", "additionalProperties": scalar, "maxProperties": 2})
    );
    assert_eq!(
        properties["params"],
        json!({"type": "array", "items": scalar, "maxItems": 2})
    );
    let item = &properties["where"]["items"];
    assert_eq!(item["additionalProperties"], json!(false));
    assert_eq!(item["required"], json!(["column", "op"]));
    assert_eq!(properties["where"]["description"], "all must hold");
}

#[test]
fn o5_a_shape_and_a_refusal_name_nothing_from_inside_a_row() {
    let given = json!({
        "set": {"hunter2": "canary"}, "where": [{"hunter2": "canary"}], "at": null,
    });
    let shape = shape(NESTED, given.as_object().unwrap());
    assert_eq!(shape, "where:array set:object at:null");
    let denial = nested(&given).unwrap_err().to_string();
    assert!(!denial.contains("hunter2") && !denial.contains("canary"));
}

#[derive(Debug)]
struct Even;

impl Form for Even {
    fn expected(&'static self) -> &'static str {
        "an even number"
    }

    fn accepts(&self, value: &Value) -> bool {
        value.as_i64().is_some_and(|n| n % 2 == 0)
    }

    fn json(&self) -> Value {
        json!({"type": "integer", "multipleOf": 2})
    }
}

#[test]
fn o1_a_form_of_the_servers_own_is_checked_and_shown_like_any_other() {
    let parameters = [Parameter::new("n", Kind::Form(&Even), "").required()];
    let check = |given: Value| Arguments::check(&parameters, given.as_object().unwrap().clone());
    assert!(check(json!({"n": 4})).is_ok());
    for wrong in [
        json!({"n": 3}),
        json!({"n": "4"}),
        json!({"n": null}),
        json!({}),
    ] {
        let denial = check(wrong).unwrap_err();
        assert_eq!(denial.to_string(), "argument `n`: expected an even number");
    }
    let schema = json_schema(&parameters);
    assert_eq!(schema["properties"]["n"]["multipleOf"], 2);
}
