//! Queries: WITH, set operations, VALUES, ORDER BY, LIMIT.

use sqlparser::ast::Cte as Tree;
use sqlparser::ast::CteAsMaterialized;
use sqlparser::ast::Expr;
use sqlparser::ast::Fetch;
use sqlparser::ast::LimitClause;
use sqlparser::ast::Offset;
use sqlparser::ast::OrderBy;
use sqlparser::ast::OrderByExpr;
use sqlparser::ast::OrderByKind;
use sqlparser::ast::OrderByOptions;
use sqlparser::ast::OrderBySort;
use sqlparser::ast::Parens;
use sqlparser::ast::Query;
use sqlparser::ast::SetExpr;
use sqlparser::ast::SetOperator;
use sqlparser::ast::SetQuantifier;
use sqlparser::ast::TableAlias;
use sqlparser::ast::TableAliasColumnDef;
use sqlparser::ast::Values;
use sqlparser::ast::With;

use crate::statement::Dialect;
use crate::statement::outputs;
use crate::statement::place::Outcome;
use crate::statement::printer::Cte;
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

    fn with(&mut self, with: &With) -> Outcome {
        let With {
            with_token: _,
            recursive,
            cte_tables,
        } = with;
        self.text(if *recursive {
            "WITH RECURSIVE "
        } else {
            "WITH "
        });
        self.list(cte_tables, |printer, cte| printer.cte(cte, *recursive))?;
        self.text(" ");
        Ok(())
    }

    fn cte(&mut self, cte: &Tree, recursive: bool) -> Outcome {
        let Tree {
            alias,
            query,
            from,
            materialized,
            closing_paren_token: _,
        } = cte;
        self.without(from.is_some(), NOT_AVAILABLE)?;
        let (name, columns) = self.alias(alias)?;
        self.free(&name)?;
        self.withs += 1;
        let printed = format!("with {}", self.withs);
        let there = self.ctes.len();
        if recursive {
            let names = if columns.is_empty() {
                outputs::names(query, self.dialect)
            } else {
                Some(columns.clone())
            };
            // sees itself, if it can be told what it will be; nothing in it is calm yet
            if let Some(names) = names {
                self.ctes.push(Cte {
                    name: name.clone(),
                    printed: printed.clone(),
                    fields: Field::stirring(names),
                });
            }
        }
        let (fields, body) = self.apart(|printer| printer.query(query))?;
        self.ctes.truncate(there);
        let mut fields = renamed(fields, &columns);
        self.quoted(&printed);
        self.column_names(fields.iter().map(|field| field.name.as_str()));
        self.text(match materialized {
            None => " AS (",
            Some(CteAsMaterialized::Materialized) => " AS MATERIALIZED (",
            Some(CteAsMaterialized::NotMaterialized) => " AS NOT MATERIALIZED (",
        });
        self.out.append(&body);
        self.text(")");
        if recursive {
            fields.iter_mut().for_each(|field| field.calm = false);
        }
        self.ctes.push(Cte {
            name,
            printed,
            fields,
        });
        Ok(())
    }

    /// Refuses a name for a WITH query that means something already: which of the two a database
    /// takes is not for a caller to play with.
    fn free(&self, name: &str) -> Outcome {
        let mut tables = self.view.tables().iter();
        let table = tables.any(|table| self.same(&table.table.name.table, name));
        self.without(table, "a WITH query may not have the name of a table")?;
        let other = self.ctes.iter().any(|other| self.same(&other.name, name));
        self.without(other, "two WITH queries have the same name")
    }

    /// The name and the column names of an alias.
    pub(super) fn alias(&mut self, alias: &TableAlias) -> Outcome<(String, Vec<String>)> {
        let TableAlias {
            explicit: _,
            name,
            columns,
            at,
        } = alias;
        self.without(at.is_some(), NOT_AVAILABLE)?;
        let name = self.folded(name)?;
        let columns: Outcome<Vec<String>> = columns
            .iter()
            .map(|TableAliasColumnDef { name, data_type }| {
                self.without(data_type.is_some(), NOT_AVAILABLE)?;
                self.folded(name)
            })
            .collect();
        Ok((name, columns?))
    }

    /// Prints `(a, b)`, or nothing if there are none.
    pub(super) fn column_names<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        let names: Vec<String> = names.map(super::literal::quoted).collect();
        if !names.is_empty() {
            self.text(&format!("({})", names.join(", ")));
        }
    }

    fn body(&mut self, body: &SetExpr) -> Outcome {
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

    /// A chain of operations leans to the left and may be long: it is walked, not descended.
    fn set_operation(&mut self, body: &SetExpr) -> Outcome {
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
            let mut whole = super::out::Out::default();
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

    fn values(&mut self, values: &Values) -> Outcome {
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
        if all.all(super::calm::is_literal) {
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
const MOST_ARMS: usize = 100;
