//! What may be asked, by whom.

use guard::config::Source;
use guard::label::Taxonomy;
use guard::principal::Principal;
use proptest::prelude::*;
use serde_json::Map;
use serde_json::json;

use super::*;
use crate::config::Config;
use crate::schema::declare;
use crate::schema::declare::Declaration;

const CONFIG: &str = r#"
    [[tables]]
    name = "sales.customers"
    label = "internal"
    rows = "region = :subject"
    count = { label = "public", min-group = 5 }
    columns = { id = true, region = true, email = { label = "personal", mask = "email-domain" }, pin = { label = "personal", mask = "hash" }, notes = "confidential" }
    [tables.insert]
    columns = ["region", "email", "notes"]
    subject-column = "owner"
    permission = "crm:write"
    [tables.update]
    columns = ["region", "email"]
    [tables.delete]
    most = 2
    [[tables]]
    name = "payroll"
    label = "confidential+personal"
    columns = { id = true, salary = true }
"#;

fn scope() -> Scope {
    scope_of(CONFIG)
}

fn scope_of(text: &str) -> Scope {
    let source = Source::new("db.toml", text);
    let config: Config = source.parse().unwrap();
    let known = Taxonomy::default();
    let catalog = declare::assumed(&config);
    let declaration = Declaration {
        source: &source,
        known: &known,
        unlabelled: known.unlabelled(),
        catalog: &catalog,
        dialect: Dialect::Postgres,
    };
    let schema = declaration.schema(&config).unwrap();
    let key = Secret::new("the-key-of-masks").unwrap();
    let context = config.context.clone();
    Scope::new(schema, Dialect::Postgres, config.limits, context, key)
}

fn caller(clearance: &str, permissions: &[&str]) -> Caller {
    let label = Taxonomy::default().parse(clearance).unwrap();
    Caller {
        principal: Principal::new(Principal::LOCAL, "east").unwrap(),
        clearance: Clearance::up_to(label),
        permissions: permissions.iter().map(ToString::to_string).collect(),
        roles: vec!["support".to_owned()],
        ..Caller::default()
    }
}

fn ask(sql: &str, clearance: &str, params: &[Value]) -> Result<Permitted, Denial> {
    scope().permit_query(&caller(clearance, &[]), sql, params, Window::default())
}

#[test]
fn i5_the_subject_comes_from_the_session_and_stands_behind_the_callers_values() {
    let sql = "select id from customers where id = $1";
    let permitted = ask(sql, "internal", &[json!(7)]).unwrap();
    assert_eq!(permitted.query.values().first(), Some(&json!(7)));
    assert_eq!(permitted.query.values().last(), Some(&json!("east")));
    let settings = &permitted.query.context().settings;
    assert_eq!(settings[0], ("app.user_id".to_owned(), "east".to_owned()));
    assert_eq!(settings[1], ("app.roles".to_owned(), "support".to_owned()));
}

#[test]
fn o1_too_few_or_too_many_values_are_refused() {
    for params in [&[][..], &[json!(1), json!(2)]] {
        let denial = ask("select id from customers where id = $1", "internal", params).unwrap_err();
        assert_eq!(denial.code(), "malformed");
    }
}

#[test]
fn a4_the_label_is_that_of_the_columns_that_are_touched() {
    let known = Taxonomy::default();
    let label = |sql: &str, clearance: &str| known.text(ask(sql, clearance, &[]).unwrap().label);
    assert_eq!(label("select 1", "internal"), "public");
    assert_eq!(
        label("select count(*) from customers", "personal"),
        "internal"
    );
    assert_eq!(
        label("select email from customers", "personal"),
        "confidential+personal"
    );
    assert_eq!(label("select email from customers", "internal"), "internal");
    assert_eq!(
        label("select id from customers order by notes", "personal"),
        "confidential"
    );
    assert_eq!(label("select * from customers", "internal"), "internal");
}

#[test]
fn l4_the_key_of_masks_is_bound_and_shown_by_nothing() {
    let permitted = ask("select pin from customers", "internal", &[]).unwrap();
    assert!(
        permitted
            .query
            .values()
            .contains(&json!("the-key-of-masks"))
    );
    assert!(!format!("{permitted:?}").contains("the-key-of-masks"));
    assert!(!permitted.query.sql().contains("the-key-of-masks"));
}

#[test]
fn a3_hidden_and_absent_are_one_answer() {
    let hidden = ask("select id from payroll", "internal", &[]).unwrap_err();
    let absent = ask("select id from nothing", "internal", &[]).unwrap_err();
    assert_eq!(hidden, absent);
    let hidden = ask("select notes from customers", "internal", &[]).unwrap_err();
    let absent = ask("select bones from customers", "internal", &[]).unwrap_err();
    assert_eq!(hidden, absent);
    let rows = |table: &str| {
        let selection = Selection {
            table: table.to_owned(),
            ..Selection::default()
        };
        let asked = scope().permit_rows(&caller("internal", &[]), &selection, Window::default());
        asked.unwrap_err().to_string()
    };
    assert_eq!(rows("payroll"), rows("nothing"));
}

#[test]
fn a_blind_count_is_for_those_who_may_not_see_rows_and_is_labelled_as_declared() {
    let scope = scope();
    let (permitted, least) = scope
        .permit_blind_count(&caller("public", &[]), "customers")
        .unwrap();
    assert_eq!((permitted.label, least), (Label::PUBLIC, 5));
    assert!(permitted.query.sql().contains("count"));
    assert!(
        scope
            .permit_blind_count(&caller("public", &[]), "payroll")
            .is_err()
    );
    assert!(
        scope
            .permit_blind_count(&caller("internal", &[]), "customers")
            .is_err()
    );
}

