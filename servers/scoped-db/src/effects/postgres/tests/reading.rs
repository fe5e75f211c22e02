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
