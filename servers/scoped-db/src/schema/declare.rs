//! From what the operator declared and what the database has to the [`Schema`].
//!
//! # Invariants
//!
//! - What is declared and not there, or not readable, stops the start: a misspelt name must not
//!   become a table that is silently missing.
//! - Without a declaration nothing exists but what the role was given, column by column.

mod assumed;

use std::sync::Arc;

use guard::config::ConfigError;
use guard::config::Source;
use guard::config::Spanned;
use guard::label::Label;
use guard::label::Taxonomy;

use super::Column;
use super::Count;
use super::Mask;
use super::Masked;
use super::Schema;
use super::Table;
use super::TableName;
use super::Write;
use super::Writes;
use crate::config::ColumnConfig;
use crate::config::Config;
use crate::config::TableConfig;
use crate::effects::catalog::Catalog;
use crate::effects::catalog::Known;
use crate::effects::catalog::KnownColumn;
use crate::statement::Dialect;
use crate::statement::Rule;

pub use assumed::assumed;
pub use assumed::names;

/// What declarations are read with.
#[derive(Clone, Copy, Debug)]
pub struct Declaration<'a> {
    /// The file, to point at a place of it.
    pub source: &'a Source,
    /// The words of labels.
    pub known: &'a Taxonomy,
    /// The label of a table that has none.
    pub unlabelled: Label,
    /// What the database has.
    pub catalog: &'a Catalog,
    /// Which SQL row rules are written in.
    pub dialect: Dialect,
}

/// What the role may read of the catalog, all under one label: what exists where nothing is
/// declared.
#[must_use]
pub fn discovered(catalog: &Catalog, label: Label) -> Schema {
    let tables = catalog.tables.iter().filter_map(|known| {
        let readable = known.columns.iter().filter(|c| c.readable && c.plain);
        let columns: Vec<Column> = readable
            .map(|column| Column {
                name: column.name.clone(),
                kind: column.kind.clone(),
                nullable: column.nullable,
                label,
                mask: None,
                about: None,
            })
            .collect();
        (!columns.is_empty()).then(|| {
            Arc::new(Table {
                name: known.name.clone(),
                about: None,
                label,
                key: key_among(&known.key, &columns),
                columns,
                rows: None,
                count: None,
                writes: Writes::default(),
                estimate: known.estimate,
                filtered: known.row_security || known.view,
            })
        })
    });
    Schema {
        tables: tables.collect(),
    }
}

