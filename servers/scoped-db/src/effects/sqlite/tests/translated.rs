//! What the translator prints passes the wall, and gives what the virtual schema says.

use std::sync::Arc;

use guard::label::Clearance;
use guard::label::Label;
use guard::label::Taxonomy;
use serde_json::Value;
use serde_json::json;

use super::super::Reach;
use super::super::Settings;
use super::super::Sqlite;
use super::super::testing::World;
use super::super::testing::call;
use super::super::testing::query;
use crate::effects::Rows;
use crate::schema::Column;
use crate::schema::Mask;
use crate::schema::Masked;
use crate::schema::Schema;
use crate::schema::Table;
use crate::schema::TableName;
use crate::schema::View;
use crate::schema::Writes;
use crate::statement::Bounds;
use crate::statement::Dialect;
use crate::statement::Input;
use crate::statement::Rule;
use crate::statement::translate;

#[tokio::test]
async fn masks_give_what_they_leave_of_each_value() {
    let world = World::new();
    world.run(
        "INSERT INTO customers VALUES (3, 'Cy', 'north', '+49 30 5550 1842', '1984-03-09'),
            (4, 'Di', 'north', 'a@b@orchard.example', 12345678), (5, 'Ed', 'south', NULL, NULL);",
    );
    let everybody = "region <> '' or :subject = ''";
    for (mask, ssn, notes) in [
        (Mask::Null, json!([null, null]), json!([null, null])),
        (
            Mask::Redact,
            json!(["[redacted]", "[redacted]"]),
            json!(["[redacted]", "[redacted]"]),
        ),
        (
            Mask::LastFour,
            json!(["…1842", "…mple"]),
            json!(["…3-09", "…"]),
        ),
        (Mask::Year, json!([null, null]), json!([1984, null])),
        (
            Mask::EmailDomain,
            json!([null, "orchard.example"]),
            json!([null, null]),
        ),
    ] {
        let asked = Asked::new(&world, everybody, mask);
        let rows = asked
            .ask("SELECT ssn, notes FROM customers WHERE id > 2 ORDER BY id")
            .await;
        let column = |at: usize| {
            rows.rows
                .iter()
                .take(2)
                .map(|row| row[at].clone())
                .collect()
        };
        let (first, second): (Vec<Value>, Vec<Value>) = (column(0), column(1));
        assert_eq!(json!(first), ssn, "{mask:?}");
        assert_eq!(json!(second), notes, "{mask:?}");
        assert_eq!(json!(rows.rows[2]), json!([null, null]), "{mask:?}");
    }
    let asked = Asked::new(&world, everybody, Mask::Hash);
    let rows = asked
        .ask("SELECT a.ssn FROM customers a JOIN customers b ON a.ssn = b.ssn")
        .await;
    assert_eq!(rows.rows.len(), 4, "equal for equal values");
    assert!(
        rows.rows
            .iter()
            .all(|row| row[0].as_str().unwrap().len() == 16)
    );
}

#[tokio::test]
async fn a_row_rule_may_read_what_is_not_declared_and_nobody_else_may() {
    let world = World::new();
    let asked = Asked::new(
        &world,
        "region = :subject or 'chief' = any(:roles)",
        Mask::Null,
    );
    let names = asked.ask("SELECT name FROM customers").await;
    assert_eq!(json!(names.rows), json!([["Ada"]]));
    let refused = asked.try_translate("SELECT region FROM customers");
    assert!(refused.is_none());
    let chief = Asked {
        roles: json!(["clerk", "chief"]),
        ..asked
    };
    let names = chief.ask("SELECT name FROM customers ORDER BY 1").await;
    assert_eq!(json!(names.rows), json!([["Ada"], ["Ben"]]));
}

