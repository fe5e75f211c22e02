//! Reads what the database has, by one question to its catalog, and a second one where
//! somebody made types.
//!
//! # Invariants
//!
//! - Every name in the questions is that of the system's own schema, whatever the search path.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use guard::error::Fault;
use tokio_postgres::Client;
use tokio_postgres::Error;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use tokio_postgres::types::Type;

use super::trouble::failure;
use crate::effects::catalog::Catalog;
use crate::effects::catalog::Known;
use crate::effects::catalog::KnownColumn;
use crate::schema::TableName;

/// What of a database is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wanted<'a> {
    /// Everything, with comments and security labels.
    All,
    /// Everything, without what is said about it.
    Bare,
    /// What has one of these names, in any schema, without what is said about it.
    Named(&'a [String]),
}

/// The tables, views, materialized views, partitioned and foreign tables outside of the system's
/// own schemas.
pub(super) async fn read(client: &Client, wanted: Wanted<'_>) -> Result<Catalog, Fault> {
    read_rows(client, wanted)
        .await
        .map_err(|error| failure(STEP, &error))
}

async fn read_rows(client: &Client, wanted: Wanted<'_>) -> Result<Catalog, Error> {
    let names = match wanted {
        Wanted::All | Wanted::Bare => None,
        Wanted::Named(names) => Some(names),
    };
    let question = question(wanted == Wanted::All);
    let names: &(dyn ToSql + Sync) = &names;
    let rows = client
        .query_typed(&question, &[(names, Type::TEXT_ARRAY)])
        .await?;
    let mut catalog = Catalog::default();
    let mut keys: Vec<(i32, String)> = Vec::new();
    let mut unsettled: Vec<(usize, usize, u32)> = Vec::new();
    for row in &rows {
        let name = name(row)?;
        if catalog.tables.last().is_none_or(|last| last.name != name) {
            close_key(&mut catalog, &mut keys);
            catalog.tables.push(table(row, name)?);
        }
        let at = catalog.tables.len() - 1;
        let Some((table, kind)) = catalog.tables.last_mut().zip(row.try_get(8)?) else {
            // a table without any column
            continue;
        };
        let column = column(row)?;
        let settled: bool = row.try_get(10)?;
        if !settled {
            unsettled.push((at, table.columns.len(), kind));
        }
        let in_key: Option<i32> = row.try_get(6)?;
        keys.extend(in_key.map(|place| (place, column.name.clone())));
        table.columns.push(column);
    }
    close_key(&mut catalog, &mut keys);
    settle(client, &mut catalog, &unsettled).await?;
    Ok(catalog)
}

/// Gives the last table the columns of its key, which came in another order.
fn close_key(catalog: &mut Catalog, key: &mut Vec<(i32, String)>) {
    key.sort_unstable();
    let names = key.drain(..).map(|(_, name)| name);
    if let Some(table) = catalog.tables.last_mut() {
        table.key.extend(names);
    }
}

/// Asks for the types that somebody made, where there are columns of some.
async fn settle(
    client: &Client,
    catalog: &mut Catalog,
    unsettled: &[(usize, usize, u32)],
) -> Result<(), Error> {
    if unsettled.is_empty() {
        return Ok(());
    }
    let wanted: BTreeSet<u32> = unsettled.iter().map(|(.., kind)| *kind).collect();
    let wanted: Vec<u32> = wanted.into_iter().collect();
    let wanted: &(dyn ToSql + Sync) = &wanted;
    let rows = client
        .query_typed(TYPES, &[(wanted, Type::OID_ARRAY)])
        .await?;
    let mut types: BTreeMap<u32, (String, bool)> = BTreeMap::new();
    for row in &rows {
        types.insert(row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?));
    }
    for (table, column, kind) in unsettled {
        let table = catalog.tables.get_mut(*table);
        let column = table.and_then(|table| table.columns.get_mut(*column));
        // a type that went meanwhile leaves its column as it was: not plain
        if let Some((column, (name, plain))) = column.zip(types.get(kind)) {
            column.kind.clone_from(name);
            column.plain = *plain;
        }
    }
    Ok(())
}

fn table(row: &Row, name: TableName) -> Result<Known, Error> {
    let estimate: Option<i64> = row.try_get(3)?;
    Ok(Known {
        name,
        columns: Vec::new(),
        view: row.try_get(2)?,
        estimate: estimate.and_then(|rows| u64::try_from(rows).ok()),
        row_security: row.try_get(4)?,
        comment: row.try_get(5)?,
        key: Vec::new(),
    })
}

