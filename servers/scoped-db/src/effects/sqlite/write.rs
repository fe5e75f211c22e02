//! Changes rows: exactly as many as expected, or none.

use guard::error::Denial;
use guard::error::Refusal;
use guard::error::fault;

use super::pool::Turn;
use super::trouble::running;
use super::values;
use crate::permit::Change;

/// Changes them, and says how many.
pub(super) fn rows(turn: &Turn<'_>, change: &Change) -> Result<u64, Refusal> {
    // takes the lock at once: no other writer comes between the look and the change
    turn.door.transact("BEGIN IMMEDIATE")?;
    let done = attempt(turn, change).and_then(|changed| {
        turn.door.transact("COMMIT")?;
        Ok(changed)
    });
    if done.is_err() {
        // where this fails, closing the connection does it
        drop(turn.door.transact("ROLLBACK"));
    }
    done
}

fn attempt(turn: &Turn<'_>, change: &Change) -> Result<u64, Refusal> {
    let mut statement = turn.door.prepare(&change.sql)?;
    if statement.readonly() || statement.is_explain() != 0 {
        return Err(fault("change rows")("the statement changes nothing").into());
    }
    if statement.parameter_count() != change.values.len() {
        return Err(fault("bind the values")("not as many as placeholders").into());
    }
    for (at, value) in change.values.iter().enumerate() {
        let bound = statement.raw_bind_parameter(at + 1, values::bound(value)?);
        bound.map_err(running("bind the values"))?;
    }
    let mut returned = statement.raw_query();
    let mut kept = true;
    while let Some(row) = returned.next().map_err(running("change rows"))? {
        // whether the row meets its table's rule; null is not true, as in a filter
        kept &= matches!(row.get::<_, Option<bool>>(0), Ok(Some(true)));
        turn.end.check()?;
    }
    drop(returned);
    if !kept {
        return Err(Denial::Unsuitable(POLICY).into());
    }
    let changed = turn.door.db().changes();
    turn.end.check()?;
    if changed != change.expected {
        return Err(Denial::Unsuitable(UNEXPECTED).into());
    }
    Ok(changed)
}

const POLICY: &str = "the row is not one that may be written; nothing was changed";
const UNEXPECTED: &str = "not as many rows as expected; nothing was changed";
