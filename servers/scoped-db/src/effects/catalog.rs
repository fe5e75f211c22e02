//! What the database has: read once at start, to give declared columns their types, and by the
//! commands that draft a configuration or a role.

use crate::schema::TableName;

/// The tables and views of a database, as far as the role sees them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Catalog {
    /// Tables and views outside of the system's own schemas, sorted by name.
    pub tables: Vec<Known>,
}

/// One table or view.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Known {
    /// Its name.
    pub name: TableName,
    /// Its columns, in the database's order.
    pub columns: Vec<KnownColumn>,
    /// The columns of its primary key.
    pub key: Vec<String>,
    /// About how many rows it has.
    pub estimate: Option<u64>,
    /// What its comment says.
    pub comment: Option<String>,
    /// Whether row-level security is on.
    pub row_security: bool,
    /// Whether it is a view, which runs with the rights of its owner unless it says otherwise.
    pub view: bool,
}

/// One column.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KnownColumn {
    /// Its name.
    pub name: String,
    /// Its type, as in [`crate::schema::Column::kind`].
    pub kind: String,
    /// Whether the type is one that the database came with, an enumeration, or an array of such.
    pub plain: bool,
    /// Whether it may be null.
    pub nullable: bool,
    /// Whether the role may read it.
    pub readable: bool,
    /// What its comment or security label says.
    pub comment: Option<String>,
}

impl Catalog {
    /// The table of this name.
    #[must_use]
    pub fn find(&self, name: &TableName) -> Option<&Known> {
        self.tables.iter().find(|known| known.name == *name)
    }
}
