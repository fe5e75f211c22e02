//! Decides what a statement may reach, whatever its text is. SQLite asks while it prepares.
//!
//! # Invariants
//!
//! - What is not listed is refused: every action but those matched here, every table, column and
//!   function that is not in a list.
//! - A view reads what it read at start, and the tables below it are reached by it alone.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use rusqlite::Connection;
use rusqlite::hooks::AuthAction;
use rusqlite::hooks::AuthContext;
use rusqlite::hooks::Authorization;

use super::Reach;
use super::Settings;
use super::door;
use super::file::File;
use super::names;
use super::trouble::OpenTrouble;

/// What may be reached. All names are in lower case, as SQLite folds them.
#[derive(Debug, Default)]
pub(super) struct Wall {
    tables: HashMap<String, Known>,
    /// What views read: the view, the table below it, the column.
    below: HashSet<(String, String, String)>,
    /// Whether [`LIST`] is SQLite's own, and no table of that name hides it.
    lists: bool,
    /// What a name in FROM may mean beside the tables above and the statement's own names.
    others: HashSet<String>,
    /// The operator's triggers: what they do is part of the change that was allowed.
    triggers: HashSet<String>,
}

#[derive(Debug, Default)]
struct Known {
    name: String,
    columns: HashSet<String>,
    insert: bool,
    update: HashSet<String>,
    delete: bool,
}

impl Wall {
    /// The wall around what `settings` declare of the database in `file`.
    pub(super) fn around(file: &File, settings: &Settings) -> Result<Self, OpenTrouble> {
        let db = door::bare(file)?;
        let names = |sql: &str| -> Result<HashSet<String>, OpenTrouble> {
            let mut found = db.prepare(sql).map_err(OpenTrouble::of)?;
            let rows = found.query_map([], |row| row.get::<_, String>(0));
            let names: Result<HashSet<String>, _> = rows.map_err(OpenTrouble::of)?.collect();
            let names = names.map_err(OpenTrouble::of)?;
            Ok(names.iter().map(|name| folded(name)).collect())
        };
        let views = names("SELECT name FROM pragma_table_list WHERE type = 'view'")?;
        let mut others = names("SELECT name FROM pragma_table_list")?;
        let lists = !others.contains(LIST);
        others.extend(names("SELECT name FROM pragma_module_list")?);
        let triggers = names("SELECT name FROM sqlite_schema WHERE type = 'trigger'")?;
        let tables = settings.tables.iter();
        let tables = tables.map(|reach| (folded(&reach.table), Known::of(reach)));
        let tables: HashMap<_, _> = tables.collect();
        let declared = tables.keys().filter(|name| views.contains(*name));
        let below = read_below(db, declared)?;
        Ok(Self {
            tables,
            below,
            lists,
            others,
            triggers,
        })
    }

    /// The declared table that `text` begins with, as a word.
    pub(super) fn table(&self, text: &str) -> Option<String> {
        let begins = |name: &&String| {
            let rest = text.strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        let names = self.tables.values().map(|known| &known.name);
        // a name may have blanks
        names.filter(begins).max_by_key(|name| name.len()).cloned()
    }

    /// Whether `sql` gives the name of a view that reads for others to something of its own.
    pub(super) fn is_taken_in(&self, sql: &str) -> bool {
        let view = |name: &str| self.below.iter().any(|(view, _, _)| view == name);
        !self.below.is_empty() && names::defines(sql, view)
    }

    /// Whether a statement that may only read may do this.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is not listed is refused"
    )]
    pub(super) fn reading(&self, asked: &AuthContext<'_>) -> bool {
        let main = asked.database_name.is_none_or(|name| name == "main");
        match asked.action {
            AuthAction::Select | AuthAction::Recursive => true,
            AuthAction::Read {
                table_name,
                column_name,
            } => main && self.may_read(table_name, column_name, asked.accessor),
            AuthAction::Function { function_name } => is_harmless(function_name),
            _ => false,
        }
    }

    /// Whether a statement that may write may do this.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is not listed is as in reading"
    )]
    pub(super) fn writing(&self, asked: &AuthContext<'_>) -> bool {
        let by_trigger = asked
            .accessor
            .is_some_and(|name| self.triggers.contains(&folded(name)));
        let may = |table: &str, may: &dyn Fn(&Known) -> bool| {
            let table = folded(table);
            let own = by_trigger && !table.starts_with("sqlite_");
            asked.database_name == Some("main") && (own || self.tables.get(&table).is_some_and(may))
        };
        match asked.action {
            AuthAction::Insert { table_name } => may(table_name, &|known| known.insert),
            AuthAction::Delete { table_name } => may(table_name, &|known| known.delete),
            AuthAction::Update {
                table_name,
                column_name,
            } => may(table_name, &|known| {
                known.update.contains(&folded(column_name))
            }),
            AuthAction::Read { table_name, .. } if by_trigger => may(table_name, &|_| true),
            _ => self.reading(asked),
        }
    }

    fn may_read(&self, table: &str, column: &str, accessor: Option<&str>) -> bool {
        let (table, column) = (folded(table), folded(column));
        if table == LIST && self.lists {
            return true;
        }
        let own = |known: &Known| column.is_empty() || known.columns.contains(&column);
        if self.tables.get(&table).is_some_and(own) {
            return true;
        }
        if let Some(accessor) = accessor {
            let key = (folded(accessor), table.clone(), column.clone());
            if self.below.contains(&key) {
                return true;
            }
        }
        // no column: it is only named. A name that is not of the database is the statement's
        // own, of a common table expression.
        column.is_empty() && !reserved(&table) && !self.others.contains(&table)
    }
}

