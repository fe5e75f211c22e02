//! Runs a query in a read-only transaction of its own, in one round trip.
//!
//! `BEGIN`, the query and `ROLLBACK` leave in one write. That the query runs inside and not
//! beside the transaction, even if `BEGIN` fails, is the statement's own doing: without the mark
//! of that transaction, its isolation, it gives nothing and computes nothing.
//!
//! # Invariants
//!
//! - A read is never committed.
//! - The caller's context is set in the transaction and ends with it.
//! - At most one row more than allowed is fetched, and no row is kept but those of the answer.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::TryStreamExt;
use futures::future::try_join3;
use guard::call::Call;
use guard::error::Denial;
use guard::error::Fault;
use guard::error::Refusal;
use serde_json::Value;
use tokio_postgres::Error;

use super::bind::Bound;
use super::bind::literal;
use super::bind::setting;
use super::decode;
use super::decode::Tally;
use super::decode::raw_text;
use super::link::Link;
use super::prepared::Prepared;
use super::prepared::mismatch;
use super::prepared::unprepared;
use super::trouble;
use super::trouble::refusal;
use crate::effects::HELD;
use crate::effects::Rows;
use crate::effects::SMALL;
use crate::permit::Context;
use crate::permit::Query;
use crate::permit::RowLimits;

/// Why a query gave nothing.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) refusal: Refusal,
    /// Whether the connection was broken before anything ran on it.
    pub(super) unused: bool,
    /// Whether the session is as it was.
    pub(super) clean: bool,
}

/// What came before something ended it.
enum Stop {
    /// A limit: the rows so far are the answer.
    Full(Rows),
    Failed(Ended),
}

/// What a query gave, and whether the session can be used again.
pub(super) async fn run(
    link: &mut Link,
    call: &Call,
    query: &Query,
) -> Result<(Rows, bool), Ended> {
    let limits = query.limits();
    settle(link).await?;
    let prepared = link
        .statements
        .prepare(&link.client, query)
        .await
        .map_err(|error| Ended::early(unprepared(&error), &error))?;
    let values = values(&prepared, query).map_err(Ended::refused)?;
    if let Some(ceiling) = limits.cost
        && !prepared.verdicts.is_under(ceiling, &values)
    {
        judge(link, &prepared, query, &values, ceiling).await?;
        prepared.verdicts.set_under(ceiling, &values);
    }
    settle(link).await?;
    let client = Arc::clone(&link.client);
    let gathered = in_transaction(link, query, async {
        let rows = client.query_raw(&prepared.statement, &values).await;
        let rows = rows.map_err(failed)?;
        gather(rows, &prepared, call, limits).await
    });
    match gathered.await {
        Ok(rows) => Ok((rows, true)),
        Err(Stop::Full(rows)) => Ok((rows, false)),
        Err(Stop::Failed(ended)) => Err(ended),
    }
}

/// The plan of a query, as the server writes it.
pub(super) async fn plan(link: &mut Link, query: &Query) -> Result<Value, Ended> {
    settle(link).await?;
    let prepared = link
        .statements
        .prepare(&link.client, query)
        .await
        .map_err(|error| Ended::early(unprepared(&error), &error))?;
    let values = values(&prepared, query).map_err(Ended::refused)?;
    explained(link, &prepared, query, &values).await
}

/// Asks the planner what the statement may cost.
async fn judge(
    link: &mut Link,
    prepared: &Prepared,
    query: &Query,
    values: &[Bound],
    ceiling: u64,
) -> Result<(), Ended> {
    let plan = explained(link, prepared, query, values).await?;
    let cost = plan.pointer("/0/Plan/Total Cost").and_then(Value::as_f64);
    let cost = cost.ok_or_else(|| Ended::refused(Fault::new(PLAN, "no cost in it").into()))?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "the planner's figures are rough"
    )]
    let ceiling = ceiling as f64;
    if cost > ceiling {
        return Err(Ended::refused(Denial::TooLarge(COST).into()));
    }
    Ok(())
}

async fn explained(
    link: &mut Link,
    prepared: &Prepared,
    query: &Query,
    values: &[Bound],
) -> Result<Value, Ended> {
    settle(link).await?;
    let client = Arc::clone(&link.client);
    let statement = match prepared.explain.get() {
        Some(statement) => statement.clone(),
        None => {
            let explain = format!("EXPLAIN (VERBOSE, FORMAT JSON) {}", prepared.text);
            let statement = client.prepare(&explain).await;
            let statement = statement.map_err(|error| Ended::early(unprepared(&error), &error))?;
            prepared.explain.get_or_init(|| statement).clone()
        }
    };
    let told = in_transaction(link, query, async {
        let rows = client.query_raw(&statement, values).await.map_err(failed)?;
        let rows: Vec<_> = rows.try_collect().await.map_err(failed)?;
        let plan = rows.first().and_then(|row| raw_text(row, 0));
        let plan = plan.and_then(|plan| serde_json::from_str(plan).ok());
        plan.ok_or_else(|| Stop::Failed(Ended::broken(Fault::new(PLAN, "no JSON").into())))
    });
    match told.await {
        Ok(plan) => Ok(plan),
        Err(Stop::Failed(ended)) => Err(ended),
        Err(Stop::Full(_)) => Err(Ended::broken(Fault::new(PLAN, "rows").into())),
    }
}

