//! How fast it is beside the bare client library. Run it by
//! `cargo test --release -p scoped-db speed -- --ignored --nocapture`.

use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;

use serde_json::json;

use crate::effects::postgres::testing::call;
use crate::effects::postgres::testing::database;
use crate::effects::postgres::testing::query;

const SQL: &str = "\
CREATE TABLE public.t (id int4 PRIMARY KEY, name text, email text, at timestamptz, \
  amount float8, active bool); \
INSERT INTO public.t SELECT g, 'customer number ' || g, 'c' || g || '@example.com', \
  '2026-01-01'::timestamptz + g * interval '1 minute', g * 1.25, g % 2 = 0 \
  FROM generate_series(1, 20000) g; \
VACUUM ANALYZE public.t;";

/// The middle one of `count` runs.
async fn median<F: Future<Output = ()>>(count: usize, mut run: impl FnMut() -> F) -> Duration {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = Instant::now();
        run().await;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    times[count / 2]
}

#[tokio::test]
#[ignore = "a measurement"]
async fn speed_beside_the_bare_client_library() {
    let (create, vacuum) = SQL.split_once("VACUUM").unwrap();
    let Some(database) = database(create).await else {
        return;
    };
    let raw = database.admin().await;
    raw.batch_execute(&format!("VACUUM{vacuum}")).await.unwrap();
    let postgres = database.open("postgres", 1);

    let text = "SELECT id, name, email, at, amount, active FROM public.t WHERE id = $1";
    let statement = raw.prepare(text).await.unwrap();
    let mut one = query(text, [json!(77)]);
    one.context.settings = vec![
        ("app.user_id".to_owned(), "ann@example.com".to_owned()),
        ("app.roles".to_owned(), "analyst,reader".to_owned()),
    ];
    for round in 0..3 {
        let bare = median(3000, || async {
            let row = raw.query_one(&statement, &[&77_i32]).await.unwrap();
            assert_eq!(row.get::<_, i32>(0), 77);
        });
        let bare = bare.await;
        let begin =
            "BEGIN READ ONLY; SET LOCAL app.user_id = 'ann'; SET LOCAL app.roles = 'reader'";
        let by_hand = median(3000, || async {
            let work = raw.query_one(&statement, &[&77_i32]);
            let (begin, end) = (raw.batch_execute(begin), raw.batch_execute("ROLLBACK"));
            futures::future::try_join3(begin, work, end).await.unwrap();
        });
        let by_hand = by_hand.await;
        let call = call();
        let ours = median(3000, || async {
            let rows = postgres.query(&call, &one).await.unwrap();
            assert_eq!(rows.rows[0][0], json!(77));
        });
        let ours = ours.await;
        report(round, "by key", bare, ours);
        report(round, "by key, in a transaction by hand", by_hand, ours);
    }

    let text = "SELECT id, name, email, at, amount, active FROM public.t WHERE id <= $1";
    let statement = raw.prepare(text).await.unwrap();
    let mut many = query(text, [json!(10_000)]);
    many.limits.rows = 10_000;
    many.limits.bytes = 8 << 20;
    for round in 0..3 {
        let bare = median(60, || async {
            let rows = raw.query(&statement, &[&10_000_i32]).await.unwrap();
            let decoded: Vec<_> = rows
                .iter()
                .map(|row| {
                    let id: i32 = row.get(0);
                    let (name, email): (String, String) = (row.get(1), row.get(2));
                    let at: SystemTime = row.get(3);
                    let (amount, active): (f64, bool) = (row.get(4), row.get(5));
                    (id, name, email, at, amount, active)
                })
                .collect();
            assert_eq!(decoded.len(), 10_000);
        });
        let bare = bare.await;
        let call = call();
        let ours = median(60, || async {
            let rows = postgres.query(&call, &many).await.unwrap();
            assert_eq!(rows.rows.len(), 10_000);
        });
        let ours = ours.await;
        report(round, "10,000 rows", bare, ours);
    }
}

fn report(round: usize, what: &str, bare: Duration, ours: Duration) {
    let ratio = ours.as_secs_f64() / bare.as_secs_f64();
    eprintln!("{round} {what}: bare {bare:?}, here {ours:?}, {ratio:.2} times");
}
