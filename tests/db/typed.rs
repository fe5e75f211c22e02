//! Hostile arguments to the tools that take no SQL: every wrong name in every place of a name.
//!
//! # Invariants
//!
//! - A table or column that is hidden is answered as one that does not exist, byte for byte.
//! - Both variants of the database answer alike.

use harness::Raw;
use serde_json::Value;
use serde_json::json;

use super::bed::Bed;
use super::bed::Variant;
use super::bed::cluster;
use super::lite;
use super::told::comparable;
use super::told::hidden_in;

/// Tables that are there and hidden, and attempts at writing their names.
const TABLES: [&str; 34] = [
    "payroll",
    "public.payroll",
    "PAYROLL",
    "\"payroll\"",
    "public.\"payroll\"",
    "payroll; --",
    "customers; DROP TABLE decoy",
    "customers AS x",
    "customers) x, (SELECT * FROM payroll",
    "(SELECT ssn FROM customers)",
    "sales.api_keys",
    "v_documents",
    "v_payroll",
    "m_payroll",
    "customers_public",
    "customers_pkey",
    "counter",
    "decoy",
    "events_2025",
    "heir",
    "only_a_has_this",
    "only_b_has_this",
    "pg_class",
    "pg_catalog.pg_class",
    "information_schema.columns",
    "pg_temp.x",
    "leak_rows()",
    "public.",
    ".customers",
    "public..customers",
    "x.public.customers",
    "customers\u{0}",
    "custom\u{200d}ers",
    "sales.customers",
];

/// Columns that are there and hidden, and attempts at writing their names.
const COLUMNS: [&str; 26] = [
    "ssn",
    "salary",
    "tenant",
    "internal_note",
    "zq7_hidden_column",
    "home",
    "(home).street",
    "SSN",
    "\"ssn\"",
    "customers.ssn",
    "ctid",
    "xmin",
    "tableoid",
    "customers",
    "*",
    "id, ssn",
    "id\" , \"ssn",
    "id::text",
    "lower(name)",
    "leak(name)",
    "row_secret",
    "(SELECT max(ssn) FROM customers)",
    "1",
    "$1",
    "id\u{0}",
    "id -- ",
];

/// What every place of a table's name is asked with.
fn asked_of_table(table: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("describe_table", json!({"table": table})),
        ("sample_rows", json!({"table": table})),
        ("count_rows", json!({"table": table})),
        (
            "sample_rows",
            json!({"table": table, "columns": ["id"], "limit": 1}),
        ),
        (
            "count_rows",
            json!({"table": table, "where": [{"column": "id", "op": "=", "value": 1}]}),
        ),
    ]
}

/// What every place of a column's name is asked with.
fn asked_of_column(column: &str) -> Vec<(&'static str, Value)> {
    let mut asked = vec![
        (
            "sample_rows",
            json!({"table": "customers", "columns": [column]}),
        ),
        (
            "sample_rows",
            json!({"table": "customers", "columns": ["id", column, "name"]}),
        ),
        (
            "sample_rows",
            json!({"table": "customers", "order_by": [column]}),
        ),
        (
            "sample_rows",
            json!({"table": "customers", "order_by": ["id", column], "descending": true}),
        ),
        (
            "count_rows",
            json!({"table": "customers", "group_by": [column]}),
        ),
    ];
    for (op, value) in [
        ("=", json!("zq7-ssn-a-1")),
        ("like", json!("zq7%")),
        (">", json!(1)),
    ] {
        let filter = json!([{"column": column, "op": op, "value": value}]);
        for tool in ["sample_rows", "count_rows"] {
            asked.push((tool, json!({"table": "customers", "where": filter})));
        }
    }
    for op in ["is-null", "not-null"] {
        let filter = json!([{"column": column, "op": op}]);
        asked.push(("count_rows", json!({"table": "customers", "where": filter})));
    }
    let filter = json!([{"column": column, "op": "in", "values": ["zq7-ssn-a-1", 1, null]}]);
    asked.push(("count_rows", json!({"table": "customers", "where": filter})));
    asked
}

