//! Opens connections, and takes from each what it will not need.
//!
//! # Invariants
//!
//! - A [`Door`] asks the wall before any statement is prepared; only its own `BEGIN`, `COMMIT`
//!   and `ROLLBACK` pass without.
//! - A connection that reads changes no data. In WAL mode SQLite keeps an index in shared memory
//!   beside the file, which readers have to make or map as well.
//! - Nothing is attached, no extension is loaded, and no name in the file's schema is trusted.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use guard::error::Denial;
use guard::error::Refusal;
use rusqlite::Connection;
use rusqlite::OpenFlags;
use rusqlite::Statement;
use rusqlite::config::DbConfig;
use rusqlite::hooks::AuthAction;
use rusqlite::hooks::AuthContext;
use rusqlite::hooks::Authorization;
use rusqlite::limits::Limit;

use super::Reach;
use super::file::File;
use super::hash;
use super::maths;
use super::trouble;
use super::trouble::OpenTrouble;
use super::wall::Wall;

/// What a connection is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mode {
    Read,
    Write,
}

/// One connection behind the wall.
pub(super) struct Door {
    db: Connection,
    wall: Arc<Wall>,
    /// Whether a statement of this file is being prepared, and not one that came in.
    own: Arc<AtomicBool>,
    /// Whether the wall refused something since it was last asked.
    refused: Arc<AtomicBool>,
}

impl Door {
    pub(super) fn open(file: &File, wall: &Arc<Wall>, mode: Mode) -> Result<Self, OpenTrouble> {
        let mut db = connect(file, mode)?;
        confine(&db, mode).map_err(OpenTrouble::of)?;
        let (own, refused) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let (behind, ours, refusals) = (Arc::clone(wall), Arc::clone(&own), Arc::clone(&refused));
        let ask = move |asked: AuthContext<'_>| {
            let allowed = match (mode, asked.action) {
                (_, AuthAction::Transaction { .. }) => ours.load(Ordering::Relaxed),
                (Mode::Read, _) => behind.reading(&asked),
                (Mode::Write, _) => behind.writing(&asked),
            };
            if allowed {
                return Authorization::Allow;
            }
            refusals.store(true, Ordering::Relaxed);
            tracing::warn!(asked = ?asked.action, "the database's own wall refused a statement");
            Authorization::Deny
        };
        db.authorizer(Some(ask)).map_err(OpenTrouble::of)?;
        Ok(Self {
            db,
            wall: Arc::clone(wall),
            own,
            refused,
        })
    }

    /// Proves that what is declared can be read.
    pub(super) fn prove(&self, tables: &[Reach]) -> Result<(), OpenTrouble> {
        for reach in tables {
            let columns: Vec<_> = reach.columns.iter().map(|name| quoted(name)).collect();
            let columns = if columns.is_empty() {
                "count(*)".to_owned()
            } else {
                columns.join(", ")
            };
            let sql = format!("SELECT {columns} FROM main.{}", quoted(&reach.table));
            let prepared = self.db.prepare(&sql);
            drop(prepared.map_err(|cause| OpenTrouble::table(&reach.table, cause))?);
        }
        Ok(())
    }

    /// The declared table that `text` begins with, as a word.
    pub(super) fn table(&self, text: &str) -> Option<String> {
        self.wall.table(text)
    }

    pub(super) fn db(&self) -> &Connection {
        &self.db
    }

    pub(super) fn db_mut(&mut self) -> &mut Connection {
        &mut self.db
    }

    /// Runs `BEGIN`, `BEGIN IMMEDIATE`, `COMMIT` or `ROLLBACK`.
    pub(super) fn transact(&self, how: &'static str) -> Result<(), Refusal> {
        self.own.store(true, Ordering::Relaxed);
        let done = self.db.execute_batch(how);
        self.own.store(false, Ordering::Relaxed);
        done.map_err(trouble::running("begin or end a transaction"))
    }

    /// Prepares one statement that came in.
    pub(super) fn prepare(&self, sql: &str) -> Result<Statement<'_>, Refusal> {
        if self.wall.is_taken_in(sql) {
            return Err(Denial::Unsuitable(trouble::UNAVAILABLE).into());
        }
        self.refused.store(false, Ordering::Relaxed);
        self.db.prepare(sql).map_err(|cause| {
            let refused = self.refused.load(Ordering::Relaxed);
            trouble::preparing(cause, refused)
        })
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}

/// A connection that reads, without a wall: for questions of this server itself.
pub(super) fn bare(file: &File) -> Result<Connection, OpenTrouble> {
    let db = connect(file, Mode::Read)?;
    confine(&db, Mode::Read).map_err(OpenTrouble::of)?;
    Ok(db)
}

/// A name of the database in quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn connect(file: &File, mode: Mode) -> Result<Connection, OpenTrouble> {
    let way = match mode {
        Mode::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Mode::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    // neither CREATE nor URI
    let flags = way
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let db = Connection::open_with_flags(file.path(), flags).map_err(OpenTrouble::of)?;
    // SQLite opens by path, so the path is looked at again after it
    if !file.is_there() {
        return Err(OpenTrouble::Replaced);
    }
    // the first page is read here, not at the first request
    let read = db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
    read.map_err(OpenTrouble::of)?;
    // it falls back to reading by itself
    if mode == Mode::Write && db.is_readonly(c"main").map_err(OpenTrouble::of)? {
        return Err(OpenTrouble::NotWritable);
    }
    Ok(db)
}

fn confine(db: &Connection, mode: Mode) -> rusqlite::Result<()> {
    for (config, on) in CONFIGS {
        db.set_db_config(config, on)?;
    }
    for (limit, most) in LIMITS {
        db.set_limit(limit, most)?;
    }
    for (pragma, value) in PRAGMAS {
        db.pragma_update(None, pragma, value)?;
    }
    db.pragma_update(None, "query_only", mode == Mode::Read)?;
    hash::add_to(db)?;
    maths::add_to(db)?;
    db.busy_timeout(PATIENCE)
}

const CONFIGS: [(DbConfig, bool); 9] = [
    (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
    (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
    (DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
    // "no such column" must not become a string of that name
    (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_COMMENTS, false),
];

const LIMITS: [(Limit, i32); 11] = [
    (Limit::SQLITE_LIMIT_LENGTH, 16 << 20),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 1000),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 100),
    (Limit::SQLITE_LIMIT_VDBE_OP, 100_000),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 100),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 1000),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 32),
    (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
];

const PRAGMAS: [(&str, i64); 4] = [
    ("cell_size_check", 1),
    ("mmap_size", 0),
    // in memory: what is sorted must not lie in a file that others may read
    ("temp_store", 2),
    // of all connections together, sorting included
    ("hard_heap_limit", 256 << 20),
];

/// How long SQLite waits for a lock by itself, deaf to cancellation.
const PATIENCE: Duration = Duration::from_millis(20);
