//! Reads identifiers as the database would: folded where they are not quoted, and compared by its
//! rules.

use sqlparser::ast::Ident;
use sqlparser::ast::ObjectName;
use sqlparser::ast::ObjectNamePart;
use sqlparser::tokenizer::Location;

use crate::statement::Dialect;
use crate::statement::place::Outcome;
use crate::statement::place::denied;
use crate::statement::place::refuse;

/// The name that `ident` means.
///
/// PostgreSQL cuts longer names; two different ones would then be the same.
pub(super) fn folded(ident: &Ident, dialect: Dialect) -> Outcome<String> {
    let Ident {
        value,
        quote_style,
        span,
    } = ident;
    let name = match (dialect, quote_style) {
        (Dialect::Postgres, None) => value.to_ascii_lowercase(),
        (_, Some('"')) | (Dialect::Sqlite, None | Some('`' | '[')) => value.clone(),
        (_, Some(_)) => return refuse("names are quoted with \"double quotes\"", *span),
    };
    if name.is_empty() || name.contains('\0') {
        return refuse("not a name", *span);
    }
    if name.len() > LONGEST {
        return refuse("a name may have 63 bytes", *span);
    }
    Ok(name)
}

/// Whether two names are one to the database.
pub(super) fn same(one: &str, other: &str, dialect: Dialect) -> bool {
    match dialect {
        Dialect::Postgres => one == other,
        // also when quoted
        Dialect::Sqlite => one.eq_ignore_ascii_case(other),
    }
}

/// The parts of a name with dots.
pub(super) fn parts(name: &ObjectName) -> Outcome<Vec<&Ident>> {
    let ObjectName(parts) = name;
    let mut idents = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            ObjectNamePart::Identifier(ident) => idents.push(ident),
            ObjectNamePart::Function(_) => return Err(denied(NOT_A_NAME, start(name))),
        }
    }
    Ok(idents)
}

/// The one part of a name without dots.
pub(super) fn single(name: &ObjectName) -> Outcome<&Ident> {
    match *parts(name)? {
        [one] => Ok(one),
        _ => Err(denied(NOT_A_NAME, start(name))),
    }
}

/// Where `name` begins.
pub(super) fn start(name: &ObjectName) -> Location {
    let ObjectName(parts) = name;
    match parts.first() {
        Some(ObjectNamePart::Identifier(Ident { span, .. })) => span.start,
        Some(ObjectNamePart::Function(function)) => function.name.span.start,
        None => super::place::START,
    }
}

const NOT_A_NAME: &str = "a plain name is wanted here";
const LONGEST: usize = 63;
