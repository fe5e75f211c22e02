//! What no statement gets, whatever the translator lets through.

use guard::error::Denial;
use guard::error::Refusal;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;

use super::super::Sqlite;
use super::super::testing::World;
use super::super::testing::ask;
use super::super::testing::call;
use super::super::testing::query;

#[tokio::test]
async fn a_statement_that_the_translator_should_have_stopped_reaches_nothing() {
    let world = World::new();
    let sqlite = world.open();
    for sql in [
        // columns and tables that are not declared, by every name
        "SELECT ssn FROM main.customers",
        "SELECT * FROM main.customers",
        "SELECT name FROM customers ORDER BY ssn",
        "SELECT count(*) FROM customers WHERE ssn LIKE 'c%'",
        "SELECT max(notes) FROM customers GROUP BY region",
        "SELECT name, row_number() OVER (PARTITION BY ssn) FROM customers",
        "SELECT salary FROM payroll",
        "SELECT count(*) FROM payroll",
        "SELECT 1 FROM payroll, customers",
        "SELECT name FROM customers UNION SELECT name FROM payroll",
        "SELECT (SELECT salary FROM payroll)",
        "WITH p AS (SELECT salary FROM payroll) SELECT count(*) FROM p",
        "WITH spenders AS (SELECT salary FROM payroll) SELECT * FROM spenders",
        "WITH spenders AS (SELECT notes FROM customers) SELECT * FROM spenders",
        "WITH spenders AS (SELECT ssn FROM customers) SELECT * FROM spenders",
        "WITH \u{feff}spenders AS (SELECT ssn FROM customers) SELECT * FROM spenders",
        "WITH 'Spenders'(x) AS NOT MATERIALIZED (SELECT ssn FROM customers) SELECT x FROM spenders",
        "SELECT known FROM spenders",
        "SELECT rowid FROM spenders, orders o WHERE o.internal > ''",
        // the schema and the state of the connection
        "SELECT sql FROM sqlite_master",
        "SELECT count(*) FROM sqlite_schema",
        "SELECT count(*) FROM sqlite_temp_master",
        "SELECT name FROM pragma_table_info('payroll')",
        "SELECT count(*) FROM pragma_database_list",
        "SELECT * FROM dbstat",
        "SELECT key FROM json_tree('[1]')",
        "SELECT sqlite_version()",
        "SELECT changes()",
        "PRAGMA table_info(payroll)",
        "PRAGMA query_only = 0",
        "EXPLAIN SELECT 1",
        // files and code
        "SELECT load_extension('/tmp/x.so')",
        "SELECT readfile('/etc/passwd')",
        "SELECT fts3_tokenizer('simple')",
        "ATTACH '/tmp/keyhole-x.db' AS x",
        "VACUUM INTO '/tmp/keyhole-x.db'",
        "CREATE TEMP TABLE t AS SELECT 1",
        "CREATE VIRTUAL TABLE temp.v USING fts5vocab('a', 'row')",
        // bombs
        "SELECT zeroblob(1000000000)",
        "SELECT printf('%1000000000d', 1)",
        "SELECT randomblob(1000000000)",
        // changes
        "INSERT INTO orders (id) VALUES (9)",
        "UPDATE orders SET cents = 0",
        "DELETE FROM orders",
        "DELETE FROM orders RETURNING id",
        "DROP TABLE orders",
        "REINDEX",
        "ANALYZE",
        // more than one statement, and transactions
        "SELECT 1; DELETE FROM orders",
        "SELECT 1) ; DELETE FROM orders; SELECT (1",
        "COMMIT",
        "BEGIN",
        "SAVEPOINT s",
        // a comment that would swallow the limit
        "SELECT 1 --",
        "SELECT 1 /*",
        "",
    ] {
        let refused = ask(&sqlite, sql).await;
        assert!(refused.is_err(), "{sql}: {refused:?}");
        let plan = sqlite.explain(&call(), &query(sql)).await;
        assert!(plan.is_err(), "{sql}: {plan:?}");
        if let Err(Refusal::Denied(denial)) = refused {
            assert_eq!(denial, Denial::Unsuitable("a column is not available"));
        }
    }
    assert_eq!(world.ask("SELECT count(*) FROM orders"), 3);
    assert_eq!(ask(&sqlite, "SELECT 1").await.unwrap().rows.len(), 1);
}

