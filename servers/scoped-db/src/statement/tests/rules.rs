//! Row rules: what they may be, what is bound to them, and what must not see past them.

use super::*;

const PLAIN: &str = "FROM \"public\".\"documents\" WHERE ((\"documents\".\"owner_id\" \
                     OPERATOR(pg_catalog.=) ($1)::pg_catalog.text))) AS";
const FENCED: &str = "FROM \"public\".\"documents\" WHERE ((\"documents\".\"owner_id\" \
                      OPERATOR(pg_catalog.=) ($1)::pg_catalog.text)) UNION ALL SELECT ";

#[test]
fn conditions_that_cannot_tell_anything_keep_the_index() {
    for sql in [
        "SELECT lower(title), 1 / pages FROM documents",
        "SELECT title FROM documents WHERE pages = 3",
        "SELECT title FROM documents WHERE 3 < pages AND NOT (title = 'x' OR title IS NULL)",
        "SELECT title FROM documents WHERE pages IN (1, -2, 3) AND pages BETWEEN 1 AND 9",
        "SELECT title FROM documents WHERE title IS DISTINCT FROM body",
        "SELECT d.title FROM documents d JOIN orders o ON o.id = d.id AND o.status = d.title",
        "SELECT title FROM documents JOIN orders USING (id)",
        "SELECT title, count(*) FROM documents GROUP BY title HAVING count(*) > 3 AND max(pages) > 1",
        "SELECT x.title FROM (SELECT title, pages FROM documents) x WHERE x.pages > 1",
        "SELECT n FROM (SELECT count(*) AS n FROM documents GROUP BY title) x WHERE n > 1",
        "SELECT title FROM documents, orders WHERE created_at > now() - interval '30 days'",
        "SELECT title FROM documents, orders WHERE paid_on >= DATE '2024-01-01' AND paid_on < current_date - 7",
        "SELECT title FROM documents, orders WHERE paid_on >= '2024-01-01'::date",
        "SELECT title FROM documents WHERE true",
        "SELECT count(*) FILTER (WHERE 1 / pages > 1) FROM documents",
        "SELECT title FROM documents ORDER BY 1 / pages",
        "SELECT CASE WHEN 1 / pages > 1 THEN 1 END FROM documents",
    ] {
        let done = postgres(sql).unwrap().sql;
        assert!(done.contains(PLAIN), "{sql}\n{done}");
    }
}

#[test]
fn conditions_that_could_tell_of_hidden_rows_see_only_the_others() {
    for sql in [
        "SELECT title FROM documents WHERE 1 / pages = 1",
        "SELECT title FROM documents WHERE lower(title) = 'x'",
        "SELECT title FROM documents WHERE title LIKE 'x%'",
        "SELECT title FROM documents WHERE title ~ 'x'",
        "SELECT title FROM documents WHERE title::int = 1",
        "SELECT title FROM documents WHERE pages + 1 = 2",
        "SELECT title FROM documents WHERE pages = 1 OR 1 / pages = 1",
        "SELECT title FROM documents WHERE pages = 1 AND NOT (1 / pages = 1)",
        "SELECT title FROM documents WHERE pages IN (1, 1 / pages)",
        "SELECT title FROM documents WHERE pages BETWEEN 1 AND 1 / pages",
        "SELECT title FROM documents WHERE (pages, 1) = (1, 1 / pages)",
        "SELECT title FROM documents WHERE CASE WHEN pages = 1 THEN 1 / 0 = 1 END",
        "SELECT title FROM documents WHERE id IN (SELECT 1 / pages FROM documents)",
        "SELECT title FROM documents d WHERE EXISTS (SELECT 1 FROM orders WHERE id = d.id)",
        "SELECT title FROM documents WHERE pages = ANY (ARRAY[1])",
        "SELECT title FROM documents WHERE mood = 'ok'",
        "SELECT title FROM documents WHERE pages = 1 / 0",
        "SELECT title FROM documents WHERE pages = $1::numeric(2,1)",
        "SELECT title FROM documents WHERE pages > float8 '1'",
        "SELECT title FROM documents, orders WHERE created_at > now() - interval '99999 days'",
        "SELECT title FROM documents, orders WHERE created_at > now() - interval '9999 years'",
        "SELECT d.title FROM documents d JOIN orders o ON o.id = 1 / d.pages",
        "SELECT d.title FROM orders o LEFT JOIN documents d ON lower(d.title) = o.status",
        "SELECT x.y FROM (SELECT 1 / pages AS y FROM documents) x WHERE x.y = 1",
        "WITH x AS (SELECT 1 / pages AS y FROM documents) SELECT y FROM x WHERE y = 1",
        "SELECT x.y FROM (SELECT 1 / pages AS y FROM documents) x JOIN (SELECT 1 AS y) z USING (y)",
        "SELECT y FROM (SELECT 1 / pages AS y FROM documents) x NATURAL JOIN (SELECT 1 AS y) z",
        "SELECT y FROM (SELECT pages AS y FROM documents UNION ALL SELECT 1 / pages FROM documents) x WHERE y = 1",
        "SELECT title FROM documents GROUP BY title HAVING lower(title) = 'x'",
        "SELECT title FROM documents WHERE documents = documents",
        "WITH RECURSIVE r(y) AS (SELECT pages FROM documents UNION SELECT 1 / y FROM r) SELECT y FROM r WHERE y = 1",
        "SELECT n FROM (SELECT sum(pages) OVER (ORDER BY 1 / pages) AS n FROM documents) x WHERE n > 1",
    ] {
        let Ok(done) = postgres(sql) else {
            panic!("{sql}");
        };
        let fenced = FENCED.replace("$1", if sql.contains("$1") { "$2" } else { "$1" });
        assert!(done.sql.contains(&fenced), "{sql}\n{}", done.sql);
        assert!(!done.sql.contains(PLAIN), "{sql}");
    }
}

