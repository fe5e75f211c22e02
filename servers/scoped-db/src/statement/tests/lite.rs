//! The same for SQLite: what is written every day, and what must not be.

use super::*;

fn honest() -> impl Iterator<Item = &'static str> {
    include_str!("../corpus/sqlite.sql").lines()
}

#[test]
fn what_is_written_for_sqlite_is_translated() {
    let refused = honest().filter_map(|sql| Some((sql, sqlite(sql).err()?)));
    assert_eq!(refused.collect::<Vec<_>>(), []);
}

#[test]
fn names_are_the_same_whatever_their_case() {
    let done = sqlite("SELECT NAME, C.Id FROM Customers AS c WHERE \"COUNTRY\" = 'x'").unwrap();
    assert_eq!(done.touched.len(), 1);
    assert_eq!(done.touched[0].columns, [0, 1, 2]);
    assert!(sqlite("SELECT SSN FROM customers").is_err());
    assert!(sqlite("WITH CUSTOMERS AS (SELECT 1 AS x) SELECT x FROM CUSTOMERS").is_err());
}

#[test]
fn hostile_statements_are_refused() {
    for sql in [
        "SELECT * FROM sqlite_master",
        "SELECT * FROM sqlite_schema",
        "SELECT * FROM main.sqlite_master",
        "SELECT * FROM temp.customers",
        "SELECT * FROM payroll",
        "SELECT rowid FROM customers",
        "SELECT _rowid_ FROM customers",
        "SELECT customers.rowid FROM customers",
        "SELECT c.oid FROM customers c",
        "SELECT ssn FROM customers",
        "SELECT \"ssn\" FROM customers",
        "SELECT [ssn] FROM customers",
        "SELECT `ssn` FROM customers",
        "SELECT \"a text\" FROM customers",
        "SELECT id FROM customers WHERE name = \"Ann\"",
        "SELECT * FROM customers NATURAL JOIN (SELECT 'x' AS ssn) y WHERE customers.ssn = 'x'",
        "SELECT * FROM customers JOIN (SELECT 'x' AS ssn) y USING (ssn)",
        "SELECT * FROM pragma_table_info('customers')",
        "SELECT * FROM json_each('[1]')",
        "SELECT * FROM generate_series(1, 9)",
        "SELECT load_extension('x')",
        "SELECT readfile('/etc/passwd')",
        "SELECT sqlite_version()",
        "SELECT printf('%s', 1)",
        "SELECT format('%9999999d', 1)",
        "SELECT zeroblob(1000000000)",
        "SELECT randomblob(1000000000)",
        "SELECT keyhole_hash('k', name) FROM customers",
        "SELECT fts3_tokenizer('x')",
        "SELECT name REGEXP 'x' FROM customers",
        "SELECT name MATCH 'x' FROM customers",
        "SELECT name GLOB 'x' FROM customers",
        "SELECT customers FROM customers",
        "SELECT lower(c) FROM customers c",
        "SELECT id IN customers FROM customers",
        "SELECT id IS name FROM customers",
        "SELECT * FROM customers INDEXED BY x",
        "SELECT * FROM customers NOT INDEXED",
        "SELECT ?",
        "SELECT ?1, ?3",
        "SELECT :name",
        "SELECT @name",
        "SELECT x'41'",
        "SELECT ARRAY[1]",
        "PRAGMA table_info(customers)",
        "ATTACH 'x' AS y",
        "VACUUM INTO 'x'",
        "REPLACE INTO customers VALUES (1)",
        "EXPLAIN QUERY PLAN SELECT 1",
        "SELECT 1; SELECT 2",
        "SELECT RAISE(ABORT, 'x')",
        "SELECT last_insert_rowid()",
        "SELECT x.a FROM (SELECT 1) AS x(a)",
        "SELECT CURRENT_USER",
        "WITH a AS (SELECT * FROM b), b AS (SELECT * FROM payroll) SELECT * FROM a",
    ] {
        assert!(sqlite(sql).is_err(), "{sql}\n{}", sqlite(sql).unwrap().sql);
    }
}

#[test]
fn a_rule_asks_for_roles_as_a_list_of_json() {
    let rule = Rule::parse("tenant = ANY(:roles) AND owner = :subject", Dialect::Sqlite).unwrap();
    let change = write::delete(
        &TableName {
            schema: "main".to_owned(),
            table: "t".to_owned(),
        },
        &["id".to_owned()],
        Some(&rule),
        Dialect::Sqlite,
    );
    let change = change.unwrap();
    assert_eq!(
        change.sql,
        "DELETE FROM \"main\".\"t\" WHERE (\"id\" = ?1) AND (((\"t\".\"tenant\" IN (SELECT value FROM \
         json_each((?2)))) AND (\"t\".\"owner\" = (?3))))"
    );
    assert_eq!(
        change.inputs,
        [Input::Parameter(0), Input::Roles, Input::Subject]
    );
}

