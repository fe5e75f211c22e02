//! SQLite through rusqlite: one file, opened read-only, behind a wall of its own.
//!
//! | module    | answers                                                     |
//! |-----------|-------------------------------------------------------------|
//! | `file`    | is it the file that the operator named, and still the same? |
//! | `door`    | how is a connection opened, and what does it give up?       |
//! | `wall`    | may this statement reach that table, column, function?      |
//! | `names`   | which names does a statement define for itself?             |
//! | `pool`    | whose turn is it, and until when?                           |
//! | `read`    | what does a query give, and how would it be run?            |
//! | `write`   | are exactly as many rows changed as expected?               |
//! | `values`  | how do values cross over, and how much of them?             |
//! | `hash`    | what stands for a value that may only be compared?          |
//! | `maths`   | which functions of numbers does SQLite lack?                |
//! | `trouble` | what may be said when it fails?                             |
//!
//! # Invariants
//!
//! - A connection that reads cannot write: the file is opened so, and `query_only` is on.
//! - A connection that writes is there only if a table was declared to be written to.
//! - Whatever the text of a statement is, it reaches only what [`Settings`] lists, by functions
//!   of a closed list. One hole is known: `NATURAL JOIN` and `USING` compare columns without
//!   asking, so that [`crate::statement`] has to come first.

mod catalog;
mod door;
mod file;
mod hash;
mod maths;
mod names;
mod pool;
mod read;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod trouble;
mod values;
mod wall;
mod write;

use std::path::Path;
use std::sync::Arc;

use guard::call::Call;
use guard::error::Refusal;
use guard::error::fault;

use self::door::Door;
use self::door::Mode;
use self::file::File;
use self::pool::Pool;
pub use self::trouble::OpenTrouble;
use self::wall::Wall;
use super::PlanStep;
use super::Rows;
use super::catalog::Catalog;
use crate::permit::Change;
use crate::permit::Query;
use crate::schema::Table;

/// A file that is open.
#[derive(Debug)]
pub struct Sqlite {
    readers: Arc<Pool>,
    writer: Option<Arc<Pool>>,
}

/// What the operator declared, as far as this engine enforces it.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The tables and views that exist. There is no other.
    pub tables: Vec<Reach>,
    /// How many statements may run at once; one at least.
    pub connections: usize,
}

/// What may be done with one table.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Its name.
    pub table: String,
    /// The columns that may be read: those that exist, and those that the row rule needs.
    pub columns: Vec<String>,
    /// Whether rows may be added.
    pub insert: bool,
    /// The columns that may be changed.
    pub update: Vec<String>,
    /// Whether rows may be deleted.
    pub delete: bool,
}

impl Reach {
    /// What `table` declares.
    #[must_use]
    pub fn of(table: &Table) -> Self {
        let mut columns: Vec<String> = table.columns.iter().map(|c| c.name.clone()).collect();
        columns.extend(table.key.iter().cloned());
        let rule = table.rows.iter().flat_map(|rule| rule.columns());
        columns.extend(rule.map(str::to_owned));
        let writes = &table.writes;
        let update = writes.update.iter().flat_map(|write| {
            let filled = write.subject_column.iter();
            write.columns.iter().chain(filled).cloned()
        });
        Self {
            table: table.name.table.clone(),
            columns,
            insert: writes.insert.is_some(),
            update: update.collect(),
            delete: writes.delete.is_some(),
        }
    }

    fn writes(&self) -> bool {
        self.insert || self.delete || !self.update.is_empty()
    }
}

impl Sqlite {
    /// Opens the database in the file at `path`.
    ///
    /// # Errors
    ///
    /// What keeps it from being opened, or a table of `settings` from being read.
    pub fn open(path: &Path, settings: &Settings) -> Result<Self, OpenTrouble> {
        let file = Arc::new(File::find(path)?);
        let wall = Arc::new(Wall::around(&file, settings)?);
        let reader = Door::open(&file, &wall, Mode::Read)?;
        reader.prove(&settings.tables)?;
        let readers = Pool::new(&file, &wall, Mode::Read, settings.connections.max(1));
        readers.put(reader);
        let writer = settings.tables.iter().any(Reach::writes).then(|| {
            let writer = Door::open(&file, &wall, Mode::Write)?;
            let pool = Pool::new(&file, &wall, Mode::Write, 1);
            pool.put(writer);
            Ok::<_, OpenTrouble>(pool)
        });
        Ok(Self {
            readers,
            writer: writer.transpose()?,
        })
    }

    /// What the database has, whether or not it is declared.
    ///
    /// # Errors
    ///
    /// As [`Sqlite::open`].
    pub fn catalog(&self) -> Result<Catalog, OpenTrouble> {
        catalog::of(self.readers.file())
    }

    /// What the database in the file at `path` has.
    ///
    /// # Errors
    ///
    /// As [`Sqlite::open`].
    pub fn catalog_of(path: &Path) -> Result<Catalog, OpenTrouble> {
        catalog::of(&File::find(path)?)
    }

    pub(super) async fn query(&self, call: &Call, query: &Query) -> Result<Rows, Refusal> {
        let query = query.clone();
        let time = query.limits.time;
        let work = move |turn: &pool::Turn<'_>| read::rows(turn, &query);
        self.readers.run(call, time, work).await
    }

    pub(super) async fn explain(
        &self,
        call: &Call,
        query: &Query,
    ) -> Result<Vec<PlanStep>, Refusal> {
        let query = query.clone();
        let time = query.limits.time;
        let work = move |turn: &pool::Turn<'_>| read::plan(turn, &query);
        self.readers.run(call, time, work).await
    }

    pub(super) async fn change(&self, call: &Call, change: &Change) -> Result<u64, Refusal> {
        let Some(writer) = &self.writer else {
            return Err(fault("change rows")("no table is declared to be written to").into());
        };
        let change = change.clone();
        let time = change.limits.time;
        let work = move |turn: &pool::Turn<'_>| write::rows(turn, &change);
        writer.run(call, time, work).await
    }
}
