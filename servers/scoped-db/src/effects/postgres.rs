//! PostgreSQL through tokio-postgres.

use guard::call::Call;
use guard::error::Refusal;
use guard::error::fault;

use super::PlanStep;
use super::Rows;
use crate::permit::Change;
use crate::permit::Query;

/// A server that answers.
#[derive(Debug)]
pub struct Postgres {}

impl Postgres {
    pub(super) async fn query(&self, _call: &Call, _query: &Query) -> Result<Rows, Refusal> {
        Err(fault("reach the database")("not yet").into())
    }

    pub(super) async fn explain(
        &self,
        _call: &Call,
        _query: &Query,
    ) -> Result<Vec<PlanStep>, Refusal> {
        Err(fault("reach the database")("not yet").into())
    }

    pub(super) async fn change(&self, _call: &Call, _change: &Change) -> Result<u64, Refusal> {
        Err(fault("reach the database")("not yet").into())
    }
}