#[cfg(feature = "sqlite")]
mod run {
    use rusqlite::Connection;
    use rusqlite::functions::FunctionFlags;
    use rusqlite::types::Value;

    use super::*;

    fn database() -> Connection {
        let lite = Connection::open_in_memory().unwrap();
        lite.execute_batch(
            "CREATE TABLE customers(id INTEGER PRIMARY KEY, name, country, notes, tags, data, created_at, email, phone, ssn, salary);
             CREATE TABLE orders(id INTEGER PRIMARY KEY, customer_id, amount, status, created_at, paid_on, quantity);
             CREATE TABLE documents(id INTEGER PRIMARY KEY, title, body, pages, mood, owner_id);
             INSERT INTO customers VALUES (1, 'Ann', 'DE', 'n', NULL, '{\"a\":1}', '2024-01-02', 'ann@x.org', '+49123456789', 's', 1);
             INSERT INTO orders VALUES (1, 1, 10.5, 'paid', '2024-01-03', NULL, 2);
             INSERT INTO documents VALUES (1, 'mine', 'b', 3, NULL, 'me'), (2, 'theirs', 'b', 0, NULL, 'you');",
        )
        .unwrap();
        lite.create_scalar_function("keyhole_hash", 2, FunctionFlags::SQLITE_UTF8, |_| {
            Ok("0123456789abcdef".to_owned())
        })
        .unwrap();
        lite
    }

    fn rows(lite: &Connection, done: &Translated) -> Vec<Value> {
        let mut statement = lite
            .prepare(&done.sql)
            .unwrap_or_else(|error| panic!("{error}: {}", done.sql));
        let inputs = done.inputs.iter().map(|input| match input {
            Input::Parameter(_) => Value::Integer(1),
            Input::Subject => Value::Text("me".to_owned()),
            Input::Roles => Value::Text("[\"me\"]".to_owned()),
            Input::MaskKey => Value::Text("key".to_owned()),
        });
        let found = statement.query_map(rusqlite::params_from_iter(inputs), |row| row.get(0));
        found.unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn what_is_written_for_sqlite_runs() {
        let lite = database();
        for sql in honest() {
            rows(&lite, &sqlite(sql).unwrap());
        }
    }

    #[test]
    fn a_rule_hides_rows_and_a_mask_values() {
        let lite = database();
        let titles = rows(&lite, &sqlite("SELECT title FROM documents").unwrap());
        assert_eq!(titles, [Value::Text("mine".to_owned())]);
        let email = rows(
            &lite,
            &sqlite("SELECT email || phone FROM customers").unwrap(),
        );
        assert_eq!(email, [Value::Text("x.org…6789".to_owned())]);
    }

    #[test]
    fn masks_give_a_value_or_null_for_every_value() {
        let lite = database();
        lite.execute_batch(
            "CREATE TABLE things(id, secret);
             INSERT INTO things(secret) VALUES (NULL), (1), (-9223372036854775808), (1e308), (x'00ff'), (''), ('@'), ('a@b@c.d'),
             ('ends@'), ('a' || char(0) || 'secret@dom'), ('2024-05-06'), ('2024'), ('123456789'), ('12345678'), ('é@ü');",
        )
        .unwrap();
        for mask in masks::MASKS {
            assert_eq!(
                rows(&lite, &masks::over("text", *mask, Dialect::Sqlite)).len(),
                15
            );
        }
        let shown = |mask| rows(&lite, &masks::over("text", mask, Dialect::Sqlite));
        let text = |text: &str| Value::Text(text.to_owned());
        let domains = shown(Mask::EmailDomain);
        assert_eq!(domains[7], text("c.d"));
        assert_eq!(domains[9], Value::Null);
        assert_eq!(domains[14], text("ü"));
        assert_eq!(shown(Mask::Year)[10], Value::Integer(2024));
        assert_eq!(shown(Mask::Year)[1], Value::Null);
        let last = shown(Mask::LastFour);
        assert_eq!(
            (&last[0], &last[12], &last[13]),
            (&Value::Null, &text("…6789"), &text("…"))
        );
    }
}
