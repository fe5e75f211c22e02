//! Runs a query: in a transaction that is rolled back, a row at a time, within its limits.

use std::collections::HashMap;

use guard::error::Refusal;
use guard::error::fault;
use rusqlite::Statement;

use super::pool::Turn;
use super::trouble::running;
use super::values;
use super::values::Cells;
use crate::effects::ColumnHead;
use crate::effects::HELD;
use crate::effects::PlanStep;
use crate::effects::Rows;
use crate::effects::SMALL;
use crate::permit::Query;
use crate::schema::TableName;

/// What the query gives.
pub(super) fn rows(turn: &Turn<'_>, query: &Query) -> Result<Rows, Refusal> {
    rolled_back(turn, || {
        let (heads, sql) = wrapped(turn, query)?;
        let mut statement = turn.door.prepare(&sql)?;
        bind(&mut statement, query)?;
        collect(turn, query, heads, statement)
    })
}

/// What would be done to run it.
pub(super) fn plan(turn: &Turn<'_>, query: &Query) -> Result<Vec<PlanStep>, Refusal> {
    rolled_back(turn, || {
        let (_, sql) = wrapped(turn, query)?;
        let mut statement = turn.door.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        bind(&mut statement, query)?;
        let mut depths = HashMap::new();
        let mut steps = Vec::new();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(running(EXPLAIN))? {
            turn.end.check()?;
            let id: i64 = row.get(0).map_err(fault(EXPLAIN))?;
            let parent: i64 = row.get(1).map_err(fault(EXPLAIN))?;
            let detail: String = row.get(3).map_err(fault(EXPLAIN))?;
            let depth = depths.get(&parent).map_or(0, |depth| depth + 1);
            depths.insert(id, depth);
            steps.push(step(turn, depth, &detail));
        }
        Ok(steps)
    })
}

fn rolled_back<T>(
    turn: &Turn<'_>,
    work: impl FnOnce() -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    turn.door.transact("BEGIN")?;
    let done = work();
    let ended = turn.door.transact("ROLLBACK");
    let done = done?;
    ended.map(|()| done)
}

/// The heads of the columns, and the statement with its limit around it.
///
/// The statement is prepared by itself first. So it is one whole statement, nothing that closes
/// the bracket around it; and its columns have their own names there, which SQLite makes unique
/// in a subselect.
fn wrapped(turn: &Turn<'_>, query: &Query) -> Result<(Vec<ColumnHead>, String), Refusal> {
    let inner = turn.door.prepare(&query.sql)?;
    if !inner.readonly() || inner.is_explain() != 0 {
        return Err(fault("prepare the statement")("it is not a SELECT").into());
    }
    let heads = inner.columns().map(|column| ColumnHead {
        name: column.name().to_owned(),
        kind: column.decl_type().unwrap_or_default().to_owned(),
    });
    let sql = format!(
        "SELECT * FROM ({}) LIMIT {} OFFSET {}",
        query.sql,
        integer(query.limits.rows.saturating_add(1)),
        integer(query.skip),
    );
    Ok((heads.collect(), sql))
}

fn bind(statement: &mut Statement<'_>, query: &Query) -> Result<(), Refusal> {
    if statement.parameter_count() > query.values.len() {
        return Err(fault("bind the values")("there are too few").into());
    }
    let used = query.values.iter().take(statement.parameter_count());
    for (at, value) in used.enumerate() {
        let value = values::bound(value)?;
        let bound = statement.raw_bind_parameter(at + 1, value);
        bound.map_err(running("bind the values"))?;
    }
    Ok(())
}

fn collect(
    turn: &Turn<'_>,
    query: &Query,
    mut heads: Vec<ColumnHead>,
    mut statement: Statement<'_>,
) -> Result<Rows, Refusal> {
    let limits = query.limits;
    let mut cells = Cells::new(&limits);
    let mut rows: Vec<Vec<_>> = Vec::new();
    let (mut more, mut held) = (false, false);
    let mut found = statement.raw_query();
    while let Some(row) = found.next().map_err(running(RUN))? {
        turn.end.check()?;
        if rows.len() as u64 >= limits.rows {
            more = true;
            break;
        }
        let before = (cells.cut, cells.bytes);
        let mut taken = Vec::with_capacity(heads.len());
        for (at, head) in heads.iter_mut().enumerate() {
            let value = row.get_ref(at).map_err(fault(RUN))?;
            if head.kind.is_empty() {
                head.kind = values::kind(value).unwrap_or_default().to_owned();
            }
            taken.push(cells.take(value));
        }
        if cells.bytes > limits.bytes {
            // it is the first row of the next page; where it is the first here, no page can have it
            (cells.cut, cells.bytes) = before;
            more = true;
            break;
        }
        if cells.bytes > SMALL && !held {
            held = true;
            // many large answers at once would take more memory than all of them may
            turn.end.reserve(HELD.saturating_mul(limits.bytes))?;
        }
        rows.push(taken);
    }
    for head in &mut heads {
        if head.kind.is_empty() {
            UNKNOWN.clone_into(&mut head.kind);
        }
    }
    Ok(Rows {
        columns: heads,
        rows,
        more,
        cut: cells.cut,
        bytes: cells.bytes,
    })
}

/// A step without the names of indexes and the columns of conditions.
fn step(turn: &Turn<'_>, depth: usize, detail: &str) -> PlanStep {
    let scanned = detail.strip_prefix("SCAN ");
    let scanned = scanned.or_else(|| detail.strip_prefix("SEARCH "));
    let scanned = scanned.map(|name| name.strip_prefix("main.").unwrap_or(name));
    let table = scanned.and_then(|name| turn.door.table(name));
    let known = STEPS.iter().find(|step| detail.starts_with(**step));
    PlanStep {
        depth,
        step: known.copied().unwrap_or("STEP").to_owned(),
        table: table.map(|table| TableName {
            schema: "main".to_owned(),
            table,
        }),
        rows: 0,
        cost: 0,
    }
}

fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

const EXPLAIN: &str = "explain the statement";
const RUN: &str = "run the statement";
/// The type of a column that has none and no values.
const UNKNOWN: &str = "ANY";
/// What SQLite calls its steps, as far as it says nothing of the data.
const STEPS: &[&str] = &[
    "BLOOM FILTER",
    "CO-ROUTINE",
    "COMPOUND QUERY",
    "CORRELATED LIST SUBQUERY",
    "CORRELATED SCALAR SUBQUERY",
    "EXCEPT",
    "INDEX",
    "INTERSECT",
    "LEFT",
    "LEFT-MOST SUBQUERY",
    "LIST SUBQUERY",
    "MATERIALIZE",
    "MERGE",
    "MULTI-INDEX OR",
    "RECURSIVE STEP",
    "RIGHT",
    "SCALAR SUBQUERY",
    "SCAN",
    "SEARCH",
    "SETUP",
    "UNION ALL",
    "UNION USING TEMP B-TREE",
    "USE TEMP B-TREE FOR DISTINCT",
    "USE TEMP B-TREE FOR GROUP BY",
    "USE TEMP B-TREE FOR ORDER BY",
];
