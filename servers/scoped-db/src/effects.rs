//! The only code that reaches a database. Everything here takes a permit of [`crate::permit`],
//! except what is done once at start by the operator's leave.
//!
//! # Invariants
//!
//! - A read runs in a read-only transaction that is always rolled back.
//! - What a database says in an error goes to the operator's log, never to a caller.
//! - After an error, a cancellation or a timeout the connection is thrown away.

pub mod catalog;
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use guard::call::Call;
use guard::error::Refusal;
use serde_json::Value;

use crate::permit::Change;
use crate::permit::Query;
use crate::statement::Dialect;

/// A database that is open.
#[derive(Debug)]
pub enum Engine {
    /// A PostgreSQL server, or what speaks its protocol.
    Postgres(postgres::Postgres),
    /// A SQLite file.
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Sqlite),
}

/// What a query gave.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// Names and types of the columns, in order.
    pub columns: Vec<ColumnHead>,
    /// One list of values for each row: null, booleans, numbers that JSON holds exactly, else
    /// text as the database writes it.
    pub rows: Vec<Vec<Value>>,
    /// Whether there are more rows.
    pub more: bool,
    /// How many values were cut at [`crate::permit::RowLimits::cell`].
    pub cut: u64,
    /// Bytes of all values.
    pub bytes: u64,
}

/// The head of one column of an outcome.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ColumnHead {
    /// Its name.
    pub name: String,
    /// Its type, as the database calls it.
    pub kind: String,
}

/// One step of a plan, without what conditions would tell.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlanStep {
    /// How deep it lies.
    pub depth: usize,
    /// What is done: `Seq Scan`, `Hash Join`.
    pub step: String,
    /// The table it is done to, where it is one.
    pub table: Option<crate::schema::TableName>,
    /// About how many rows, to one significant digit.
    pub rows: u64,
    /// What it costs in the planner's units, to one significant digit.
    pub cost: u64,
}

impl Engine {
    /// Which SQL it reads.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres(_) => Dialect::Postgres,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Runs a query.
    ///
    /// # Errors
    ///
    /// What the caller may hear of it: [`Refusal::Denied`] for what is in the statement or over
    /// a limit, [`Refusal::Failed`] for all else.
    pub async fn query(&self, call: &Call, query: &Query) -> Result<Rows, Refusal> {
        match self {
            Self::Postgres(postgres) => postgres.query(call, query).await,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(sqlite) => sqlite.query(call, query).await,
        }
    }

    /// What would be done to run a query.
    ///
    /// # Errors
    ///
    /// As [`Engine::query`].
    pub async fn explain(&self, call: &Call, query: &Query) -> Result<Vec<PlanStep>, Refusal> {
        match self {
            Self::Postgres(postgres) => postgres.explain(call, query).await,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(sqlite) => sqlite.explain(call, query).await,
        }
    }

    /// Changes rows, if exactly as many as expected. Gives back how many that were.
    ///
    /// # Errors
    ///
    /// As [`Engine::query`]; nothing is changed then.
    pub async fn change(&self, call: &Call, change: &Change) -> Result<u64, Refusal> {
        match self {
            Self::Postgres(postgres) => postgres.change(call, change).await,
            #[cfg(feature = "sqlite")]
            Self::Sqlite(sqlite) => sqlite.change(call, change).await,
        }
    }
}

/// Bytes of an answer for which no room is asked.
const SMALL: u64 = 64 << 10;
/// Values take this many times the room of their bytes until they are written.
const HELD: u64 = 2;
