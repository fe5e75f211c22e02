//! Proves that the role has no more rights than the configuration names.
//!
//! What the role may do is asked of the catalog, and what it needs is what [`crate::grant`]
//! would grant; the difference is what an operator gets to hear, with the SQL that mends it.
//! Nothing of that SQL is ever run here.

mod facts;
mod judge;
mod missing;
mod questions;

use futures::future::try_join;
use guard::error::Fault;

use super::Session;
use super::catalog;
use super::catalog::Wanted;
use crate::effects::catalog::Catalog;
use crate::schema::Schema;
use facts::Fact;

/// Something that the role may do and should not, or cannot do and should.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// What comes of it.
    pub severity: Severity,
    /// What it is, for the operator.
    pub what: String,
    /// SQL that mends it, to be run by somebody who may.
    pub fix: Option<String>,
}

/// What comes of a finding.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// The server does not start.
    Refuse,
    /// The operator is told.
    Warn,
}

/// What a start needs to know of a database: what is there, and what the role may do.
#[derive(Debug)]
pub struct Survey {
    /// What is there, without comments.
    pub catalog: Catalog,
    facts: Vec<Fact>,
}

impl Survey {
    /// All in which the role differs from what `schema` needs; the worst first.
    #[must_use]
    pub fn excess(&self, schema: &Schema) -> Vec<Finding> {
        judge::findings(&self.facts, &self.catalog, schema)
    }
}

impl Session {
    /// What is there of these names, in any schema, or all of it; and what the role may do, to
    /// whatever there is. Both are asked for at once.
    ///
    /// # Errors
    ///
    /// If the catalog cannot be read.
    pub async fn survey(&self, names: Option<&[String]>) -> Result<Survey, Fault> {
        let wanted = names.map_or(Wanted::Bare, Wanted::Named);
        let catalog = catalog::read(&self.link.client, wanted);
        let (catalog, facts) = try_join(catalog, facts::read(&self.link)).await?;
        Ok(Survey { catalog, facts })
    }

    /// All in which the role differs from what `schema` needs; the worst first.
    ///
    /// # Errors
    ///
    /// If the catalog cannot be read.
    pub async fn excess(&self, schema: &Schema) -> Result<Vec<Finding>, Fault> {
        let tables = schema.tables.iter();
        let names: Vec<String> = tables.map(|table| table.name.table.clone()).collect();
        Ok(self.survey(Some(&names)).await?.excess(schema))
    }
}

fn refuse(what: String, fix: Option<String>) -> Finding {
    Finding {
        severity: Severity::Refuse,
        what,
        fix,
    }
}

fn warn(what: String, fix: Option<String>) -> Finding {
    Finding {
        severity: Severity::Warn,
        what,
        fix,
    }
}
