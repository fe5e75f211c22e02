//! What the planner is asked, and for whom it holds.

use guard::error::Denial;
use serde_json::json;

use super::reading::denial;
use crate::effects::postgres::testing::call;
use crate::effects::postgres::testing::database;
use crate::effects::postgres::testing::query;

#[tokio::test]
async fn a_plan_is_told_and_a_costly_statement_is_refused_before_it_runs() {
    let sql = "CREATE TABLE public.t (id int4 PRIMARY KEY, tenant text); \
               INSERT INTO public.t SELECT g, 'x' FROM generate_series(1, 5000) g; \
               ANALYZE public.t;";
    let Some(database) = database(sql).await else {
        return;
    };
    let postgres = database.open("postgres", 1);
    let one = query("SELECT tenant FROM public.t WHERE id = $1", [json!(7)]);
    let steps = postgres.explain(&call(), &one).await.unwrap();
    assert_eq!(steps[0].step, "Index Scan");
    assert_eq!(steps[0].table.as_ref().unwrap().to_string(), "public.t");
    let text = "SELECT count(*) FROM public.t a CROSS JOIN public.t b WHERE a.tenant = $1";
    let mut costly = query(text, [json!("x")]);
    costly.limits.cost = Some(1000);
    for _ in 0..2 {
        let refused = postgres.query(&call(), &costly).await.unwrap_err();
        assert!(matches!(denial(refused), Denial::TooLarge(_)));
    }
    let mut cheap = one.clone();
    cheap.limits.cost = Some(1000);
    for _ in 0..2 {
        assert_eq!(postgres.query(&call(), &cheap).await.unwrap().rows.len(), 1);
    }
    cheap.limits.cost = Some(1);
    assert!(postgres.query(&call(), &cheap).await.is_err());
}

#[tokio::test]
async fn a_statement_that_was_cheap_with_other_values_is_judged_anew() {
    let sql = "CREATE TABLE public.t (id int4 PRIMARY KEY); \
               INSERT INTO public.t SELECT g FROM generate_series(1, 5000) g; ANALYZE public.t;";
    let Some(database) = database(sql).await else {
        return;
    };
    let postgres = database.open("postgres", 1);
    let text =
        "SELECT count(*) FROM public.t a CROSS JOIN public.t b WHERE a.id <= $1 AND b.id <= $1";
    for (most, cheap) in [(1, true), (5000, false), (1, true), (5000, false)] {
        let mut asked = query(text, [json!(most)]);
        asked.limits.cost = Some(1000);
        match postgres.query(&call(), &asked).await {
            Ok(rows) => assert!(cheap, "{:?}", rows.rows),
            Err(refusal) => {
                assert!(matches!(denial(refusal), Denial::TooLarge(_)));
                assert!(!cheap);
            }
        }
    }
}
