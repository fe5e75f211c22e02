//! What stands in FROM: tables of the view, WITH queries, subqueries, functions, joins.
//!
//! # Invariants
//!
//! - A table is printed as a subselect of the columns that the view has, under its rule; the name
//!   of a table of the database is printed nowhere else.

use sqlparser::ast::ObjectName;
use sqlparser::ast::TableAlias;
use sqlparser::ast::TableFactor;
use sqlparser::ast::TableFunctionArgs;
use sqlparser::ast::TableWithJoins;

use crate::schema::ViewTable;
use crate::statement::Dialect;
use crate::statement::mask;
use crate::statement::name;
use crate::statement::place::Outcome;
use crate::statement::place::denied;
use crate::statement::printer::Printer;
use crate::statement::query::NOT_AVAILABLE;
use crate::statement::query::renamed;
use crate::statement::scope::Field;
use crate::statement::scope::Relation;
use crate::statement::types;

impl Printer<'_> {
    /// Prints ` FROM ...`, or nothing if there is none.
    pub(super) fn from(&mut self, from: &[TableWithJoins]) -> Outcome {
        if from.is_empty() {
            return Ok(());
        }
        self.text(" FROM ");
        let mut star = Vec::new();
        self.list(from, |printer, tables| {
            star.extend(printer.joined(tables)?);
            Ok(())
        })?;
        if let Some(scope) = self.scopes.last_mut() {
            scope.star = star;
        }
        Ok(())
    }

    /// Prints joins and tells what `*` stands for in them.
    pub(super) fn joined(&mut self, tables: &TableWithJoins) -> Outcome<Vec<Field>> {
        let TableWithJoins { relation, joins } = tables;
        let mut star = self.factor(relation)?;
        for join in joins {
            star = self.join(star, join)?;
        }
        Ok(star)
    }

    /// Prints one item and tells its columns.
    pub(super) fn factor(&mut self, factor: &TableFactor) -> Outcome<Vec<Field>> {
        self.joins += 1;
        self.without(
            self.joins > self.bounds.joins.saturating_add(1),
            "too many joins",
        )?;
        self.deeper(|printer| printer.factor_inside(factor))
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the list is of what is let through"
    )]
    fn factor_inside(&mut self, factor: &TableFactor) -> Outcome<Vec<Field>> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_directives,
                inheritance,
            } => {
                self.see(name::start(name));
                let foreign = !with_hints.is_empty()
                    || version.is_some()
                    || !partitions.is_empty()
                    || json_path.is_some()
                    || sample.is_some()
                    || !index_directives.is_empty()
                    || inheritance.is_some();
                self.without(foreign, NOT_AVAILABLE)?;
                if let Some(TableFunctionArgs { args, settings }) = args {
                    self.without(settings.is_some(), NOT_AVAILABLE)?;
                    return self.rows_of(name, args, *with_ordinality, alias.as_ref());
                }
                self.without(*with_ordinality, NOT_AVAILABLE)?;
                self.named(name, alias.as_ref())
            }
            TableFactor::Derived {
                lateral,
                subquery,
                alias,
                sample,
            } => {
                self.without(sample.is_some(), NOT_AVAILABLE)?;
                self.lateral(*lateral)?;
                self.text("(");
                let fields = self.query(subquery)?;
                self.text(")");
                let Some(alias) = alias else {
                    return self.no("a subquery in FROM needs an alias");
                };
                let (name, columns) = self.alias(alias)?;
                self.without(columns.len() > fields.len(), TOO_MANY_NAMES)?;
                let fields = renamed(fields, &columns);
                // all of them, so that they are what we think they are
                let names = match self.dialect {
                    Dialect::Postgres => fields.iter().map(|field| field.name.clone()).collect(),
                    Dialect::Sqlite => columns,
                };
                self.there(name, None, fields, None, &names)
            }
            TableFactor::Function {
                lateral,
                name,
                args,
                with_ordinality,
                alias,
            } => {
                self.lateral(*lateral)?;
                self.rows_of(name, args, *with_ordinality, alias.as_ref())
            }
            TableFactor::UNNEST {
                alias,
                array_exprs,
                with_offset,
                with_offset_alias,
                with_ordinality,
            } => {
                let foreign = *with_offset || with_offset_alias.is_some();
                self.without(foreign || self.dialect == Dialect::Sqlite, NOT_AVAILABLE)?;
                self.text("pg_catalog.\"unnest\"(");
                self.exprs(array_exprs)?;
                self.text(")");
                let columns = vec!["unnest".to_owned(); array_exprs.len()];
                self.rows("unnest", columns, *with_ordinality, alias.as_ref())
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias,
            } => {
                self.without(alias.is_some(), NOT_AVAILABLE)?;
                self.text("(");
                let star = self.joined(table_with_joins)?;
                self.text(")");
                Ok(star)
            }
            _ => self.no(NOT_AVAILABLE),
        }
    }

    fn lateral(&mut self, lateral: bool) -> Outcome {
        if lateral {
            self.without(self.dialect == Dialect::Sqlite, NOT_AVAILABLE)?;
            self.text("LATERAL ");
        }
        Ok(())
    }

    /// A table or a WITH query.
    fn named(&mut self, name: &ObjectName, alias: Option<&TableAlias>) -> Outcome<Vec<Field>> {
        let place = name::start(name);
        let (schema, table) = match *name::parts(name)? {
            [table] => (None, self.folded(table)?),
            [schema, table] => (Some(self.folded(schema)?), self.folded(table)?),
            _ => return Err(denied(NO_TABLE, place)),
        };
        if schema.is_none()
            && let Some(cte) = self
                .ctes
                .iter()
                .rev()
                .find(|cte| self.same(&cte.name, &table))
        {
            let cte = cte.clone();
            self.quoted(&cte.printed);
            let (called, columns) = match alias {
                Some(alias) => self.alias(alias)?,
                None => (cte.name, Vec::new()),
            };
            return self.there(called, None, renamed(cte.fields, &columns), None, &columns);
        }
        let Some(at) = self.find(schema.as_deref(), &table) else {
            return Err(denied(NO_TABLE, place));
        };
        let view = self.view;
        let Some(known) = view.tables().get(at) else {
            return Err(denied(NO_TABLE, place));
        };
        let own = &known.table.name;
        let (called, columns, schema) = match alias {
            Some(alias) => {
                let (name, columns) = self.alias(alias)?;
                (name, columns, None)
            }
            None => (own.table.clone(), Vec::new(), Some(own.schema.clone())),
        };
        self.touch.table(at, &called);
        if !columns.is_empty() {
            self.touch.all(at);
        }
        self.ruled |= known.table.hides_rows();
        self.subselect(known);
        let fields = known.columns().map(|(column, _)| Field {
            name: column.name.clone(),
            calm: self.dialect == Dialect::Sqlite || types::compares(&column.kind),
        });
        let fields = renamed(fields.collect(), &columns);
        self.there(called, schema, fields, Some(at), &columns)
    }

    /// The place in the view of the one table of this name.
    fn find(&self, schema: Option<&str>, table: &str) -> Option<usize> {
        let mut found = self.view.tables().iter().enumerate().filter(|(_, known)| {
            let name = &known.table.name;
            self.same(&name.table, table)
                && schema.is_none_or(|schema| self.same(schema, &name.schema))
        });
        let (first, _) = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// The columns of the view, masked, of the rows that the rule lets through.
    fn subselect(&mut self, known: &ViewTable) {
        self.text("(");
        self.select_of(known);
        if let Some(rule) = &known.table.rows {
            self.text(" WHERE (");
            rule.print(self, &known.table.name.table);
            self.text(")");
        }
        if self.fenced && known.table.hides_rows() {
            self.fence(known);
        }
        self.text(")");
    }

    fn select_of(&mut self, known: &ViewTable) {
        self.text("SELECT ");
        let mut first = true;
        for (column, shown) in known.columns() {
            if !std::mem::take(&mut first) {
                self.text(", ");
            }
            match shown.mask {
                None => self.quoted(&column.name),
                Some(mask) => {
                    mask::print(self, mask, column);
                    self.text(" AS ");
                    self.quoted(&column.name);
                }
            }
        }
        let name = &known.table.name;
        self.text(" FROM ");
        self.quoted(&name.schema);
        self.text(".");
        self.quoted(&name.table);
    }

    /// Neither database evaluates anything of the outside beyond OFFSET. PostgreSQL's planner would
    /// still try a pattern of the outside on the statistics of all rows, hidden ones too, and
    /// can fail there; it knows no statistics of what comes out of a set operation.
    fn fence(&mut self, known: &ViewTable) {
        match self.dialect {
            Dialect::Postgres => {
                self.text(" UNION ALL ");
                self.select_of(known);
                self.text(" WHERE FALSE OFFSET 0");
            }
            Dialect::Sqlite => self.text(" LIMIT -1 OFFSET 0"),
        }
    }

    /// Ends an item of FROM with its alias, and makes it known.
    pub(super) fn there(
        &mut self,
        name: String,
        schema: Option<String>,
        fields: Vec<Field>,
        table: Option<usize>,
        columns: &[String],
    ) -> Outcome<Vec<Field>> {
        self.without(columns.len() > fields.len(), TOO_MANY_NAMES)?;
        // SQLite has no alias with names of columns
        let foreign = self.dialect == Dialect::Sqlite && !columns.is_empty();
        self.without(foreign, NOT_AVAILABLE)?;
        self.text(" AS ");
        self.quoted(&name);
        self.column_names(columns.iter().map(String::as_str));
        if let Some(scope) = self.scopes.last_mut() {
            scope.relations.push(Relation {
                name,
                schema,
                fields: fields.clone(),
                table,
            });
        }
        Ok(fields)
    }
}

/// The same for what is hidden and what is not there.
pub(super) const NO_TABLE: &str = "this table is not available; list_tables shows what is";
/// Said of an alias with names for columns that there are not.
pub(super) const TOO_MANY_NAMES: &str = "there are fewer columns than names for them";
