//! The operators. PostgreSQL's are printed with their schema, so that no other of the same name
//! can take their place.

use sqlparser::ast::BinaryOperator;

use crate::statement::Dialect;

/// The operators of PostgreSQL that take two operands.
pub(super) const POSTGRES: &[&str] = &[
    "+", "-", "*", "/", "%", "^", "=", "<>", "<", "<=", ">", ">=", "||", "~", "~*", "!~", "!~*",
    "~~", "~~*", "!~~", "!~~*", "->", "->>", "#>", "#>>", "#-", "@>", "<@", "&&", "?", "?|", "?&",
    "@?", "|", "&", "#", "<<", ">>", "^@",
];

/// The operators of SQLite that take two operands.
pub(super) const SQLITE: &[&str] = &[
    "+", "-", "*", "/", "%", "=", "<>", "<", "<=", ">", ">=", "||", "->", "->>", "|", "&", "<<",
    ">>",
];

/// How `dialect` writes the operator, or none if it is not available.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the list is of what is let through"
)]
pub(super) fn symbol(operator: &BinaryOperator, dialect: Dialect) -> Option<&'static str> {
    let symbol = match operator {
        BinaryOperator::Plus => "+",
        BinaryOperator::Minus => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::Modulo => "%",
        BinaryOperator::PGExp => "^",
        BinaryOperator::Eq => "=",
        BinaryOperator::NotEq => "<>",
        BinaryOperator::Lt => "<",
        BinaryOperator::LtEq => "<=",
        BinaryOperator::Gt => ">",
        BinaryOperator::GtEq => ">=",
        BinaryOperator::StringConcat => "||",
        BinaryOperator::PGRegexMatch => "~",
        BinaryOperator::PGRegexIMatch => "~*",
        BinaryOperator::PGRegexNotMatch => "!~",
        BinaryOperator::PGRegexNotIMatch => "!~*",
        BinaryOperator::PGLikeMatch => "~~",
        BinaryOperator::PGILikeMatch => "~~*",
        BinaryOperator::PGNotLikeMatch => "!~~",
        BinaryOperator::PGNotILikeMatch => "!~~*",
        BinaryOperator::Arrow => "->",
        BinaryOperator::LongArrow => "->>",
        BinaryOperator::HashArrow => "#>",
        BinaryOperator::HashLongArrow => "#>>",
        BinaryOperator::HashMinus => "#-",
        BinaryOperator::AtArrow => "@>",
        BinaryOperator::ArrowAt => "<@",
        BinaryOperator::PGOverlap => "&&",
        BinaryOperator::Question => "?",
        BinaryOperator::QuestionPipe => "?|",
        BinaryOperator::QuestionAnd => "?&",
        BinaryOperator::AtQuestion => "@?",
        BinaryOperator::BitwiseOr => "|",
        BinaryOperator::BitwiseAnd => "&",
        BinaryOperator::PGBitwiseXor => "#",
        BinaryOperator::PGBitwiseShiftLeft => "<<",
        BinaryOperator::PGBitwiseShiftRight => ">>",
        BinaryOperator::PGStartsWith => "^@",
        // `OPERATOR(pg_catalog.=)`, as we print it ourselves
        BinaryOperator::PGCustomBinaryOperator(parts) => match parts.as_slice() {
            [schema, symbol] if schema == "pg_catalog" => symbol,
            _ => return None,
        },
        _ => return None,
    };
    listed(symbol, dialect)
}

fn listed(symbol: &str, dialect: Dialect) -> Option<&'static str> {
    let list = match dialect {
        Dialect::Postgres => POSTGRES,
        Dialect::Sqlite => SQLITE,
    };
    list.iter().find(|known| **known == symbol).copied()
}

/// How an operator is printed: with its schema where there is one.
pub(super) fn printed(symbol: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Postgres => format!("OPERATOR(pg_catalog.{symbol})"),
        Dialect::Sqlite => symbol.to_owned(),
    }
}

/// Whether the operator compares, and cannot fail for any two values.
pub(super) fn compares(operator: &BinaryOperator) -> bool {
    matches!(
        symbol(operator, Dialect::Postgres),
        Some("=" | "<>" | "<" | "<=" | ">" | ">=")
    )
}