impl Known {
    fn of(reach: &Reach) -> Self {
        Self {
            name: reach.table.clone(),
            columns: reach.columns.iter().map(|name| folded(name)).collect(),
            insert: reach.insert,
            update: reach.update.iter().map(|name| folded(name)).collect(),
            delete: reach.delete,
        }
    }
}

/// What `views` read, asked of SQLite itself.
fn read_below<'a>(
    mut db: Connection,
    views: impl Iterator<Item = &'a String>,
) -> Result<HashSet<(String, String, String)>, OpenTrouble> {
    let seen = Arc::new(Mutex::new(HashSet::new()));
    let sink = Arc::clone(&seen);
    let watch = move |asked: AuthContext<'_>| {
        if let (
            AuthAction::Read {
                table_name,
                column_name,
            },
            Some(view),
        ) = (asked.action, asked.accessor)
        {
            let read = (folded(view), folded(table_name), folded(column_name));
            let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
            sink.insert(read);
        }
        Authorization::Allow
    };
    db.authorizer(Some(watch)).map_err(OpenTrouble::of)?;
    for view in views {
        let sql = format!("SELECT * FROM main.{}", door::quoted(view));
        let prepared = db.prepare(&sql);
        drop(prepared.map_err(|cause| OpenTrouble::table(view, cause))?);
    }
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(seen.clone())
}

fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Names that SQLite keeps for itself, also for tables that are made when they are asked for.
fn reserved(table: &str) -> bool {
    table.starts_with("sqlite_") || table.starts_with("pragma_")
}

/// Whether a function does nothing but compute, within bounds.
pub(super) fn is_harmless(function: &str) -> bool {
    HARMLESS.contains(&function.to_ascii_lowercase().as_str())
}

/// The elements of a list that is bound as JSON, as a table: it reads its argument only.
const LIST: &str = "json_each";

/// No file, no schema, no state of the connection; nothing that makes much out of little
/// (`zeroblob`, `randomblob`, `printf`).
const HARMLESS: &[&str] = &[
    super::hash::NAME,
    // conditions
    "coalesce",
    "glob",
    "if",
    "ifnull",
    "iif",
    "like",
    "likelihood",
    "likely",
    "max",
    "min",
    "nullif",
    "typeof",
    "unlikely",
    // texts
    "char",
    "concat",
    "concat_ws",
    "hex",
    "instr",
    "length",
    "lower",
    "ltrim",
    "octet_length",
    "quote",
    "replace",
    "rtrim",
    "substr",
    "substring",
    "trim",
    "unhex",
    "unicode",
    "upper",
    // numbers
    "abs",
    "ceil",
    "ceiling",
    "exp",
    "floor",
    "ln",
    "log",
    "log10",
    "log2",
    "mod",
    "pi",
    "pow",
    "power",
    "random",
    "round",
    "sign",
    "sqrt",
    "trunc",
    // dates
    "current_date",
    "current_time",
    "current_timestamp",
    "date",
    "datetime",
    "julianday",
    "strftime",
    "time",
    "timediff",
    "unixepoch",
    // JSON
    "->",
    "->>",
    "json",
    "json_array",
    "json_array_length",
    "json_extract",
    "json_object",
    "json_quote",
    "json_type",
    "json_valid",
    // of many rows
    "avg",
    "count",
    "group_concat",
    "json_group_array",
    "json_group_object",
    "string_agg",
    "sum",
    "total",
    // of neighbours
    "cume_dist",
    "dense_rank",
    "first_value",
    "lag",
    "last_value",
    "lead",
    "nth_value",
    "ntile",
    "percent_rank",
    "rank",
    "row_number",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_that_is_let_through_is_there() {
        let world = super::super::testing::World::new();
        let file = File::find(&world.path()).unwrap();
        let wall = Arc::new(Wall::default());
        let mut door = door::Door::open(&file, &wall, door::Mode::Read).unwrap();
        let db = door.db_mut();
        db.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)
            .unwrap();
        let mut known = db.prepare("SELECT name FROM pragma_function_list").unwrap();
        let known = known.query_map([], |row| row.get(0)).unwrap();
        let known: HashSet<String> = known.map(Result::unwrap).collect();
        // printed as words of the grammar, not as functions of the list
        let grammar = ["->", "->>", "coalesce", "iif", "if"];
        for name in HARMLESS {
            assert!(known.contains(*name) || grammar.contains(name), "{name}");
        }
    }
}
