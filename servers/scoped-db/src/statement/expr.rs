//! Expressions, each with parentheses around.

use sqlparser::ast::AccessExpr;
use sqlparser::ast::Array;
use sqlparser::ast::BinaryOperator;
use sqlparser::ast::CaseWhen;
use sqlparser::ast::CastKind;
use sqlparser::ast::DataType;
use sqlparser::ast::Expr;
use sqlparser::ast::Subscript;
use sqlparser::ast::TypedString;
use sqlparser::ast::UnaryOperator;
use sqlparser::ast::Value;
use sqlparser::ast::ValueWithSpan;

use crate::statement::Dialect;
use crate::statement::operator;
use crate::statement::place::Outcome;
use crate::statement::printer::Printer;
use crate::statement::query::NOT_AVAILABLE;
use crate::statement::types;

impl Printer<'_> {
    /// Prints expressions with commas between.
    pub(super) fn exprs(&mut self, exprs: &[Expr]) -> Outcome {
        self.list(exprs, Self::expr)
    }

    /// Prints an expression.
    pub(super) fn expr(&mut self, expr: &Expr) -> Outcome {
        self.deeper(|printer| printer.expr_inside(expr))
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the list is of what is let through"
    )]
    fn expr_inside(&mut self, expr: &Expr) -> Outcome {
        match expr {
            Expr::Identifier(ident) => self.identifier(ident),
            Expr::CompoundIdentifier(parts) => self.compound(parts),
            Expr::Value(value) => self.value(value),
            Expr::TypedString(TypedString {
                data_type,
                value,
                uses_odbc_syntax,
            }) => {
                self.without(*uses_odbc_syntax, NOT_AVAILABLE)?;
                self.cast(data_type, |printer| printer.value(value))
            }
            Expr::Nested(inner) => self.expr(inner),
            Expr::Tuple(items) => {
                self.without(items.is_empty(), NOT_AVAILABLE)?;
                self.text("(");
                self.exprs(items)?;
                self.text(")");
                Ok(())
            }
            Expr::BinaryOp { .. } => self.chain(expr),
            Expr::UnaryOp { op, expr } => self.unary(*op, expr),
            Expr::IsNull(inner) => self.after(inner, "IS NULL"),
            Expr::IsNotNull(inner) => self.after(inner, "IS NOT NULL"),
            Expr::IsTrue(inner) => self.after(inner, "IS TRUE"),
            Expr::IsNotTrue(inner) => self.after(inner, "IS NOT TRUE"),
            Expr::IsFalse(inner) => self.after(inner, "IS FALSE"),
            Expr::IsNotFalse(inner) => self.after(inner, "IS NOT FALSE"),
            Expr::IsUnknown(inner) => self.after(inner, "IS NULL"),
            Expr::IsNotUnknown(inner) => self.after(inner, "IS NOT NULL"),
            Expr::IsDistinctFrom(left, right) => {
                self.between_words(left, " IS DISTINCT FROM ", right)
            }
            Expr::IsNotDistinctFrom(left, right) => {
                self.between_words(left, " IS NOT DISTINCT FROM ", right)
            }
            Expr::In {
                expr,
                target,
                negated,
                global,
            } => {
                self.without(*global, NOT_AVAILABLE)?;
                self.membership(expr, target, *negated)
            }
            Expr::Between {
                expr,
                negated,
                low,
                high,
            } => {
                self.text("(");
                self.expr(expr)?;
                self.text(if *negated {
                    " NOT BETWEEN "
                } else {
                    " BETWEEN "
                });
                self.expr(low)?;
                self.text(" AND ");
                self.expr(high)?;
                self.text(")");
                Ok(())
            }
            Expr::AnyOp {
                left,
                compare_op,
                right,
                is_some: _,
            } => self.quantified(left, compare_op, " ANY ", right),
            Expr::AllOp {
                left,
                compare_op,
                right,
            } => self.quantified(left, compare_op, " ALL ", right),
            Expr::Cast {
                kind: CastKind::Cast | CastKind::DoubleColon,
                expr,
                data_type,
                format: None,
            } => self.cast(data_type, |printer| printer.expr(expr)),
            Expr::Case {
                case_token: _,
                end_token: _,
                operand,
                conditions,
                else_result,
            } => self.case(operand.as_deref(), conditions, else_result.as_deref()),
            Expr::Exists { subquery, negated } => {
                self.text(if *negated {
                    "(NOT EXISTS ("
                } else {
                    "(EXISTS ("
                });
                self.existing(subquery)?;
                self.text("))");
                Ok(())
            }
            Expr::Subquery(query) => {
                self.text("(");
                self.query(query)?;
                self.text(")");
                Ok(())
            }
            // without the word it is an array within an array, where the word changes nothing
            Expr::Array(Array { elem, named: _ }) => {
                let foreign = self.dialect == Dialect::Sqlite;
                self.without(foreign, NOT_AVAILABLE)?;
                self.text("ARRAY[");
                self.exprs(elem)?;
                self.text("]");
                Ok(())
            }
            Expr::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            Expr::Collate { expr, collation } => self.collate(expr, collation),
            Expr::Function(call) => self.call(call),
            other => self.form(other),
        }
    }

    /// A chain of operators leans to the left and may be long: it is walked, not descended.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the operators have a list of their own"
    )]
    fn chain(&mut self, expr: &Expr) -> Outcome {
        let mut links = Vec::new();
        let mut first = expr;
        while let Expr::BinaryOp { left, op, right } = first {
            links.push((op, right.as_ref()));
            first = left;
        }
        self.without(links.len() > MOST_LINKS, "too many operators in a row")?;
        for _ in &links {
            self.text("(");
        }
        self.expr(first)?;
        for (place, (op, right)) in links.into_iter().rev().enumerate() {
            match op {
                BinaryOperator::And => self.text(" AND "),
                BinaryOperator::Or => self.text(" OR "),
                BinaryOperator::Overlaps if self.dialect == Dialect::Postgres => {
                    let pair = |expr: &Expr| matches!(expr, Expr::Tuple(items) if items.len() == 2);
                    let pairs = place == 0 && pair(first) && pair(right);
                    self.without(!pairs, NOT_AVAILABLE)?;
                    self.text(" OVERLAPS ");
                }
                op => {
                    let Some(symbol) = operator::symbol(op, self.dialect) else {
                        return self.no("this operator is not available");
                    };
                    self.text(" ");
                    self.text(&operator::printed(symbol, self.dialect));
                    self.text(" ");
                }
            }
            self.expr(right)?;
            self.text(")");
        }
        Ok(())
    }

    fn unary(&mut self, operator: UnaryOperator, expr: &Expr) -> Outcome {
        let number = matches!(
            expr,
            Expr::Value(ValueWithSpan {
                value: Value::Number(..),
                span: _
            })
        );
        let sign = match (operator, self.dialect) {
            (UnaryOperator::Not, _) => "NOT ",
            (UnaryOperator::Minus, _) if number => "-",
            (UnaryOperator::Minus, Dialect::Sqlite) => "- ",
            (UnaryOperator::Plus, Dialect::Sqlite) => "+ ",
            (UnaryOperator::BitwiseNot, Dialect::Sqlite) => "~ ",
            (UnaryOperator::Minus, Dialect::Postgres) => "OPERATOR(pg_catalog.-) ",
            (UnaryOperator::Plus, Dialect::Postgres) => "OPERATOR(pg_catalog.+) ",
            (UnaryOperator::BitwiseNot, Dialect::Postgres) => "OPERATOR(pg_catalog.~) ",
            (UnaryOperator::PGAbs, Dialect::Postgres) => "OPERATOR(pg_catalog.@) ",
            _ => return self.no("this operator is not available"),
        };
        self.text("(");
        self.text(sign);
        self.expr(expr)?;
        self.text(")");
        Ok(())
    }

    /// `(expr words)`
    pub(super) fn after(&mut self, expr: &Expr, words: &str) -> Outcome {
        self.text("(");
        self.expr(expr)?;
        self.text(" ");
        self.text(words);
        self.text(")");
        Ok(())
    }

    /// `(left words right)`
    pub(super) fn between_words(&mut self, left: &Expr, words: &str, right: &Expr) -> Outcome {
        self.text("(");
        self.expr(left)?;
        self.text(words);
        self.expr(right)?;
        self.text(")");
        Ok(())
    }

    /// Prints what `inside` prints, as a value of another type.
    pub(super) fn cast(
        &mut self,
        data_type: &DataType,
        inside: impl FnOnce(&mut Self) -> Outcome,
    ) -> Outcome {
        let Some(kind) = types::printed(data_type, self.dialect) else {
            return self.no("this type is not available");
        };
        self.text("CAST(");
        inside(self)?;
        self.text(" AS ");
        self.text(&kind);
        self.text(")");
        Ok(())
    }

    fn case(
        &mut self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        else_result: Option<&Expr>,
    ) -> Outcome {
        self.text("CASE");
        if let Some(operand) = operand {
            self.text(" ");
            self.expr(operand)?;
        }
        for CaseWhen { condition, result } in conditions {
            self.text(" WHEN ");
            self.expr(condition)?;
            self.text(" THEN ");
            self.expr(result)?;
        }
        if let Some(result) = else_result {
            self.text(" ELSE ");
            self.expr(result)?;
        }
        self.text(" END");
        Ok(())
    }

    fn access(&mut self, root: &Expr, chain: &[AccessExpr]) -> Outcome {
        self.without(self.dialect == Dialect::Sqlite, NOT_AVAILABLE)?;
        // `t.tags[1]` is read as `t`, `.tags`, `[1]`
        let mut names = Vec::new();
        if let Expr::Identifier(ident) = root {
            names.push(ident.clone());
        }
        let mut rest = chain;
        while let [AccessExpr::Dot(Expr::Identifier(ident)), tail @ ..] = rest {
            self.without(names.is_empty(), NOT_AVAILABLE)?;
            names.push(ident.clone());
            rest = tail;
        }
        self.text("(");
        match names.as_slice() {
            [] => self.expr(root)?,
            [only] => self.identifier(only)?,
            several => self.compound(several)?,
        }
        self.text(")");
        for access in rest {
            let AccessExpr::Subscript(subscript) = access else {
                return self.no(NOT_AVAILABLE);
            };
            self.text("[");
            match subscript {
                Subscript::Index { index } => self.expr(index)?,
                Subscript::Slice {
                    lower_bound,
                    upper_bound,
                    stride,
                } => {
                    self.without(stride.is_some(), NOT_AVAILABLE)?;
                    if let Some(bound) = lower_bound {
                        self.expr(bound)?;
                    }
                    self.text(":");
                    if let Some(bound) = upper_bound {
                        self.expr(bound)?;
                    }
                }
            }
            self.text("]");
        }
        Ok(())
    }
}

/// The same for what is hidden and what is not there.
pub(super) const NO_COLUMN: &str = "no such column here; describe_table shows what there is";
const MOST_LINKS: usize = 500;