/// Values and operators that mean harm, in filters over columns that may be seen.
fn filters() -> Vec<(&'static str, Value)> {
    let of = |column: &str, op: &str, value: Value| {
        let filter = json!([{"column": column, "op": op, "value": value}]);
        json!({"table": "customers", "where": filter})
    };
    let mut asked = Vec::new();
    for (column, op, value) in [
        ("name", "= '' OR true --", json!("x")),
        ("name", "OPERATOR(evil.=)", json!("x")),
        ("name", "~", json!("(a*)*(a*)*b")),
        ("name", "similar to", json!("x")),
        ("name", "=", json!("' OR 1=1 --")),
        ("name", "=", json!("a\\' OR 1=1 --")),
        ("name", "=", json!("a\u{0}b")),
        ("name", "like", json!("zq7-name-a%")),
        ("name", "like", json!("%".repeat(5000))),
        ("name", "like", json!("\\")),
        ("name", "=", json!({"x": 1})),
        ("name", "=", json!(["x"])),
        ("name", "=", json!(null)),
        ("name", "=", json!(true)),
        ("id", "=", json!("1 OR 1=1")),
        ("id", "=", json!(1e300)),
        ("id", "=", json!("payroll")),
        ("id", ">", json!(-99_999_999_999_i64)),
        ("email", "=", json!("zq7-local-a-1@south.example")),
        ("email", "like", json!("zq7%")),
        ("phone", "=", json!("zq7-a-1001")),
        ("birth", "=", json!("1951-07-11")),
        ("birth", "<", json!("1951-08-01")),
        ("tax_id", "=", json!("zq7-tax-1")),
        ("tier", "=", json!("no such tier")),
        ("created_at", ">", json!("zq7")),
        ("profile", "=", json!("{\"age\": 21}")),
        ("tags", "=", json!("{new}")),
    ] {
        asked.push(("sample_rows", of(column, op, value.clone())));
        asked.push(("count_rows", of(column, op, value)));
    }
    let many: Vec<u32> = (0..20_000).collect();
    for filter in [
        json!([{"column": "id", "op": "in", "values": many}]),
        json!([{"column": "id", "op": "in", "values": []}]),
        json!([{"column": "id", "op": "in"}]),
        json!([{"column": "id", "op": "="}]),
        json!([{"column": "id", "op": "is-null", "value": 1}]),
        json!([{"op": "=", "value": 1}]),
        json!({"column": "id"}),
        json!("id = 1"),
        Value::Array(vec![json!({"column": "id", "op": ">", "value": 0}); 3000]),
    ] {
        asked.push(("count_rows", json!({"table": "customers", "where": filter})));
    }
    for arguments in [
        json!({"table": "customers", "limit": 0}),
        json!({"table": "customers", "limit": -1}),
        json!({"table": "customers", "limit": 18_446_744_073_709_551_615_u64}),
        json!({"table": "customers", "limit": "1; DROP TABLE decoy"}),
        json!({"table": "customers", "columns": []}),
        json!({"table": "customers", "columns": ["id", "id", "id"]}),
        json!({"table": "customers", "columns": vec!["id"; 5000]}),
        json!({"table": "customers", "order_by": vec!["id"; 5000]}),
        json!({"table": "customers", "cursor": "AAAA"}),
        json!({"table": ["customers"]}),
        json!({"table": {"name": "customers"}}),
        json!({"table": null}),
    ] {
        asked.push(("sample_rows", arguments));
    }
    asked
}

/// What would change something, if it were there.
fn writes() -> Vec<(&'static str, Value)> {
    vec![
        (
            "insert_row",
            json!({"table": "decoy", "values": {"id": 7, "word": "written"}}),
        ),
        (
            "update_rows",
            json!({"table": "customers", "key": {"id": 1}, "set": {"name": "written"}}),
        ),
        (
            "delete_rows",
            json!({"table": "customers", "key": {"id": 1}}),
        ),
    ]
}

/// Other doors to the same names.
fn doors(raw: &mut Raw) -> Vec<String> {
    let mut told = Vec::new();
    for table in TABLES {
        let plain: String = table.replace('.', "/");
        for uri in [
            format!("db://public/{table}"),
            format!("db://{plain}"),
            format!("db://public%2F{table}"),
            format!("db://public/%70ayroll?{table}"),
        ] {
            let answer = raw.ask("resources/read", json!({"uri": uri}));
            assert!(!answer.is_ok(), "{uri}: {}", answer.short());
            told.push(comparable(&answer));
        }
    }
    for (name, value) in [
        ("table", ""),
        ("table", "pay"),
        ("table", "only"),
        ("table", "v_"),
        ("table", "%"),
        ("schema", ""),
        ("schema", "ev"),
        ("schema", "pg_"),
        ("column", ""),
    ] {
        let reference = json!({"type": "ref/resource", "uri": "db://{schema}/{table}"});
        let argument = json!({"name": name, "value": value});
        let params = json!({"ref": reference, "argument": argument});
        let answer = raw.ask("completion/complete", params);
        for hidden in ["payroll", "evil", "only_", "pg_catalog", "v_doc", "decoy"] {
            assert!(!answer.0.to_string().contains(hidden), "{}", answer.short());
        }
        told.push(comparable(&answer));
    }
    for method in ["resources/list", "resources/templates/list", "tools/list"] {
        told.push(comparable(&raw.ask(method, json!({}))));
    }
    told.push(comparable(&raw.call("list_tables", json!({}))));
    told
}

#[test]
fn every_wrong_name_in_every_place_is_answered_alike() {
    let Some(cluster) = cluster() else { return };
    for role in ["boss", "scoped"] {
        let beds = [Variant::A, Variant::B].map(|variant| Bed::new(cluster, variant, role));
        let before = beds.each_ref().map(Bed::digest);
        let told = beds.each_ref().map(|bed| {
            let mut raw = bed.serve("ann");
            let told = hear(&mut raw);
            let ended = raw.close();
            assert_eq!(ended.code, Some(0), "{}", ended.stderr);
            let own = |line: &&str| !line.contains(" WARN ");
            let lines: Vec<&str> = ended.stderr.lines().filter(own).collect();
            assert_eq!(hidden_in(&lines.join("\n"), ""), None);
            for record in bed.world.trail().records {
                assert_eq!(hidden_in(&record.to_string(), ""), None);
            }
            told
        });
        for (a, b) in told[0].iter().zip(&told[1]) {
            assert_eq!(a, b, "{role}: both variants answer alike");
        }
        for (bed, before) in beds.iter().zip(before) {
            assert_eq!(bed.digest(), before, "{role}: nothing has changed");
        }
    }
}

