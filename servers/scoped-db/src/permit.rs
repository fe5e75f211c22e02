//! Leave to do one thing to the database, with its limits. Made by [`crate::scope`] alone,
//! needed by everything in [`crate::effects`].

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::schema::TableName;

/// Leave to run one `SELECT`. `Debug` shows no values: the key of masks is among them.
#[derive(Clone)]
pub struct Query {
    pub(crate) sql: Arc<str>,
    pub(crate) values: Vec<Value>,
    pub(crate) context: Context,
    pub(crate) limits: RowLimits,
    pub(crate) skip: u64,
}

/// Leave to change rows of one table. `Debug` shows no values.
#[derive(Clone)]
pub struct Change {
    pub(crate) table: TableName,
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
    pub(crate) context: Context,
    /// How many rows must be changed; any other number is rolled back.
    pub(crate) expected: u64,
    pub(crate) limits: RowLimits,
}

/// Who the database is told it works for, in the transaction and no longer.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Context {
    /// The settings and their values, for example `app.user_id` and the subject.
    pub settings: Vec<(String, String)>,
}

/// The most that one statement may take and give.
#[derive(Clone, Copy, Debug)]
pub struct RowLimits {
    /// Rows.
    pub rows: u64,
    /// Bytes of values.
    pub bytes: u64,
    /// Characters of one value; longer ones are cut and marked so.
    pub cell: u64,
    /// How long it may run.
    pub time: Duration,
    /// The highest cost that the planner may expect; none for no ceiling.
    pub cost: Option<u64>,
}

impl Query {
    /// What will be run.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// What is bound to its placeholders, in order: null, booleans, numbers, texts, or arrays of
    /// texts.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Who it is run for.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// How much of it.
    #[must_use]
    pub fn limits(&self) -> RowLimits {
        self.limits
    }

    /// How many rows to pass over first: those of the pages before.
    #[must_use]
    pub fn skip(&self) -> u64 {
        self.skip
    }
}

impl Change {
    /// Whose rows.
    #[must_use]
    pub fn table(&self) -> &TableName {
        &self.table
    }

    /// What will be run.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// As [`Query::values`].
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Who it is run for.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// How many rows it must change.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.expected
    }

    /// How long it may run.
    #[must_use]
    pub fn limits(&self) -> RowLimits {
        self.limits
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Query");
        shown.field("sql", &self.sql).finish_non_exhaustive()
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Change");
        shown.field("sql", &self.sql).finish_non_exhaustive()
    }
}
