//! The operator's conditions on rows: read once, printed into every statement.
//!
//! # Invariants
//!
//! - A rule is printed by the code that prints statements, and holds nothing that a statement may
//!   not hold.
//! - Its columns are those of its own table, written with the name of the table: it cannot mean
//!   a column of a caller's that stands around it.

use sqlparser::ast::Expr;

use crate::schema::View;
use crate::statement::Bounds;
use crate::statement::Dialect;
use crate::statement::Input;
use crate::statement::Rule;
use crate::statement::parse;
use crate::statement::place::Outcome;
use crate::statement::place::START;
use crate::statement::place::denied;
use crate::statement::printer::Printer;

/// A part of a printed rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Piece {
    /// Fixed text.
    Text(String),
    /// A column of the table.
    Column(String),
    /// What is bound at run time.
    Input(Input),
}

/// Reads a rule.
pub(super) fn read(text: &str, dialect: Dialect) -> Outcome<Vec<Piece>> {
    let parse::Read { tree, parameters } = parse::expression(text, dialect, BOUNDS)?;
    if parameters > 0 {
        return Err(denied("a rule has :subject and :roles, and no $1", START));
    }
    let nothing = View::default();
    let mut printer = Printer::new(&nothing, dialect, BOUNDS, 0);
    printer.rule = true;
    print_rule(&mut printer, &tree)?;
    Ok(pieces(&printer.out.sql))
}

fn print_rule(printer: &mut Printer<'_>, tree: &Expr) -> Outcome {
    printer.expr(tree)
}

/// Marks in the printed text of a rule. No text of an operator can hold one: strings and names
/// with them are refused.
pub(super) const MARK: char = '\u{1}';

/// Takes the printed text apart at its marks: `\u{1}` and `s`, `r` or `c` with a name to the next.
fn pieces(printed: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (place, part) in printed.split(MARK).enumerate() {
        // every second part stands between two marks
        let piece = if place % 2 == 0 {
            Piece::Text(part.to_owned())
        } else {
            match part.split_at_checked(1) {
                Some(("s", _)) => Piece::Input(Input::Subject),
                Some(("r", _)) => Piece::Input(Input::Roles),
                Some((_, name)) => Piece::Column(name.to_owned()),
                None => continue,
            }
        };
        pieces.push(piece);
    }
    pieces
}

impl Rule {
    /// The columns that the rule names.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Column(name) => Some(name.as_str()),
            Piece::Text(_) | Piece::Input(_) => None,
        })
    }

    /// Prints the rule over the rows of `table`.
    pub(super) fn print(&self, printer: &mut Printer<'_>, table: &str) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => printer.text(text),
                Piece::Column(name) => {
                    printer.quoted(table);
                    printer.text(".");
                    printer.quoted(name);
                }
                Piece::Input(input) => {
                    let kind = match (printer.dialect, input) {
                        (Dialect::Postgres, Input::Roles) => Some("pg_catalog.text[]"),
                        (Dialect::Postgres, _) => Some("pg_catalog.text"),
                        (Dialect::Sqlite, _) => None,
                    };
                    printer.text("(");
                    printer.input(*input);
                    printer.text(")");
                    if let Some(kind) = kind {
                        printer.text("::");
                        printer.text(kind);
                    }
                }
            }
        }
    }
}

const BOUNDS: Bounds = Bounds {
    bytes: 10_000,
    joins: 0,
    depth: 40,
    columns: 0,
};