#[tokio::test]
async fn the_hole_that_is_known_is_still_the_only_reason_for_the_translator() {
    let world = World::new();
    let sqlite = world.open();
    let sql = "SELECT count(*) FROM customers NATURAL JOIN (SELECT 'canary-1' AS ssn)";
    let oracle = ask(&sqlite, sql).await.unwrap();
    assert_eq!(json!(oracle.rows), json!([[1]]), "SQLite mends it: say so");
}

#[tokio::test]
async fn what_a_translated_statement_may_hold_passes_the_wall() {
    let world = World::new();
    let sqlite = world.open();
    for sql in [
        "SELECT count(*) FROM (SELECT id FROM main.customers) AS c",
        "WITH c AS (SELECT 1 AS a) SELECT count(*) FROM c",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM n",
        "SELECT name, cents FROM (SELECT name, cents FROM main.spenders) AS s",
        "SELECT count(*) FROM main.spenders",
        "SELECT id FROM orders WHERE customer IN (SELECT value FROM json_each('[1,2]'))",
        "SELECT keyhole_hash('key', name) FROM customers",
        "SELECT upper(name) || '!', coalesce(region, '-') FROM customers WHERE name LIKE 'A%'",
        "SELECT sum(cents) OVER (ORDER BY id) FROM orders",
        "SELECT current_date, strftime('%Y', '2024-01-01')",
        "VALUES (1), (2)",
    ] {
        let rows = ask(&sqlite, sql).await;
        assert!(!rows.unwrap().rows.is_empty(), "{sql}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_statement_gives_what_is_not_declared(sql in statement()) {
        thread_local! {
            static WORLD: (World, Sqlite, Runtime) = {
                let world = World::new();
                let sqlite = world.open();
                (world, sqlite, Builder::new_current_thread().enable_time().build().unwrap())
            };
        }
        WORLD.with(|(_world, sqlite, runtime)| {
            let asked = runtime.block_on(ask(sqlite, &sql));
            if let Ok(rows) = asked {
                let given = format!("{:?}", rows.rows);
                prop_assert!(!given.contains("canary") && !given.contains("71000"), "{}: {}", sql, given);
            }
            Ok(())
        })?;
    }
}

/// Statements of the forms that reach for columns, over names that exist and names that hide.
fn statement() -> impl Strategy<Value = String> {
    let column = select(vec![
        "*",
        "c.*",
        "c",
        "name",
        "ssn",
        "c.notes",
        "internal",
        "salary",
        "rowid",
        "known",
        "sql",
        "count(*)",
        "max(ssn)",
        "group_concat(notes)",
        "json_object('a', ssn)",
        "id",
        "cents",
        "x",
        "(SELECT salary FROM payroll)",
        "(SELECT max(ssn) FROM customers)",
        "\"ssn\"",
        "main.c.ssn",
    ]);
    let table = select(vec![
        "customers c",
        "main.customers AS c",
        "orders c",
        "payroll c",
        "spenders c",
        "seen c",
        "sqlite_schema c",
        "pragma_table_info('payroll') c",
        "json_each('[1]') c",
        "(SELECT * FROM payroll) c",
        "(SELECT ssn AS x FROM customers) c",
        "spenders, payroll c",
        "customers c LEFT JOIN payroll USING (name)",
        "orders NATURAL JOIN customers c",
    ]);
    let with = select(vec![
        "",
        "WITH c AS (SELECT * FROM payroll) ",
        "WITH spenders AS (SELECT ssn AS x FROM customers) ",
        "WITH RECURSIVE c(x) AS (SELECT ssn FROM customers UNION SELECT x FROM c) ",
        "WITH watched AS (SELECT * FROM payroll), c AS (SELECT * FROM watched) ",
    ]);
    let end = select(vec![
        "",
        " ORDER BY ssn",
        " GROUP BY notes",
        " WHERE ssn LIKE 'c%'",
        " UNION SELECT salary FROM payroll",
        " HAVING max(salary) > 1",
        " LIMIT (SELECT salary FROM payroll)",
        " UNION ALL SELECT * FROM spenders",
    ]);
    (with, vec(column, 1..3), table, end).prop_map(|(with, columns, table, end)| {
        format!("{with}SELECT {} FROM {table}{end}", columns.join(", "))
    })
}
