//! Which names mean something at a place of a statement.
//!
//! # Invariants
//!
//! - What a database could find for a name is found here as well, so that a name which is refused
//!   could not have meant anything of the view.
//! - A qualified name is a column that is known. PostgreSQL would else take `t.f` for a call of
//!   the function `f`.

use crate::statement::Dialect;
use crate::statement::name::same;

/// A column, as the rest of the statement sees it.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: String,
    /// Whether to compare it cannot fail: a column of a table, of a type that is the database's
    /// own, or the outcome of an aggregate.
    pub(super) calm: bool,
}

/// Something in FROM.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    /// What the statement calls it.
    pub(super) name: String,
    /// The schema that may be written before, if it is a table without an alias.
    pub(super) schema: Option<String>,
    /// Its columns.
    pub(super) fields: Vec<Field>,
    /// Its place in the view, if it is a table.
    pub(super) table: Option<usize>,
}

/// One SELECT.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// What is in its FROM.
    pub(super) relations: Vec<Relation>,
    /// What `*` stands for: columns that a join merges are there once.
    pub(super) star: Vec<Field>,
    /// The columns of its outcome, once they are known.
    pub(super) outputs: Vec<Field>,
    /// Whether the names of the outcome count here, as in ORDER BY.
    pub(super) sees_outputs: bool,
    /// The names of its windows.
    pub(super) windows: Vec<String>,
}

/// What a name means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Meaning {
    /// A column; whether it is calm.
    Column(bool),
    /// All columns of something in FROM.
    Whole,
}

/// The meaning of a name without a dot, in the innermost of `scopes` that has one.
pub(super) fn plain(scopes: &[Scope], name: &str, dialect: Dialect) -> Option<Meaning> {
    let is = |other: &str| same(other, name, dialect);
    scopes.iter().rev().find_map(|scope| {
        let outputs = scope.outputs.iter().filter(|_| scope.sees_outputs);
        let relations = scope.relations.iter();
        let fields = relations.flat_map(|relation| &relation.fields);
        let mut found = outputs
            .chain(fields)
            .filter(|field| is(&field.name))
            .peekable();
        if found.peek().is_some() {
            return Some(Meaning::Column(found.all(|field| field.calm)));
        }
        let whole = scope.relations.iter().any(|relation| is(&relation.name));
        whole.then_some(Meaning::Whole)
    })
}

/// The meaning of `relation.column`, or of `schema.relation.column`.
///
/// Whatever is called `relation` here or around must have the column: which of them a database
/// takes depends on finer rules (of LATERAL, of ON) than are followed here.
pub(super) fn qualified(
    scopes: &[Scope],
    schema: Option<&str>,
    relation: &str,
    column: &str,
    dialect: Dialect,
) -> Option<Meaning> {
    let mut found = None;
    let mut fits = false;
    for known in called(scopes, relation, dialect) {
        let mut fields = known.fields.iter();
        let field = fields.find(|field| same(&field.name, column, dialect))?;
        found = Some(found.unwrap_or(true) && field.calm);
        fits |= match (schema, &known.schema) {
            (None, _) => true,
            (Some(wanted), Some(there)) => same(wanted, there, dialect),
            (Some(_), None) => false,
        };
    }
    found.filter(|_| fits).map(Meaning::Column)
}

/// The one thing in sight that is called `name`.
pub(super) fn alone<'a>(scopes: &'a [Scope], name: &str, dialect: Dialect) -> Option<&'a Relation> {
    let mut found = called(scopes, name, dialect);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

fn called<'a>(
    scopes: &'a [Scope],
    name: &str,
    dialect: Dialect,
) -> impl Iterator<Item = &'a Relation> {
    let relations = scopes.iter().flat_map(|scope| &scope.relations);
    relations.filter(move |relation| same(&relation.name, name, dialect))
}
