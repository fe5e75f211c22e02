//! Who sees what: readers of four clearances before one database.

use std::collections::BTreeSet;

use harness::Answer;
use serde_json::Value;
use serde_json::json;

use super::bed::Bed;
use super::bed::Variant;
use super::bed::cluster;

/// Each reader, the tables there are for them, and names that they must never hear.
const READERS: [(&str, &[&str], &[&str]); 3] = [
    (
        "vera",
        &["sales.products"],
        &[
            "customers",
            "orders",
            "employees",
            "documents",
            "notes",
            "reviews",
            "events",
            "public.base",
            "supplier_cost",
            "payroll",
            "tenant",
            "salary",
            "phone",
            "Größe",
        ],
    ),
    (
        "ann",
        &[
            "public.acme",
            "public.base",
            "public.customers",
            "public.documents",
            "public.employees",
            "public.events",
            "public.moods",
            "public.notes",
            "sales.order_lines",
            "sales.orders",
            "sales.products",
            "Ünï \"côde\".select \"from\" where; --",
        ],
        &[
            "salary",
            "grade",
            "words",
            "ssn",
            "tenant",
            "payroll",
            "supplier_cost",
            "margin",
            "zq7",
            "api_keys",
            "events_2025",
            "heir",
            "secret",
        ],
    ),
    (
        "olga",
        &[
            "public.acme",
            "public.base",
            "public.customers",
            "public.documents",
            "public.employees",
            "public.events",
            "public.moods",
            "public.notes",
            "public.reviews",
            "sales.order_lines",
            "sales.orders",
            "sales.products",
            "Ünï \"côde\".select \"from\" where; --",
        ],
        &[
            "ssn",
            "tenant",
            "payroll",
            "supplier_cost",
            "margin",
            "api_keys",
            "heir",
            "secret",
            "words",
        ],
    ),
];

/// The level and the categories of an answer's label.
fn label(answer: &Answer) -> String {
    let label = &answer.result()["_meta"]["dev.keyhole/security-label"];
    let categories = label["categories"].as_array().into_iter().flatten();
    let categories: Vec<&str> = categories.filter_map(Value::as_str).collect();
    let level = label["level"].as_str().unwrap_or("none");
    [&[level], categories.as_slice()].concat().join("+")
}

#[test]
fn a2_each_reader_hears_of_what_they_are_cleared_for_through_every_door() {
    let Some(cluster) = cluster() else { return };
    for role in ["boss", "scoped"] {
        let bed = Bed::new(cluster, Variant::A, role);
        for (who, tables, never) in READERS {
            let mut raw = bed.serve(who);
            let listed = raw.call("list_tables", json!({})).ok();
            let names: BTreeSet<&str> = listed.structured()["tables"]
                .as_array()
                .expect("tables")
                .iter()
                .filter_map(|table| table["name"].as_str().or(table["table"].as_str()))
                .collect();
            let expected: BTreeSet<&str> = tables.iter().copied().collect();
            // a table of which only the count may be known may be listed as such
            let listed: BTreeSet<&str> = &names - &BTreeSet::from(["public.reviews"]);
            let wanted: BTreeSet<&str> = &expected - &BTreeSet::from(["public.reviews"]);
            assert_eq!(listed, wanted, "{who}");
            let resources = raw.ask("resources/list", json!({})).ok();
            let resources = resources.result()["resources"].clone();
            for resource in resources.as_array().expect("resources") {
                let uri = &resource["uri"];
                raw.ask("resources/read", json!({"uri": uri})).ok();
            }
            for table in tables {
                raw.call("describe_table", json!({"table": table})).ok();
                raw.call("count_rows", json!({"table": table})).ok();
                let sampled = raw.call("sample_rows", json!({"table": table, "limit": 2}));
                // values are looked at elsewhere
                let columns = sampled.ok().structured()["columns"].to_string();
                for name in never {
                    assert!(!columns.contains(name), "{who} heard of {name}: {columns}");
                }
                let quoted = quoted(table);
                let sql = format!("SELECT * FROM {quoted} LIMIT 0");
                raw.call("query_rows", json!({"sql": sql})).ok();
                let planned = raw.call("explain_query", json!({"sql": sql}));
                assert!(planned.is_ok() || planned.code() == Some("unsuitable"));
                let sql = format!("SELECT nothing_like_it FROM {quoted}");
                assert!(!raw.call("query_rows", json!({"sql": sql})).is_ok());
            }
            for value in ["", "p", "s", "c"] {
                let reference = json!({"type": "ref/resource", "uri": "db://{schema}/{table}"});
                for name in ["schema", "table"] {
                    let argument = json!({"name": name, "value": value});
                    let params = json!({"ref": reference, "argument": argument});
                    raw.ask("completion/complete", params).ok();
                }
            }
            let ended = raw.close();
            let lines = ended
                .heard
                .lines()
                .filter(|line| !line.contains("\"rows\":[["));
            let heard: Vec<&str> = lines.collect();
            let heard = heard.join("\n");
            for name in never {
                let at = heard.find(name);
                let around = at.map(|at| heard[..at].chars().rev().take(200).collect::<String>());
                let around = around.map(|text| text.chars().rev().collect::<String>());
                assert_eq!(around, None, "{who} ({role}) heard of {name}");
            }
        }
    }
}

