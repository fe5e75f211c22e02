//! Conditions that cannot tell of rows that they are not meant to see.
//!
//! A database is free to evaluate a caller's condition before a rule. If it can fail for some
//! values, or takes long for some, the caller learns of a row that the rule hides. A condition is
//! calm if it does neither: comparisons of plain columns with constants and with each other.

use sqlparser::ast::BinaryOperator;
use sqlparser::ast::Expr;
use sqlparser::ast::FunctionArguments;
use sqlparser::ast::InTarget;
use sqlparser::ast::TypedString;
use sqlparser::ast::UnaryOperator;
use sqlparser::ast::Value;
use sqlparser::ast::ValueWithSpan;

use crate::statement::function;
use crate::statement::function::Kind;
use crate::statement::name;
use crate::statement::operator;
use crate::statement::printer::Printer;
use crate::statement::scope;
use crate::statement::scope::Meaning;

/// Whether `expr` is calm.
///
/// Not descended far: what is deeper than the printer goes is refused there anyhow.
pub(super) fn condition(expr: &Expr, printer: &Printer<'_>) -> bool {
    calm(expr, printer, printer.bounds.depth)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the list is of what is calm"
)]
fn calm(expr: &Expr, printer: &Printer<'_>, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else {
        return false;
    };
    match expr {
        Expr::Nested(inner)
        | Expr::UnaryOp {
            op: UnaryOperator::Not,
            expr: inner,
        } => calm(inner, printer, depth),
        Expr::BinaryOp {
            op: BinaryOperator::And | BinaryOperator::Or,
            ..
        } => {
            // a long chain leans to the left
            let mut rest = expr;
            while let Expr::BinaryOp {
                left,
                op: BinaryOperator::And | BinaryOperator::Or,
                right,
            } = rest
            {
                if !calm(right, printer, depth) {
                    return false;
                }
                rest = left;
            }
            calm(rest, printer, depth)
        }
        Expr::BinaryOp { left, op, right } => {
            operator::compares(op) && operand(left, printer) && operand(right, printer)
        }
        Expr::IsNull(inner)
        | Expr::IsNotNull(inner)
        | Expr::IsTrue(inner)
        | Expr::IsNotTrue(inner)
        | Expr::IsFalse(inner)
        | Expr::IsNotFalse(inner) => operand(inner, printer),
        Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
            operand(left, printer) && operand(right, printer)
        }
        Expr::In {
            expr,
            target: InTarget::List(list),
            negated: _,
            global: _,
        } => operand(expr, printer) && list.iter().all(|item| operand(item, printer)),
        Expr::Between {
            expr,
            negated: _,
            low,
            high,
        } => operand(expr, printer) && operand(low, printer) && operand(high, printer),
        other => operand(other, printer),
    }
}

/// Whether `expr` is a constant, a plain column, or an aggregate, which is evaluated after all
/// rules.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the list is of what is calm"
)]
pub(super) fn operand(expr: &Expr, printer: &Printer<'_>) -> bool {
    let dialect = printer.dialect;
    match expr {
        Expr::Identifier(ident) => name::folded(ident, dialect).is_ok_and(|name| {
            scope::plain(&printer.scopes, &name, dialect) == Some(Meaning::Column(true))
        }),
        Expr::CompoundIdentifier(parts) => {
            let parts: Result<Vec<String>, _> = parts
                .iter()
                .map(|part| name::folded(part, dialect))
                .collect();
            let meaning = match parts.as_deref() {
                Ok([relation, column]) => {
                    scope::qualified(&printer.scopes, None, relation, column, dialect)
                }
                Ok([schema, relation, column]) => {
                    scope::qualified(&printer.scopes, Some(schema), relation, column, dialect)
                }
                _ => None,
            };
            meaning == Some(Meaning::Column(true))
        }
        Expr::Function(call) => {
            let arguments = match &call.args {
                FunctionArguments::List(list) => list.args.len(),
                FunctionArguments::None | FunctionArguments::Subquery(_) => return false,
            };
            let name = name::parts(&call.name).ok();
            let name = name.and_then(|parts| name::folded(parts.last()?, dialect).ok());
            let found = name.and_then(|name| function::find(&name, dialect));
            // SQLite's min and max of several values are no aggregates
            call.over.is_none()
                && arguments == 1
                && found.is_some_and(|function| function.kind == Kind::Aggregate)
        }
        other => is_literal(other),
    }
}

/// Whether `expr` is a constant, which the database reads before it looks at any row.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the list is of what is calm"
)]
pub(super) fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Value(ValueWithSpan { value, span: _ }) => {
            !matches!(value, Value::Placeholder(name) if name.starts_with(':'))
        }
        Expr::TypedString(TypedString { .. }) => true,
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr,
        } => matches!(
            expr.as_ref(),
            Expr::Value(ValueWithSpan {
                value: Value::Number(..),
                span: _
            })
        ),
        _ => false,
    }
}
