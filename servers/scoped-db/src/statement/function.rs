//! The functions. One that is not here does not exist.
//!
//! # Invariants
//!
//! - None of them has an effect, reads what the statement did not give it, tells anything of the
//!   server or the session, takes text for SQL or for the name of something, or makes much out
//!   of little (`repeat`, `lpad`, `rpad`, `format` are out).

use crate::statement::Dialect;
use crate::statement::catalog;

/// What kind of function it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Of its arguments only.
    Scalar,
    /// Over the rows of a group; its arguments are evaluated after all filters.
    Aggregate,
    /// Only with `OVER`.
    Window,
    /// Gives rows; the names of their columns, where there are several.
    Rows(&'static [&'static str]),
    /// Part of the grammar, and printed without a schema.
    Keyword,
}

/// A function that may be called.
#[derive(Clone, Copy, Debug)]
pub(super) struct Function {
    /// What it is called.
    pub(super) name: &'static str,
    /// What it is.
    pub(super) kind: Kind,
}

/// The function of this name in `dialect`.
pub(super) fn find(name: &str, dialect: Dialect) -> Option<Function> {
    groups(dialect).iter().find_map(|(kind, names)| {
        let name = names.iter().find(|known| **known == name)?;
        Some(Function { name, kind: *kind })
    })
}

/// All functions of `dialect`.
pub(super) fn groups(dialect: Dialect) -> &'static [(Kind, &'static [&'static str])] {
    match dialect {
        Dialect::Postgres => catalog::POSTGRES,
        Dialect::Sqlite => catalog::SQLITE,
    }
}

/// The same for what is not listed and what is not there.
pub(super) const NOT_AVAILABLE: &str = "this function is not available";
