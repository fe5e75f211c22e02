use guard::error::Denial;
use guard::error::Refusal;
use serde_json::json;

use crate::effects::postgres::testing::call;
use crate::effects::postgres::testing::database;
use crate::effects::postgres::testing::query;

#[tokio::test]
async fn values_of_every_kind_come_as_json_that_loses_nothing() {
    let Some(database) =
        database("CREATE TYPE mood AS ENUM ('glad'); CREATE DOMAIN age AS int4;").await
    else {
        return;
    };
    let postgres = database.open("postgres", 1);
    let sql = "SELECT true, 1::int2, 2, 9007199254740993::int8, 1.50::numeric, 7::numeric, \
               0.1::float4, 'NaN'::float8, 'a'::text, 'b'::varchar(3), 'c'::char(3), \
               '{\"k\": 1}'::jsonb, '2026-11-25'::date, 'infinity'::date, \
               '0044-03-15 12:00:00+00 BC'::timestamptz, '2026-11-25 10:00:00.5+02'::timestamptz, \
               '10:00'::time, '1 day 2 hours'::interval, \
               '00010203-0405-0607-0809-0a0b0c0d0e0f'::uuid, ARRAY['x', 'y,z'], '\\xdead'::bytea, \
               'glad'::public.mood, 3::public.age, NULL::int4, '10.0.0.1'::inet, 'dup' AS a, 'dup' AS a";
    let rows = postgres.query(&call(), &query(sql, [])).await.unwrap();
    assert_eq!(
        rows.rows[0],
        json!([
            true,
            1,
            2,
            "9007199254740993",
            "1.50",
            7,
            0.1,
            "NaN",
            "a",
            "b",
            "c",
            "{\"k\": 1}",
            "2026-11-25",
            "infinity",
            "0044-03-15T12:00:00Z BC",
            "2026-11-25T08:00:00.5Z",
            "10:00:00",
            "P1DT2H",
            "00010203-0405-0607-0809-0a0b0c0d0e0f",
            "{x,\"y,z\"}",
            "\\xdead",
            "glad",
            3,
            null,
            "10.0.0.1/32",
            "dup",
            "dup"
        ])
        .as_array()
        .unwrap()
        .clone()
    );
    let kinds: Vec<&str> = rows.columns.iter().map(|c| c.kind.as_str()).collect();
    assert_eq!(kinds[19], "_text");
    assert_eq!(kinds[21], "mood");
    assert_eq!(kinds[22], "int4");
}

#[tokio::test]
async fn what_is_written_for_times_is_read_back_as_the_same_time() {
    let Some(database) = database("").await else {
        return;
    };
    let postgres = database.open("postgres", 1);
    for text in [
        "0044-03-15T12:00:00Z BC",
        "-infinity",
        "294276-12-31T23:59:59.999999Z",
    ] {
        let sql = "SELECT $1::timestamptz";
        let rows = postgres
            .query(&call(), &query(sql, [json!(text)]))
            .await
            .unwrap();
        assert_eq!(rows.rows[0][0], json!(text));
    }
    for text in ["4713-01-01 BC", "5874897-12-31", "infinity"] {
        let rows = postgres
            .query(&call(), &query("SELECT $1::date", [json!(text)]))
            .await
            .unwrap();
        assert_eq!(rows.rows[0][0], json!(text));
    }
}

#[tokio::test]
async fn values_are_read_as_the_type_that_stands_in_their_place() {
    let sql = "CREATE TABLE public.t (id int4 PRIMARY KEY, name text, at timestamptz, tags text[]); \
               INSERT INTO public.t VALUES (1, '42', '2026-01-01 00:00+00', '{a,\"b,c\"}');";
    let Some(database) = database(sql).await else {
        return;
    };
    let postgres = database.open("postgres", 1);
    let found = async |condition: &str, value: serde_json::Value| {
        let sql = format!("SELECT id FROM public.t WHERE {condition}");
        let rows = postgres.query(&call(), &query(&sql, [value])).await;
        rows.map(|rows| rows.rows.len())
    };
    assert_eq!(found("id = $1", json!(1)).await.unwrap(), 1);
    assert_eq!(found("id = $1", json!("1")).await.unwrap(), 1);
    assert_eq!(found("name = $1", json!(42)).await.unwrap(), 1);
    assert_eq!(
        found("name = $1", json!("'; DROP TABLE t; --"))
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        found("at > $1", json!("2025-12-31T00:00:00Z"))
            .await
            .unwrap(),
        1
    );
    assert_eq!(found("tags = $1", json!(["a", "b,c"])).await.unwrap(), 1);
    assert_eq!(
        found("name = ANY ($1)", json!(["42", null, "\\\""]))
            .await
            .unwrap(),
        1
    );
    assert_eq!(found("$1::bool", json!(true)).await.unwrap(), 1);
    assert_eq!(found("$1::int4 IS NULL", json!(null)).await.unwrap(), 1);
    for (condition, value) in [
        ("id = $1", json!("one")),
        ("id = $1", json!(1.5)),
        ("name = $1", json!("a\0b")),
        ("at > $1", json!("yesterday-ish")),
    ] {
        let refused = found(condition, value).await.unwrap_err();
        assert_eq!(
            denial(refused),
            Denial::Unsuitable("a value does not fit its type")
        );
    }
    let many = postgres
        .query(&call(), &query("SELECT $1::int4", [json!(1), json!(2)]))
        .await;
    assert!(matches!(many, Err(Refusal::Failed(_))));
}

