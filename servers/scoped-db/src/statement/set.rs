//! UNION, EXCEPT, INTERSECT and VALUES.

use sqlparser::ast::Parens;
use sqlparser::ast::SetExpr;
use sqlparser::ast::SetOperator;
use sqlparser::ast::SetQuantifier;
use sqlparser::ast::Values;

use crate::statement::Dialect;
use crate::statement::calm;
use crate::statement::out::Out;
use crate::statement::place::Outcome;
use crate::statement::printer::Printer;
use crate::statement::query::NOT_AVAILABLE;
use crate::statement::query::TOO_MANY_COLUMNS;
use crate::statement::scope::Field;
use crate::statement::scope::Scope;

impl Printer<'_> {
    /// A chain of operations leans to the left and may be long: it is walked, not descended.
    pub(super) fn set_operation(&mut self, body: &SetExpr) -> Outcome {
        let mut arms = Vec::new();
        let mut first = body;
        while let SetExpr::SetOperation {
            left,
            op,
            set_quantifier,
            right,
        } = first
        {
            let all = match set_quantifier {
                SetQuantifier::All => " ALL",
                SetQuantifier::None | SetQuantifier::Distinct => "",
                SetQuantifier::ByName
                | SetQuantifier::AllByName
                | SetQuantifier::DistinctByName => {
                    return self.no(NOT_AVAILABLE);
                }
            };
            let operator = match op {
                SetOperator::Union => "UNION",
                SetOperator::Except => "EXCEPT",
                SetOperator::Intersect => "INTERSECT",
                SetOperator::Minus => return self.no(NOT_AVAILABLE),
            };
            arms.push((operator, all, right));
            first = left;
        }
        self.without(arms.len() > MOST_ARMS, "too many set operations")?;
        arms.reverse();
        let (mut outputs, mut printed) = self.apart(|printer| printer.arm(first))?;
        for (place, (operator, all, right)) in arms.into_iter().enumerate() {
            let (other, right) = self.apart(|printer| printer.arm(right))?;
            for (output, other) in outputs.iter_mut().zip(other) {
                output.calm &= other.calm;
            }
            let mut whole = Out::default();
            // both databases take chains from the left; PostgreSQL binds INTERSECT closer
            if place > 0 && self.dialect == Dialect::Postgres {
                whole.text("(");
                whole.append(&printed);
                whole.text(")");
            } else {
                whole.append(&printed);
            }
            whole.text(&format!(" {operator}{all} "));
            whole.append(&right);
            printed = whole;
        }
        self.out.append(&printed);
        self.give(outputs);
        Ok(())
    }

    /// One side of a set operation, with names of its own.
    fn arm(&mut self, arm: &SetExpr) -> Outcome<Vec<Field>> {
        self.deeper(|printer| {
            let nested = matches!(arm, SetExpr::SetOperation { .. });
            let (open, close) = match printer.dialect {
                Dialect::Postgres => ("(", ")"),
                Dialect::Sqlite if nested => ("SELECT * FROM (", ")"),
                Dialect::Sqlite => ("", ""),
            };
            printer.text(open);
            printer.scopes.push(Scope::default());
            let printed = printer.body(arm);
            let scope = printer.scopes.pop();
            printer.text(close);
            printed.map(|()| scope.map(|scope| scope.outputs).unwrap_or_default())
        })
    }

    /// Prints rows of values.
    pub(super) fn values(&mut self, values: &Values) -> Outcome {
        let Values {
            explicit_row,
            value_keyword,
            rows,
        } = values;
        self.without(*explicit_row || *value_keyword, NOT_AVAILABLE)?;
        let ((), printed) = self.apart(|printer| {
            printer.list(rows, |printer, row| {
                let Parens {
                    opening_token: _,
                    content,
                    closing_token: _,
                } = row;
                printer.text("(");
                printer.exprs(content)?;
                printer.text(")");
                Ok(())
            })
        })?;
        self.text("VALUES ");
        let mut all = rows.iter().flat_map(|row| &row.content);
        if all.all(calm::is_literal) {
            self.out.collapsed(&printed);
        } else {
            self.out.append(&printed);
        }
        let width = rows.iter().map(|row| row.content.len()).max().unwrap_or(0);
        self.without(width > self.bounds.columns, TOO_MANY_COLUMNS)?;
        let field = |place| Field {
            name: format!("column{place}"),
            calm: false,
        };
        self.give((1..=width).map(field).collect());
        Ok(())
    }
}

const MOST_ARMS: usize = 100;