fn quoted(table: &str) -> String {
    let (schema, table) = table.split_once('.').expect("a schema");
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    format!("{}.{}", quote(schema), quote(table))
}

#[test]
fn o4_an_answer_is_labelled_with_all_that_the_statement_touched() {
    let Some(cluster) = cluster() else { return };
    let bed = Bed::new(cluster, Variant::A, "scoped");
    let mut raw = bed.serve("olga");
    for (sql, expected) in [
        ("SELECT 1 AS one", "public"),
        ("SELECT name FROM products", "public"),
        ("SELECT count(*) FROM products", "public"),
        ("SELECT name FROM customers", "internal"),
        ("SELECT count(*) FROM customers", "internal"),
        ("SELECT p.name FROM products p, base b", "internal"),
        ("SELECT email FROM customers", "confidential+personal"),
        (
            "SELECT name FROM customers WHERE email IS NULL",
            "confidential+personal",
        ),
        (
            "SELECT name FROM customers ORDER BY phone",
            "confidential+personal",
        ),
        (
            "SELECT count(*) FROM customers GROUP BY birth",
            "confidential+personal",
        ),
        (
            "SELECT 1 FROM customers HAVING max(tax_id) > 'a'",
            "confidential+personal",
        ),
        (
            "SELECT rank() OVER (ORDER BY email) FROM customers",
            "confidential+personal",
        ),
        (
            "SELECT 1 FROM products WHERE EXISTS (SELECT 1 FROM customers WHERE email > 'a')",
            "confidential+personal",
        ),
        (
            "WITH c AS (SELECT email FROM customers) SELECT 1 FROM products, c",
            "confidential+personal",
        ),
        (
            "WITH c AS (SELECT email FROM customers) SELECT 1 FROM products",
            "confidential+personal",
        ),
        ("SELECT * FROM customers", "confidential+personal"),
        ("SELECT c FROM customers c", "confidential+personal"),
        ("SELECT customers FROM customers", "confidential+personal"),
        (
            "SELECT to_jsonb(c) FROM customers c",
            "confidential+personal",
        ),
        ("SELECT count(c) FROM customers c", "confidential+personal"),
        (
            "SELECT count(*) FROM customers c WHERE c IS NOT NULL",
            "confidential+personal",
        ),
        (
            "SELECT (SELECT to_jsonb(c)) FROM customers c",
            "confidential+personal",
        ),
        (
            "SELECT s.x FROM (SELECT c AS x FROM customers c) s",
            "confidential+personal",
        ),
        (
            "SELECT name FROM customers c ORDER BY c",
            "confidential+personal",
        ),
        (
            "SELECT a.id FROM customers a JOIN customers b USING (email)",
            "confidential+personal",
        ),
        (
            "SELECT a.id FROM customers a NATURAL JOIN customers b",
            "confidential+personal",
        ),
        ("SELECT salary FROM employees", "confidential"),
        (
            "SELECT count(*) FILTER (WHERE salary > 1) FROM employees",
            "confidential",
        ),
        (
            "SELECT name FROM products UNION SELECT email FROM customers",
            "confidential+personal",
        ),
    ] {
        let answer = raw.call("query_rows", json!({"sql": sql})).ok();
        assert_eq!(label(&answer), expected, "{sql}");
        // no plan is told where rows are hidden
        let answer = raw.call("explain_query", json!({"sql": sql}));
        if answer.code() != Some("unsuitable") {
            assert_eq!(label(&answer.ok()), expected, "explain {sql}");
        }
    }
    for (arguments, expected) in [
        (json!({"table": "customers", "columns": ["id"]}), "internal"),
        (
            json!({"table": "customers", "columns": ["id"], "order_by": ["email"]}),
            "confidential+personal",
        ),
        (
            json!({"table": "customers", "columns": ["id"], "where": [{"column": "phone", "op": "not-null"}]}),
            "confidential+personal",
        ),
        (json!({"table": "customers"}), "confidential+personal"),
        (json!({"table": "products"}), "public"),
    ] {
        let answer = raw.call("sample_rows", arguments.clone()).ok();
        assert_eq!(label(&answer), expected, "{arguments}");
    }
    let answer = raw.call(
        "count_rows",
        json!({"table": "customers", "group_by": ["birth"]}),
    );
    assert_eq!(label(&answer.ok()), "confidential+personal");
    // under a mask the label is what is left of it
    let mut raw = bed.serve("ann");
    for sql in ["SELECT email FROM customers", "SELECT * FROM customers"] {
        let answer = raw.call("query_rows", json!({"sql": sql})).ok();
        assert_eq!(label(&answer), "internal", "{sql}");
    }
}

