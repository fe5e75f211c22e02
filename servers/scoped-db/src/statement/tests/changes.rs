//! Typed changes of rows.

use super::*;
use crate::statement::write;

fn name() -> TableName {
    TableName {
        schema: "sales".to_owned(),
        table: "it\"ems".to_owned(),
    }
}

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_new_row_has_named_columns_and_bound_values() {
    let change = write::insert(&name(), &texts(&["a", "b\"c"]), None, Dialect::Postgres);
    assert_eq!(
        change.sql,
        "INSERT INTO \"sales\".\"it\"\"ems\"(\"a\", \"b\"\"c\") VALUES ($1, $2)"
    );
    assert_eq!(change.inputs, [Input::Parameter(0), Input::Parameter(1)]);
}

#[test]
fn a_change_finds_its_row_by_key_and_under_the_rule() {
    let rule = Rule::parse("tenant = :subject", Dialect::Postgres).unwrap();
    let (set, key) = (texts(&["a", "b"]), texts(&["id"]));
    let change = write::update(&name(), &set, &key, Some(&rule), Dialect::Postgres).unwrap();
    assert_eq!(
        change.sql,
        "UPDATE \"sales\".\"it\"\"ems\" SET \"a\" = $1, \"b\" = $2 WHERE (\"id\" OPERATOR(pg_catalog.=) $3) \
         AND ((\"it\"\"ems\".\"tenant\" OPERATOR(pg_catalog.=) ($4)::pg_catalog.text)) \
         RETURNING ((\"it\"\"ems\".\"tenant\" OPERATOR(pg_catalog.=) ($4)::pg_catalog.text))"
    );
    assert_eq!(
        change.inputs,
        [
            Input::Parameter(0),
            Input::Parameter(1),
            Input::Parameter(2),
            Input::Subject
        ]
    );
    let change = write::delete(&name(), &texts(&["id", "x"]), None, Dialect::Sqlite).unwrap();
    assert_eq!(
        change.sql,
        "DELETE FROM \"sales\".\"it\"\"ems\" WHERE (\"id\" = ?1) AND (\"x\" = ?2)"
    );
}

#[test]
fn there_is_no_change_of_all_rows() {
    assert_eq!(
        write::update(&name(), &texts(&["a"]), &[], None, Dialect::Postgres),
        None
    );
    assert_eq!(
        write::update(&name(), &[], &texts(&["id"]), None, Dialect::Postgres),
        None
    );
    assert_eq!(write::delete(&name(), &[], None, Dialect::Postgres), None);
}
