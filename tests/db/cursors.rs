//! Pages belong to one reader, one statement, one process; and nobody's rows come to another.

use std::thread;

use serde_json::Value;
use serde_json::json;

use super::bed::Bed;
use super::bed::Variant;
use super::bed::cluster;

const SQL: &str = "SELECT id, name FROM customers ORDER BY id";

fn page(sql: &str, limit: u64, cursor: Option<&Value>) -> Value {
    let mut arguments = json!({"sql": sql, "limit": limit});
    if let Some(cursor) = cursor {
        arguments["cursor"] = cursor.clone();
    }
    arguments
}

#[test]
fn pages_together_are_the_whole() {
    let Some(cluster) = cluster() else { return };
    let bed = Bed::new(cluster, Variant::A, "scoped");
    let mut raw = bed.serve("ann");
    let whole = raw.call("query_rows", json!({"sql": SQL})).ok();
    let whole = whole.structured()["rows"].as_array().unwrap().clone();
    assert_eq!(whole.len(), 40);
    for (tool, base) in [
        ("query_rows", json!({"sql": SQL, "limit": 7})),
        (
            "sample_rows",
            json!({"table": "customers", "columns": ["id", "name"], "order_by": ["id"], "limit": 7}),
        ),
    ] {
        let (mut rows, mut arguments) = (Vec::new(), base);
        loop {
            let answer = raw.call(tool, arguments.clone()).ok();
            let part = answer.structured();
            rows.extend(part["rows"].as_array().unwrap().clone());
            let next = &part["next"];
            assert_eq!(
                part["truncated"] == true,
                !next.is_null(),
                "{}",
                answer.short()
            );
            if next.is_null() {
                break;
            }
            arguments["cursor"] = next.clone();
        }
        assert_eq!(rows, whole, "{tool}");
    }
}

#[test]
fn i9_a_cursor_is_for_its_reader_and_its_statement() {
    let Some(cluster) = cluster() else { return };
    let bed = Bed::new(cluster, Variant::A, "scoped");
    let mut ann = bed.serve("ann");
    let first = ann.call("query_rows", page(SQL, 5, None)).ok();
    let cursor = first.structured()["next"].clone();
    let text = cursor.as_str().expect("a cursor").to_owned();
    assert!(!text.contains("SELECT") && !text.contains("customers"));
    ann.call("query_rows", page(SQL, 5, Some(&cursor))).ok();
    let other = "SELECT id, title FROM documents ORDER BY id";
    let mut refused = vec![
        ann.call("query_rows", page(other, 5, Some(&cursor))),
        ann.call(
            "query_rows",
            page(
                "SELECT id, name FROM customers ORDER BY name",
                5,
                Some(&cursor),
            ),
        ),
        ann.call(
            "query_rows",
            json!({"sql": SQL, "limit": 5, "cursor": cursor, "params": [1]}),
        ),
        ann.call(
            "sample_rows",
            json!({"table": "customers", "limit": 5, "cursor": cursor}),
        ),
    ];
    for who in ["bob", "olga", "ann"] {
        // the last is the same reader in another process
        let mut raw = bed.serve(who);
        refused.push(raw.call("query_rows", page(SQL, 5, Some(&cursor))));
    }
    for at in (0..text.len()).step_by((text.len() / 20).max(1)) {
        let mut bent = text.clone().into_bytes();
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        let bent = json!(String::from_utf8(bent).unwrap());
        refused.push(ann.call("query_rows", page(SQL, 5, Some(&bent))));
    }
    for answer in refused {
        let code = answer.code();
        assert!(
            matches!(code, Some("stale_cursor" | "malformed")),
            "{}",
            answer.short()
        );
    }
}

#[test]
fn a3_the_rows_of_one_reader_never_come_to_another() {
    let Some(cluster) = cluster() else { return };
    let bed = Bed::new(cluster, Variant::A, "scoped");
    thread::scope(|scope| {
        for who in ["ann", "bob", "ann", "bob"] {
            let bed = &bed;
            let mut raw = bed.serve(who);
            scope.spawn(move || {
                let sql = "SELECT DISTINCT owner, 'mark' FROM documents";
                let ids: Vec<u64> = (0..60)
                    .map(|n| match n % 3 {
                        0 => raw.begin_call("query_rows", json!({"sql": "SELECT 1 / 0"})),
                        _ => raw.begin_call("query_rows", json!({"sql": sql})),
                    })
                    .collect();
                for (n, id) in ids.into_iter().enumerate() {
                    let answer = raw.wait(id);
                    if n % 3 == 0 {
                        assert!(!answer.is_ok(), "{}", answer.short());
                    } else {
                        let rows = &answer.ok().structured()["rows"].clone();
                        assert_eq!(*rows, json!([[who, "mark"]]));
                    }
                }
                assert_eq!(raw.close().code, Some(0));
            });
        }
    });
    let columns = bed
        .boss
        .rows("select owner from public.notes where owner = 'ann' limit 1");
    assert_eq!(columns.len(), 1);
}
