//! Proves that the role has no more rights than the configuration names.
//!
//! What the role may do is asked of the catalog, and what it needs is what [`crate::grant`]
//! would grant; the difference is what an operator gets to hear, with the SQL that mends it.
//! Nothing of that SQL is ever run here.

mod facts;
mod judge;
mod missing;

use guard::error::Fault;

use super::Session;
use crate::schema::Schema;

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

impl Session {
    /// All in which the role differs from what `schema` needs; the worst first.
    ///
    /// # Errors
    ///
    /// If the catalog cannot be read.
    pub async fn excess(&self, schema: &Schema) -> Result<Vec<Finding>, Fault> {
        let facts = facts::read(&self.link).await?;
        Ok(judge::findings(&facts, schema))
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