fn change(
    verb: Verb,
    clearance: &str,
    permissions: &[&str],
    key: &Value,
    set: &Value,
    expected: u64,
) -> Result<Changed, Denial> {
    let object = |value: &Value| value.as_object().cloned().unwrap_or_else(Map::new);
    let wanted = Wanted {
        table: "customers".to_owned(),
        key: object(key),
        set: object(set),
        expected,
    };
    scope().permit_change(&caller(clearance, permissions), verb, &wanted)
}

#[test]
fn a_change_is_only_of_what_is_open_seen_and_named_whole() {
    let (key, none) = (json!({"id": 1}), json!({}));
    let update = |set: Value, key: &Value| change(Verb::Update, "internal", &[], key, &set, 1);
    let changed = update(json!({"region": "west"}), &key).unwrap();
    assert_eq!(
        changed.change.values(),
        [json!("west"), json!(1), json!("east")]
    );
    // not open, masked for this reader, hidden, absent: one answer
    let refused: Vec<Denial> = ["id", "email", "notes", "bones"]
        .map(|name| update(json!({name: "x"}), &key).unwrap_err())
        .to_vec();
    assert!(
        refused.windows(2).all(|pair| pair[0] == pair[1]),
        "{refused:?}"
    );
    for key in [
        json!({}),
        json!({"id": null}),
        json!({"id": 1, "region": "x"}),
        json!({"region": 1}),
    ] {
        assert_eq!(
            update(json!({"region": "w"}), &key).unwrap_err().code(),
            "malformed"
        );
    }
    assert!(update(none.clone(), &key).is_err());
    assert!(change(Verb::Delete, "internal", &[], &key, &none, 2).is_ok());
    assert!(change(Verb::Delete, "internal", &[], &key, &none, 3).is_err());
    assert!(change(Verb::Delete, "public", &[], &key, &none, 1).is_err());
}

#[test]
fn the_subject_of_a_new_row_is_the_callers_own() {
    let insert = |permissions: &[&str], set: Value| {
        change(Verb::Insert, "internal", permissions, &json!({}), &set, 1)
    };
    assert_eq!(
        insert(&[], json!({"region": "east"})).unwrap_err().code(),
        "unsuitable"
    );
    let changed = insert(&["crm:write"], json!({"region": "east"})).unwrap();
    assert_eq!(changed.change.values()[..2], [json!("east"), json!("east")]);
    let forged = insert(&["crm:write"], json!({"region": "east", "owner": "west"}));
    assert_eq!(forged.unwrap_err().code(), "malformed");
}

proptest! {
    #[test]
    fn no_name_in_a_selection_becomes_more_than_a_name(table in ".{0,12}", column in ".{0,12}", value in ".{0,12}") {
        let selection = Selection {
            table,
            columns: vec![column.clone()],
            conditions: vec![Condition { column: column.clone(), operator: Operator::Like, values: vec![json!(value)] }],
            order: vec![column],
            descending: true,
        };
        let asked = scope().permit_rows(&caller("internal", &[]), &selection, Window::default());
        // whatever is drawn, no table or column of that name exists
        prop_assert!(asked.is_err());
    }

    #[test]
    fn a2_an_operator_is_one_of_the_schema(word in ".{0,8}") {
        prop_assert_eq!(Operator::named(&word).is_some(), Operator::WORDS.contains(&word.as_str()));
    }
}

#[test]
fn o4_a_table_is_found_by_the_name_that_is_shown_for_it() {
    let scope = scope_of(
        "[[tables]]\nname = \"pay\\u202Ellor\"\nlabel = \"internal\"\ncolumns = { id = true }\n",
    );
    let shown = r"public.pay\u{202e}llor";
    let view = scope.view(caller("internal", &[]).clearance);
    let found = scope.table(&view, shown).unwrap();
    assert_eq!(found.table.name.table, "pay\u{202e}llor");
    // for others it is as absent as any
    let view = scope.view(caller("public", &[]).clearance);
    assert_eq!(scope.table(&view, shown).unwrap_err(), Denial::NotCleared);
}

#[test]
fn i5_what_is_kept_of_a_statement_serves_each_caller_as_themselves() {
    let scope = scope();
    let sql = "select id from customers where id = $1";
    let ask = |subject: &str, value: i64| {
        let caller = Caller {
            principal: Principal::new(Principal::LOCAL, subject).unwrap(),
            ..caller("internal", &[])
        };
        let permitted = scope.permit_query(&caller, sql, &[json!(value)], Window::default());
        permitted.unwrap().query
    };
    for (subject, value) in [("east", 1), ("west", 2), ("east", 3)] {
        let query = ask(subject, value);
        assert_eq!(query.values().first(), Some(&json!(value)));
        assert_eq!(query.values().last(), Some(&json!(subject)));
        let settings = &query.context().settings;
        assert_eq!(settings[0], ("app.user_id".to_owned(), subject.to_owned()));
    }
    // and what is refused to one clearance stays so, whoever asked before
    let sql = "select notes from customers";
    let may = caller("confidential+personal", &[]);
    let may_not = caller("internal", &[]);
    for _ in 0..2 {
        assert!(
            scope
                .permit_query(&may, sql, &[], Window::default())
                .is_ok()
        );
        assert!(
            scope
                .permit_query(&may_not, sql, &[], Window::default())
                .is_err()
        );
    }
    // nor do the labels of one clearance reach another
    let sql = "select email from customers";
    for _ in 0..2 {
        let all = scope
            .permit_query(&may, sql, &[], Window::default())
            .unwrap();
        let masked = scope
            .permit_query(&may_not, sql, &[], Window::default())
            .unwrap();
        assert_ne!(all.label, masked.label);
        assert_ne!(all.query.sql(), masked.query.sql());
        assert_eq!(all.lineage.columns, masked.lineage.columns);
    }
}
