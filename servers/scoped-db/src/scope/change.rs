//! Leave to insert, change or delete rows, each by name and value, never by SQL.
//!
//! # Invariants
//!
//! - A column that the operator did not open for this verb is refused, as is one that the
//!   caller may not see, plain or at all: whoever could write it could find out what it holds.
//! - Rows are found by their whole key and meet the table's row rule.

use serde_json::Map;
use serde_json::Value;

use guard::call::Caller;
use guard::error::Denial;
use guard::label::Label;

use super::Scope;
use crate::permit::Change;
use crate::schema::Column;
use crate::schema::ViewTable;
use crate::schema::Write;
use crate::statement::write;

/// What is done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verb {
    /// One new row.
    Insert,
    /// Other values in rows of a key.
    Update,
    /// Rows of a key that go.
    Delete,
}

/// A change that may be made, and what is to be said of it.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The leave.
    pub change: Change,
    /// The join of the labels of all columns that are named.
    pub label: Label,
    /// `SCHEMA.TABLE`.
    pub table: String,
    /// `TABLE.COLUMN` of each column that is named.
    pub columns: Vec<String>,
    /// The permission that was needed beside that of the tool.
    pub permission: Option<String>,
}

/// What a caller wants changed.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The table, as the caller calls it.
    pub table: String,
    /// The values that name the rows.
    pub key: Map<String, Value>,
    /// The values that are to be there.
    pub set: Map<String, Value>,
    /// How many rows that is.
    pub expected: u64,
}

impl Scope {
    /// Leave to change rows of one table.
    ///
    /// # Errors
    ///
    /// [`Denial::NotFound`] for a table that is not there for the caller,
    /// [`Denial::Unsuitable`] for what the configuration or the caller's permissions do not open,
    /// [`Denial::Malformed`] for names that do not fit.
    pub fn permit_change(
        &self,
        caller: &Caller,
        verb: Verb,
        wanted: &Wanted,
    ) -> Result<Changed, Denial> {
        let view = self.view(caller.clearance);
        let table = self.table(&view, &wanted.table)?;
        let writes = &table.table.writes;
        let write = match verb {
            Verb::Insert => &writes.insert,
            Verb::Update => &writes.update,
            Verb::Delete => &writes.delete,
        };
        let write = write.as_ref().ok_or(NOT_OPEN)?;
        if !caller.may(write.permission.as_deref()) {
            return Err(NOT_OPEN);
        }
        if wanted.expected > write.most {
            return Err(Denial::Unsuitable(
                "more rows than one call may change here",
            ));
        }
        let (mut columns, mut values) = self.set(caller, table, write, verb, wanted)?;
        let set = columns.len();
        if verb != Verb::Insert {
            let key = &table.table.key;
            if wanted.key.len() != key.len() {
                return Err(WHOLE_KEY);
            }
            for name in key {
                plainly(table, name).ok_or(WHOLE_KEY)?;
                columns.push(name.clone());
                let value = wanted.key.get(name).ok_or(WHOLE_KEY)?;
                if value.is_null() {
                    return Err(WHOLE_KEY);
                }
                values.push(value.clone());
            }
        }
        let (named, key) = columns.split_at_checked(set).unwrap_or((&columns, &[]));
        let (name, rule) = (&table.table.name, table.table.rows.as_ref());
        let printed = match verb {
            Verb::Insert => Some(write::insert(name, named, rule, self.dialect)),
            Verb::Update => write::update(name, named, key, rule, self.dialect),
            Verb::Delete => write::delete(name, key, rule, self.dialect),
        };
        let printed = printed.ok_or(WHOLE_KEY)?;
        let values = self.values(caller, &printed.inputs, &values)?;
        let labels = columns.iter().filter_map(|name| table.column(name));
        let label = labels.fold(table.table.label, |label, (_, shown)| {
            label.join(shown.label)
        });
        Ok(Changed {
            change: Change {
                table: table.table.name.clone(),
                sql: printed.sql,
                values,
                context: self.context(caller),
                expected: wanted.expected,
                limits: self.window(super::Window::default()),
            },
            label: Label::join(label, table.table.label),
            permission: write.permission.clone(),
            table: table.table.name.to_string(),
            columns: columns
                .iter()
                .map(|name| format!("{}.{name}", table.table.name.table))
                .collect(),
        })
    }

    /// The columns that get a value, and the values, in one order.
    fn set(
        &self,
        caller: &Caller,
        table: &ViewTable,
        write: &Write,
        verb: Verb,
        wanted: &Wanted,
    ) -> Result<(Vec<String>, Vec<Value>), Denial> {
        let argument = if verb == Verb::Insert {
            "values"
        } else {
            "set"
        };
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        for (name, value) in &wanted.set {
            let open = write.columns.contains(name) && write.subject_column.as_ref() != Some(name);
            if !open || plainly(table, name).is_none() {
                return Err(Denial::Malformed {
                    argument,
                    expected: "only columns that describe_table shows as open for this",
                });
            }
            columns.push(name.clone());
            values.push(value.clone());
        }
        if columns.is_empty() && verb != Verb::Delete {
            return Err(Denial::Malformed {
                argument,
                expected: "at least one column",
            });
        }
        if let Some(name) = &write.subject_column {
            columns.push(name.clone());
            values.push(caller.principal.subject().into());
        }
        Ok((columns, values))
    }

    /// The label of `TABLE`, `SCHEMA.TABLE`, `TABLE.COLUMN` or `SCHEMA.TABLE.COLUMN`, and what
    /// gave it. For the operator.
    #[must_use]
    pub fn explain(&self, text: &str) -> Option<(Label, String)> {
        let named = |table: &str| {
            let mut found = self
                .schema()
                .tables
                .iter()
                .filter(|known| known.name.table == table || known.name.to_string() == table);
            found.next().filter(|_| found.next().is_none())
        };
        if let Some(table) = named(text) {
            return Some((table.label, format!("the table {}", table.name)));
        }
        let (table, column) = text.rsplit_once('.')?;
        let table = named(table)?;
        let column = table.columns.iter().find(|known| known.name == column)?;
        let mask = column.mask.map_or_else(String::new, |masked| {
            format!(", for others the mask {}", masked.mask.name())
        });
        let rule = format!("the column {} of {}{mask}", column.name, table.name);
        Some((column.label, rule))
    }
}

/// The column of this name, if the caller sees its values as they are.
fn plainly<'v>(table: &'v ViewTable, name: &str) -> Option<&'v Column> {
    let (column, shown) = table.column(name)?;
    shown.mask.is_none().then_some(column)
}

const NOT_OPEN: Denial = Denial::Unsuitable("this table cannot be changed so");
const WHOLE_KEY: Denial = Denial::Malformed {
    argument: "key",
    expected: "a value for each column of the key, and no others",
};