#[test]
fn a_table_without_a_rule_has_no_fence() {
    let done = postgres("SELECT id FROM customers WHERE lower(name) = 'x'").unwrap();
    assert!(!done.sql.contains("OFFSET 0"));
}

#[test]
fn the_callers_parameters_keep_their_numbers() {
    let done = postgres(
        "SELECT d.title FROM documents d, documents e WHERE d.pages = $2 AND e.pages = $1",
    )
    .unwrap();
    assert_eq!(
        done.inputs,
        [Input::Parameter(0), Input::Parameter(1), Input::Subject]
    );
    assert_eq!(done.sql.matches("($3)::pg_catalog.text").count(), 2);
    assert!(done.sql.contains("OPERATOR(pg_catalog.=) $2"));
}

fn over(rule: &str) -> Result<Translated, Denial> {
    let mut view = Schema::default();
    let columns = vec![column("id", "int4"), hidden("tenant", "text")];
    let mut table = Arc::unwrap_or_clone(table(
        ("public", "things"),
        columns,
        None,
        Dialect::Postgres,
    ));
    table.rows = Some(Rule::parse(rule, Dialect::Postgres)?);
    view.tables.push(Arc::new(table));
    let view = View::of(&view, Clearance::up_to(Label::PUBLIC));
    translate("SELECT id FROM things", &view, Dialect::Postgres, BOUNDS)
}

#[test]
fn a_rule_is_printed_over_its_own_table() {
    for (rule, printed, inputs) in [
        (
            "tenant = :subject",
            "(\"things\".\"tenant\" OPERATOR(pg_catalog.=) ($1)::pg_catalog.text)",
            vec![Input::Subject],
        ),
        (
            "tenant = ANY(:roles) OR lower(tenant) = 'o''x'",
            "((\"things\".\"tenant\" OPERATOR(pg_catalog.=) ANY (($1)::pg_catalog.text[])) OR \
             (pg_catalog.\"lower\"(\"things\".\"tenant\") OPERATOR(pg_catalog.=) 'o''x'))",
            vec![Input::Roles],
        ),
        (
            "NOT \"We\"\"ird\"",
            "(NOT \"things\".\"We\"\"ird\")",
            vec![],
        ),
    ] {
        let done = over(rule).unwrap();
        assert!(
            done.sql.contains(&format!("WHERE ({printed})")),
            "{}",
            done.sql
        );
        assert_eq!(done.inputs, inputs);
    }
    let rule = Rule::parse("tenant = :subject AND id > 3", Dialect::Postgres).unwrap();
    assert_eq!(rule.columns().collect::<Vec<_>>(), ["tenant", "id"]);
}

#[test]
fn a_rule_holds_nothing_that_a_statement_may_not_hold() {
    for rule in [
        "",
        "tenant = (SELECT 'x')",
        "EXISTS (SELECT 1)",
        "tenant IN (SELECT 'x')",
        "tenant = ARRAY(SELECT 'x')",
        "tenant = $1",
        "tenant = :other",
        "tenant = current_setting('app.user')",
        "tenant = current_user",
        "other.tenant = :subject",
        "tenant::regclass = 'x'",
        "true; DROP TABLE x",
        "true) OR (true",
        "tenant = 'x' OFFSET 0",
        "tenant = '\u{1}s\u{1}'",
        "\"\u{1}\" = 'x'",
        "count(*) OVER w = 1",
    ] {
        assert!(Rule::parse(rule, Dialect::Postgres).is_err(), "{rule}");
    }
    assert!(Rule::parse("tenant IN (:roles)", Dialect::Sqlite).is_err());
    assert!(Rule::parse("tenant = ANY(:roles)", Dialect::Sqlite).is_ok());
}

#[test]
fn only_an_exists_may_name_no_column() {
    let exists = "SELECT id FROM orders o WHERE EXISTS (SELECT FROM customers c WHERE c.id = o.id)";
    let printed = postgres(exists).unwrap();
    assert!(printed.sql.contains("(EXISTS (SELECT "), "{}", printed.sql);
    assert!(postgres("SELECT NOT EXISTS (SELECT FROM customers)").is_ok());
    for refused in [
        "SELECT FROM customers",
        "SELECT 1 FROM (SELECT FROM customers) x",
        "SELECT id FROM orders WHERE id IN (SELECT FROM customers)",
        "SELECT (SELECT FROM customers)",
        "SELECT EXISTS (SELECT FROM (SELECT FROM customers) x)",
        "SELECT EXISTS (WITH x AS (SELECT FROM customers) SELECT 1 FROM x)",
        "SELECT EXISTS (SELECT id FROM customers), (SELECT FROM customers)",
        "SELECT EXISTS (SELECT FROM customers UNION SELECT FROM customers)",
    ] {
        assert!(postgres(refused).is_err(), "{refused}");
    }
    assert!(sqlite("SELECT EXISTS (SELECT FROM customers)").is_err());
}
