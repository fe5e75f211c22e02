//! What a query gives.

use serde_json::Value;
use serde_json::json;

use super::super::testing::World;
use super::super::testing::call;
use super::super::testing::query;
use crate::permit::Query;

#[tokio::test]
async fn a_query_gives_rows_with_names_types_and_values() {
    let world = World::new();
    let sqlite = world.open();
    let mut query = query(
        "SELECT id AS x, name AS x, id * 1.5, NULL AS n, ?2 AS two, x'00ff' AS b \
         FROM (SELECT id, name FROM main.customers WHERE region = ?1) AS c ORDER BY id DESC",
    );
    query.values = vec![json!("north"), json!(["a", "b"])];
    let rows = sqlite.query(&call(), &query).await.unwrap();
    let heads = rows.columns.iter();
    let heads: Vec<_> = heads.map(|h| (h.name.as_str(), h.kind.as_str())).collect();
    assert_eq!(
        heads,
        [
            ("x", "INTEGER"),
            ("x", "TEXT"),
            ("id * 1.5", "REAL"),
            ("n", "ANY"),
            ("two", "TEXT"),
            ("b", "BLOB"),
        ]
    );
    assert_eq!(
        json!(rows.rows),
        json!([[1, "Ada", 1.5, null, "[\"a\",\"b\"]", "\\x00ff"]])
    );
    assert!(!rows.more);
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap() {
    let world = World::new();
    let sqlite = world.open();
    let mut page = query("SELECT id FROM main.orders ORDER BY cents DESC");
    page.limits.rows = 2;
    let first = sqlite.query(&call(), &page).await.unwrap();
    assert_eq!((json!(first.rows), first.more), (json!([[3], [2]]), true));
    page.skip = 2;
    let second = sqlite.query(&call(), &page).await.unwrap();
    assert_eq!((json!(second.rows), second.more), (json!([[1]]), false));
}

#[tokio::test]
async fn a_plan_names_steps_and_declared_tables_and_no_index_or_column() {
    let world = World::new();
    world
        .run("CREATE INDEX secret_index ON orders (internal); CREATE INDEX o ON orders (customer)");
    let joined = query(
        "SELECT c.name FROM (SELECT id, name FROM main.customers) AS c \
         JOIN (SELECT customer FROM main.orders WHERE customer > 0) AS orders \
         ON orders.customer = c.id ORDER BY c.name",
    );
    let plan = world.open().explain(&call(), &joined).await.unwrap();
    let steps: Vec<_> = plan.iter().map(|step| step.step.as_str()).collect();
    assert!(steps.contains(&"SEARCH"), "{plan:?}");
    assert!(steps.contains(&"USE TEMP B-TREE FOR ORDER BY"), "{plan:?}");
    let tables = plan.iter().filter_map(|step| step.table.as_ref());
    let mut tables: Vec<_> = tables.map(ToString::to_string).collect();
    tables.sort();
    assert_eq!(tables, ["main.customers", "main.orders"]);
    let all = format!("{plan:?}");
    assert!(!all.contains("index") && !all.contains("id"), "{all}");
}

#[tokio::test]
async fn what_stands_for_a_value_is_equal_for_equal_values() {
    let world = World::new();
    let sqlite = world.open();
    let mut hashed = query("SELECT keyhole_hash(?1, name), keyhole_hash(?1, NULL) FROM customers");
    hashed.values = vec![json!("key")];
    let ask = async |hashed: &Query| sqlite.query(&call(), hashed).await.unwrap().rows;
    let rows = ask(&hashed).await;
    assert_ne!(rows[0][0], rows[1][0]);
    assert_eq!(rows[0][1], Value::Null);
    assert_eq!(ask(&hashed).await, rows);
    hashed.values = vec![json!("another key")];
    assert_ne!(ask(&hashed).await, rows);
}
