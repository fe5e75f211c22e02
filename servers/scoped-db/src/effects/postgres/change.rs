//! Changes rows, if exactly as many as expected.
//!
//! # Invariants
//!
//! - The transaction is committed only after the number of rows was found to be the expected one.
//! - A row that does not meet its table's rule once it is written is not written.
//! - Nothing here is ever run a second time: after a lost connection nobody knows what was done.
//! - Outside of its own transaction the session is read-only: if `BEGIN` fails, the statement
//!   that was sent behind it is refused by the server.

use std::pin::pin;

use futures::TryStreamExt;
use futures::future::try_join;
use guard::error::Denial;
use guard::error::Fault;
use guard::error::Refusal;
use tokio_postgres::Client;
use tokio_postgres::Error;

use super::bind::Bound;
use super::link::Link;
use super::read::Ended;
use super::read::begin;
use super::trouble::refusal;
use crate::permit::Change;

/// Runs the statement. Nothing is committed yet.
pub(super) async fn run(link: &mut Link, change: &Change) -> Result<u64, Ended> {
    link.settle()
        .await
        .map_err(|error| Ended::broken(refusal(STEP, &error)))?;
    let client = &link.client;
    let statement = client.prepare(change.sql()).await;
    let statement = statement.map_err(|error| Ended::early(denied("prepare", &error), &error))?;
    let values: Vec<Bound> = change.values().iter().map(Bound::of).collect();
    if statement.params().len() != values.len() {
        return Err(Ended::refused(super::prepared::mismatch()));
    }
    let begin = begin(
        "READ WRITE",
        change.context(),
        link.timeout(change.limits().time),
    );
    let begin = async {
        let done = client.batch_execute(&begin).await;
        done.map_err(|error| Ended::broken(refusal("begin the transaction", &error)))
    };
    let work = async {
        let failed = |error: Error| Ended::broken(denied("change the rows", &error));
        let rows = client
            .query_raw(&statement, &values)
            .await
            .map_err(failed)?;
        let mut rows = pin!(rows);
        let mut kept = true;
        while let Some(row) = rows.try_next().await.map_err(failed)? {
            // null is not true, as in a filter
            kept &= matches!(row.try_get::<_, Option<bool>>(0), Ok(Some(true)));
        }
        Ok((rows.rows_affected().unwrap_or(0), kept))
    };
    let ((), (count, kept)) = try_join(begin, work).await?;
    if !kept {
        end(client, "ROLLBACK").await?;
        return Err(Ended::refused(Denial::Unsuitable(POLICY).into()));
    }
    if count == change.expected() {
        return Ok(count);
    }
    end(client, "ROLLBACK").await?;
    Err(Ended::refused(Denial::Unsuitable(COUNT).into()))
}

/// Makes what [`run`] did last.
pub(super) async fn commit(link: &Link) -> Result<(), Ended> {
    let done = tokio::time::timeout(COMMIT, end(&link.client, "COMMIT")).await;
    done.unwrap_or_else(|_| {
        let fault = Fault::new("commit the change", "no answer: it may or may not be done");
        Err(Ended::broken(fault.into()))
    })
}

async fn end(client: &Client, how: &str) -> Result<(), Ended> {
    let done = client.batch_execute(how).await;
    done.map_err(|error| Ended::broken(denied("end the transaction", &error)))
}

/// As for a read, but that a policy of the table refuses a row is the caller's to hear.
fn denied(step: &'static str, error: &Error) -> Refusal {
    match error.code().map(tokio_postgres::error::SqlState::code) {
        Some("42501") => {
            tracing::warn!(step, "the database does not let the role change this row");
            Denial::Unsuitable(POLICY).into()
        }
        _ => refusal(step, error),
    }
}

const STEP: &str = "end the last transaction";
const COUNT: &str = "the number of rows was not the expected one; nothing was changed";
const POLICY: &str = "the row is not one that may be written; nothing was changed";
/// How long the server may take to say that it is done.
const COMMIT: std::time::Duration = std::time::Duration::from_secs(10);
