//! Queries: WITH, set operations, VALUES, ORDER BY, LIMIT.

use sqlparser::ast::Expr;
use sqlparser::ast::Fetch;
use sqlparser::ast::LimitClause;
use sqlparser::ast::Offset;
use sqlparser::ast::OrderBy;
use sqlparser::ast::OrderByExpr;
use sqlparser::ast::OrderByKind;
use sqlparser::ast::OrderByOptions;
use sqlparser::ast::OrderBySort;
use sqlparser::ast::Query;
use sqlparser::ast::SetExpr;

use crate::statement::Dialect;
use crate::statement::place::Outcome;
use crate::statement::printer::Printer;
use crate::statement::scope::Field;
use crate::statement::scope::Scope;

impl Printer<'_> {
    /// Prints a query and tells the columns of its outcome.
    pub(super) fn query(&mut self, query: &Query) -> Outcome<Vec<Field>> {
        self.without(self.rule, "a rule has no subqueries")?;
        self.deeper(|printer| {
            let ctes = printer.ctes.len();
            printer.scopes.push(Scope::default());
            let printed = printer.clauses(query);
            printer.ctes.truncate(ctes);
            let scope = printer.scopes.pop();
            printed.map(|()| scope.map(|scope| scope.outputs).unwrap_or_default())
        })
    }

    fn clauses(&mut self, query: &Query) -> Outcome {
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        self.without(!locks.is_empty(), "rows are not locked here")?;
        let foreign = for_clause.is_some()
            || settings.is_some()
            || format_clause.is_some()
            || !pipe_operators.is_empty();
        self.without(foreign, NOT_AVAILABLE)?;
        // PostgreSQL takes the clauses inside of parentheses and behind them for those of one
        if let SetExpr::Query(inner) = body.as_ref() {
            let both = has_clauses(query) && has_clauses(inner);
            self.without(both, "what is in parentheses has such a clause already")?;
        }
        let ties = fetch.as_ref().is_some_and(|fetch| fetch.with_ties);
        self.without(ties && order_by.is_none(), "WITH TIES needs ORDER BY")?;
        if let Some(with) = with {
            self.with(with)?;
        }
        self.body(body)?;
        if let Some(OrderBy { kind, interpolate }) = order_by {
            self.without(interpolate.is_some(), NOT_AVAILABLE)?;
            let OrderByKind::Expressions(keys) = kind else {
                return self.no(NOT_AVAILABLE);
            };
            self.text(" ORDER BY ");
            self.seeing_outputs(|printer| printer.order(keys))?;
        }
        self.limit(limit_clause.as_ref(), fetch.as_ref())
    }

    /// Prints what stands between WITH and ORDER BY.
    pub(super) fn body(&mut self, body: &SetExpr) -> Outcome {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => {
                // SQLite has no parentheses here, but takes a subselect
                self.text(match self.dialect {
                    Dialect::Postgres => "(",
                    Dialect::Sqlite => "SELECT * FROM (",
                });
                let outputs = self.query(query)?;
                self.text(")");
                self.give(outputs);
                Ok(())
            }
            SetExpr::SetOperation { .. } => self.set_operation(body),
            SetExpr::Values(values) => self.values(values),
            SetExpr::Insert(_)
            | SetExpr::Update(_)
            | SetExpr::Delete(_)
            | SetExpr::Merge(_)
            | SetExpr::Table(_) => self.no("only SELECT, VALUES and WITH are understood"),
        }
    }

    /// Says what the columns of the outcome are.
    pub(super) fn give(&mut self, outputs: Vec<Field>) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.outputs = outputs;
        }
    }

    /// Runs `print` where the names of the outcome count.
    pub(super) fn seeing_outputs(&mut self, print: impl FnOnce(&mut Self) -> Outcome) -> Outcome {
        if let Some(scope) = self.scopes.last_mut() {
            scope.sees_outputs = true;
        }
        let printed = print(self);
        if let Some(scope) = self.scopes.last_mut() {
            scope.sees_outputs = false;
        }
        printed
    }

    /// Prints what stands after ORDER BY.
    pub(super) fn order(&mut self, keys: &[OrderByExpr]) -> Outcome {
        self.list(keys, |printer, key| {
            let OrderByExpr {
                expr,
                options: OrderByOptions { sort, nulls_first },
                with_fill,
            } = key;
            printer.without(with_fill.is_some(), NOT_AVAILABLE)?;
            printer.expr(expr)?;
            match sort {
                None => {}
                Some(OrderBySort::Asc) => printer.text(" ASC"),
                Some(OrderBySort::Desc) => printer.text(" DESC"),
                Some(OrderBySort::Using(_)) => return printer.no(NOT_AVAILABLE),
            }
            match nulls_first {
                None => {}
                Some(true) => printer.text(" NULLS FIRST"),
                Some(false) => printer.text(" NULLS LAST"),
            }
            Ok(())
        })
    }

    fn limit(&mut self, limit: Option<&LimitClause>, fetch: Option<&Fetch>) -> Outcome {
        let (limit, offset) = match limit {
            None => (None, None),
            Some(LimitClause::LimitOffset {
                limit,
                offset,
                limit_by,
            }) => {
                self.without(!limit_by.is_empty(), NOT_AVAILABLE)?;
                let offset = offset.as_ref().map(|Offset { value, rows: _ }| value);
                (limit.as_ref(), offset)
            }
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => (Some(limit), Some(offset)),
        };
        let mut ties = None;
        let mut most = limit;
        if let Some(Fetch {
            with_ties,
            percent,
            quantity,
        }) = fetch
        {
            let double =
                limit.is_some() || *percent || (*with_ties && self.dialect == Dialect::Sqlite);
            self.without(double, NOT_AVAILABLE)?;
            if *with_ties {
                ties = Some(quantity.as_ref());
            } else if quantity.is_some() {
                most = quantity.as_ref();
            } else {
                self.text(" LIMIT 1");
            }
        }
        if let Some(most) = most {
            self.text(" LIMIT ");
            self.bound(most)?;
        } else if offset.is_some() && self.dialect == Dialect::Sqlite && fetch.is_none() {
            self.text(" LIMIT -1");
        }
        if let Some(offset) = offset {
            self.text(" OFFSET ");
            self.bound(offset)?;
        }
        if let Some(quantity) = ties {
            self.text(" FETCH FIRST ");
            match quantity {
                Some(quantity) => self.bound(quantity)?,
                None => self.text("1"),
            }
            self.text(" ROWS WITH TIES");
        }
        Ok(())
    }

    /// The number of rows after LIMIT, which sees no columns.
    fn bound(&mut self, expr: &Expr) -> Outcome {
        self.text("(");
        let scopes = std::mem::take(&mut self.scopes);
        let printed = self.expr(expr);
        self.scopes = scopes;
        self.text(")");
        printed
    }
}

fn has_clauses(query: &Query) -> bool {
    let own = query.with.is_some()
        || query.order_by.is_some()
        || query.limit_clause.is_some()
        || query.fetch.is_some();
    let inner = matches!(query.body.as_ref(), SetExpr::Query(inner) if has_clauses(inner));
    own || inner
}

impl Field {
    /// Columns of which nothing is known but their names.
    pub(super) fn stirring(names: Vec<String>) -> Vec<Self> {
        let field = |name| Self { name, calm: false };
        names.into_iter().map(field).collect()
    }
}

/// `fields` under the names of an alias, as far as it has some.
pub(super) fn renamed(mut fields: Vec<Field>, names: &[String]) -> Vec<Field> {
    for (field, name) in fields.iter_mut().zip(names) {
        field.name.clone_from(name);
    }
    fields
}

/// Said of everything that the grammar has and we do not.
pub(super) const NOT_AVAILABLE: &str = "this form is not available";
/// Said of what is too wide.
pub(super) const TOO_MANY_COLUMNS: &str = "too many columns";