#[test]
fn a_mask_is_for_those_who_are_not_cleared() {
    let Some(cluster) = cluster() else { return };
    let bed = Bed::new(cluster, Variant::A, "scoped");
    let sql = "SELECT email, phone, birth, tax_id FROM customers WHERE id = 1";
    let mut rows = Vec::new();
    for who in ["ann", "olga", "ann"] {
        let mut raw = bed.serve(who);
        let answer = raw.call("query_rows", json!({"sql": sql})).ok();
        rows.push(answer.structured()["rows"][0].clone());
    }
    assert_eq!(rows[0][0], "south.example");
    assert_eq!(rows[0][1], "…1001");
    assert_eq!(rows[0][2], 1951);
    let hash = rows[0][3].as_str().expect("a hash");
    assert!(
        hash.len() == 16 && hash.chars().all(|c| c.is_ascii_hexdigit()),
        "{hash}"
    );
    assert_eq!(rows[0], rows[2], "equal across restarts, with a key");
    let plain = json!([
        "zq7-local-a-1@south.example",
        "zq7-a-1001",
        "1951-07-11",
        "zq7-tax-1"
    ]);
    assert_eq!(rows[1], plain);
}

#[test]
fn counts_of_small_groups_are_not_told() {
    let Some(cluster) = cluster() else { return };
    let bed = Bed::new(cluster, Variant::A, "scoped");
    let mut raw = bed.serve("ann");
    let all = raw.call("count_rows", json!({"table": "reviews"})).ok();
    assert!(
        all.structured().to_string().contains("31"),
        "{}",
        all.short()
    );
    assert_eq!(label(&all), "internal");
    for arguments in [
        json!({"table": "reviews", "group_by": ["team"]}),
        json!({"table": "reviews", "where": [{"column": "team", "op": "=", "value": "few"}]}),
        json!({"table": "reviews", "where": [{"column": "grade", "op": ">", "value": 3}]}),
        json!({"table": "reviews", "where": [{"column": "id", "op": "<=", "value": 4}]}),
        json!({"table": "reviews", "where": [{"column": "id", "op": ">", "value": 1}]}),
    ] {
        let answer = raw.call("count_rows", arguments.clone());
        let told = answer.0["result"]["structuredContent"]["rows"].to_string();
        for small in ["3", "4", "30", "few", "rare"] {
            let cell = format!("{small:?}");
            assert!(!told.contains(&cell), "{arguments}: {}", answer.short());
        }
        let numbers: Vec<i64> = serde_json::from_str::<Value>(&told)
            .ok()
            .and_then(|rows| rows.as_array().cloned())
            .into_iter()
            .flatten()
            .filter_map(|row| row.as_array()?.last()?.as_i64())
            .collect();
        assert!(
            numbers.iter().all(|n| *n == 24),
            "{arguments}: {}",
            answer.short()
        );
    }
    for tool in ["sample_rows", "describe_table"] {
        let answer = raw.call(tool, json!({"table": "reviews"}));
        assert!(
            !answer.0.to_string().contains("grade"),
            "{}",
            answer.short()
        );
    }
}
