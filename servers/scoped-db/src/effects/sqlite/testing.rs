//! A database in a temporary directory, and calls that nobody records.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use chrono::TimeDelta;
use guard::call::Call;
use guard::call::Shared;
use guard::cursor::Seal;
use guard::error::Denial;
use guard::error::Refusal;
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Reach;
use super::Settings;
use super::Sqlite;
use crate::effects::Rows;
use crate::permit::Change;
use crate::permit::Context;
use crate::permit::Query;
use crate::permit::RowLimits;
use crate::schema::TableName;

/// A file with two tables that are declared, in part, and one that is not.
pub(super) struct World {
    dir: TempDir,
}

impl World {
    pub(super) fn new() -> Self {
        let world = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        world.run(CRM);
        world
    }

    pub(super) fn path(&self) -> PathBuf {
        self.dir.path().join("crm.db")
    }

    /// What the operator does, with all rights.
    pub(super) fn run(&self, sql: &str) {
        Connection::open(self.path())
            .unwrap()
            .execute_batch(sql)
            .unwrap();
    }

    pub(super) fn ask(&self, sql: &str) -> i64 {
        let db = Connection::open(self.path()).unwrap();
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    pub(super) fn open(&self) -> Sqlite {
        Sqlite::open(&self.path(), &settings()).unwrap()
    }
}

pub(super) fn settings() -> Settings {
    let reach = |table: &str, columns: &[&str]| Reach {
        table: table.to_owned(),
        columns: columns.iter().map(ToString::to_string).collect(),
        ..Reach::default()
    };
    let mut orders = reach("orders", &["id", "customer", "cents"]);
    orders.insert = true;
    orders.update = vec!["cents".to_owned()];
    orders.delete = true;
    Settings {
        tables: vec![
            reach("customers", &["id", "name", "region"]),
            orders,
            reach("spenders", &["name", "cents"]),
        ],
        connections: 2,
    }
}

pub(super) fn limits() -> RowLimits {
    RowLimits {
        rows: 100,
        bytes: 10_000,
        cell: 100,
        time: Duration::from_secs(5),
        cost: None,
    }
}

pub(super) fn query(sql: &str) -> Query {
    Query {
        sql: sql.into(),
        values: Vec::new(),
        context: Context::default(),
        limits: limits(),
        skip: 0,
    }
}

pub(super) fn change(sql: &str, values: Vec<Value>, expected: u64) -> Change {
    Change {
        table: TableName {
            schema: "main".to_owned(),
            table: "orders".to_owned(),
        },
        sql: sql.to_owned(),
        values,
        context: Context::default(),
        expected,
        limits: limits(),
    }
}

pub(super) fn call() -> Call {
    call_until(&CancellationToken::new())
}

pub(super) fn call_until(cancel: &CancellationToken) -> Call {
    call_of(&shared(), cancel)
}

/// What calls of one server share.
pub(super) fn shared() -> Shared {
    Shared::new(Seal::new([7; 32], TimeDelta::seconds(600)))
}

pub(super) fn call_of(shared: &Shared, cancel: &CancellationToken) -> Call {
    Call::new(
        Arc::default(),
        Uuid::nil(),
        DateTime::UNIX_EPOCH,
        Duration::from_secs(20),
        cancel.clone(),
        shared,
    )
}

pub(super) async fn ask(sqlite: &Sqlite, sql: &str) -> Result<Rows, Refusal> {
    sqlite.query(&call(), &query(sql)).await
}

pub(super) async fn alter(
    sqlite: &Sqlite,
    sql: &str,
    values: Vec<Value>,
    expected: u64,
) -> Result<u64, Refusal> {
    sqlite.change(&call(), &change(sql, values, expected)).await
}

pub(super) fn denied<T: std::fmt::Debug>(outcome: Result<T, Refusal>) -> Denial {
    match outcome {
        Err(Refusal::Denied(denial)) => denial,
        other => panic!("{other:?}"),
    }
}

pub(super) fn fault<T: std::fmt::Debug>(outcome: Result<T, Refusal>) -> String {
    match outcome {
        Err(Refusal::Failed(fault)) => fault.chain(),
        other => panic!("{other:?}"),
    }
}

const CRM: &str = "
    CREATE TABLE customers (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, region TEXT, ssn TEXT, notes TEXT
    );
    CREATE TABLE orders (
        id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers (id),
        cents INT CHECK (cents >= 0), internal TEXT
    );
    CREATE TABLE payroll (name TEXT, salary INTEGER);
    CREATE TABLE seen (note TEXT);
    CREATE VIEW spenders AS -- with what is not declared itself
        SELECT c.name, sum(o.cents) AS cents, max(c.ssn) > '' AS known
        FROM customers c JOIN orders o ON o.customer = c.id GROUP BY c.id;
    CREATE TRIGGER watched AFTER UPDATE ON orders BEGIN
        INSERT INTO seen VALUES (old.id || ' was ' || old.cents || coalesce(old.internal, ''));
    END;
    INSERT INTO customers VALUES
        (1, 'Ada', 'north', 'canary-1', 'canary-2'), (2, 'Ben', 'south', 'canary-3', NULL);
    INSERT INTO orders VALUES (1, 1, 500, 'canary-4'), (2, 1, 700, NULL), (3, 2, 900, NULL);
    INSERT INTO payroll VALUES ('Ada', 71000);
";

/// What the wall says.
pub(super) const UNAVAILABLE: &str = "a column is not available";
/// A statement that does not end by itself.
pub(super) const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
