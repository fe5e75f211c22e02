//! Writes the role that a configuration needs, as SQL for somebody who may create it. Pure.

use crate::schema::Schema;

/// SQL that makes `role` in `database` with the rights that `schema` needs and no others.
/// `context` names the settings that row-level security may read.
#[must_use]
pub fn grant_sql(_schema: &Schema, _role: &str, _database: &str, _context: &[&str]) -> String {
    String::new()
}
