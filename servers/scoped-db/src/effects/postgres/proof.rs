//! Proves that the role has no more rights than the configuration names.

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
    pub async fn excess(&self, _schema: &Schema) -> Result<Vec<Finding>, Fault> {
        Err(guard::error::fault("read the rights of the role")(
            "not yet",
        ))
    }
}
