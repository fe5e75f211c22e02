//! Prints typed changes of rows. Nothing in them is a caller's but the values, which are bound.
//!
//! # Invariants
//!
//! - A change names one table, whole columns, and placeholders; its rows are those of a key that
//!   the table's rule lets through.

use crate::schema::TableName;
use crate::schema::View;
use crate::statement::Bounds;
use crate::statement::Dialect;
use crate::statement::Input;
use crate::statement::Rule;
use crate::statement::literal::quoted;
use crate::statement::printer::Printer;

/// A change that may be run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// The text, with `$1`, `$2`, ... (SQLite: `?1`, `?2`, ...) for [`Change::inputs`].
    pub sql: String,
    /// What is bound to each placeholder, in order: first the values, as
    /// [`Input::Parameter`]s in the order of the arguments, then what the rule asks for.
    pub inputs: Vec<Input>,
}

/// A new row: a value for each of `columns`. With a rule, it gives back whether the row meets it.
#[must_use]
pub fn insert(
    table: &TableName,
    columns: &[String],
    rule: Option<&Rule>,
    dialect: Dialect,
) -> Change {
    let view = View::default();
    let mut printer = printer(&view, columns.len(), dialect);
    printer.text("INSERT INTO ");
    printer.name_of(table);
    if columns.is_empty() {
        printer.text(" DEFAULT VALUES");
    } else {
        printer.column_names(columns.iter().map(String::as_str));
        printer.text(" VALUES (");
        for place in 0..columns.len() {
            if place > 0 {
                printer.text(", ");
            }
            printer.placeholder(place);
        }
        printer.text(")");
    }
    printer.kept(table, rule);
    printer.change()
}

/// New values for the columns `set` of the row whose columns `key` have given values. The values
/// of `set` come first. With a rule, it gives back whether the row still meets it.
///
/// None if there is no column to set or no key: that would be all rows.
#[must_use]
pub fn update(
    table: &TableName,
    set: &[String],
    key: &[String],
    rule: Option<&Rule>,
    dialect: Dialect,
) -> Option<Change> {
    if set.is_empty() || key.is_empty() {
        return None;
    }
    let view = View::default();
    let mut printer = printer(&view, set.len() + key.len(), dialect);
    printer.text("UPDATE ");
    printer.name_of(table);
    printer.text(" SET ");
    for (place, column) in set.iter().enumerate() {
        if place > 0 {
            printer.text(", ");
        }
        printer.quoted(column);
        printer.text(" = ");
        printer.placeholder(place);
    }
    printer.row(table, set.len(), key, rule);
    printer.kept(table, rule);
    Some(printer.change())
}

/// No more of the row whose columns `key` have given values.
///
/// None if there is no key: that would be all rows.
#[must_use]
pub fn delete(
    table: &TableName,
    key: &[String],
    rule: Option<&Rule>,
    dialect: Dialect,
) -> Option<Change> {
    if key.is_empty() {
        return None;
    }
    let view = View::default();
    let mut printer = printer(&view, key.len(), dialect);
    printer.text("DELETE FROM ");
    printer.name_of(table);
    printer.row(table, 0, key, rule);
    Some(printer.change())
}

fn printer(view: &View, values: usize, dialect: Dialect) -> Printer<'_> {
    let bounds = Bounds {
        bytes: 0,
        joins: 0,
        depth: 0,
        columns: 0,
    };
    Printer::new(view, dialect, bounds, values)
}

impl Printer<'_> {
    fn name_of(&mut self, table: &TableName) {
        self.quoted(&table.schema);
        self.text(".");
        self.quoted(&table.table);
    }

    /// ` WHERE` the columns of `key` are the values from `first` on, and the rule holds.
    fn row(&mut self, table: &TableName, first: usize, key: &[String], rule: Option<&Rule>) {
        let equals = super::operator::printed("=", self.dialect);
        self.text(" WHERE ");
        for (place, column) in key.iter().enumerate() {
            if place > 0 {
                self.text(" AND ");
            }
            self.text(&format!("({} {equals} ", quoted(column)));
            self.placeholder(first + place);
            self.text(")");
        }
        if let Some(rule) = rule {
            self.text(" AND (");
            rule.print(self, &table.table);
            self.text(")");
        }
    }

    /// ` RETURNING` whether the row, as it is now, meets the rule: nobody may write what they could
    /// not read, nor move a row out of their own sight into another's.
    fn kept(&mut self, table: &TableName, rule: Option<&Rule>) {
        if let Some(rule) = rule {
            self.text(" RETURNING (");
            rule.print(self, &table.table);
            self.text(")");
        }
    }

    fn change(self) -> Change {
        Change {
            sql: self.out.sql,
            inputs: self.inputs,
        }
    }
}
