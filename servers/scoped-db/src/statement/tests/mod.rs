//! Statements that must work, statements that must not, and laws for all of them.

mod bombs;
mod changes;
#[expect(unreachable_pub, reason = "others include it as a file")]
mod generate;
mod honest;
mod hostile;
mod laws;
mod lists;
mod lite;
mod masks;
mod rules;
mod touched;

use std::sync::Arc;

use guard::label::Clearance;
use guard::label::Label;
use guard::label::Taxonomy;

use super::*;
use crate::schema::Column;
use crate::schema::Mask;
use crate::schema::Masked;
use crate::schema::Schema;
use crate::schema::Table;
use crate::schema::TableName;
use crate::schema::Writes;

pub(super) const BOUNDS: Bounds = Bounds {
    bytes: 10_000,
    joins: 8,
    depth: 40,
    columns: 100,
};

fn confidential() -> Label {
    Taxonomy::default().parse("confidential").unwrap()
}

/// A column of the view.
fn column(name: &str, kind: &str) -> Column {
    Column {
        name: name.to_owned(),
        kind: kind.to_owned(),
        nullable: true,
        label: Label::PUBLIC,
        mask: None,
        about: None,
    }
}

/// A column that the view does not have.
fn hidden(name: &str, kind: &str) -> Column {
    Column {
        label: confidential(),
        ..column(name, kind)
    }
}

/// A column that the view has under a mask.
fn masked(name: &str, kind: &str, mask: Mask) -> Column {
    let label = Label::PUBLIC;
    Column {
        mask: Some(Masked { mask, label }),
        ..hidden(name, kind)
    }
}

fn table(
    name: (&str, &str),
    columns: Vec<Column>,
    rows: Option<&str>,
    dialect: Dialect,
) -> Arc<Table> {
    Arc::new(Table {
        name: TableName {
            schema: name.0.to_owned(),
            table: name.1.to_owned(),
        },
        about: None,
        label: Label::PUBLIC,
        columns,
        key: vec!["id".to_owned()],
        rows: rows.map(|rule| Rule::parse(rule, dialect).unwrap()),
        count: None,
        writes: Writes::default(),
        estimate: None,
        filtered: false,
    })
}

/// A shop: `customers` with hidden columns, `orders`, `documents` with a rule, and `payroll`,
/// which is hidden.
pub(super) fn shop(dialect: Dialect) -> View {
    let schema = match dialect {
        Dialect::Postgres => "public",
        Dialect::Sqlite => "main",
    };
    let customers = vec![
        column("id", "int4"),
        column("name", "text"),
        column("country", "text"),
        column("notes", "text"),
        column("tags", "_text"),
        column("data", "jsonb"),
        column("created_at", "timestamptz"),
        masked("email", "text", Mask::EmailDomain),
        masked("phone", "text", Mask::LastFour),
        hidden("ssn", "text"),
        hidden("salary", "numeric"),
    ];
    let orders = vec![
        column("id", "int4"),
        column("customer_id", "int4"),
        column("amount", "numeric"),
        column("status", "text"),
        column("created_at", "timestamptz"),
        column("paid_on", "date"),
        column("quantity", "int4"),
    ];
    let documents = vec![
        column("id", "int4"),
        column("title", "text"),
        column("body", "text"),
        column("pages", "int4"),
        column("mood", "mood"),
        hidden("owner_id", "text"),
    ];
    let payroll = vec![hidden("id", "int4"), hidden("wage", "numeric")];
    let mut payroll = Arc::unwrap_or_clone(table((schema, "payroll"), payroll, None, dialect));
    payroll.label = confidential();
    let tables = vec![
        table((schema, "customers"), customers, None, dialect),
        table((schema, "orders"), orders, None, dialect),
        table(
            (schema, "documents"),
            documents,
            Some("owner_id = :subject"),
            dialect,
        ),
        Arc::new(payroll),
    ];
    View::of(&Schema { tables }, Clearance::up_to(Label::PUBLIC))
}

pub(super) fn postgres(sql: &str) -> Result<Translated, Denial> {
    translate(sql, &shop(Dialect::Postgres), Dialect::Postgres, BOUNDS)
}

pub(super) fn sqlite(sql: &str) -> Result<Translated, Denial> {
    translate(sql, &shop(Dialect::Sqlite), Dialect::Sqlite, BOUNDS)
}
