//! The arguments of a call fit a tool's declaration or are refused without being repeated.
#![no_main]

use guard::schema::Arguments;
use guard::schema::Kind;
use guard::schema::Parameter;
use libfuzzer_sys::fuzz_target;

const PARAMETERS: &[Parameter] = &[
    Parameter::new("path", Kind::Text(16), "").required(),
    Parameter::new("depth", Kind::Whole(1, 8), ""),
    Parameter::new("hidden", Kind::Flag, ""),
    Parameter::new("sort", Kind::Choice(&["name", "size"]), ""),
    Parameter::new("globs", Kind::Texts(2, 8), ""),
    Parameter::new("at", Kind::Scalar(8), ""),
    Parameter::new("params", Kind::Scalars(2, 8), ""),
    Parameter::new("set", Kind::Row(2, 8), ""),
    Parameter::new("where", Kind::Items(2, CONDITIONS), ""),
];

const CONDITIONS: &[Parameter] = &[
    Parameter::new("column", Kind::Text(8), "").required(),
    Parameter::new("value", Kind::Scalar(8), ""),
];

fuzz_target!(|bytes: &[u8]| {
    let Ok(serde_json::Value::Object(given)) = serde_json::from_slice(bytes) else {
        return;
    };
    let shape = guard::schema::shape(PARAMETERS, &given);
    assert!(shape.len() < 200);
    if let Ok(arguments) = Arguments::check(PARAMETERS, given) {
        let path = arguments.given()["path"].as_str();
        assert!(path.is_some_and(|path| path.len() <= 16));
        let conditions = arguments.given().get("where");
        for condition in conditions
            .and_then(|list| list.as_array())
            .into_iter()
            .flatten()
        {
            let column = condition["column"].as_str();
            assert!(column.is_some_and(|column| column.len() <= 8));
        }
    }
});
