//! Reads what the file has: for start, and for the command that drafts a configuration.

use std::collections::HashMap;

use rusqlite::Connection;

use super::door;
use super::file::File;
use super::trouble::OpenTrouble;
use crate::effects::catalog::Catalog;
use crate::effects::catalog::Known;
use crate::effects::catalog::KnownColumn;
use crate::schema::TableName;

/// The tables and views of the database in `file`.
pub(super) fn of(file: &File) -> Result<Catalog, OpenTrouble> {
    let db = door::bare(file)?;
    read(&db).map_err(OpenTrouble::of)
}

fn read(db: &Connection) -> rusqlite::Result<Catalog> {
    let estimates = estimates(db);
    // neither virtual tables nor the tables that those keep their data in
    let mut found = db.prepare(
        "SELECT name, type = 'view' FROM pragma_table_list WHERE schema = 'main' \
         AND type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )?;
    let found = found.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut tables = Vec::new();
    for table in found {
        let (name, view): (String, bool) = table?;
        match table_of(db, &name, view, &estimates) {
            Ok(table) => tables.push(table),
            // of a table that is gone, or with a function that is not known here
            Err(cause) if view => {
                tracing::warn!(view = name, %cause, "a view that cannot be read is left out");
            }
            Err(cause) => return Err(cause),
        }
    }
    Ok(Catalog { tables })
}

fn table_of(
    db: &Connection,
    table: &str,
    view: bool,
    estimates: &HashMap<String, u64>,
) -> rusqlite::Result<Known> {
    let mut found = db.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?1)")?;
    let found = found.query_map([table], |row| {
        let (name, kind): (String, String) = (row.get(0)?, row.get(1)?);
        let (not_null, key): (bool, u32) = (row.get(2)?, row.get(3)?);
        Ok((name, kind, not_null, key))
    })?;
    let mut columns = Vec::new();
    let mut key = Vec::new();
    for column in found {
        let (name, kind, not_null, place) = column?;
        if place > 0 {
            key.push((place, name.clone()));
        }
        columns.push(KnownColumn {
            name,
            kind: if kind.is_empty() {
                "ANY".to_owned()
            } else {
                kind
            },
            plain: true,
            nullable: !not_null && place == 0,
            readable: true,
            comment: None,
        });
    }
    key.sort();
    Ok(Known {
        columns,
        key: key.into_iter().map(|(_, name)| name).collect(),
        estimate: estimates.get(table).copied(),
        comment: None,
        row_security: false,
        view,
        name: TableName {
            schema: "main".to_owned(),
            table: table.to_owned(),
        },
    })
}

/// How many rows `ANALYZE` counted, where somebody ran it.
fn estimates(db: &Connection) -> HashMap<String, u64> {
    let counted = || {
        // a list of figures, the first is of the table
        let sql = "SELECT tbl, max(CAST(stat AS INTEGER)) FROM sqlite_stat1 GROUP BY tbl";
        let mut found = db.prepare(sql)?;
        let found = found.query_map([], |row| {
            let (table, rows): (String, i64) = (row.get(0)?, row.get(1)?);
            Ok((table, u64::try_from(rows).unwrap_or_default()))
        })?;
        found.collect::<rusqlite::Result<HashMap<_, _>>>()
    };
    // no such table is the common case, and figures are no reason to fail
    counted().unwrap_or_default()
}
