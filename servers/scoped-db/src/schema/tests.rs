//! What exists for whom.

use std::sync::Arc;

use guard::config::Source;
use guard::label::Clearance;
use guard::label::Label;
use guard::label::Taxonomy;
use proptest::prelude::*;

use super::declare::Declaration;
use super::declare::discovered;
use super::*;
use crate::config::Config;
use crate::effects::catalog::Catalog;
use crate::effects::catalog::Known;
use crate::effects::catalog::KnownColumn;
use crate::statement::Dialect;

const WORDS: [&str; 6] = [
    "public",
    "internal",
    "confidential",
    "public+personal",
    "internal+personal",
    "confidential+personal",
];

fn label(word: usize) -> Label {
    Taxonomy::default().parse(WORDS[word]).unwrap()
}

fn column(name: &str, label: Label, mask: Option<Masked>) -> Column {
    Column {
        name: name.to_owned(),
        kind: "text".to_owned(),
        nullable: true,
        label,
        mask,
        about: None,
    }
}

fn table(label: Label, columns: Vec<Column>) -> Schema {
    let table = Table {
        name: TableName {
            schema: "public".to_owned(),
            table: "t".to_owned(),
        },
        about: None,
        label,
        columns,
        key: Vec::new(),
        rows: None,
        count: None,
        writes: Writes::default(),
        estimate: None,
        filtered: false,
    };
    Schema {
        tables: vec![Arc::new(table)],
    }
}

proptest! {
    #[test]
    fn a2_what_exists_is_exactly_what_may_be_read(t in 0_usize..6, c in 0_usize..6, m in proptest::option::of(0_usize..6), r in 0_usize..6) {
        let reader = Clearance::up_to(label(r));
        let own = label(t).join(label(c));
        let mask = m.map(|m| Masked { mask: Mask::Redact, label: label(t).join(label(m)) });
        let view = View::of(&table(label(t), vec![column("c", own, mask)]), reader);
        let shown = view.tables().first().and_then(|table| table.columns.first());
        let plain = own.flows_to(reader);
        let masked = mask.is_some_and(|mask| mask.label.flows_to(reader)) && label(t).flows_to(reader);
        prop_assert_eq!(shown.is_some(), plain || masked);
        if let Some(shown) = shown {
            prop_assert_eq!(shown.mask.is_none(), plain);
            prop_assert!(shown.label.flows_to(reader));
        }
        prop_assert_eq!(view.find(None, "t").is_some(), shown.is_some());
    }
}

#[test]
fn a_name_of_two_tables_needs_its_schema() {
    let mut schema = table(Label::PUBLIC, vec![column("c", Label::PUBLIC, None)]);
    let mut other = Table::clone(&schema.tables[0]);
    other.name.schema = "sales".to_owned();
    schema.tables.push(Arc::new(other));
    let view = View::of(&schema, Clearance::default());
    assert!(view.find(None, "t").is_none());
    assert!(view.find(Some("sales"), "t").is_some());
    assert!(view.find(Some("other"), "t").is_none());
}

fn catalog() -> Catalog {
    let known = |name: &str, kind: &str, readable: bool, plain: bool| KnownColumn {
        name: name.to_owned(),
        kind: kind.to_owned(),
        plain,
        nullable: true,
        readable,
        comment: None,
    };
    Catalog {
        tables: vec![Known {
            name: TableName {
                schema: "public".to_owned(),
                table: "customers".to_owned(),
            },
            columns: vec![
                known("id", "int4", true, true),
                known("email", "text", true, true),
                known("born", "date", true, true),
                known("secret", "text", false, true),
                known("odd", "mood_t", true, false),
            ],
            key: vec!["id".to_owned()],
            estimate: Some(3),
            comment: None,
            row_security: false,
            view: false,
        }],
    }
}

