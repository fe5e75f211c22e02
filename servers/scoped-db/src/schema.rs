//! The virtual schema: which tables and columns exist, for whom, in which form.
//!
//! [`Schema`] is what the operator declared. [`View`] is what of it exists for one clearance; it
//! is all that the translator, the tools and the resources ever look names up in.
//!
//! # Invariants
//!
//! - A name that is not in a [`View`] does not exist for its reader, whether or not the database
//!   has it: there is one answer for both.
//! - A column is never labelled below its table; a masked column never above what its reader
//!   may see.

pub mod declare;

use std::sync::Arc;

use guard::label::Clearance;
use guard::label::Label;

use crate::statement::Rule;

/// All that the operator declared.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// The tables, in the operator's order.
    pub tables: Vec<Arc<Table>>,
}

/// The name of a table, as the database has it. SQLite has one schema, `main`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TableName {
    /// The schema.
    pub schema: String,
    /// The table in it.
    pub table: String,
}

/// One table.
#[derive(Clone, Debug)]
pub struct Table {
    /// What the database calls it.
    pub name: TableName,
    /// What it holds, for the model.
    pub about: Option<String>,
    /// The label of its existence, its row count and of every column without one of its own.
    pub label: Label,
    /// The columns that exist here; the database may have more.
    pub columns: Vec<Column>,
    /// The columns that name one row; empty where there is no key.
    pub key: Vec<String>,
    /// The operator's condition that every row must meet.
    pub rows: Option<Rule>,
    /// Counts for readers who may not see rows.
    pub count: Option<Count>,
    /// What may be changed.
    pub writes: Writes,
    /// About how many rows the database thinks there are.
    pub estimate: Option<u64>,
    /// Whether the database itself may hide rows: by row-level security, or because it is a view.
    pub filtered: bool,
}

/// One column.
#[derive(Clone, Debug)]
pub struct Column {
    /// What the database calls it.
    pub name: String,
    /// Its type, as `pg_type.typname` has it (`int4`, `text`, `_text` for an array of texts), or
    /// as SQLite's declaration has it.
    pub kind: String,
    /// Whether it may be null.
    pub nullable: bool,
    /// Its label: that of the table joined with its own.
    pub label: Label,
    /// How it is shown to a reader of the table who is not cleared for it.
    pub mask: Option<Masked>,
    /// What it holds, for the model.
    pub about: Option<String>,
}

/// A mask and what is left of the label under it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Masked {
    /// What is done to the values.
    pub mask: Mask,
    /// The label of the outcome; never below the table's.
    pub label: Label,
}

/// What is done to values that a reader may not see.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mask {
    /// `null`: always null, of the column's type where that is a built-in one, else text.
    Null,
    /// `redact`: the text `[redacted]`, or null where there is none.
    Redact,
    /// `hash`: 16 hex digits, equal for equal values, keyed so that nobody can try values out.
    Hash,
    /// `last-4`: an ellipsis and the last four characters; for values of at most eight
    /// characters only the ellipsis.
    LastFour,
    /// `year`: of a date or time, as a number.
    Year,
    /// `email-domain`: what follows the last `@`, null without one.
    EmailDomain,
}

/// Counts for those who may not see the rows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Count {
    /// The label of a count.
    pub label: Label,
    /// The least number of rows that a count may tell.
    pub min_group: u64,
}

/// What may be changed, and by whom.
#[derive(Clone, Debug, Default)]
pub struct Writes {
    /// New rows.
    pub insert: Option<Write>,
    /// Changed rows, by key.
    pub update: Option<Write>,
    /// Deleted rows, by key.
    pub delete: Option<Write>,
}

/// One kind of change.
#[derive(Clone, Debug, Default)]
pub struct Write {
    /// The columns whose values a caller may give. Empty for deletions.
    pub columns: Vec<String>,
    /// Values that the server fills in, whatever the caller says: from `:subject`.
    pub subject_column: Option<String>,
    /// A permission that is needed beside that of the tool.
    pub permission: Option<String>,
    /// The most rows that one call may change.
    pub most: u64,
}

