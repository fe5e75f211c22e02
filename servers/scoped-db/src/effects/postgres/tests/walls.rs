//! What a read cannot leave behind, and whom a session works for.

use guard::error::Refusal;
use serde_json::json;

use crate::effects::postgres::testing::call;
use crate::effects::postgres::testing::database;
use crate::effects::postgres::testing::query;
use crate::permit::Query;

/// `sql` for the user `who`.
fn of(who: &str, sql: &str) -> Query {
    let mut query = query(sql, []);
    query.context.settings = vec![("app.user_id".to_owned(), who.to_owned())];
    query
}

#[tokio::test]
async fn a_read_leaves_nothing_behind() {
    let Some(database) = database("CREATE TABLE public.t (a int4)").await else {
        return;
    };
    // As a superuser, whom no right stops: what is left must be stopped by the transaction.
    let postgres = database.open("postgres", 1);
    for sql in [
        "SELECT lo_create(4711)",
        "SELECT lo_from_bytea(4712, '\\xdead')",
        "SELECT pg_notify('canary', 'sung')",
        "SELECT set_config('search_path', 'public', false)",
        "SELECT set_config('app.user_id', 'eve', false)",
        "SELECT set_config('default_transaction_read_only', 'off', false)",
        "SELECT set_config('statement_timeout', '0', false)",
        "SELECT set_config('role', 'postgres', false)",
    ] {
        // Newer servers refuse some of it, older ones do it and take it back.
        drop(postgres.query(&call(), &query(sql, [])).await);
    }
    for sql in [
        "SELECT set_config('transaction_read_only', 'off', true)",
        "SELECT 1 FROM public.t FOR UPDATE",
        "SELECT nextval('public.s')",
        "WITH x AS (INSERT INTO public.t VALUES (1) RETURNING a) SELECT a FROM x",
        "SELECT 1) AS q(c1); DROP TABLE public.t; --",
        "SELECT 1; DROP TABLE public.t",
        "COMMIT",
    ] {
        assert!(
            postgres.query(&call(), &query(sql, [])).await.is_err(),
            "{sql}"
        );
    }
    let settings = "SELECT current_setting('search_path'), current_setting('app.user_id', true), \
                    current_setting('default_transaction_read_only'), \
                    current_setting('statement_timeout'), current_setting('transaction_isolation'), \
                    (SELECT count(*) FROM pg_largeobject_metadata), (SELECT count(*) FROM public.t)";
    let rows = postgres.query(&call(), &query(settings, [])).await.unwrap();
    let user = rows.rows[0][1].clone();
    assert!(user == json!(null) || user == json!(""));
    assert_eq!(rows.rows[0][0], json!("\"\""));
    assert_eq!(
        rows.rows[0][2..],
        [
            json!("on"),
            json!("10s"),
            json!("repeatable read"),
            json!(0),
            json!(0)
        ]
    );
}

#[tokio::test]
async fn a_query_whose_transaction_did_not_begin_computes_nothing() {
    let Some(database) = database("").await else {
        return;
    };
    let postgres = database.open("postgres", 1);
    // No setting has this name: the message with `BEGIN` in it is refused as a whole, and what
    // was sent behind it runs outside of any transaction.
    let mut beside = query("SELECT lo_create(4711)", []);
    beside.context.settings = vec![(String::new(), "x".to_owned())];
    let refused = postgres.query(&call(), &beside).await;
    assert!(matches!(
        refused,
        Err(Refusal::Denied(_) | Refusal::Failed(_))
    ));
    let objects = "SELECT count(*) FROM pg_largeobject_metadata";
    let rows = postgres.query(&call(), &query(objects, [])).await.unwrap();
    assert_eq!(rows.rows, [[json!(0)]]);
    // The same with a setting that is refused after `BEGIN`.
    beside.context.settings = vec![("statement_timeout".to_owned(), "soon".to_owned())];
    assert!(postgres.query(&call(), &beside).await.is_err());
    let rows = postgres.query(&call(), &query(objects, [])).await.unwrap();
    assert_eq!(rows.rows, [[json!(0)]]);
}

