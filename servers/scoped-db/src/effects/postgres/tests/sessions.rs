//! Connections that break, wait, and are stopped.

use std::time::Duration;
use std::time::Instant;

use guard::error::Denial;
use guard::error::Refusal;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::effects::postgres::Postgres;
use crate::effects::postgres::Settings;
use crate::effects::postgres::testing::Cluster;
use crate::effects::postgres::testing::call;
use crate::effects::postgres::testing::call_for;
use crate::effects::postgres::testing::database;
use crate::effects::postgres::testing::query;

const SLOW: &str = "SELECT pg_sleep(30)::text";

async fn one(postgres: &Postgres) -> Result<(), Refusal> {
    let rows = postgres.query(&call(), &query("SELECT 1", [])).await?;
    assert_eq!(rows.rows, [[json!(1)]]);
    Ok(())
}

/// Waits until no session of `role` runs a statement.
async fn is_quiet(admin: &tokio_postgres::Client, role: &str, within: Duration) -> bool {
    let begun = Instant::now();
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND state <> 'idle'";
    loop {
        let row = admin.query_one(sql, &[&role]).await.unwrap();
        if row.get::<_, i64>(0) == 0 {
            return true;
        }
        if begun.elapsed() > within {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn wait_until_busy(admin: &tokio_postgres::Client, role: &str) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE usename = $1 AND query LIKE '%sleep%' \
               AND state = 'active'";
    for _ in 0..200 {
        let row = admin.query_one(sql, &[&role]).await.unwrap();
        if row.get::<_, i64>(0) > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the statement did not start");
}

#[tokio::test]
async fn a_server_that_lets_nobody_more_in_is_busy_and_not_broken() {
    let Some(database) = database("").await else {
        return;
    };
    let role = database.role("r", "").await;
    let admin = database.admin().await;
    let sql = format!("ALTER ROLE {role} CONNECTION LIMIT 1");
    admin.batch_execute(&sql).await.unwrap();
    let (first, second) = (database.open(&role, 1), database.open(&role, 1));
    one(&first).await.unwrap();
    let refused = one(&second).await.unwrap_err();
    assert!(
        matches!(refused, Refusal::Denied(Denial::Busy)),
        "{refused:?}"
    );
    // at start it is told to the operator, with what the server said
    let fault = second.session().await.unwrap_err();
    assert!(fault.chain().contains("53300"), "{}", fault.chain());
    drop(first);
    let begun = Instant::now();
    while one(&second).await.is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "nobody is let in"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_killed_session_is_replaced_before_anybody_notices() {
    let Some(database) = database("").await else {
        return;
    };
    let role = database.role("r", "").await;
    let admin = database.admin().await;
    let postgres = database.open(&role, 1);
    one(&postgres).await.unwrap();
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1";
    for _ in 0..3 {
        admin.query(kill, &[&role]).await.unwrap();
        one(&postgres).await.unwrap();
    }
}

#[tokio::test]
async fn a_session_killed_at_work_is_a_fault_and_the_next_call_works() {
    let Some(database) = database("").await else {
        return;
    };
    let role = database.role("r", "").await;
    let admin = database.admin().await;
    let postgres = database.open(&role, 1);
    one(&postgres).await.unwrap();
    let (request, slow) = (call(), query(SLOW, []));
    let killed = async {
        wait_until_busy(&admin, &role).await;
        let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1";
        admin.query(kill, &[&role]).await.unwrap();
    };
    let (outcome, ()) = tokio::join!(postgres.query(&request, &slow), killed);
    assert!(matches!(outcome, Err(Refusal::Failed(_))), "{outcome:?}");
    one(&postgres).await.unwrap();
}

#[tokio::test]
async fn a_server_that_was_started_again_is_used_again() {
    let started = tokio::task::spawn_blocking(Cluster::start);
    let Some(mut cluster) = started.await.unwrap() else {
        return;
    };
    let postgres = cluster.open("postgres", "postgres", 3);
    let (a, b) = tokio::join!(one(&postgres), one(&postgres));
    a.and(b).unwrap();
    cluster.restart();
    one(&postgres).await.unwrap();
    one(&postgres).await.unwrap();
    drop(cluster);
    let outcome = one(&postgres).await;
    assert!(matches!(outcome, Err(Refusal::Failed(_))), "{outcome:?}");
}

#[tokio::test]
async fn one_connection_serves_many_callers_in_turn_and_a_full_pool_says_so() {
    let Some(database) = database("").await else {
        return;
    };
    let postgres = database.open("postgres", 1);
    let (a, b, c) = tokio::join!(one(&postgres), one(&postgres), one(&postgres));
    a.and(b).and(c).unwrap();
    let never = CancellationToken::new();
    let (long, short) = (call(), call_for(Duration::from_millis(150), &never));
    let (sleep, quick) = (
        query("SELECT pg_sleep(0.5)::text", []),
        query("SELECT 1", []),
    );
    let (first, second) = tokio::join!(
        postgres.query(&long, &sleep),
        postgres.query(&short, &quick)
    );
    assert!(first.is_ok());
    assert!(
        matches!(second, Err(Refusal::Denied(Denial::Busy))),
        "{second:?}"
    );
    let cancel = CancellationToken::new();
    let waiting = call_for(Duration::from_secs(5), &cancel);
    let leave = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        cancel.cancel();
    };
    let (first, second, ()) = tokio::join!(
        postgres.query(&long, &sleep),
        postgres.query(&waiting, &quick),
        leave
    );
    assert!(first.is_ok());
    assert!(
        matches!(second, Err(Refusal::Denied(Denial::Cancelled))),
        "{second:?}"
    );
}

#[tokio::test]
async fn what_nobody_waits_for_is_stopped_on_the_server_too() {
    let Some(database) = database("").await else {
        return;
    };
    let role = database.role("r", "").await;
    let admin = database.admin().await;
    let postgres = database.open(&role, 1);
    let slow = query(SLOW, []);
    // Cancelled.
    let cancel = CancellationToken::new();
    let request = call_for(Duration::from_secs(20), &cancel);
    let stop = async {
        wait_until_busy(&admin, &role).await;
        cancel.cancel();
    };
    let (outcome, ()) = tokio::join!(postgres.query(&request, &slow), stop);
    assert!(
        matches!(outcome, Err(Refusal::Denied(Denial::Cancelled))),
        "{outcome:?}"
    );
    assert!(is_quiet(&admin, &role, Duration::from_millis(300)).await);
    // Out of time, by the call.
    let request = call_for(Duration::from_millis(300), &CancellationToken::new());
    let outcome = postgres.query(&request, &slow).await;
    assert!(
        matches!(outcome, Err(Refusal::Denied(Denial::TimedOut))),
        "{outcome:?}"
    );
    assert!(is_quiet(&admin, &role, Duration::from_millis(300)).await);
    // Out of time, by the limit.
    let mut limited = slow.clone();
    limited.limits.time = Duration::from_millis(300);
    let outcome = postgres.query(&call(), &limited).await;
    assert!(
        matches!(outcome, Err(Refusal::Denied(Denial::TimedOut))),
        "{outcome:?}"
    );
    assert!(is_quiet(&admin, &role, Duration::from_millis(300)).await);
    // Dropped.
    let request = call();
    tokio::select! {
        _ = postgres.query(&request, &slow) => panic!("it ended"),
        () = wait_until_busy(&admin, &role) => {}
    }
    assert!(is_quiet(&admin, &role, Duration::from_millis(300)).await);
    one(&postgres).await.unwrap();
}

#[tokio::test]
async fn a_lock_is_not_waited_for_without_end() {
    let Some(database) = database("CREATE TABLE public.t (a int4)").await else {
        return;
    };
    let admin = database.admin().await;
    admin
        .batch_execute("BEGIN; LOCK TABLE public.t")
        .await
        .unwrap();
    let postgres = database.open("postgres", 1);
    let mut read = query("SELECT a FROM public.t", []);
    read.limits.time = Duration::from_millis(400);
    let outcome = postgres.query(&call(), &read).await;
    assert!(
        matches!(outcome, Err(Refusal::Denied(Denial::TimedOut))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn the_statement_cache_is_bounded_on_both_sides() {
    let Some(database) = database("").await else {
        return;
    };
    let postgres = database.open("postgres", 1);
    for number in 0..200 {
        let sql = format!("SELECT {number}");
        let rows = postgres.query(&call(), &query(&sql, [])).await.unwrap();
        assert_eq!(rows.rows, [[json!(number)]]);
    }
    let count = query("SELECT count(*) FROM pg_prepared_statements", []);
    let rows = postgres.query(&call(), &count).await.unwrap();
    assert!(rows.rows[0][0].as_u64().unwrap() <= 130, "{:?}", rows.rows);
}

#[test]
fn a_pool_outlives_the_runtime_that_used_it_first() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().build().unwrap()
    };
    let first = runtime();
    let Some(database) = first.block_on(database("")) else {
        return;
    };
    let postgres = database.open("postgres", 2);
    first.block_on(one(&postgres)).unwrap();
    drop(first);
    let second = runtime();
    second.block_on(one(&postgres)).unwrap();
    drop(second);
    drop(postgres);
}

#[tokio::test]
async fn the_next_server_is_tried_where_the_first_is_not_there() {
    let Some(database) = database("").await else {
        return;
    };
    let socket = database.cluster.socket().display().to_string();
    let port = database.cluster.port();
    let text = |attributes: &str| {
        format!(
            "host=/nowhere,127.0.0.1,{socket} port=1,1,{port} user=postgres dbname={} \
             target_session_attrs={attributes}",
            database.name
        )
    };
    let open = |attributes: &str| {
        let target = text(attributes).parse().unwrap();
        Postgres::open(target, |_| Ok(None), Settings::default())
    };
    one(&open("any")).await.unwrap();
    one(&open("read-write")).await.unwrap();
    let outcome = one(&open("standby")).await;
    let Err(Refusal::Failed(fault)) = outcome else {
        panic!("a primary was taken for a standby");
    };
    assert!(fault.chain().contains("no standby"), "{}", fault.chain());
}
