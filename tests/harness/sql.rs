//! A connection to PostgreSQL that says everything as text, for looking at a database from behind.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use tokio::runtime::Builder;
use tokio::runtime::Runtime;
use tokio_postgres::AsyncMessage;
use tokio_postgres::Client;
use tokio_postgres::NoTls;
use tokio_postgres::SimpleQueryMessage;

/// A connection. It makes progress only while it is asked something.
#[derive(Debug)]
pub struct Sql {
    runtime: Runtime,
    client: Client,
    notes: Arc<Mutex<Vec<String>>>,
}

/// One row as text.
pub type Row = Vec<Option<String>>;

impl Sql {
    /// Connects.
    ///
    /// # Errors
    ///
    /// What the server or the network says to it.
    pub fn connect(url: &str) -> Result<Self, String> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let notes = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&notes);
        let client = runtime.block_on(async {
            let (client, mut connection) = tokio_postgres::connect(url, NoTls).await?;
            tokio::spawn(async move {
                while let Some(Ok(message)) =
                    std::future::poll_fn(|context| connection.poll_message(context)).await
                {
                    if let AsyncMessage::Notification(note) = message {
                        let text = format!("{}: {}", note.channel(), note.payload());
                        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                        heard.push(text);
                    }
                }
            });
            Ok::<_, tokio_postgres::Error>(client)
        });
        Ok(Self {
            client: client.map_err(|e| describe(&e))?,
            runtime,
            notes,
        })
    }

    /// The rows of the last statement that gives any, as text.
    ///
    /// # Errors
    ///
    /// What the server says to it.
    pub fn ask(&self, text: &str) -> Result<Vec<Row>, String> {
        let told = self.runtime.block_on(self.client.simple_query(text));
        let told = told.map_err(|e| describe(&e))?;
        let rows = told.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                let cells = 0..row.len();
                Some(cells.map(|at| row.get(at).map(str::to_owned)).collect())
            }
            _ => None,
        });
        Ok(rows.collect())
    }

    /// The same; the statement must be right.
    #[must_use]
    pub fn rows(&self, text: &str) -> Vec<Row> {
        let short: String = text.chars().take(300).collect();
        self.ask(text).unwrap_or_else(|e| panic!("{e} in {short}"))
    }

    /// Runs statements that must be right.
    pub fn run(&self, text: &str) {
        drop(self.rows(text));
    }

    /// The one value of a statement that must be right.
    #[must_use]
    pub fn one(&self, text: &str) -> String {
        let mut rows = self.rows(text);
        let row = rows.pop().unwrap_or_else(|| panic!("no row of {text}"));
        row.into_iter().next().flatten().unwrap_or_default()
    }

    /// The notifications that came until now.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.run("select 1");
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.clone()
    }
}

fn describe(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(
        || error.to_string(),
        |db| format!("{}: {}", db.code().code(), db.message()),
    )
}
