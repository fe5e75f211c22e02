//! How a statement ends that would not.

use std::time::Duration;
use std::time::Instant;

use guard::error::Denial;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::super::testing::ENDLESS;
use super::super::testing::World;
use super::super::testing::ask;
use super::super::testing::call;
use super::super::testing::call_of;
use super::super::testing::call_until;
use super::super::testing::denied;
use super::super::testing::query;
use super::super::testing::shared;

#[tokio::test]
async fn a_statement_without_end_ends_by_its_own_time() {
    let world = World::new();
    let sqlite = world.open();
    for sql in [
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT i FROM n WHERE i > 1",
    ] {
        let mut endless = query(sql);
        endless.limits.time = Duration::from_millis(100);
        let begun = Instant::now();
        assert_eq!(
            denied(sqlite.query(&call(), &endless).await),
            Denial::TimedOut
        );
        assert!(begun.elapsed() < Duration::from_secs(2), "{sql}");
    }
    assert!(ask(&sqlite, "SELECT 1").await.is_ok());
}

#[tokio::test]
async fn a_statement_ends_when_its_caller_takes_it_back_also_while_it_waits() {
    let world = World::new();
    let sqlite = world.open();
    let endless = query(ENDLESS);
    let cancel = CancellationToken::new();
    let calls: Vec<_> = (0..3).map(|_| call_until(&cancel)).collect();
    let running = calls.iter().map(|call| sqlite.query(call, &endless));
    let stop = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        cancel.cancel();
    };
    let begun = Instant::now();
    let (outcomes, ()) = tokio::join!(futures::future::join_all(running), stop);
    assert!(begun.elapsed() < Duration::from_secs(2));
    for outcome in outcomes {
        assert_eq!(denied(outcome), Denial::Cancelled);
    }
}

#[tokio::test]
async fn huge_values_are_cut_and_huge_answers_end() {
    let world = World::new();
    world.run(
        "INSERT INTO customers (id, name) SELECT value, printf('%.*c', 1000000, 'x')
         FROM (WITH RECURSIVE n(value) AS (VALUES (10) UNION ALL SELECT value + 1 FROM n
         WHERE value < 20) SELECT value FROM n);
         UPDATE customers SET region = zeroblob(20000000) WHERE id = 1;",
    );
    let sqlite = world.open();
    let rows = ask(&sqlite, "SELECT name FROM customers WHERE id > 2").await;
    let rows = rows.unwrap();
    assert_eq!((rows.rows.len(), rows.cut), (11, 11));
    assert_eq!(rows.bytes, 11 * (100 + 3));

    let mut wide = query("SELECT name FROM customers WHERE id > 2");
    wide.limits.cell = 4000;
    let rows = sqlite.query(&call(), &wide).await.unwrap();
    assert_eq!((rows.rows.len(), rows.more), (2, true));
    wide.limits.cell = 1_000_000;
    let rows = sqlite.query(&call(), &wide).await.unwrap();
    assert_eq!((rows.rows.len(), rows.more, rows.bytes), (0, true, 0));
    let larger_than_a_value_may_be = "SELECT region FROM customers WHERE id = 1";
    assert_eq!(
        denied(ask(&sqlite, larger_than_a_value_may_be).await),
        Denial::TooLarge("bytes of one value")
    );
    let grown =
        "SELECT length(group_concat(a.name || b.name || a.name)) FROM customers a, customers b";
    assert!(matches!(
        denied(ask(&sqlite, grown).await),
        Denial::TooLarge(_)
    ));
}

#[tokio::test]
async fn sorting_without_end_ends_by_memory_or_by_time() {
    let world = World::new();
    let sqlite = world.open();
    let mut sort = query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000000) \
         SELECT count(*) FROM (SELECT DISTINCT i || 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' FROM n)",
    );
    sort.limits.time = Duration::from_secs(2);
    let ended = denied(sqlite.query(&call(), &sort).await);
    assert!(
        matches!(ended, Denial::TimedOut | Denial::TooLarge(_)),
        "{ended:?}"
    );
}

#[tokio::test]
async fn what_a_value_does_wrong_is_said_without_the_value() {
    let world = World::new();
    let sqlite = world.open();
    for sql in [
        "SELECT abs(-9223372036854775807 - 1)",
        "SELECT sum(i) FROM (SELECT 9223372036854775807 AS i UNION ALL SELECT 9)",
        "SELECT json_extract(name, '$.a') FROM customers",
    ] {
        let said = denied(ask(&sqlite, sql).await);
        assert_eq!(said, Denial::Unsuitable("a value does not fit its type"));
    }
}

#[tokio::test]
async fn two_callers_read_at_once() {
    let world = World::new();
    let sqlite = world.open();
    let mut busy = query(ENDLESS);
    busy.limits.time = Duration::from_millis(300);
    let (first, second) = (call(), call());
    let endless = sqlite.query(&first, &busy);
    let quick = async {
        let begun = Instant::now();
        let count = query("SELECT count(*) FROM orders");
        let rows = sqlite.query(&second, &count).await.unwrap();
        (json!(rows.rows), begun.elapsed())
    };
    let (endless, (rows, took)) = tokio::join!(endless, quick);
    assert_eq!(denied(endless), Denial::TimedOut);
    assert_eq!(rows, json!([[3]]));
    assert!(took < Duration::from_millis(250), "{took:?}");
}

#[tokio::test]
async fn a_large_answer_waits_for_memory_and_a_small_one_does_not() {
    let world = World::new();
    let sqlite = world.open();
    let shared = shared();
    let cancel = CancellationToken::new();
    let holder = call_of(&shared, &cancel);
    holder.reserve(u64::MAX).await.unwrap();
    let asked = call_of(&shared, &cancel);
    assert_eq!(
        sqlite
            .query(&asked, &query("SELECT 1"))
            .await
            .unwrap()
            .rows
            .len(),
        1
    );
    let mut large = query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) \
         SELECT 'some forty characters to make it a large one', i FROM n",
    );
    (large.limits.rows, large.limits.bytes) = (5000, 1 << 20);
    let mut waiting = std::pin::pin!(sqlite.query(&asked, &large));
    let early = tokio::time::timeout(Duration::from_millis(300), &mut waiting).await;
    assert!(early.is_err(), "{early:?}");
    drop(holder);
    assert_eq!(waiting.await.unwrap().rows.len(), 3000);
}