fn declared(text: &str) -> Result<Schema, String> {
    let source = Source::new("db.toml", text);
    let config: Config = source.parse().map_err(|error| error.to_string())?;
    let known = Taxonomy::default();
    let catalog = catalog();
    let declaration = Declaration {
        source: &source,
        known: &known,
        unlabelled: known.unlabelled(),
        catalog: &catalog,
        dialect: Dialect::Postgres,
    };
    declaration
        .schema(&config)
        .map_err(|error| error.to_string())
}

#[test]
fn a4_a_column_is_never_labelled_below_its_table() {
    let text = "[[tables]]\nname = \"customers\"\nlabel = \"internal\"\n[tables.columns]\n\
                id = \"public\"\nemail = { label = \"personal\", mask = \"email-domain\", masked-label = \"public\" }\n";
    let schema = declared(text).unwrap();
    let columns = &schema.tables[0].columns;
    let internal = Taxonomy::default().parse("internal").unwrap();
    assert_eq!(columns[0].label, internal);
    assert_eq!(columns[1].mask.unwrap().label, internal);
    assert_eq!(schema.tables[0].key, ["id"]);
}

#[test]
fn a1_a_table_without_a_label_is_confidential() {
    let schema = declared("[[tables]]\nname = \"customers\"\ncolumns = { id = true }\n").unwrap();
    let label = Taxonomy::default().parse("confidential").unwrap();
    assert_eq!(schema.tables[0].label, label);
}

#[test]
fn what_cannot_be_meant_is_refused_at_its_place_and_not_repeated() {
    let one = "[[tables]]\nname = \"customers\"\n";
    for (text, place) in [
        (
            "[[tables]]\nname = \"hunter2\"\ncolumns = { id = true }\n",
            "db.toml:2:8",
        ),
        (
            &format!("{one}columns = {{ hunter2 = true }}\n"),
            "db.toml:3:13",
        ),
        (
            &format!("{one}columns = {{ secret = true }}\n"),
            "db.toml:3:13",
        ),
        (
            &format!("{one}columns = {{ odd = true }}\n"),
            "db.toml:3:13",
        ),
        (
            &format!("{one}columns = {{ id = false }}\n"),
            "db.toml:3:18",
        ),
        (
            &format!("{one}columns = {{ id = \"hunter2\" }}\n"),
            "db.toml:3:13",
        ),
        (
            &format!("{one}columns = {{ id = {{ mask = \"hunter2\" }} }}\n"),
            "db.toml:3:",
        ),
        (
            &format!("{one}columns = {{ id = {{ hunter2 = 1 }} }}\n"),
            "db.toml:3:",
        ),
        (
            &format!("{one}columns = {{ email = {{ label = \"personal\", mask = \"year\" }} }}\n"),
            "db.toml:3:13",
        ),
        (
            &format!("{one}columns = {{ email = {{ mask = \"redact\" }} }}\n"),
            "db.toml:3:13",
        ),
        (&format!("{one}columns = {{}}\n"), "db.toml:2:8"),
        (
            &format!("{one}columns = {{ id = true }}\nkey = [\"email\"]\n"),
            "db.toml:4:7",
        ),
        (
            &format!("{one}columns = {{ id = true }}\nrow-security = true\n"),
            "db.toml:4:16",
        ),
        (
            &format!("{one}columns = {{ id = true }}\nlabel = \"hunter2\"\n"),
            "db.toml:4:9",
        ),
        (
            &format!("{one}columns = {{ email = true }}\n[tables.update]\ncolumns = [\"email\"]\n"),
            "db.toml:2:8",
        ),
        (
            &format!("{one}columns = {{ id = true }}\n[tables.insert]\ncolumns = [\"email\"]\n"),
            "db.toml:5:11",
        ),
        (
            &format!("{one}columns = {{ id = true }}\n{one}columns = {{ id = true }}\n"),
            "db.toml:5:8",
        ),
    ] {
        let error = declared(text).unwrap_err();
        assert!(error.starts_with(place), "{text}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a6_without_a_declaration_only_what_the_role_may_read_exists() {
    let schema = discovered(&catalog(), Label::PUBLIC);
    let names: Vec<&str> = schema.tables[0]
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(names, ["id", "email", "born"]);
}