#[tokio::test]
async fn every_kind_of_statement_that_is_printed_passes_the_wall() {
    let world = World::new();
    let asked = Asked::new(&world, "region <> ''", Mask::LastFour);
    for sql in [
        "SELECT * FROM customers",
        "SELECT c.* FROM customers AS c, customers AS d WHERE c.id = d.id",
        "SELECT count(*) FROM customers",
        "WITH big AS (SELECT id FROM customers WHERE id > 1) SELECT count(*) FROM big",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i FROM n",
        "SELECT name FROM customers UNION ALL SELECT upper(name) FROM customers ORDER BY 1 LIMIT 3",
        "SELECT name, (SELECT max(d.id) FROM customers AS d) FROM customers AS c WHERE EXISTS \
         (SELECT 1 FROM customers AS e WHERE e.id = c.id)",
        "SELECT id % 2, count(*), sum(id), total(id), avg(id), min(name), max(name), \
         group_concat(name), json_group_array(id) FROM customers GROUP BY id % 2 HAVING count(*) > 0",
        "SELECT row_number() OVER (ORDER BY id), rank() OVER (PARTITION BY name ORDER BY id), \
         lag(id) OVER (ORDER BY id), ntile(2) OVER (ORDER BY id) FROM customers",
        "SELECT abs(id), round(1.5), length(name), lower(name), upper(name), trim(name), \
         ltrim(name), rtrim(name), substr(name, 1, 2), replace(name, 'a', 'b'), instr(name, 'd'), \
         coalesce(name, ''), ifnull(name, ''), nullif(name, ''), iif(id > 1, 1, 2), typeof(id), \
         hex(name), quote(name), unicode(name), sign(id), ceil(1.2), ceiling(1.2), floor(1.2), \
         trunc(1.2), exp(1), ln(1), log(1), log10(1), log2(1), mod(1, 1), pi(), pow(1, 1), \
         power(1, 1), sqrt(1), random() FROM customers",
        "SELECT date('2026-01-02'), datetime('2026-01-02'), time('12:00'), julianday('2026-01-02'), \
         strftime('%Y', '2026-01-02'), unixepoch('2026-01-02')",
        "SELECT json_extract('{\"a\": 1}', '$.a'), json_array(1, 2), json_object('a', 1), \
         json_valid('1'), json_type('1'), json_array_length('[1]')",
        "SELECT CASE WHEN id > 1 THEN 'x' ELSE 'y' END, CAST(id AS TEXT), id || name, -id \
         FROM customers WHERE name LIKE 'A%' OR name IN ('Ada', 'Ben') OR id BETWEEN 1 AND 9 \
         OR name IS NOT NULL ORDER BY name DESC",
        "SELECT c.name, d.name FROM customers AS c LEFT JOIN customers AS d USING (id)",
        "SELECT DISTINCT name FROM customers NATURAL JOIN (SELECT 1 AS id) AS one",
    ] {
        let rows = asked.ask(sql).await;
        assert!(!rows.rows.is_empty(), "{sql}");
    }
}

/// One reader of a table with masks and a rule.
struct Asked {
    sqlite: Sqlite,
    view: View,
    roles: Value,
}

impl Asked {
    fn new(world: &World, rule: &str, mask: Mask) -> Self {
        let table = customers(rule, mask);
        let settings = Settings {
            tables: vec![Reach::of(&table)],
            connections: 1,
        };
        let schema = Schema {
            tables: vec![Arc::new(table)],
        };
        Self {
            sqlite: Sqlite::open(&world.path(), &settings).unwrap(),
            view: View::of(&schema, Clearance::up_to(Label::PUBLIC)),
            roles: json!(["clerk"]),
        }
    }

    fn try_translate(&self, sql: &str) -> Option<crate::statement::Translated> {
        let bounds = Bounds {
            bytes: 10_000,
            joins: 8,
            depth: 40,
            columns: 100,
        };
        translate(sql, &self.view, Dialect::Sqlite, bounds).ok()
    }

    async fn ask(&self, sql: &str) -> Rows {
        let translated = self.try_translate(sql);
        let translated = translated.unwrap_or_else(|| panic!("{sql}"));
        let mut query = query(&translated.sql);
        let values = translated.inputs.iter().map(|input| match input {
            Input::Subject => "north".into(),
            // as the scope binds it
            Input::Roles => self.roles.to_string().into(),
            Input::MaskKey => "key".into(),
            Input::Parameter(_) => Value::Null,
        });
        query.values = values.collect();
        let rows = self.sqlite.query(&call(), &query).await;
        rows.unwrap_or_else(|refusal| panic!("{sql}: {refusal:?}: {}", translated.sql))
    }
}

fn customers(rule: &str, mask: Mask) -> Table {
    let hidden = Taxonomy::default().parse("confidential").unwrap();
    let column = |name: &str, masked: bool| Column {
        name: name.to_owned(),
        kind: "TEXT".to_owned(),
        nullable: true,
        label: if masked { hidden } else { Label::PUBLIC },
        mask: masked.then_some(Masked {
            mask,
            label: Label::PUBLIC,
        }),
        about: None,
    };
    Table {
        name: TableName {
            schema: "main".to_owned(),
            table: "customers".to_owned(),
        },
        about: None,
        label: Label::PUBLIC,
        columns: vec![
            column("id", false),
            column("name", false),
            column("ssn", true),
            column("notes", true),
        ],
        key: vec!["id".to_owned()],
        rows: Some(Rule::parse(rule, Dialect::Sqlite).unwrap()),
        count: None,
        writes: Writes::default(),
        estimate: None,
        filtered: false,
    }
}
