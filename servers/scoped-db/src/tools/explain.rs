//! `explain_query`.

use serde_json::Value;
use serde_json::json;

use guard::call::Call;
use guard::error::Denial;
use guard::label::Labeled;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Outcome;

use super::describe::shown_name;
use super::page;
use super::query::Statement;
use crate::effects::PlanStep;
use crate::schema::TableName;
use crate::scope::Window;
use crate::server::Inner;

/// Tells the plan of one statement.
pub(super) async fn explain(inner: &Inner, call: &Call, arguments: Arguments) -> Outcome<Answer> {
    let Statement { sql, params } = arguments.parse()?;
    let caller = call.caller();
    let permitted = inner
        .scope
        .permit_query(caller, &sql, &params, Window::default())?;
    if permitted.hides_rows {
        // the choice of steps and their figures come from the statistics of all rows
        return Err(Denial::Unsuitable(FILTERED).into());
    }
    page::touch(call, &permitted.lineage)?;
    let steps = inner.engine.explain(call, &permitted.query).await?;
    let exists = |table: &TableName| {
        let named = permitted.lineage.tables.iter();
        let mut named = named.map(|(name, _)| name.as_str());
        named.any(|name| name == table.to_string())
    };
    let plan: Vec<Value> = steps.iter().map(|step| shown(step, exists)).collect();
    let items = plan.len() as u64;
    let answer = page::whole(json!({"plan": plan}), items, false, false);
    Ok(Labeled::new(answer, permitted.label))
}

/// A table of a plan that the statement does not name is one behind a partition, of which nobody
/// here knows.
fn shown(step: &PlanStep, exists: impl Fn(&TableName) -> bool) -> Value {
    let mut shown = json!({
        "depth": step.depth,
        "step": step.step,
        "rows": step.rows,
        "cost": step.cost,
    });
    let table = step.table.as_ref().filter(|table| exists(table));
    if let (Some(shown), Some(table)) = (shown.as_object_mut(), table) {
        shown.insert("table".to_owned(), shown_name(table).into());
    }
    shown
}

const FILTERED: &str = "no plan is told where a table has rows that a reader may not know of";
