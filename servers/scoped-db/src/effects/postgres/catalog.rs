//! Reads what the database has, by two questions to its catalog.
//!
//! # Invariants
//!
//! - Every name in the questions is that of the system's own schema, whatever the search path.

use futures::future::try_join;
use guard::error::Fault;
use tokio_postgres::Client;
use tokio_postgres::Error;
use tokio_postgres::Row;

use super::trouble::failure;
use crate::effects::catalog::Catalog;
use crate::effects::catalog::Known;
use crate::effects::catalog::KnownColumn;
use crate::schema::TableName;

/// The tables, views, materialized views, partitioned and foreign tables outside of the system's
/// own schemas.
pub(super) async fn read(client: &Client) -> Result<Catalog, Fault> {
    let asked = try_join(client.query(TABLES, &[]), client.query(COLUMNS, &[])).await;
    let (tables, columns) = asked.map_err(|error| failure(STEP, &error))?;
    let read = tables.iter().map(table).collect::<Result<Vec<_>, _>>();
    let mut tables = read.map_err(|error| failure(STEP, &error))?;
    // Both are sorted alike, so that one pass puts each column into its table.
    let mut columns = columns.iter().map(column).peekable();
    for table in &mut tables {
        while let Some(next) = columns.next_if(|next| match next {
            Ok((owner, _)) => *owner == table.name,
            Err(_) => true,
        }) {
            let (_, column) = next.map_err(|error| failure(STEP, &error))?;
            table.columns.push(column);
        }
    }
    Ok(Catalog { tables })
}

fn table(row: &Row) -> Result<Known, Error> {
    let estimate: Option<i64> = row.try_get(3)?;
    Ok(Known {
        name: name(row)?,
        columns: Vec::new(),
        view: row.try_get(2)?,
        estimate: estimate.and_then(|rows| u64::try_from(rows).ok()),
        row_security: row.try_get(4)?,
        comment: row.try_get(5)?,
        key: row
            .try_get::<_, Option<Vec<String>>>(6)?
            .unwrap_or_default(),
    })
}

fn column(row: &Row) -> Result<(TableName, KnownColumn), Error> {
    let column = KnownColumn {
        name: row.try_get(2)?,
        kind: row.try_get(3)?,
        plain: row.try_get(4)?,
        nullable: row.try_get(5)?,
        readable: row.try_get(6)?,
        comment: row.try_get(7)?,
    };
    Ok((name(row)?, column))
}

fn name(row: &Row) -> Result<TableName, Error> {
    Ok(TableName {
        schema: row.try_get(0)?,
        table: row.try_get(1)?,
    })
}

const STEP: &str = "read the catalog";

const TABLES: &str = "\
SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text, c.relkind = 'v',
       CASE WHEN c.relkind <> 'v' AND c.reltuples >= 0
            THEN c.reltuples::pg_catalog.int8 END,
       c.relrowsecurity,
       NULLIF(pg_catalog.concat_ws(E'\\n', pg_catalog.obj_description(c.oid, 'pg_class'),
         (SELECT pg_catalog.string_agg(s.label, E'\\n' ORDER BY s.provider)
            FROM pg_catalog.pg_seclabel s
           WHERE s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
             AND s.objoid = c.oid AND s.objsubid = 0)), ''),
       (SELECT pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY k.place)
          FROM pg_catalog.pg_index i
          CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::pg_catalog.int2[])
                WITH ORDINALITY AS k(number, place)
          JOIN pg_catalog.pg_attribute a
            ON a.attrelid = i.indrelid AND a.attnum = k.number
         WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts)
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
 ORDER BY n.nspname, c.relname";

/// An enumeration for which somebody made a cast by a function, or operators to sort it by, is
/// none that could be read without running what they made: a cast needs no right to be run.
///
/// A domain counts as the type that it is made from, since that is what a value arrives as.
const COLUMNS: &str = "\
WITH RECURSIVE base(domain, made_from) AS (
  SELECT t.oid, t.oid FROM pg_catalog.pg_type t WHERE t.typtype <> 'd'
  UNION ALL
  SELECT t.oid, b.made_from FROM pg_catalog.pg_type t
    JOIN base b ON t.typtype = 'd' AND t.typbasetype = b.domain
), moved(type) AS (
  SELECT k.castsource FROM pg_catalog.pg_cast k WHERE k.castfunc <> 0 AND k.oid >= 16384
  UNION SELECT k.casttarget FROM pg_catalog.pg_cast k WHERE k.castfunc <> 0 AND k.oid >= 16384
  UNION SELECT o.opcintype FROM pg_catalog.pg_opclass o WHERE o.oid >= 16384
)
SELECT n.nspname::pg_catalog.text, c.relname::pg_catalog.text, a.attname::pg_catalog.text,
       t.typname::pg_catalog.text,
       (t.oid < 16384 AND t.typtype IN ('b', 'r', 'm') AND t.typelem = 0)
         OR (t.typtype = 'e' AND NOT EXISTS (SELECT FROM moved WHERE moved.type = t.oid))
         OR (t.typcategory = 'A' AND EXISTS (
              SELECT FROM pg_catalog.pg_type e
               WHERE e.oid = t.typelem AND (e.oid < 16384 OR (e.typtype = 'e'
                 AND NOT EXISTS (SELECT FROM moved WHERE moved.type IN (t.oid, e.oid))))))
         OR (t.oid < 16384 AND t.typelem <> 0 AND t.typcategory <> 'A'),
       NOT a.attnotnull,
       pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT'),
       NULLIF(pg_catalog.concat_ws(E'\\n', pg_catalog.col_description(c.oid, a.attnum),
         (SELECT pg_catalog.string_agg(s.label, E'\\n' ORDER BY s.provider)
            FROM pg_catalog.pg_seclabel s
           WHERE s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
             AND s.objoid = c.oid AND s.objsubid = a.attnum)), '')
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN base b ON b.domain = a.atttypid
  JOIN pg_catalog.pg_type t ON t.oid = b.made_from
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
 ORDER BY n.nspname, c.relname, a.attnum";