#[tokio::test]
async fn no_more_is_given_than_the_limits_say() {
    let Some(database) = database("").await else {
        return;
    };
    let postgres = database.open("postgres", 1);
    let mut some = query(
        "SELECT g, g FROM generate_series(1, 1000) AS g ORDER BY g",
        [],
    );
    some.limits.rows = 3;
    some.skip = 5;
    let rows = postgres.query(&call(), &some).await.unwrap();
    assert_eq!(
        rows.rows,
        [
            [json!(6), json!(6)],
            [json!(7), json!(7)],
            [json!(8), json!(8)]
        ]
    );
    assert!(rows.more);
    some.sql = "SELECT g, g FROM generate_series(1, 8) AS g".into();
    assert!(!postgres.query(&call(), &some).await.unwrap().more);

    let mut wide = query("SELECT repeat('é', 5000), repeat('x', 4)::varchar(4)", []);
    let rows = postgres.query(&call(), &wide).await.unwrap();
    assert_eq!(rows.cut, 1);
    assert_eq!(rows.rows[0][0], json!(format!("{}…", "é".repeat(1000))));
    assert_eq!(rows.columns[1].kind, "varchar");
    wide.limits.cell = 5000;
    assert_eq!(postgres.query(&call(), &wide).await.unwrap().cut, 0);
    wide.limits.bytes = 1000;
    let refused = postgres.query(&call(), &wide).await.unwrap_err();
    assert!(matches!(denial(refused), Denial::TooLarge(_)));

    // A hundred gigabytes, if anybody asked for all of it.
    let mut huge = query(
        "SELECT repeat('x', 1000) FROM generate_series(1, 10000) a, generate_series(1, 10000) b",
        [],
    );
    huge.limits.rows = 1_000_000_000;
    huge.limits.bytes = 100_000;
    let begun = std::time::Instant::now();
    let rows = postgres.query(&call(), &huge).await.unwrap();
    assert!(rows.more && rows.bytes <= 100_000 && rows.rows.len() == 100);
    assert!(begun.elapsed().as_secs() < 5);
}

#[tokio::test]
async fn a_statement_without_columns_or_rows_is_no_trouble() {
    let Some(database) = database("CREATE TABLE public.none ()").await else {
        return;
    };
    let postgres = database.open("postgres", 1);
    let rows = postgres
        .query(&call(), &query("SELECT FROM public.none", []))
        .await
        .unwrap();
    assert!(rows.rows.is_empty() && rows.columns.is_empty());
    let rows = postgres
        .query(&call(), &query("SELECT 1 -- the end", []))
        .await
        .unwrap();
    assert_eq!(rows.rows, [[json!(1)]]);
}

#[tokio::test]
async fn errors_are_told_in_our_words() {
    let sql = "CREATE TABLE public.t (id int4 PRIMARY KEY, secret text); \
               INSERT INTO public.t VALUES (1, 'hunter2');";
    let Some(database) = database(sql).await else {
        return;
    };
    let role = database
        .role("r", "GRANT SELECT (id) ON public.t TO ROLE")
        .await;
    let postgres = database.open(&role, 1);
    for (sql, text) in [
        ("SELECT nope FROM public.t", "a column is not available"),
        ("SELECT 1 FROM public.nope", "a table is not available"),
        (
            "SELECT lower(1)",
            "no function or operator takes these types",
        ),
        ("SELECT 'x'::int4", "a value does not fit its type"),
        (
            "SELECT (id::text || 'x')::int4 FROM public.t",
            "a value does not fit its type",
        ),
        ("SELECT 1 / (id - 1) FROM public.t", "division by zero"),
        (
            "SELECT id, count(*) FROM public.t",
            "a column must be in GROUP BY or inside an aggregate",
        ),
        (
            "SELECT id FROM public.t a, public.t b",
            "a column name is ambiguous: write the table before it",
        ),
        (
            "SELECT (SELECT generate_series(1, 2))",
            "a subquery in the place of a value gave more than one row",
        ),
    ] {
        let refused = postgres.query(&call(), &query(sql, [])).await.unwrap_err();
        assert_eq!(denial(refused).to_string(), text, "{sql}");
    }
    // Not in the role's rights: that is the operator's to know, without what was in the row.
    let failed = postgres
        .query(&call(), &query("SELECT secret FROM public.t", []))
        .await;
    let Err(Refusal::Failed(fault)) = failed else {
        panic!("it was denied or answered");
    };
    assert!(
        fault.chain().ends_with("SQLSTATE 42501"),
        "{}",
        fault.chain()
    );
    assert_eq!(
        postgres
            .query(&call(), &query("SELECT 1", []))
            .await
            .unwrap()
            .rows
            .len(),
        1
    );
}

#[tokio::test]
async fn a_statement_whose_table_was_altered_is_prepared_anew() {
    let Some(database) =
        database("CREATE TABLE public.t (a int4); INSERT INTO public.t VALUES (1)").await
    else {
        return;
    };
    let postgres = database.open("postgres", 1);
    let all = query("SELECT a FROM public.t", []);
    for _ in 0..3 {
        assert_eq!(
            postgres.query(&call(), &all).await.unwrap().rows,
            [[json!(1)]]
        );
    }
    let admin = database.admin().await;
    admin
        .batch_execute("ALTER TABLE public.t ALTER a TYPE int8")
        .await
        .unwrap();
    assert_eq!(
        postgres.query(&call(), &all).await.unwrap().rows,
        [[json!(1)]]
    );
    admin
        .batch_execute("ALTER TABLE public.t ALTER a TYPE text")
        .await
        .unwrap();
    let rows = postgres.query(&call(), &all).await.unwrap();
    assert_eq!(
        (rows.rows[0][0].clone(), rows.columns[0].kind.as_str()),
        (json!("1"), "text")
    );
}

pub(super) fn denial(refusal: Refusal) -> Denial {
    match refusal {
        Refusal::Denied(denial) => denial,
        Refusal::Failed(fault) => panic!("it failed: {}", fault.chain()),
    }
}
