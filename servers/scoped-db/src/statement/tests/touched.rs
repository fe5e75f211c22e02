//! Which columns a statement is said to touch.

use super::*;

/// The names of what `sql` touches, as `table: column column`.
fn touched(sql: &str) -> Vec<String> {
    let view = shop(Dialect::Postgres);
    let done = postgres(sql).unwrap();
    let text = |one: &Touched| {
        let table = &view.tables()[one.table];
        let columns: Vec<&str> = table
            .columns()
            .map(|(column, _)| column.name.as_str())
            .collect();
        let names: Vec<&str> = one.columns.iter().map(|place| columns[*place]).collect();
        format!("{}: {}", table.table.name.table, names.join(" "))
    };
    done.touched.iter().map(text).collect()
}

const ALL_ORDERS: &str = "orders: id customer_id amount status created_at paid_on quantity";
const ALL_DOCUMENTS: &str = "documents: id title body pages mood";

#[test]
fn a_column_is_touched_in_any_clause() {
    for sql in [
        "SELECT title FROM documents",
        "SELECT 1 FROM documents WHERE title = 'x'",
        "SELECT 1 FROM documents ORDER BY title",
        "SELECT 1 FROM documents GROUP BY title",
        "SELECT 1 FROM documents GROUP BY ROLLUP (title)",
        "SELECT 1 FROM documents HAVING max(title) = 'x'",
        "SELECT DISTINCT ON (title) 1 FROM documents",
        "SELECT count(*) FILTER (WHERE title = 'x') FROM documents",
        "SELECT rank() OVER (PARTITION BY title) FROM documents",
        "SELECT rank() OVER w FROM documents WINDOW w AS (ORDER BY title)",
        "SELECT mode() WITHIN GROUP (ORDER BY title) FROM documents",
        "SELECT string_agg('x', 'y' ORDER BY title) FROM documents",
        "SELECT CASE WHEN title = 'x' THEN 1 END FROM documents",
        "SELECT x FROM (SELECT title AS x FROM documents) y",
        "WITH y AS (SELECT title AS x FROM documents) SELECT 1 FROM y",
        "SELECT (SELECT title FROM documents LIMIT 1)",
        "SELECT 1 LIMIT (SELECT length(title) FROM documents LIMIT 1)",
        "SELECT 1 FROM documents d, LATERAL (SELECT d.title) x",
        "SELECT 1 FROM documents d, generate_series(1, length(d.title)) x",
        "SELECT 1 FROM documents d JOIN generate_series(1, 2) g ON d.title = 'x'",
        "SELECT ARRAY(SELECT title FROM documents)",
        "SELECT (ARRAY[title])[1] FROM documents",
        "SELECT INTERVAL '1 day', title::date FROM documents",
        "SELECT public.documents.title FROM documents",
        "SELECT 1 UNION SELECT length(title) FROM documents",
        "SELECT count(*) FROM documents UNION SELECT length(title) FROM documents d",
    ] {
        assert_eq!(touched(sql), ["documents: title"], "{sql}");
    }
}

#[test]
fn a_table_of_which_nothing_is_named_is_there_with_none() {
    assert_eq!(touched("SELECT count(*) FROM documents"), ["documents: "]);
    assert_eq!(
        touched("SELECT 1 FROM documents, documents d"),
        ["documents: "]
    );
    assert!(touched("SELECT 1").is_empty());
}

#[test]
fn what_names_everything_touches_everything() {
    for sql in [
        "SELECT * FROM documents",
        "SELECT d.* FROM documents d",
        "SELECT d FROM documents d",
        "SELECT documents FROM documents",
        "SELECT count(d) FROM documents d",
        "SELECT count(d.*) FROM documents d",
        "SELECT row_to_json(d) FROM documents d",
        "SELECT 1 FROM documents d WHERE d IS NULL",
        "SELECT 1 FROM documents d ORDER BY d",
        "SELECT x FROM documents AS d(x)",
        "SELECT 1 FROM documents AS d(x)",
        "SELECT 1 FROM documents NATURAL JOIN (SELECT 1 AS id) x",
        "SELECT ROW(d.*) FROM documents d",
        "SELECT to_jsonb(x) FROM (SELECT * FROM documents) x",
        "SELECT 1 FROM documents d, LATERAL (SELECT d) x",
    ] {
        assert_eq!(touched(sql), [ALL_DOCUMENTS], "{sql}");
    }
    assert_eq!(
        touched("SELECT 1 FROM documents NATURAL JOIN orders"),
        [ALL_ORDERS, ALL_DOCUMENTS]
    );
}

#[test]
fn a_name_without_a_table_touches_every_table_that_has_it() {
    assert_eq!(
        touched("SELECT 1 FROM documents WHERE EXISTS (SELECT 1 FROM orders WHERE id = 1)"),
        ["orders: id", "documents: id"]
    );
    assert_eq!(
        touched("SELECT 1 FROM documents JOIN orders USING (id)"),
        ["orders: id", "documents: id"]
    );
    assert_eq!(
        touched("SELECT o.id, d.title FROM documents d JOIN orders o ON o.status = d.body"),
        ["orders: id status", "documents: title body"]
    );
}

#[test]
fn a_column_touched_twice_is_listed_once() {
    assert_eq!(
        touched("SELECT a.title, b.title, b.id FROM documents a JOIN documents b ON a.id = b.id"),
        ["documents: id title"]
    );
}

#[test]
fn a_masked_column_is_touched_like_any_other() {
    assert_eq!(
        touched("SELECT email FROM customers WHERE phone = 'x'"),
        ["customers: email phone"]
    );
}
