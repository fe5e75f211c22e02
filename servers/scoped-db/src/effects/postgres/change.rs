//! Changes rows, if exactly as many as expected.
//!
//! # Invariants
//!
//! - The transaction is committed only after the number of rows was found to be the expected one.
//! - Nothing here is ever run a second time: after a lost connection nobody knows what was done.
//! - Outside of its own transaction the session is read-only: if `BEGIN` fails, the statement
//!   that was sent behind it is refused by the server.

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
    let client = &link.client;
    let statement = client.prepare(change.sql()).await;
    let statement = statement.map_err(|error| Ended::early(denied("prepare", &error), &error))?;
    let values: Vec<Bound> = change.values().iter().map(Bound::of).collect();
    if statement.params().len() != values.len() {
        return Err(Ended::refused(super::prepared::mismatch()));
    }
    let begin = begin("READ WRITE", change.context(), change.limits().time);
    let begin = async {
        let done = client.batch_execute(&begin).await;
        done.map_err(|error| Ended::broken(refusal("begin the transaction", &error)))
    };
    let work = async {
        let done = client.execute_raw(&statement, &values).await;
        done.map_err(|error| Ended::broken(denied("change the rows", &error)))
    };
    let ((), count) = try_join(begin, work).await?;
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

const COUNT: &str = "the number of rows was not the expected one; nothing was changed";
const POLICY: &str = "the row is not one that may be written; nothing was changed";
/// How long the server may take to say that it is done.
const COMMIT: std::time::Duration = std::time::Duration::from_secs(10);
