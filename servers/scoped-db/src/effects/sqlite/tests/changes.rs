//! What a change does, and what it does not.

use std::time::Duration;

use guard::error::Denial;
use serde_json::json;

use super::super::Sqlite;
use super::super::testing::UNAVAILABLE;
use super::super::testing::World;
use super::super::testing::alter;
use super::super::testing::call;
use super::super::testing::change;
use super::super::testing::denied;
use super::super::testing::fault;
use super::super::testing::query;
use super::super::testing::settings;

#[tokio::test]
async fn a_change_is_made_whole_or_not_at_all() {
    let world = World::new();
    let sqlite = world.open();
    let update = "UPDATE main.orders SET cents = ?1 WHERE id = ?2";
    assert_eq!(
        alter(&sqlite, update, vec![json!(10), json!(1)], 1)
            .await
            .unwrap(),
        1
    );
    assert_eq!(world.ask("SELECT cents FROM orders WHERE id = 1"), 10);
    assert_eq!(world.ask("SELECT count(*) FROM seen"), 1, "by the trigger");

    let insert = "INSERT INTO main.orders (id, customer, cents) VALUES (?1, ?2, ?3)";
    assert_eq!(
        alter(&sqlite, insert, vec![json!(7), json!(1), json!(5)], 1)
            .await
            .unwrap(),
        1
    );
    let delete = "DELETE FROM main.orders WHERE id = ?1 RETURNING id";
    assert_eq!(alter(&sqlite, delete, vec![json!(7)], 1).await.unwrap(), 1);

    let everything = "UPDATE main.orders SET cents = ?1";
    for (sql, values, expected, said) in [
        (
            everything,
            vec![json!(0)],
            1,
            "not as many rows as expected",
        ),
        (
            update,
            vec![json!(0), json!(99)],
            1,
            "not as many rows as expected",
        ),
        (
            update,
            vec![json!(-1), json!(1)],
            1,
            "the rules of the table",
        ),
        (
            insert,
            vec![json!(1), json!(1), json!(1)],
            1,
            "the rules of the table",
        ),
        (
            insert,
            vec![json!(8), json!(77), json!(1)],
            1,
            "the rules of the table",
        ),
        (
            "UPDATE main.orders SET internal = ?1 WHERE id = 1",
            vec![json!("x")],
            1,
            UNAVAILABLE,
        ),
        (
            "UPDATE main.customers SET name = ?1 WHERE id = 1",
            vec![json!("x")],
            1,
            UNAVAILABLE,
        ),
        (
            "INSERT INTO main.seen VALUES (?1)",
            vec![json!("x")],
            1,
            UNAVAILABLE,
        ),
        ("DELETE FROM main.payroll", vec![], 1, UNAVAILABLE),
        (
            "UPDATE main.orders SET cents = (SELECT salary FROM payroll)",
            vec![],
            3,
            UNAVAILABLE,
        ),
        ("DROP TABLE main.orders", vec![], 0, UNAVAILABLE),
        ("PRAGMA writable_schema = 1", vec![], 0, UNAVAILABLE),
        (
            "DELETE FROM main.orders RETURNING internal",
            vec![],
            3,
            UNAVAILABLE,
        ),
    ] {
        let refused = alter(&sqlite, sql, values, expected).await;
        let said_is = denied(refused).to_string();
        assert!(said_is.starts_with(said), "{sql}: {said_is}");
    }
    for sql in ["COMMIT; DELETE FROM main.orders", "SELECT 1", ""] {
        let refused = alter(&sqlite, sql, vec![], 0).await;
        assert!(refused.is_err(), "{sql}");
    }
    assert_eq!(world.ask("SELECT sum(cents) FROM orders"), 10 + 700 + 900);
    assert_eq!(world.ask("SELECT count(*) FROM orders"), 3);
    assert_eq!(world.ask("SELECT count(*) FROM seen"), 1);
}

#[tokio::test]
async fn nothing_can_be_changed_where_nothing_was_declared_to_be() {
    let world = World::new();
    let mut quiet = settings();
    for reach in &mut quiet.tables {
        (reach.insert, reach.delete) = (false, false);
        reach.update.clear();
    }
    let sqlite = Sqlite::open(&world.path(), &quiet).unwrap();
    let delete = change("DELETE FROM main.orders WHERE id = 1", vec![], 1);
    let refused = fault(sqlite.change(&call(), &delete).await);
    assert!(refused.contains("no table is declared"), "{refused}");
}

#[tokio::test]
async fn a_lock_of_another_program_is_waited_for() {
    let world = World::new();
    let sqlite = world.open();
    let other = rusqlite::Connection::open(world.path()).unwrap();
    other
        .execute_batch("BEGIN EXCLUSIVE; DELETE FROM payroll;")
        .unwrap();
    let mut short = query("SELECT count(*) FROM orders");
    short.limits.time = Duration::from_millis(100);
    let gone = denied(sqlite.query(&call(), &short).await);
    assert!(matches!(gone, Denial::Busy | Denial::TimedOut), "{gone:?}");

    let patient = query("SELECT count(*) FROM orders");
    let caller = call();
    let release = async {
        tokio::time::sleep(Duration::from_millis(60)).await;
        other.execute_batch("COMMIT").unwrap();
    };
    let (rows, ()) = tokio::join!(sqlite.query(&caller, &patient), release);
    assert_eq!(json!(rows.unwrap().rows), json!([[3]]));
}