#[test]
fn the_same_names_are_answered_alike_on_sqlite() {
    let worlds = [lite::world(0), lite::world(1)];
    let told = worlds.each_ref().map(|world| {
        let mut raw = lite::serve(world, "ann");
        let told = hear(&mut raw);
        assert_eq!(raw.close().code, Some(0));
        for record in world.trail().records {
            assert_eq!(hidden_in(&record.to_string(), ""), None);
        }
        told
    });
    for (a, b) in told[0].iter().zip(&told[1]) {
        assert_eq!(a, b, "both variants answer alike");
    }
}

#[test]
fn a_table_above_the_clearance_is_answered_as_one_that_is_not_there() {
    let Some(cluster) = cluster() else { return };
    let bed = Bed::new(cluster, Variant::A, "scoped");
    let postgres = bed.serve("vera");
    let world = lite::world(0);
    let sqlite = lite::serve(&world, "vera");
    for (schema, mut raw) in [("public", postgres), ("main", sqlite)] {
        let mut hear = |table: &str| -> Vec<String> {
            let mut asked = asked_of_table(table);
            for column in ["id", "name", "salary", "email"] {
                let filter = json!([{"column": column, "op": "=", "value": 1}]);
                asked.push(("sample_rows", json!({"table": table, "columns": [column]})));
                asked.push(("count_rows", json!({"table": table, "where": filter})));
                asked.push(("count_rows", json!({"table": table, "group_by": [column]})));
            }
            for sql in [
                format!("SELECT * FROM {table}"),
                format!("SELECT count(*) FROM {schema}.{table}"),
                format!("SELECT 1 FROM products p JOIN {table} t ON true"),
                format!("WITH {table} AS (SELECT 1) SELECT * FROM {table}"),
            ] {
                asked.push(("query_rows", json!({"sql": sql})));
                asked.push(("explain_query", json!({"sql": sql})));
            }
            asked
                .into_iter()
                .map(|(tool, arguments)| {
                    let said = comparable(&raw.call(tool, arguments));
                    // what was asked is as long as the name
                    said.replace(table, "TABLE")
                })
                .collect()
        };
        let absent = hear("nosuchone");
        for table in ["customers", "employees", "reviews", "notes", "payroll"] {
            for (said, absent) in hear(table).iter().zip(&absent) {
                assert_eq!(said, absent, "{table} ({schema})");
            }
        }
    }
}

/// Asks everything, and judges what can be judged on one side.
fn hear(raw: &mut Raw) -> Vec<String> {
    let mut told = Vec::new();
    let mut faults = Vec::new();
    let mut ask = |raw: &mut Raw, tool: &'static str, arguments: Value| {
        let text = arguments.to_string();
        let answer = raw.call(tool, arguments);
        let said = comparable(&answer);
        let short: String = text.chars().take(200).collect();
        if let Some(hidden) = hidden_in(&said, &text) {
            faults.push(format!("{tool} {short}: told {hidden}"));
        }
        if matches!(answer.code(), Some("failed" | "panicked" | "timed_out")) {
            faults.push(format!("{tool} {short}: {}", answer.short()));
        }
        told.push(format!("{tool} {short}: {said}"));
        said
    };
    let absent: Vec<String> = asked_of_table("no_such_table")
        .into_iter()
        .map(|(tool, arguments)| ask(raw, tool, arguments))
        .collect();
    let mut apart = Vec::new();
    for table in TABLES {
        for ((tool, arguments), absent) in asked_of_table(table).into_iter().zip(&absent) {
            let said = ask(raw, tool, arguments);
            if said != *absent {
                apart.push(format!("{tool} {table}: {said}\n    not {absent}"));
            }
        }
    }
    let absent: Vec<String> = asked_of_column("no_such_column")
        .into_iter()
        .map(|(tool, arguments)| ask(raw, tool, arguments))
        .collect();
    for column in COLUMNS {
        for ((tool, arguments), absent) in asked_of_column(column).into_iter().zip(&absent) {
            let said = ask(raw, tool, arguments.clone());
            if said != *absent {
                apart.push(format!("{tool} {arguments}: {said}\n    not {absent}"));
            }
        }
    }
    for (tool, arguments) in filters() {
        ask(raw, tool, arguments);
    }
    for (tool, arguments) in writes() {
        let said = ask(raw, tool, arguments);
        assert!(said.contains("unknown tool"), "{said}");
    }
    told.extend(doors(raw));
    faults.append(&mut apart);
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
    told
}
