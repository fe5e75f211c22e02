//! WITH queries, and the names that aliases give.
//!
//! # Invariants
//!
//! - A WITH query is printed under a name of our own, which no table has: if a database looked for
//!   it where it is not in sight, it would find nothing.

use sqlparser::ast::Cte as Tree;
use sqlparser::ast::CteAsMaterialized;
use sqlparser::ast::TableAlias;
use sqlparser::ast::TableAliasColumnDef;
use sqlparser::ast::With;

use crate::statement::literal;
use crate::statement::outputs;
use crate::statement::place::Outcome;
use crate::statement::printer::Cte;
use crate::statement::printer::Printer;
use crate::statement::query::NOT_AVAILABLE;
use crate::statement::query::renamed;
use crate::statement::scope::Field;

impl Printer<'_> {
    /// Prints the WITH queries before a query.
    pub(super) fn with(&mut self, with: &With) -> Outcome {
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
        let names: Vec<String> = names.map(literal::quoted).collect();
        if !names.is_empty() {
            self.text(&format!("({})", names.join(", ")));
        }
    }
}