#[tokio::test]
async fn the_isolation_of_a_read_is_had_nowhere_else_whatever_the_server_says() {
    let Some(database) = database("").await else {
        return;
    };
    let admin = database.admin().await;
    let defaults = format!(
        "ALTER DATABASE {} SET default_transaction_isolation = 'repeatable read'; \
         ALTER DATABASE {} SET default_transaction_read_only = off",
        database.name, database.name
    );
    admin.batch_execute(&defaults).await.unwrap();
    let session = database.open("postgres", 1).session().await.unwrap();
    for (setting, value) in [
        ("transaction_isolation", "read committed"),
        ("transaction_read_only", "on"),
    ] {
        let show = format!("SHOW {setting}");
        let row = session.link.client.query_one(&show, &[]).await.unwrap();
        assert_eq!(row.get::<_, &str>(0), value);
    }
}

#[tokio::test]
async fn each_caller_sees_their_own_rows_on_one_connection() {
    let sql = "CREATE TABLE public.notes (owner text, body text); \
               INSERT INTO public.notes VALUES ('ann', 'a'), ('bob', 'b'), ('o''brien\\', 'c'); \
               ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY; \
               CREATE POLICY own ON public.notes USING (owner = current_setting('app.user_id', true));";
    let Some(database) = database(sql).await else {
        return;
    };
    let role = database
        .role("reader", "GRANT SELECT ON public.notes TO ROLE")
        .await;
    let postgres = database.open(&role, 1);
    let all = "SELECT body FROM public.notes";
    for _ in 0..2 {
        for (who, body) in [("ann", "a"), ("bob", "b"), ("o'brien\\", "c")] {
            let rows = postgres.query(&call(), &of(who, all)).await.unwrap();
            assert_eq!(rows.rows, [[json!(body)]], "{who}");
        }
    }
    // Nobody is not the last one.
    assert!(
        postgres
            .query(&call(), &query(all, []))
            .await
            .unwrap()
            .rows
            .is_empty()
    );
    assert!(
        postgres
            .query(&call(), &of("", all))
            .await
            .unwrap()
            .rows
            .is_empty()
    );
    for who in [
        "x' OR true; --",
        "\\'",
        "\u{202e}ann",
        "ann\n",
        "\u{1f600}",
        "$1",
        "DEFAULT",
    ] {
        let rows = postgres.query(&call(), &of(who, all)).await.unwrap();
        assert!(rows.rows.is_empty(), "{who}");
        let echo = "SELECT current_setting('app.user_id')";
        let rows = postgres.query(&call(), &of(who, echo)).await.unwrap();
        assert_eq!(rows.rows, [[json!(who)]]);
    }
    assert!(postgres.query(&call(), &of("nul\0", all)).await.is_err());
    // A statement that fails takes its context with it.
    assert!(
        postgres
            .query(&call(), &of("ann", "SELECT 1 / 0"))
            .await
            .is_err()
    );
    assert!(
        postgres
            .query(&call(), &query(all, []))
            .await
            .unwrap()
            .rows
            .is_empty()
    );
}

#[tokio::test]
async fn the_context_needs_no_right_that_would_let_it_be_forged() {
    let sql = "REVOKE EXECUTE ON FUNCTION set_config(text, text, bool) FROM PUBLIC";
    let Some(database) = database(sql).await else {
        return;
    };
    let role = database.role("reader", "").await;
    let postgres = database.open(&role, 1);
    let echo = "SELECT current_setting('app.user_id')";
    let rows = postgres.query(&call(), &of("ann", echo)).await.unwrap();
    assert_eq!(rows.rows, [[json!("ann")]]);
    let forge = "SELECT set_config('app.user_id', 'eve', true)";
    assert!(postgres.query(&call(), &of("ann", forge)).await.is_err());
}