fn column(row: &Row) -> Result<KnownColumn, Error> {
    Ok(KnownColumn {
        name: row.try_get(7)?,
        kind: row.try_get(9)?,
        plain: row.try_get(11)?,
        nullable: row.try_get(12)?,
        readable: row.try_get(13)?,
        comment: row.try_get(14)?,
    })
}

fn name(row: &Row) -> Result<TableName, Error> {
    Ok(TableName {
        schema: row.try_get(0)?,
        table: row.try_get(1)?,
    })
}

const STEP: &str = "read the catalog";

/// A row for each column, in order; what it says of the table is repeated in each.
///
/// A type that came with the database needs no second look, unless it is a domain.
fn question(comments: bool) -> String {
    let (of_table, of_column) = if comments {
        (TABLE_COMMENT, COLUMN_COMMENT)
    } else {
        (NO_COMMENT, NO_COMMENT)
    };
    format!(
        "\
SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text, c.relkind = 'v',
       CASE WHEN c.relkind <> 'v' AND c.reltuples >= 0
            THEN c.reltuples::pg_catalog.int8 END,
       c.relrowsecurity, {of_table},
       (SELECT (k.place - 1)::pg_catalog.int4
          FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k(number, place)
         WHERE k.number = a.attnum AND k.place <= i.indnkeyatts),
       a.attname::pg_catalog.text, t.oid, t.typname::pg_catalog.text,
       t.oid < 16384 AND t.typtype <> 'd',
       t.oid < 16384 AND (t.typtype IN ('b', 'r', 'm') OR t.typelem <> 0),
       NOT a.attnotnull,
       pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT'), {of_column}
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary
  LEFT JOIN (pg_catalog.pg_attribute a
             JOIN pg_catalog.pg_type t ON t.oid = a.atttypid)
    ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND ($1 IS NULL OR c.relname = ANY ($1::pg_catalog.name[]))
 ORDER BY n.nspname, c.relname, a.attnum"
    )
}

const NO_COMMENT: &str = "NULL::pg_catalog.text";

const TABLE_COMMENT: &str = "\
       NULLIF(pg_catalog.concat_ws(E'\\n', pg_catalog.obj_description(c.oid, 'pg_class'),
         (SELECT pg_catalog.string_agg(s.label, E'\\n' ORDER BY s.provider)
            FROM pg_catalog.pg_seclabel s
           WHERE s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
             AND s.objoid = c.oid AND s.objsubid = 0)), '')";

const COLUMN_COMMENT: &str = "\
       NULLIF(pg_catalog.concat_ws(E'\\n', pg_catalog.col_description(c.oid, a.attnum),
         (SELECT pg_catalog.string_agg(s.label, E'\\n' ORDER BY s.provider)
            FROM pg_catalog.pg_seclabel s
           WHERE s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
             AND s.objoid = c.oid AND s.objsubid = a.attnum)), '')";

/// Types that somebody made, and domains.
///
/// An enumeration for which somebody made a cast by a function, or operators to sort it by, is
/// none that could be read without running what they made: a cast needs no right to be run.
///
/// A domain counts as the type that it is made from, since that is what a value arrives as.
const TYPES: &str = "\
WITH RECURSIVE base(type, made_from) AS (
  SELECT t.oid, t.oid FROM pg_catalog.pg_type t WHERE t.oid = ANY ($1)
  UNION ALL
  SELECT b.type, t.typbasetype FROM base b
    JOIN pg_catalog.pg_type t ON t.oid = b.made_from AND t.typtype = 'd'
), moved(type) AS (
  SELECT k.castsource FROM pg_catalog.pg_cast k WHERE k.castfunc <> 0 AND k.oid >= 16384
  UNION SELECT k.casttarget FROM pg_catalog.pg_cast k WHERE k.castfunc <> 0 AND k.oid >= 16384
  UNION SELECT o.opcintype FROM pg_catalog.pg_opclass o WHERE o.oid >= 16384
)
SELECT b.type, t.typname::pg_catalog.text,
       (t.oid < 16384 AND t.typtype IN ('b', 'r', 'm') AND t.typelem = 0)
         OR (t.typtype = 'e' AND NOT EXISTS (SELECT FROM moved WHERE moved.type = t.oid))
         OR (t.typcategory = 'A' AND EXISTS (
              SELECT FROM pg_catalog.pg_type e
               WHERE e.oid = t.typelem AND (e.oid < 16384 OR (e.typtype = 'e'
                 AND NOT EXISTS (SELECT FROM moved WHERE moved.type IN (t.oid, e.oid))))))
         OR (t.oid < 16384 AND t.typelem <> 0 AND t.typcategory <> 'A')
  FROM base b JOIN pg_catalog.pg_type t ON t.oid = b.made_from AND t.typtype <> 'd'";