impl Declaration<'_> {
    /// The schema that `config` declares.
    ///
    /// # Errors
    ///
    /// The first place that cannot be meant so.
    pub fn schema(&self, config: &Config) -> Result<Schema, ConfigError> {
        let mut schema = Schema::default();
        for table in &config.tables {
            let declared = self.table(table)?;
            if schema.tables.iter().any(|t| t.name == declared.name) {
                return Err(self.wrong(&table.name, "this table is declared twice"));
            }
            schema.tables.push(Arc::new(declared));
        }
        Ok(schema)
    }

    fn table(&self, config: &TableConfig) -> Result<Table, ConfigError> {
        let known = self
            .find(config.name.get_ref())
            .ok_or_else(|| self.wrong(&config.name, NO_TABLE))?;
        if let Some(asked) = &config.row_security
            && *asked.get_ref()
            && !known.row_security
        {
            return Err(self.wrong(asked, "row-level security is not on for this table"));
        }
        let label = config.label.as_ref().map(|text| self.label(text));
        let label = label.transpose()?.unwrap_or(self.unlabelled);
        let mut columns: Vec<Column> = Vec::with_capacity(config.columns.0.len());
        for (name, said) in &config.columns.0 {
            let found = known.columns.iter().find(|c| c.name == *name.get_ref());
            let found = found.ok_or_else(|| self.wrong(name, NO_COLUMN))?;
            columns.push(self.column(name, said, found, label)?);
        }
        if columns.is_empty() {
            return Err(self.wrong(&config.name, "a table needs at least one column"));
        }
        let key = match &config.key {
            None => key_among(&known.key, &columns),
            Some(names) => self.among(names, &columns)?,
        };
        let rule = |text: &Spanned<String>| {
            Rule::parse(text.get_ref(), self.dialect).map_err(|why| self.wrong(text, why))
        };
        Ok(Table {
            name: known.name.clone(),
            about: config.about.clone(),
            label,
            rows: config.rows.as_ref().map(rule).transpose()?,
            count: config
                .count
                .as_ref()
                .map(|count| {
                    Ok::<_, ConfigError>(Count {
                        label: self.label(&count.label)?,
                        min_group: count.min_group,
                    })
                })
                .transpose()?,
            writes: self.writes(config, known, &columns, &key)?,
            key,
            columns,
            estimate: known.estimate,
            filtered: known.row_security || known.view,
        })
    }

    fn column(
        &self,
        name: &Spanned<String>,
        said: &ColumnConfig,
        found: &KnownColumn,
        table: Label,
    ) -> Result<Column, ConfigError> {
        if !found.readable {
            return Err(self.wrong(name, "the role may not read this column"));
        }
        if !found.plain {
            return Err(self.wrong(name, OWN_TYPE));
        }
        let read = |text: &Option<String>| {
            let parsed = text.as_ref().map(|text| self.known.parse(text)).transpose();
            parsed.map_err(|why| self.wrong(name, why))
        };
        let label = table.join(read(&said.label)?.unwrap_or(table));
        let masked = read(&said.masked_label)?;
        if said.mask.is_none() && masked.is_some() {
            return Err(self.wrong(name, "`masked-label` without `mask`"));
        }
        let mask = said.mask.map(|mask| Masked {
            mask,
            label: table.join(masked.unwrap_or(table)),
        });
        if let Some(masked) = mask {
            if label.is_below(masked.label) {
                let why = "a mask must leave less than the column's label: give the column a higher `label`";
                return Err(self.wrong(name, why));
            }
            if masked.mask == Mask::Year && !self.has_year(&found.kind) {
                return Err(self.wrong(name, "the mask `year` needs a date or a time stamp"));
            }
        }
        Ok(Column {
            name: found.name.clone(),
            kind: found.kind.clone(),
            nullable: found.nullable,
            label,
            mask,
            about: said.about.clone(),
        })
    }

    fn has_year(&self, kind: &str) -> bool {
        self.dialect == Dialect::Sqlite || matches!(kind, "date" | "timestamp" | "timestamptz")
    }

    fn writes(
        &self,
        config: &TableConfig,
        known: &Known,
        columns: &[Column],
        key: &[String],
    ) -> Result<Writes, ConfigError> {
        let own = |name: &Option<Spanned<String>>| {
            let there = |name: &Spanned<String>| {
                let found = known.columns.iter().find(|c| c.name == *name.get_ref());
                found
                    .map(|column| column.name.clone())
                    .ok_or_else(|| self.wrong(name, NO_COLUMN))
            };
            name.as_ref().map(there).transpose()
        };
        let mut writes = Writes::default();
        if let Some(insert) = &config.insert {
            writes.insert = Some(Write {
                columns: self.among(&insert.columns, columns)?,
                subject_column: own(&insert.subject_column)?,
                permission: insert.permission.clone(),
                most: 1,
            });
        }
        if let Some(update) = &config.update {
            writes.update = Some(Write {
                columns: self.among(&update.columns, columns)?,
                subject_column: own(&update.subject_column)?,
                permission: update.permission.clone(),
                most: update.most.get(),
            });
        }
        if let Some(delete) = &config.delete {
            writes.delete = Some(Write {
                permission: delete.permission.clone(),
                most: delete.most.get(),
                ..Write::default()
            });
        }
        if key.is_empty() && (writes.update.is_some() || writes.delete.is_some()) {
            let why = "rows are changed by key: declare `key`, or the columns of the primary key";
            return Err(self.wrong(&config.name, why));
        }
        if known.view && writes.any() {
            return Err(self.wrong(&config.name, "a view cannot be written"));
        }
        Ok(writes)
    }

    fn among(
        &self,
        names: &Spanned<Vec<String>>,
        columns: &[Column],
    ) -> Result<Vec<String>, ConfigError> {
        let all = names.get_ref();
        if all.is_empty() {
            return Err(self.wrong(names, "at least one column"));
        }
        let there = |name: &String| columns.iter().any(|column| column.name == *name);
        if all.iter().all(there) {
            Ok(all.clone())
        } else {
            Err(self.wrong(names, "only columns that this table declares"))
        }
    }

    /// `TABLE` or `SCHEMA.TABLE`; a table whose own name has a dot is found as well.
    fn find(&self, text: &str) -> Option<&Known> {
        let default = match self.dialect {
            Dialect::Postgres => "public",
            Dialect::Sqlite => "main",
        };
        let name = |schema: &str, table: &str| TableName {
            schema: schema.to_owned(),
            table: table.to_owned(),
        };
        let split = text.split_once('.');
        split
            .and_then(|(schema, table)| self.catalog.find(&name(schema, table)))
            .or_else(|| self.catalog.find(&name(default, text)))
    }

    fn label(&self, text: &Spanned<String>) -> Result<Label, ConfigError> {
        let parsed = self.known.parse(text.get_ref());
        parsed.map_err(|why| self.wrong(text, why))
    }

    fn wrong<T>(&self, place: &Spanned<T>, why: impl std::fmt::Display) -> ConfigError {
        self.source.error_at(place.span(), why)
    }
}

/// A key that cannot be named whole names nothing.
fn key_among(key: &[String], columns: &[Column]) -> Vec<String> {
    let there = |name: &String| columns.iter().any(|column| column.name == *name);
    if key.iter().all(there) {
        key.to_vec()
    } else {
        Vec::new()
    }
}

const NO_TABLE: &str = "the database has no such table, or the role may see nothing of it";
const NO_COLUMN: &str = "the table has no such column";
const OWN_TYPE: &str = "the type of this column is neither built in nor an enumeration: \
                        its operators and casts could be anything; declare a view that casts it";
