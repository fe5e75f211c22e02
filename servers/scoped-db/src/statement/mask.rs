//! What is shown of a value to a reader who may not see it.
//!
//! # Invariants
//!
//! - A mask is total: it gives a value or null for every value of every type, and never fails. A
//!   failure that depends on the value would tell of it.
//! - [`Mask::Null`] does not read the column.

use crate::schema::Column;
use crate::schema::Mask;
use crate::statement::Dialect;
use crate::statement::Input;
use crate::statement::literal::quoted;
use crate::statement::printer::Printer;
use crate::statement::types;

/// Prints `mask` over `column`.
pub(super) fn print(printer: &mut Printer<'_>, mask: Mask, column: &Column) {
    match printer.dialect {
        Dialect::Postgres => postgres(printer, mask, column),
        Dialect::Sqlite => sqlite(printer, mask, column),
    }
}

fn postgres(printer: &mut Printer<'_>, mask: Mask, column: &Column) {
    let raw = quoted(&column.name);
    let text = format!("({raw})::pg_catalog.text");
    match mask {
        Mask::Null => {
            let kind = types::of_column(&column.kind);
            let kind = kind.as_deref().unwrap_or("pg_catalog.text");
            printer.text(&format!("(NULL)::{kind}"));
        }
        Mask::Redact => printer.text(&format!(
            "CASE WHEN ({text} IS NULL) THEN NULL ELSE ('[redacted]')::pg_catalog.text END"
        )),
        Mask::Hash => {
            // the key twice, around: nobody can go on from a hash to that of a longer value
            printer.text("pg_catalog.\"left\"(");
            keyed(printer, |printer| {
                keyed(printer, |printer| printer.text(&text))
            });
            printer.text(", 16)");
        }
        Mask::LastFour => printer.text(&format!(
            "CASE WHEN (pg_catalog.\"length\"({text}) OPERATOR(pg_catalog.<=) 8) \
             THEN ('…')::pg_catalog.text ELSE (('…')::pg_catalog.text OPERATOR(pg_catalog.||) \
             pg_catalog.\"right\"({text}, 4)) END"
        )),
        Mask::Year => printer.text(&match column.kind.as_str() {
            // infinity has no year, and what is far from today cannot be computed with
            kind @ ("date" | "timestamp" | "timestamptz") => format!(
                "CASE WHEN (({raw} OPERATOR(pg_catalog.>=) ('0001-01-01')::pg_catalog.{kind}) AND \
                 ({raw} OPERATOR(pg_catalog.<) ('10000-01-01')::pg_catalog.{kind})) THEN \
                 (pg_catalog.\"date_part\"('year', {raw}))::pg_catalog.int4 END"
            ),
            _ => format!(
                "(pg_catalog.\"substring\"({text}, '^([0-9]{{4}})-[0-9]{{2}}'))::pg_catalog.int4"
            ),
        }),
        Mask::EmailDomain => {
            printer.text(&format!("pg_catalog.\"substring\"({text}, '@([^@]*)$')"));
        }
    }
}

fn keyed(printer: &mut Printer<'_>, value: impl FnOnce(&mut Printer<'_>)) {
    printer.text("pg_catalog.\"encode\"(pg_catalog.\"sha256\"(pg_catalog.\"convert_to\"(((");
    printer.input(Input::MaskKey);
    printer.text(")::pg_catalog.text OPERATOR(pg_catalog.||) ");
    value(printer);
    printer.text("), 'UTF8')), 'hex')");
}

fn sqlite(printer: &mut Printer<'_>, mask: Mask, column: &Column) {
    let raw = quoted(&column.name);
    let text = format!("CAST({raw} AS TEXT)");
    // some of SQLite's functions end a text at a NUL, others do not
    let whole = format!("(instr({text}, char(0)) = 0)");
    match mask {
        Mask::Null => printer.text("NULL"),
        Mask::Redact => {
            printer.text(&format!(
                "CASE WHEN {raw} IS NULL THEN NULL ELSE '[redacted]' END"
            ));
        }
        Mask::Hash => {
            printer.text("keyhole_hash(");
            printer.input(Input::MaskKey);
            printer.text(&format!(", {text})"));
        }
        Mask::LastFour => printer.text(&format!(
            "CASE WHEN {raw} IS NULL THEN NULL WHEN {whole} AND length({text}) > 8 \
             THEN '…' || substr({text}, -4) ELSE '…' END"
        )),
        Mask::Year => printer.text(&format!(
            "CASE WHEN {text} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]*' \
             THEN CAST(substr({text}, 1, 4) AS INTEGER) END"
        )),
        Mask::EmailDomain => printer.text(&format!(
            "CASE WHEN {whole} AND instr({text}, '@') > 0 \
             THEN substr({text}, length(rtrim({text}, replace({text}, '@', ''))) + 1) END"
        )),
    }
}
