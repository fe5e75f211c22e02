//! Translates SQL over the virtual schema into SQL over the database. Pure: text in, text out.
//!
//! One statement is read, taken apart, and printed anew from what is known to be harmless. Of
//! the text that came in, nothing is passed through but numbers, names and strings, each by the
//! one function that quotes it.
//!
//! # Invariants
//!
//! - What is printed is one `SELECT` over the tables of the [`View`], each as a subselect that
//!   has the columns of the view and no others.
//! - A syntax element, function, operator or type that is not listed is refused.
//! - [`Translated::touched`] has every column that the statement names or implies, in any clause.

mod call;
mod calm;
mod catalog;
mod compare;
mod expr;
mod form;
mod from;
mod function;
mod join;
mod literal;
mod mask;
mod moment;
mod name;
mod nesting;
mod operator;
mod out;
mod outputs;
mod parse;
mod place;
mod printer;
mod query;
mod rows;
mod rule;
mod scope;
mod select;
mod set;
#[cfg(test)]
mod tests;
mod touch;
mod types;
mod value;
mod with;
pub mod write;

use guard::error::Denial;

use crate::schema::View;
use crate::statement::printer::Printer;
use crate::statement::rule::Piece;

/// Which database reads the outcome.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dialect {
    /// PostgreSQL 13 or newer.
    Postgres,
    /// SQLite 3.45 or newer.
    Sqlite,
}

/// How much one statement may be.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of text.
    pub bytes: usize,
    /// Joins and items of FROM, together, after the first.
    pub joins: usize,
    /// Levels of nesting.
    pub depth: usize,
    /// Columns of the outcome, and of each select list.
    pub columns: usize,
}

/// A statement that may be run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Translated {
    /// The text, with `$1`, `$2`, ... (SQLite: `?1`, `?2`, ...) for [`Translated::inputs`].
    pub sql: String,
    /// What is bound to each placeholder, in order.
    pub inputs: Vec<Input>,
    /// The columns that were touched: places in [`View::tables`] and in
    /// [`crate::schema::ViewTable::columns`]. A table of which no column was named
    /// (`count(*)`) is there with none.
    pub touched: Vec<Touched>,
    /// The statement without its literals: equal for statements of one shape.
    pub shape: String,
}

/// What is bound to a placeholder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Input {
    /// The caller's parameter of this number, counted from zero.
    Parameter(usize),
    /// The caller's subject, as text.
    Subject,
    /// The caller's roles, as an array of texts (SQLite: a JSON array).
    Roles,
    /// The key of masks, as text.
    MaskKey,
}

/// A table and the columns of it that a statement touched.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Touched {
    /// Its place in [`View::tables`].
    pub table: usize,
    /// Places in its columns, sorted.
    pub columns: Vec<usize>,
}

/// Reads `sql` and prints what may be run of it.
///
/// # Errors
///
/// [`Denial::Statement`] with the reason and the place in `sql`.
pub fn translate(
    sql: &str,
    view: &View,
    dialect: Dialect,
    bounds: Bounds,
) -> Result<Translated, Denial> {
    let parse::Read { tree, parameters } = parse::query(sql, dialect, bounds)?;
    let print = |fenced| {
        let mut printer = Printer::new(view, dialect, bounds, parameters);
        printer.fenced = fenced;
        printer.query(&tree).map(|_| printer)
    };
    let mut printer = print(false)?;
    if printer.ruled && printer.stirred {
        printer = print(true)?;
    }
    if printer.out.sql.len() > LONGEST {
        return printer.no("the statement becomes too long");
    }
    Ok(Translated {
        touched: printer.touch.columns(view, dialect),
        sql: printer.out.sql,
        inputs: printer.inputs,
        shape: printer.out.shape,
    })
}

/// The most bytes that are printed: tables have many columns, and may be named often.
const LONGEST: usize = 1 << 20;

/// The operator's condition on the rows of one table, read and found harmless.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    pieces: Vec<Piece>,
}

impl Rule {
    /// Reads a condition over the columns of the database's own table. `:subject` and `:roles`
    /// stand for the caller's; everything else is what a statement may hold, without subqueries.
    ///
    /// # Errors
    ///
    /// [`Denial::Statement`] with the reason and the place in `text`.
    pub fn parse(text: &str, dialect: Dialect) -> Result<Self, Denial> {
        rule::read(text, dialect).map(|pieces| Self { pieces })
    }
}