/// Makes sure that nothing of the last transaction is left.
async fn settle(link: &mut Link) -> Result<(), Ended> {
    let settled = link.settle().await;
    // Whatever it was, nothing of this call ran.
    settled.map_err(|error| Ended {
        unused: true,
        ..Ended::broken(refusal("end the last transaction", &error))
    })
}

/// Runs `work` between `BEGIN` and `ROLLBACK`, all three sent at once. The answer to the last is
/// waited for before the next use of the connection, not before the answer to this one.
async fn in_transaction<T>(
    link: &mut Link,
    query: &Query,
    work: impl Future<Output = Result<T, Stop>>,
) -> Result<T, Stop> {
    let time = link.timeout(query.limits().time);
    let begin = begin(READ, query.context(), time);
    let client = Arc::clone(&link.client);
    let begin = async {
        let done = client.batch_execute(&begin).await;
        done.map_err(|error| {
            let ended = Ended::early(refusal("begin the transaction", &error), &error);
            // After a failure here the query was sent all the same, and gave nothing.
            let clean = false;
            Stop::Failed(Ended { clean, ..ended })
        })
    };
    let mut ending = Some(Link::rollback(&link.client));
    // INVARIANT: each of the three sends its message when it is polled first, and they are polled
    // first in this order.
    let later = poll_fn(|context| {
        let Some(sent) = ending.as_mut() else {
            return Poll::Ready(Ok(()));
        };
        let done = match sent.as_mut().poll(context) {
            Poll::Pending => Ok(()),
            Poll::Ready(done) => {
                ending = None;
                done
            }
        };
        Poll::Ready(done.map_err(failed))
    });
    let ((), done, ()) = try_join3(begin, work, later).await?;
    if let Some(ending) = ending {
        link.end_later(ending);
    }
    Ok(done)
}

/// What opens a transaction for a read: the isolation is the mark that the statement asks for.
pub(super) const READ: &str = "ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// What opens a transaction: how long its statements may run, and whom it is for.
pub(super) fn begin(mode: &str, context: &Context, time: Option<Duration>) -> String {
    let mut text = format!("BEGIN {mode}");
    if let Some(time) = time {
        let millis = time.as_millis().clamp(1, MOST_MILLIS);
        text.push_str(&format!("; SET LOCAL statement_timeout = {millis}"));
    }
    for (name, value) in &context.settings {
        text.push_str("; SET LOCAL ");
        text.push_str(&setting(name));
        text.push_str(" = ");
        text.push_str(&literal(value));
    }
    text
}

async fn gather(
    rows: tokio_postgres::RowStream,
    prepared: &Prepared,
    call: &Call,
    limits: RowLimits,
) -> Result<Rows, Stop> {
    let mut rows = pin!(rows);
    let mut answer = Rows {
        columns: prepared.heads.clone(),
        ..Rows::default()
    };
    let mut tally = Tally::default();
    let mut held = false;
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        if answer.rows.len() as u64 >= limits.rows {
            answer.more = true;
            continue;
        }
        let values = decode::row(&row, &prepared.forms, limits.cell, &mut tally);
        let Some(values) = values else {
            let fault = Fault::new("read a value", "it does not have the form of its type");
            return Err(Stop::Failed(Ended::broken(fault.into())));
        };
        if tally.bytes > limits.bytes {
            if answer.rows.is_empty() {
                let denial = Denial::TooLarge(ROW);
                return Err(Stop::Failed(Ended::broken(denial.into())));
            }
            answer.more = true;
            return Err(Stop::Full(answer));
        }
        if tally.bytes > SMALL && !held {
            held = true;
            // many large answers at once would take more memory than all of them may
            let room = call.reserve(HELD.saturating_mul(limits.bytes)).await;
            room.map_err(|denial| Stop::Failed(Ended::broken(denial.into())))?;
        }
        answer.rows.push(values);
        (answer.bytes, answer.cut) = (tally.bytes, tally.cut);
    }
    Ok(answer)
}

fn values(prepared: &Prepared, query: &Query) -> Result<Vec<Bound>, Refusal> {
    if prepared.inputs != query.values().len() {
        return Err(mismatch());
    }
    let values = query.values().iter().map(Bound::of);
    let skip = (query.skip() > 0).then(|| Bound::number(query.skip()));
    Ok(values.chain(skip).collect())
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: Error) -> Stop {
    Stop::Failed(Ended {
        // Nothing ran of a plan that was found to be outdated.
        unused: trouble::is_stale(&error),
        ..Ended::broken(refusal("run the statement", &error))
    })
}

impl Ended {
    /// Something that was found before anything ran, or after all of it did.
    pub(super) fn refused(refusal: Refusal) -> Self {
        Self {
            refusal,
            unused: false,
            clean: true,
        }
    }

    /// Something after which the connection is not used again.
    pub(super) fn broken(refusal: Refusal) -> Self {
        Self {
            refusal,
            unused: false,
            clean: false,
        }
    }

    /// Something that went wrong before anything ran.
    pub(super) fn early(refusal: Refusal, error: &Error) -> Self {
        let unused = trouble::is_gone(error) || trouble::is_stale(error);
        Self {
            refusal,
            unused,
            clean: !unused,
        }
    }
}

/// The server counts them in 31 bits.
const MOST_MILLIS: u128 = 1 << 30;
const PLAN: &str = "read the plan";
const COST: &str = "the planner expects too much work: narrow the query, or ask for less of it";
const ROW: &str = "one row alone is more than an answer may hold: name fewer columns";
