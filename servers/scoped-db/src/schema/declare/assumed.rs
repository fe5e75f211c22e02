//! What a configuration alone says of a database, before one is asked.

use guard::config::Spanned;

use crate::config::Config;
use crate::effects::catalog::Catalog;
use crate::effects::catalog::Known;
use crate::effects::catalog::KnownColumn;
use crate::schema::TableName;

/// A catalog that has just what `config` names: for what is asked of the configuration alone.
#[must_use]
pub fn assumed(config: &Config) -> Catalog {
    let tables = config.tables.iter().map(|table| {
        let name = table.name.get_ref();
        let (schema, table_name) = name.split_once('.').unwrap_or(("public", name));
        let subjects = [
            table
                .insert
                .as_ref()
                .and_then(|i| i.subject_column.as_ref()),
            table
                .update
                .as_ref()
                .and_then(|u| u.subject_column.as_ref()),
        ];
        let mut names: Vec<&String> = table.columns.0.iter().map(|(n, _)| n.get_ref()).collect();
        names.extend(subjects.into_iter().flatten().map(Spanned::get_ref));
        let columns = names.into_iter().map(|name| KnownColumn {
            name: name.clone(),
            // of a date, so that no mask is refused for a type that is not known here
            kind: "date".to_owned(),
            plain: true,
            nullable: true,
            readable: true,
            comment: None,
        });
        let first = table
            .columns
            .0
            .first()
            .map(|(name, _)| name.get_ref().clone());
        Known {
            name: TableName {
                schema: schema.to_owned(),
                table: table_name.to_owned(),
            },
            columns: columns.collect(),
            key: first.into_iter().collect(),
            estimate: None,
            comment: None,
            // whether it is on is asked at the start
            row_security: true,
            view: false,
        }
    });
    Catalog {
        tables: tables.collect(),
    }
}

/// The names that the tables of `config` may have in a catalog: whatever schema they are in.
#[must_use]
pub fn names(config: &Config) -> Vec<String> {
    let texts = config.tables.iter().map(|table| table.name.get_ref());
    let split = |text: &String| text.split_once('.').map(|(_, table)| table.to_owned());
    texts
        .flat_map(|text| [Some(text.clone()), split(text)])
        .flatten()
        .collect()
}
