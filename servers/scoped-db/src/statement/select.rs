//! One SELECT.

use sqlparser::ast::Distinct;
use sqlparser::ast::Expr;
use sqlparser::ast::GroupByExpr;
use sqlparser::ast::ObjectName;
use sqlparser::ast::Query;
use sqlparser::ast::Select;
use sqlparser::ast::SelectFlavor;
use sqlparser::ast::SelectItem;
use sqlparser::ast::SelectItemQualifiedWildcardKind;
use sqlparser::ast::SetExpr;
use sqlparser::ast::WildcardAdditionalOptions;

use crate::statement::Dialect;
use crate::statement::calm;
use crate::statement::name;
use crate::statement::outputs;
use crate::statement::place::Outcome;
use crate::statement::printer::Printer;
use crate::statement::query::NOT_AVAILABLE;
use crate::statement::query::TOO_MANY_COLUMNS;
use crate::statement::scope;
use crate::statement::scope::Field;

impl Printer<'_> {
    /// Prints a SELECT; its names are those of the innermost scope.
    pub(super) fn select(&mut self, select: &Select) -> Outcome {
        let Select {
            select_token,
            optimizer_hints,
            distinct,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        self.see(select_token.0.span.start);
        // an outcome without columns
        let bare = std::mem::take(&mut self.bare);
        self.without(projection.is_empty() && !bare, NOT_AVAILABLE)?;
        self.without(into.is_some(), "nothing can be written here")?;
        let foreign = !optimizer_hints.is_empty()
            || select_modifiers.is_some()
            || top.is_some()
            || exclude.is_some()
            || !lateral_views.is_empty()
            || prewhere.is_some()
            || !connect_by.is_empty()
            || !cluster_by.is_empty()
            || !distribute_by.is_empty()
            || !sort_by.is_empty()
            || qualify.is_some()
            || value_table_mode.is_some()
            || !matches!(flavor, SelectFlavor::Standard);
        self.without(foreign, NOT_AVAILABLE)?;

        // what is in FROM and what windows there are gives names to all that stands before
        let ((), from) = self.apart(|printer| printer.from(from))?;
        let ((), windows) = self.apart(|printer| printer.named_windows(named_window))?;
        let (fields, items) = self.apart(|printer| printer.projection(projection))?;
        self.give(fields);

        self.text("SELECT ");
        match distinct {
            None | Some(Distinct::All) => {}
            Some(Distinct::Distinct) => self.text("DISTINCT "),
            Some(Distinct::On(keys)) => {
                let empty = keys.is_empty();
                self.without(empty || self.dialect == Dialect::Sqlite, NOT_AVAILABLE)?;
                self.text("DISTINCT ON (");
                self.seeing_outputs(|printer| printer.exprs(keys))?;
                self.text(") ");
            }
        }
        self.out.append(&items);
        self.out.append(&from);
        if let Some(condition) = selection {
            self.text(" WHERE ");
            self.condition(condition)?;
        }
        self.group_by(group_by)?;
        if let Some(condition) = having {
            self.text(" HAVING ");
            self.condition(condition)?;
        }
        self.out.append(&windows);
        Ok(())
    }

    /// Prints a condition that decides which rows are there, and notes if it must not see rows
    /// that a rule hides.
    pub(super) fn condition(&mut self, condition: &Expr) -> Outcome {
        if !calm::condition(condition, self) {
            self.stirred = true;
        }
        self.expr(condition)
    }

    fn projection(&mut self, items: &[SelectItem]) -> Outcome<Vec<Field>> {
        let mut fields = Vec::new();
        self.list(items, |printer, item| {
            match item {
                SelectItem::UnnamedExpr(expr) => {
                    // refuses what is deeper than we would go for its name
                    printer.expr(expr)?;
                    let field = printer.field(expr, outputs::of(expr, printer.dialect));
                    // so that its name is what we think it is
                    if !matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
                        printer.text(" AS ");
                        printer.quoted(&field.name);
                    }
                    fields.push(field);
                }
                SelectItem::ExprWithAlias { expr, alias } => {
                    printer.expr(expr)?;
                    let name = printer.folded(alias)?;
                    printer.text(" AS ");
                    printer.quoted(&name);
                    let field = printer.field(expr, name);
                    fields.push(field);
                }
                SelectItem::Wildcard(options) => {
                    printer.plain_wildcard(options)?;
                    let scope = printer.scopes.last();
                    let star = scope.map(|scope| scope.star.clone()).unwrap_or_default();
                    printer.without(star.is_empty(), "there is no FROM for the *")?;
                    printer.everything_here();
                    fields.extend(star);
                    printer.text("*");
                }
                SelectItem::QualifiedWildcard(kind, options) => {
                    printer.plain_wildcard(options)?;
                    let SelectItemQualifiedWildcardKind::ObjectName(name) = kind else {
                        return printer.no(NOT_AVAILABLE);
                    };
                    fields.extend(printer.wildcard(name)?);
                }
                SelectItem::ExprWithAliases { .. } => return printer.no(NOT_AVAILABLE),
            }
            printer.without(fields.len() > printer.bounds.columns, TOO_MANY_COLUMNS)
        })?;
        Ok(fields)
    }

    /// Prints a query of which only is asked whether it has rows: its own select list may be
    /// empty, as in `EXISTS (SELECT FROM t)`, that of nothing else.
    pub(super) fn existing(&mut self, query: &Query) -> Outcome {
        // without WITH, what is printed first is this SELECT itself
        let alone = query.with.is_none() && matches!(query.body.as_ref(), SetExpr::Select(_));
        self.bare = alone && self.dialect == Dialect::Postgres;
        self.query(query)?;
        Ok(())
    }

    fn field(&mut self, expr: &Expr, name: String) -> Field {
        Field {
            calm: calm::operand(expr, self),
            name,
        }
    }

    /// Prints `relation.*` and tells its columns.
    pub(super) fn wildcard(&mut self, name: &ObjectName) -> Outcome<Vec<Field>> {
        let relation = self.folded(name::single(name)?)?;
        let Some(found) = scope::alone(&self.scopes, &relation, self.dialect) else {
            return self.no("nothing here, or more than one thing, is called so");
        };
        let (name, fields) = (found.name.clone(), found.fields.clone());
        if let Some(table) = found.table {
            self.touch.all(table);
        }
        self.quoted(&name);
        self.text(".*");
        Ok(fields)
    }

    /// Notes that all columns of all that is in FROM were named.
    pub(super) fn everything_here(&mut self) {
        let relations = self.scopes.last().map(|scope| scope.relations.as_slice());
        for relation in relations.unwrap_or_default() {
            if let Some(table) = relation.table {
                self.touch.all(table);
            }
        }
    }

    fn plain_wildcard(&mut self, options: &WildcardAdditionalOptions) -> Outcome {
        let WildcardAdditionalOptions {
            wildcard_token,
            opt_ilike,
            opt_exclude,
            opt_except,
            opt_replace,
            opt_rename,
            opt_alias,
        } = options;
        self.see(wildcard_token.0.span.start);
        let plain = opt_ilike.is_none()
            && opt_exclude.is_none()
            && opt_except.is_none()
            && opt_replace.is_none()
            && opt_rename.is_none()
            && opt_alias.is_none();
        self.without(!plain, NOT_AVAILABLE)
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all others are plain expressions"
    )]
    fn group_by(&mut self, group_by: &GroupByExpr) -> Outcome {
        let GroupByExpr::Expressions(keys, modifiers) = group_by else {
            return self.no(NOT_AVAILABLE);
        };
        self.without(!modifiers.is_empty(), NOT_AVAILABLE)?;
        if keys.is_empty() {
            return Ok(());
        }
        self.text(" GROUP BY ");
        self.seeing_outputs(|printer| {
            printer.list(keys, |printer, key| match key {
                Expr::GroupingSets(sets) => printer.grouping("GROUPING SETS", sets),
                Expr::Rollup(sets) => printer.grouping("ROLLUP", sets),
                Expr::Cube(sets) => printer.grouping("CUBE", sets),
                // `()`, the group of all
                Expr::Tuple(keys) if keys.is_empty() => {
                    printer.text("()");
                    Ok(())
                }
                key => printer.expr(key),
            })
        })
    }

    fn grouping(&mut self, kind: &'static str, sets: &[Vec<Expr>]) -> Outcome {
        let empty = sets.is_empty();
        self.without(empty || self.dialect == Dialect::Sqlite, NOT_AVAILABLE)?;
        self.text(kind);
        self.text(" (");
        self.list(sets, |printer, set| {
            if let [Expr::Rollup(sets)] = set.as_slice() {
                return printer.deeper(|printer| printer.grouping("ROLLUP", sets));
            }
            if let [Expr::Cube(sets)] = set.as_slice() {
                return printer.deeper(|printer| printer.grouping("CUBE", sets));
            }
            printer.text("(");
            printer.exprs(set)?;
            printer.text(")");
            Ok(())
        })?;
        self.text(")");
        Ok(())
    }
}
