//! The view that statements are made for: the same as in the gate's own tests.

use std::sync::Arc;

use guard::label::Clearance;
use guard::label::Label;
use guard::label::Taxonomy;
use scoped_db::schema::Column;
use scoped_db::schema::Mask;
use scoped_db::schema::Masked;
use scoped_db::schema::Schema;
use scoped_db::schema::Table;
use scoped_db::schema::TableName;
use scoped_db::schema::View;
use scoped_db::schema::Writes;
use scoped_db::statement::Bounds;
use scoped_db::statement::Dialect;
use scoped_db::statement::Rule;

/// What analysts write, one a line.
pub const HONEST: &str = include_str!("../../../servers/scoped-db/src/statement/corpus/honest.sql");
/// The functions that may be called, one a line.
pub const FUNCTIONS: &str =
    include_str!("../../../servers/scoped-db/src/statement/tests/allowed.txt");

pub const BOUNDS: Bounds = Bounds {
    bytes: 10_000,
    joins: 8,
    depth: 40,
    columns: 100,
};

/// The columns that may be read of each table, without those of masks and rules.
pub const TABLES: &[(&str, &[&str], &[&str])] = &[
    (
        "customers",
        &[
            "id",
            "name",
            "country",
            "notes",
            "tags",
            "data",
            "created_at",
        ],
        &["email", "phone"],
    ),
    (
        "orders",
        &[
            "id",
            "customer_id",
            "amount",
            "status",
            "created_at",
            "paid_on",
            "quantity",
        ],
        &[],
    ),
    ("documents", &["id", "title", "body", "pages", "mood"], &[]),
];

pub fn view() -> View {
    let secret = Taxonomy::default().parse("confidential").expect("a label");
    let column = |name: &str, label, mask| Column {
        name: name.to_owned(),
        kind: "text".to_owned(),
        nullable: true,
        label,
        mask,
        about: None,
    };
    let tables = TABLES.iter().map(|(name, shown, masked)| {
        let shown = shown.iter().map(|name| column(name, Label::PUBLIC, None));
        let masked = masked
            .iter()
            .zip([Mask::EmailDomain, Mask::Hash])
            .map(|(name, mask)| {
                let label = Label::PUBLIC;
                column(name, secret, Some(Masked { mask, label }))
            });
        let hidden = ["ssn", "salary", "owner_id"]
            .iter()
            .map(|name| column(name, secret, None));
        let rule = (*name == "documents").then_some("owner_id = :subject");
        Arc::new(Table {
            name: TableName {
                schema: "public".to_owned(),
                table: (*name).to_owned(),
            },
            about: None,
            label: Label::PUBLIC,
            columns: shown.chain(masked).chain(hidden).collect(),
            key: Vec::new(),
            rows: rule.map(|rule| Rule::parse(rule, Dialect::Postgres).expect("a rule")),
            count: None,
            writes: Writes::default(),
            estimate: None,
            filtered: false,
        })
    });
    let schema = Schema {
        tables: tables.collect(),
    };
    View::of(&schema, Clearance::up_to(Label::PUBLIC))
}
