//! The client library alone, without a server around it.

use std::time::Duration;
use std::time::Instant;

use futures::future::join_all;
use futures::join;
use serde_json::Value;
use serde_json::json;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;
use tokio_postgres::Row;
use tokio_postgres::Statement;

use super::BY_KEY;
use super::MANY;

/// How a query is sent.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// Alone.
    Bare,
    /// In a read-only transaction that is rolled back, all in one go.
    Transaction,
}

/// The client library alone, in this process.
pub(super) struct Raw {
    runtime: Runtime,
    client: tokio_postgres::Client,
}

impl Raw {
    pub(super) fn connect(url: &str) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let client = runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls)
                .await
                .expect("a connection");
            tokio::spawn(connection);
            client
        });
        Self { runtime, client }
    }

    /// The time of each of `count` queries by key, one after the other.
    pub(super) fn serial(&self, count: usize, form: Form) -> Vec<Duration> {
        self.runtime.block_on(async {
            let statement = self.client.prepare(BY_KEY).await.expect("a statement");
            let mut times = Vec::new();
            for _ in 0..count {
                let begun = Instant::now();
                self.one(&statement, form).await;
                times.push(begun.elapsed());
            }
            times
        })
    }

    /// Queries by key a second, with `window` on their way on one connection.
    pub(super) fn rate(&self, count: usize, window: usize, form: Form) -> f64 {
        self.runtime.block_on(async {
            let statement = self.client.prepare(BY_KEY).await.expect("a statement");
            let begun = Instant::now();
            for _ in 0..count / window {
                join_all((0..window).map(|_| self.one(&statement, form))).await;
            }
            count as f64 / begun.elapsed().as_secs_f64()
        })
    }

    /// One query. What is polled first is sent first; nothing waits for the answer before it.
    pub(super) async fn one(&self, statement: &Statement, form: Form) {
        let query = self.client.query(statement, &[&4711]);
        let rows = match form {
            Form::Bare => query.await,
            Form::Transaction => {
                let begin = self.client.batch_execute("BEGIN READ ONLY");
                let end = self.client.batch_execute("ROLLBACK");
                let (begun, rows, ended) = join!(begin, query, end);
                begun.and(ended).expect("a transaction");
                rows
            }
        };
        assert_eq!(rows.expect("rows").len(), 1);
    }

    /// The time to have 10,000 rows as text that could be sent on.
    pub(super) fn many(&self) -> Duration {
        let begun = Instant::now();
        let rows = self.runtime.block_on(self.client.simple_query(MANY));
        let text = rows
            .expect("rows")
            .into_iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => {
                    let cells = (0..row.len()).map(|at| json!(row.get(at)));
                    Some(Value::Array(cells.collect()))
                }
                _ => None,
            });
        let text = Value::Array(text.collect()).to_string();
        assert!(text.len() > 300_000);
        begun.elapsed()
    }

    /// The same in binary form, only received.
    pub(super) fn received(&self) -> Duration {
        let begun = Instant::now();
        let rows: Vec<Row> = self
            .runtime
            .block_on(self.client.query(MANY, &[]))
            .expect("rows");
        assert_eq!(rows.len(), 10_000);
        begun.elapsed()
    }
}