/// What exists for one clearance.
#[derive(Clone, Debug, Default)]
pub struct View {
    tables: Vec<ViewTable>,
}

/// One table as it exists for a clearance.
#[derive(Clone, Debug)]
pub struct ViewTable {
    /// What the operator declared.
    pub table: Arc<Table>,
    /// The columns that exist, in the declared order. Never empty.
    pub columns: Vec<ViewColumn>,
}

/// One column as it exists for a clearance.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ViewColumn {
    /// Its place in [`Table::columns`].
    pub at: usize,
    /// How it is shown; plain without a mask.
    pub mask: Option<Mask>,
    /// The label of what is shown.
    pub label: Label,
}

impl Table {
    /// Whether it has rows that some reader may not know of. What the planner thinks of such a
    /// table comes from all its rows, and must be told to nobody, not even as a limit.
    #[must_use]
    pub const fn hides_rows(&self) -> bool {
        self.rows.is_some() || self.filtered
    }
}

impl Writes {
    /// Whether anything may be changed.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.insert.is_some() || self.update.is_some() || self.delete.is_some()
    }
}

impl Schema {
    /// Whether anything may be changed in any table.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.tables.iter().any(|table| table.writes.any())
    }
}

impl View {
    /// What of `schema` exists for `clearance`.
    #[must_use]
    pub fn of(schema: &Schema, clearance: Clearance) -> Self {
        let tables = schema.tables.iter();
        Self {
            tables: tables
                .filter_map(|table| ViewTable::of(table, clearance))
                .collect(),
        }
    }

    /// The tables that exist.
    #[must_use]
    pub fn tables(&self) -> &[ViewTable] {
        &self.tables
    }

    /// The table of this name. Without a schema the name must be that of one table alone.
    #[must_use]
    pub fn find(&self, schema: Option<&str>, table: &str) -> Option<&ViewTable> {
        let mut found = self.tables.iter().filter(|known| {
            let name = &known.table.name;
            name.table == table && schema.is_none_or(|schema| schema == name.schema)
        });
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }
}

impl ViewTable {
    fn of(table: &Arc<Table>, clearance: Clearance) -> Option<Self> {
        if !table.label.flows_to(clearance) {
            return None;
        }
        let shown = |(at, column): (usize, &Column)| column.shown(at, clearance);
        let columns: Vec<ViewColumn> = table.columns.iter().enumerate().filter_map(shown).collect();
        (!columns.is_empty()).then(|| Self {
            table: Arc::clone(table),
            columns,
        })
    }

    /// The declared columns that exist, each with how it is shown.
    pub fn columns(&self) -> impl Iterator<Item = (&Column, ViewColumn)> {
        let all = &self.table.columns;
        self.columns
            .iter()
            .filter_map(|shown| Some((all.get(shown.at)?, *shown)))
    }

    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<(&Column, ViewColumn)> {
        self.columns().find(|(column, _)| column.name == name)
    }
}

impl Column {
    fn shown(&self, at: usize, clearance: Clearance) -> Option<ViewColumn> {
        if self.label.flows_to(clearance) {
            return Some(ViewColumn {
                at,
                mask: None,
                label: self.label,
            });
        }
        let Masked { mask, label } = self.mask?;
        label.flows_to(clearance).then_some(ViewColumn {
            at,
            mask: Some(mask),
            label,
        })
    }
}

impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.schema, self.table)
    }
}

impl Mask {
    /// All masks with the words of the configuration.
    pub const ALL: [(&'static str, Self); 6] = [
        ("null", Self::Null),
        ("redact", Self::Redact),
        ("hash", Self::Hash),
        ("last-4", Self::LastFour),
        ("year", Self::Year),
        ("email-domain", Self::EmailDomain),
    ];

    /// The mask that the configuration calls so.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(name, _)| *name == word);
        found.map(|(_, mask)| *mask)
    }

    /// What the configuration calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, mask)| *mask == self);
        found.map_or("null", |(name, _)| name)
    }
}

#[cfg(test)]
mod tests;
