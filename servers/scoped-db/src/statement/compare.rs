//! IN, ANY and ALL.

use sqlparser::ast::BinaryOperator;
use sqlparser::ast::Expr;
use sqlparser::ast::InTarget;
use sqlparser::ast::Value;
use sqlparser::ast::ValueWithSpan;

use crate::statement::Dialect;
use crate::statement::calm;
use crate::statement::operator;
use crate::statement::place::Outcome;
use crate::statement::printer::Printer;
use crate::statement::query::NOT_AVAILABLE;
use crate::statement::rule::MARK;

impl Printer<'_> {
    /// Prints IN with a list or a query.
    pub(super) fn membership(&mut self, expr: &Expr, target: &InTarget, negated: bool) -> Outcome {
        self.text("(");
        self.expr(expr)?;
        self.text(if negated { " NOT IN (" } else { " IN (" });
        match target {
            InTarget::List(list) => {
                self.without(list.is_empty(), "an empty list")?;
                let ((), printed) = self.apart(|printer| printer.exprs(list))?;
                if list.iter().all(calm::is_literal) {
                    self.out.collapsed(&printed);
                } else {
                    self.out.append(&printed);
                }
            }
            InTarget::Subquery(query) => {
                self.query(query)?;
            }
            InTarget::Unnest(_) | InTarget::Table { .. } => return self.no(NOT_AVAILABLE),
        }
        self.text("))");
        Ok(())
    }

    /// Prints a comparison with ANY or ALL.
    pub(super) fn quantified(
        &mut self,
        left: &Expr,
        operator: &BinaryOperator,
        quantifier: &str,
        right: &Expr,
    ) -> Outcome {
        if self.dialect == Dialect::Sqlite {
            return self.any_role(left, operator, quantifier, right);
        }
        let Some(symbol) = operator::symbol(operator, self.dialect) else {
            return self.no("this operator is not available");
        };
        self.text("(");
        self.expr(left)?;
        self.text(" ");
        self.text(&operator::printed(symbol, self.dialect));
        self.text(quantifier);
        self.text("(");
        // a subquery stands in these parentheses itself; in two pairs it would be one value
        if let Expr::Subquery(query) = right {
            self.query(query)?;
        } else {
            self.expr(right)?;
        }
        self.text("))");
        Ok(())
    }

    /// `= ANY(:roles)`, the one use that SQLite has for a list of texts.
    fn any_role(
        &mut self,
        left: &Expr,
        operator: &BinaryOperator,
        quantifier: &str,
        right: &Expr,
    ) -> Outcome {
        let roles = matches!(right, Expr::Value(ValueWithSpan { value: Value::Placeholder(name), span: _ }) if name == ":roles");
        let known = self.rule && roles && quantifier == " ANY " && *operator == BinaryOperator::Eq;
        self.without(!known, NOT_AVAILABLE)?;
        self.text("(");
        self.expr(left)?;
        self.text(&format!(
            " IN (SELECT value FROM json_each({MARK}r{MARK})))"
        ));
        Ok(())
    }
}
