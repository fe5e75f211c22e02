//! Changes: made as a whole or not at all.

use std::time::Duration;

use guard::error::Denial;
use guard::error::Refusal;
use serde_json::Value;
use serde_json::json;

use crate::effects::postgres::testing::Database;
use crate::effects::postgres::testing::call;
use crate::effects::postgres::testing::call_for;
use crate::effects::postgres::testing::database;
use crate::effects::postgres::testing::query;
use crate::permit::Change;
use crate::schema::TableName;

fn change(sql: &str, values: impl Into<Vec<Value>>, expected: u64) -> Change {
    let query = query(sql, values);
    Change {
        table: TableName {
            schema: "public".to_owned(),
            table: "t".to_owned(),
        },
        sql: query.sql.to_string(),
        values: query.values,
        context: query.context,
        expected,
        limits: query.limits,
    }
}

async fn table() -> Option<(Database, String)> {
    let sql = "CREATE TABLE public.t (id int4 PRIMARY KEY, \
                 owner text NOT NULL CHECK (owner <> ''), \
                 up int4 REFERENCES public.t DEFERRABLE INITIALLY DEFERRED); \
               ALTER TABLE public.t ENABLE ROW LEVEL SECURITY; \
               CREATE POLICY own ON public.t USING (owner = current_setting('app.user_id', true)); \
               INSERT INTO public.t VALUES (1, 'ann'), (2, 'bob'), (3, 'bob');";
    let database = database(sql).await?;
    let grants = "GRANT SELECT, INSERT, UPDATE, DELETE ON public.t TO ROLE";
    let role = database.role("writer", grants).await;
    Some((database, role))
}

#[tokio::test]
async fn a_change_is_made_when_it_touches_as_many_rows_as_expected_and_only_then() {
    let Some((database, role)) = table().await else {
        return;
    };
    let postgres = database.open(&role, 1);
    let run = async |who: &str, sql: &str, values: Vec<Value>, expected: u64| {
        let mut change = change(sql, values, expected);
        change.context.settings = vec![("app.user_id".to_owned(), who.to_owned())];
        postgres.change(&call(), &change).await
    };
    let rename = "UPDATE public.t SET id = $1 WHERE id = $2";
    assert_eq!(
        run("ann", rename, vec![json!(10), json!(1)], 1)
            .await
            .unwrap(),
        1
    );
    let insert = "INSERT INTO public.t VALUES ($1, $2)";
    assert_eq!(
        run("ann", insert, vec![json!("11"), json!("ann")], 1)
            .await
            .unwrap(),
        1
    );
    let count = "the number of rows was not the expected one; nothing was changed";
    let rules = "the rules of the table do not allow this change";
    let policy = "the row is not one that may be written; nothing was changed";
    for (who, sql, values, text) in [
        ("ann", "DELETE FROM public.t", vec![], count),
        // Another's row, and one that is not there: the same.
        ("ann", rename, vec![json!(20), json!(2)], count),
        ("ann", rename, vec![json!(20), json!(99)], count),
        ("bob", "UPDATE public.t SET up = NULL", vec![], count),
        ("ann", insert, vec![json!(11), json!("ann")], rules),
        ("ann", insert, vec![json!(12), json!("bob")], policy),
        (
            "ann",
            "UPDATE public.t SET owner = 'bob' WHERE id = 10",
            vec![],
            policy,
        ),
        ("", insert, vec![json!(12), json!("")], rules),
        (
            "ann",
            "UPDATE public.t SET owner = NULL WHERE id = 10",
            vec![],
            policy,
        ),
        (
            "ann",
            "UPDATE public.t SET up = 99 WHERE id = 10",
            vec![],
            rules,
        ),
        (
            "ann",
            insert,
            vec![json!("x"), json!("ann")],
            "a value does not fit its type",
        ),
    ] {
        let outcome = run(who, sql, values, 1).await;
        let Err(Refusal::Denied(denial)) = outcome else {
            panic!("{sql}: {outcome:?}");
        };
        let told = denial.to_string();
        assert!(
            told == text || (text == policy && told == rules),
            "{sql}: {told}"
        );
    }
    let admin = database.admin().await;
    let rows = admin
        .query("SELECT id, owner FROM public.t ORDER BY id", &[])
        .await
        .unwrap();
    let rows: Vec<(i32, String)> = rows.iter().map(|r| (r.get(0), r.get(1))).collect();
    let names = [(2, "bob"), (3, "bob"), (10, "ann"), (11, "ann")];
    assert_eq!(rows, names.map(|(id, owner)| (id, owner.to_owned())));
}

#[tokio::test]
async fn a_change_whose_transaction_did_not_begin_changes_nothing() {
    let Some((database, role)) = table().await else {
        return;
    };
    let admin = database.admin().await;
    admin
        .batch_execute("ALTER TABLE public.t DISABLE ROW LEVEL SECURITY")
        .await
        .unwrap();
    let postgres = database.open(&role, 1);
    let mut delete = change("DELETE FROM public.t", [], 3);
    delete.context.settings = vec![(String::new(), "x".to_owned())];
    assert!(postgres.change(&call(), &delete).await.is_err());
    let row = admin
        .query_one("SELECT count(*) FROM public.t", &[])
        .await
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 3);
}

#[tokio::test]
async fn a_change_that_is_taken_back_is_not_made_and_a_read_stays_a_read_after_one() {
    let Some((database, _)) = table().await else {
        return;
    };
    let postgres = database.open("postgres", 1);
    let sql = "UPDATE public.t SET id = id + 100 WHERE id = 1 AND pg_sleep(5) IS NOT NULL";
    let short = call_for(
        Duration::from_millis(200),
        &tokio_util::sync::CancellationToken::new(),
    );
    let outcome = postgres.change(&short, &change(sql, [], 1)).await;
    assert!(
        matches!(outcome, Err(Refusal::Denied(Denial::TimedOut))),
        "{outcome:?}"
    );
    assert_eq!(
        postgres
            .change(&call(), &change("DELETE FROM public.t WHERE id = 1", [], 1))
            .await
            .unwrap(),
        1
    );
    let write = "WITH gone AS (DELETE FROM public.t RETURNING id) SELECT id FROM gone";
    assert!(postgres.query(&call(), &query(write, [])).await.is_err());
    let rows = postgres
        .query(&call(), &query("SELECT id FROM public.t ORDER BY id", []))
        .await
        .unwrap();
    assert_eq!(rows.rows, [[json!(2)], [json!(3)]]);
}
