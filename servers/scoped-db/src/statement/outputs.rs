//! What PostgreSQL calls the columns of an outcome that were not given a name. The printer gives
//! them these names, so that both databases agree with what names are looked up in.

use sqlparser::ast::Expr;
use sqlparser::ast::Query;
use sqlparser::ast::Select;
use sqlparser::ast::SelectItem;
use sqlparser::ast::SetExpr;

use crate::statement::Dialect;
use crate::statement::name;

/// The names of the columns of `query`, if all of them can be told from its text.
pub(super) fn names(query: &Query, dialect: Dialect) -> Option<Vec<String>> {
    let mut body = query.body.as_ref();
    loop {
        match body {
            SetExpr::SetOperation { left, .. } => body = left,
            SetExpr::Query(query) => body = query.body.as_ref(),
            SetExpr::Select(select) => return of_select(select, dialect),
            SetExpr::Values(values) => {
                let width = values.rows.first()?.content.len();
                return Some((1..=width).map(|place| format!("column{place}")).collect());
            }
            SetExpr::Insert(_)
            | SetExpr::Update(_)
            | SetExpr::Delete(_)
            | SetExpr::Merge(_)
            | SetExpr::Table(_) => return None,
        }
    }
}

fn of_select(select: &Select, dialect: Dialect) -> Option<Vec<String>> {
    let items = select.projection.iter();
    items
        .map(|item| match item {
            SelectItem::UnnamedExpr(expr) => Some(of(expr, dialect)),
            SelectItem::ExprWithAlias { alias, .. } => name::folded(alias, dialect).ok(),
            SelectItem::ExprWithAliases { .. }
            | SelectItem::QualifiedWildcard(..)
            | SelectItem::Wildcard(_) => None,
        })
        .collect()
}

/// The name of the column that `expr` makes.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all others have the same name"
)]
pub(super) fn of(expr: &Expr, dialect: Dialect) -> String {
    let fixed = match expr {
        Expr::Identifier(ident) => return name::folded(ident, dialect).unwrap_or_default(),
        Expr::CompoundIdentifier(parts) => {
            let last = parts.last().map(|part| name::folded(part, dialect));
            return last.and_then(Result::ok).unwrap_or_default();
        }
        Expr::Nested(inner) => return of(inner, dialect),
        Expr::CompoundFieldAccess { root, .. } => return of(root, dialect),
        Expr::Cast { expr, .. } => return of(expr, dialect),
        Expr::Function(function) => {
            let last = name::parts(&function.name).ok();
            let last = last.and_then(|parts| name::folded(parts.last()?, dialect).ok());
            return last.unwrap_or_default();
        }
        Expr::Case { else_result, .. } => {
            let name = else_result.as_ref().map(|expr| of(expr, dialect));
            return name
                .filter(|name| name != UNNAMED)
                .unwrap_or_else(|| "case".to_owned());
        }
        Expr::Subquery(query) => {
            let names = names(query, dialect);
            return names
                .and_then(|names| names.into_iter().next())
                .unwrap_or_else(|| UNNAMED.to_owned());
        }
        Expr::Exists { .. } => "exists",
        Expr::Extract { .. } => "extract",
        Expr::Ceil { .. } => "ceil",
        Expr::Floor { .. } => "floor",
        Expr::Position { .. } => "position",
        Expr::Substring { .. } => "substring",
        Expr::Trim { .. } => "btrim",
        Expr::Overlay { .. } => "overlay",
        Expr::Array(_) => "array",
        Expr::AtTimeZone { .. } => "timezone",
        Expr::Interval(_) => "interval",
        _ => UNNAMED,
    };
    fixed.to_owned()
}

const UNNAMED: &str = "?column?";
