//! Expressions that have a grammar of their own: LIKE, EXTRACT, SUBSTRING, INTERVAL and so on.

use sqlparser::ast::CeilFloorKind;
use sqlparser::ast::DateTimeField;
use sqlparser::ast::Expr;
use sqlparser::ast::ExtractSyntax;
use sqlparser::ast::TrimWhereField;

use crate::statement::Dialect;
use crate::statement::moment;
use crate::statement::place::Outcome;
use crate::statement::printer::Printer;
use crate::statement::query::NOT_AVAILABLE;

impl Printer<'_> {
    /// Prints an expression of a form of its own.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the list is of what is let through"
    )]
    pub(super) fn form(&mut self, expr: &Expr) -> Outcome {
        match expr {
            Expr::Like {
                negated,
                any,
                expr,
                pattern,
                escape_char,
            } => self.like(
                if *negated { "!~~" } else { "~~" },
                *any,
                expr,
                pattern,
                escape_char.as_deref(),
            ),
            Expr::ILike {
                negated,
                any,
                expr,
                pattern,
                escape_char,
            } => self.like(
                if *negated { "!~~*" } else { "~~*" },
                *any,
                expr,
                pattern,
                escape_char.as_deref(),
            ),
            Expr::SimilarTo {
                negated,
                expr,
                pattern,
                escape_char,
            } => self.similar(*negated, expr, pattern, escape_char.as_deref()),
            Expr::AtTimeZone {
                timestamp,
                time_zone,
            } => {
                self.only_postgres()?;
                self.between_words(timestamp, " AT TIME ZONE ", time_zone)
            }
            Expr::Extract {
                field,
                syntax: ExtractSyntax::From,
                expr,
            } => {
                self.only_postgres()?;
                let Some(field) = moment::extracted(field) else {
                    return self.no("this field is not available");
                };
                self.text(&format!("EXTRACT({field} FROM "));
                self.expr(expr)?;
                self.text(")");
                Ok(())
            }
            Expr::Ceil {
                expr,
                field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => self.plain_call("ceil", &[expr]),
            Expr::Floor {
                expr,
                field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => self.plain_call("floor", &[expr]),
            Expr::Position { expr, r#in } => {
                let name = match self.dialect {
                    Dialect::Postgres => "position",
                    Dialect::Sqlite => "instr",
                };
                self.plain_call(name, &[r#in, expr])
            }
            Expr::Substring {
                expr,
                substring_from,
                substring_for,
                special: _,
                shorthand: _,
            } => self.substring(expr, substring_from.as_deref(), substring_for.as_deref()),
            Expr::Trim {
                trim_where,
                trim_what,
                expr,
                trim_characters,
            } => {
                let characters = match (trim_what.as_deref(), trim_characters.as_deref()) {
                    (None, None) => None,
                    (Some(what), None) | (None, Some([what])) => Some(what),
                    _ => return self.no(NOT_AVAILABLE),
                };
                let name = match (trim_where, self.dialect) {
                    (None | Some(TrimWhereField::Both), Dialect::Postgres) => "btrim",
                    (None | Some(TrimWhereField::Both), Dialect::Sqlite) => "trim",
                    (Some(TrimWhereField::Leading), _) => "ltrim",
                    (Some(TrimWhereField::Trailing), _) => "rtrim",
                };
                match characters {
                    None => self.plain_call(name, &[expr]),
                    Some(characters) => self.plain_call(name, &[expr, characters]),
                }
            }
            Expr::Overlay {
                expr,
                overlay_what,
                overlay_from,
                overlay_for,
            } => {
                self.only_postgres()?;
                match overlay_for {
                    None => self.plain_call("overlay", &[expr, overlay_what, overlay_from]),
                    Some(length) => {
                        self.plain_call("overlay", &[expr, overlay_what, overlay_from, length])
                    }
                }
            }
            Expr::Interval(interval) => self.interval(interval),
            _ => self.no("this expression is not available"),
        }
    }

    pub(super) fn only_postgres(&self) -> Outcome {
        self.without(self.dialect == Dialect::Sqlite, NOT_AVAILABLE)
    }

    /// A call of a function that we chose ourselves.
    fn plain_call(&mut self, name: &str, arguments: &[&Expr]) -> Outcome {
        match self.dialect {
            Dialect::Postgres => self.text(&format!("pg_catalog.\"{name}\"(")),
            Dialect::Sqlite => self.text(&format!("{name}(")),
        }
        self.list(arguments, |printer, argument| printer.expr(argument))?;
        self.text(")");
        Ok(())
    }

    fn like(
        &mut self,
        operator: &str,
        any: bool,
        expr: &Expr,
        pattern: &Expr,
        escape: Option<&Expr>,
    ) -> Outcome {
        if self.dialect == Dialect::Sqlite {
            self.without(any, NOT_AVAILABLE)?;
            return self.sqlite_like(operator, expr, pattern, escape);
        }
        self.text("(");
        self.expr(expr)?;
        self.text(&format!(" OPERATOR(pg_catalog.{operator}) "));
        if any {
            self.without(escape.is_some(), NOT_AVAILABLE)?;
            self.text("ANY (");
            self.expr(pattern)?;
            self.text(")");
        } else {
            match escape {
                None => self.expr(pattern)?,
                Some(escape) => self.plain_call("like_escape", &[pattern, escape])?,
            }
        }
        self.text(")");
        Ok(())
    }

    /// SQLite's LIKE does not look at the case of ASCII letters, as PostgreSQL's ILIKE.
    fn sqlite_like(
        &mut self,
        operator: &str,
        expr: &Expr,
        pattern: &Expr,
        escape: Option<&Expr>,
    ) -> Outcome {
        let any_case = operator.ends_with('*');
        let side = |printer: &mut Self, side: &Expr| {
            if any_case {
                printer.plain_call("lower", &[side])
            } else {
                printer.expr(side)
            }
        };
        self.text("(");
        side(self, expr)?;
        self.text(if operator.starts_with('!') {
            " NOT LIKE "
        } else {
            " LIKE "
        });
        side(self, pattern)?;
        if let Some(escape) = escape {
            self.text(" ESCAPE ");
            self.expr(escape)?;
        }
        self.text(")");
        Ok(())
    }

    fn similar(
        &mut self,
        negated: bool,
        expr: &Expr,
        pattern: &Expr,
        escape: Option<&Expr>,
    ) -> Outcome {
        self.only_postgres()?;
        self.text("(");
        self.expr(expr)?;
        self.text(if negated {
            " OPERATOR(pg_catalog.!~) "
        } else {
            " OPERATOR(pg_catalog.~) "
        });
        match escape {
            None => self.plain_call("similar_to_escape", &[pattern])?,
            Some(escape) => self.plain_call("similar_to_escape", &[pattern, escape])?,
        }
        self.text(")");
        Ok(())
    }

    fn substring(&mut self, expr: &Expr, from: Option<&Expr>, length: Option<&Expr>) -> Outcome {
        let name = match self.dialect {
            Dialect::Postgres => "substring",
            Dialect::Sqlite => "substr",
        };
        match (from, length) {
            (Some(from), None) => self.plain_call(name, &[expr, from]),
            (Some(from), Some(length)) => self.plain_call(name, &[expr, from, length]),
            (None, Some(length)) => {
                match self.dialect {
                    Dialect::Postgres => self.text("pg_catalog.\"substring\"("),
                    Dialect::Sqlite => self.text("substr("),
                }
                self.expr(expr)?;
                self.text(", 1, ");
                self.expr(length)?;
                self.text(")");
                Ok(())
            }
            (None, None) => self.no(NOT_AVAILABLE),
        }
    }
}
