//! No text makes the gate of scoped-db panic, bring a hidden name up, or answer twice in two ways.
#![no_main]

use std::sync::Arc;
use std::sync::LazyLock;

use guard::label::Clearance;
use guard::label::Label;
use guard::label::Taxonomy;
use libfuzzer_sys::fuzz_target;
use scoped_db::schema::Column;
use scoped_db::schema::Schema;
use scoped_db::schema::Table;
use scoped_db::schema::TableName;
use scoped_db::schema::View;
use scoped_db::schema::Writes;
use scoped_db::statement::Bounds;
use scoped_db::statement::Dialect;
use scoped_db::statement::Rule;
use scoped_db::statement::translate;

// where the generator is tested; it needs nothing but the standard library
#[path = "../../../servers/scoped-db/src/statement/tests/generate.rs"]
#[allow(dead_code, reason = "only the generator of whole statements is used")]
mod generate;

const BOUNDS: Bounds = Bounds {
    bytes: 10_000,
    joins: 8,
    depth: 40,
    columns: 100,
};

static VIEW: LazyLock<View> = LazyLock::new(|| {
    let secret = Taxonomy::default().parse("confidential").unwrap();
    let column = |name: &str, label| Column {
        name: name.to_owned(),
        kind: "text".to_owned(),
        nullable: true,
        label,
        mask: None,
        about: None,
    };
    let table = |name: &str, columns: &[&str], rule: Option<&str>| {
        let shown = columns.iter().map(|name| column(name, Label::PUBLIC));
        Arc::new(Table {
            name: TableName {
                schema: "public".to_owned(),
                table: name.to_owned(),
            },
            about: None,
            label: Label::PUBLIC,
            columns: shown.chain([column("zz_hidden", secret)]).collect(),
            key: Vec::new(),
            rows: rule.map(|rule| Rule::parse(rule, Dialect::Postgres).unwrap()),
            count: None,
            writes: Writes::default(),
            estimate: None,
            filtered: false,
        })
    };
    let tables = vec![
        table("customers", &["id", "name", "country", "email"], None),
        table("orders", &["id", "customer_id", "amount", "status"], None),
        table(
            "documents",
            &["id", "title", "pages"],
            Some("title <> :subject"),
        ),
    ];
    View::of(&Schema { tables }, Clearance::up_to(Label::PUBLIC))
});

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let made = generate::statement(&mut generate::Choices::new(bytes));
    for sql in [text.as_ref(), made.as_str()] {
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            if let Ok(done) = translate(sql, &VIEW, dialect, BOUNDS) {
                assert!(sql.contains("zz_hidden") || !done.sql.contains("zz_hidden"));
                assert!(done.touched.iter().all(|one| one.columns.is_sorted()));
                let again = translate(sql, &VIEW, dialect, BOUNDS);
                assert_eq!(again.as_ref(), Ok(&done));
            }
            let _rule = Rule::parse(sql, dialect);
        }
    }
});
