//! Conditions that cannot tell of rows that they are not meant to see.
//!
//! A database is free to evaluate a caller's condition before a rule. If it can fail for some
//! values, or takes long for some, the caller learns of a row that the rule hides. A condition is
//! calm if it does neither: comparisons of plain columns with constants and with each other.

use sqlparser::ast::BinaryOperator;
use sqlparser::ast::DataType;
use sqlparser::ast::Expr;
use sqlparser::ast::FunctionArguments;
use sqlparser::ast::InTarget;
use sqlparser::ast::Interval;
use sqlparser::ast::TypedString;
use sqlparser::ast::UnaryOperator;
use sqlparser::ast::Value;
use sqlparser::ast::ValueWithSpan;

use crate::statement::Dialect;
use crate::statement::function;
use crate::statement::function::Kind;
use crate::statement::name;
use crate::statement::operator;
use crate::statement::printer::Printer;
use crate::statement::scope;
use crate::statement::scope::Meaning;
use crate::statement::types;

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
        other => is_constant(other),
    }
}

/// Whether `expr` is a constant that is computed before any row is looked at, or cannot fail.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the list is of what is calm"
)]
fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_literal(inner) || is_moment(inner),
        Expr::TypedString(TypedString {
            data_type,
            value: _,
            uses_odbc_syntax: _,
        }) => is_read_at_once(data_type),
        Expr::Cast {
            kind: _,
            expr,
            data_type,
            format: None,
        } => is_literal(expr) && is_read_at_once(data_type),
        Expr::BinaryOp {
            left,
            op: BinaryOperator::Plus | BinaryOperator::Minus,
            right,
        } => is_moment(left) && is_short_span(right),
        other => is_literal(other) || is_moment(other),
    }
}

/// Whether a literal or a parameter of the type is read as such when the statement is. With a
/// length or precision it is cut to it later.
fn is_read_at_once(kind: &DataType) -> bool {
    let printed = types::printed(kind, Dialect::Postgres);
    printed.is_some_and(|kind| {
        let name = kind.strip_prefix("pg_catalog.");
        name.is_some_and(|name| types::compares(name) && !name.ends_with(']'))
    })
}

/// Whether `expr` is the present time.
fn is_moment(expr: &Expr) -> bool {
    let Expr::Function(call) = expr else {
        return false;
    };
    let empty = match &call.args {
        FunctionArguments::None => true,
        FunctionArguments::List(list) => list.args.is_empty() && list.clauses.is_empty(),
        FunctionArguments::Subquery(_) => false,
    };
    let names = name::parts(&call.name).ok();
    let name = names.and_then(|parts| match parts.as_slice() {
        [only] => name::folded(only, Dialect::Postgres).ok(),
        _ => None,
    });
    let known = ["now", "current_date", "current_timestamp"];
    empty && call.over.is_none() && name.is_some_and(|name| known.contains(&name.as_str()))
}

/// Whether `expr` is an interval that can be taken from the present without leaving the calendar:
/// up to 9999 of one unit, and 999 years.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the list is of what is calm"
)]
fn is_short_span(expr: &Expr) -> bool {
    let text = match expr {
        Expr::Interval(Interval {
            value,
            leading_field: None,
            leading_precision: None,
            last_field: None,
            fractional_seconds_precision: None,
        }) => value.as_ref(),
        Expr::Value(ValueWithSpan {
            value: Value::Number(text, false),
            span: _,
        }) => return text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit()),
        _ => return false,
    };
    let Expr::Value(ValueWithSpan {
        value: Value::SingleQuotedString(text),
        span: _,
    }) = text
    else {
        return false;
    };
    let Some((number, unit)) = text.split_once(' ') else {
        return false;
    };
    let unit = unit.strip_suffix('s').unwrap_or(unit);
    let short = number.len() <= if unit == "year" { 3 } else { 4 }
        && number.bytes().all(|byte| byte.is_ascii_digit());
    short && !number.is_empty() && UNITS.contains(&unit)
}

const UNITS: &[&str] = &[
    "second", "minute", "min", "hour", "day", "week", "month", "mon", "year",
];

/// Whether `expr` is a literal or a parameter.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the list is of what is calm"
)]
pub(super) fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Value(ValueWithSpan { value: _, span: _ }) => true,
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
