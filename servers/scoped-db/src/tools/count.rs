//! `count_rows`.

use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use guard::call::Call;
use guard::error::Denial;
use guard::label::Labeled;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Outcome;

use super::page;
use super::page::Request;
use super::sample::Where;
use super::sample::conditions;
use crate::scope::Selection;
use crate::server::Inner;

#[derive(Debug, Deserialize)]
struct Counted {
    table: String,
    #[serde(default, rename = "where")]
    conditions: Vec<Where>,
    #[serde(default)]
    group_by: Vec<String>,
}

/// Counts rows of one table.
pub(super) async fn count(inner: &Inner, call: &Call, arguments: Arguments) -> Outcome<Answer> {
    let (request, window) = Request::new("count_rows", call, &arguments)?;
    let counted: Counted = arguments.parse()?;
    let plain = counted.conditions.is_empty() && counted.group_by.is_empty();
    let selection = Selection {
        conditions: conditions(counted.conditions)?,
        table: counted.table,
        columns: counted.group_by,
        ..Selection::default()
    };
    let caller = call.caller();
    let permitted = match inner.scope.permit_count(caller, &selection, window) {
        Ok(permitted) => permitted,
        // whoever may not see the rows may not choose among them either
        Err(Denial::NotCleared) if plain => return blind(inner, call, &selection.table).await,
        Err(denial) => return Err(denial.into()),
    };
    page::page(inner, call, &request, &permitted).await
}

/// Counts all rows for somebody who may not see them: nothing below the smallest group.
async fn blind(inner: &Inner, call: &Call, table: &str) -> Outcome<Answer> {
    let (permitted, least) = inner
        .scope
        .permit_blind_count(call.caller(), table)
        // there is such a table, and this caller may not even count it
        .map_err(|_| Denial::NotCleared)?;
    page::touch(call, &permitted.lineage)?;
    let rows = inner.engine.query(call, &permitted.query).await?;
    let count = rows.rows.first().and_then(|row| row.first());
    let count = count.and_then(Value::as_u64).unwrap_or(0);
    let told = count >= least;
    let mut shown = json!({
        "columns": [{"name": "count", "type": "int8"}],
        "rows": [[told.then_some(count)]],
        "truncated": false,
    });
    if let (Some(shown), false) = (shown.as_object_mut(), told) {
        shown.insert("fewer_than".to_owned(), least.into());
    }
    let answer = page::whole(shown, 1, false, false);
    Ok(Labeled::new(answer, permitted.label))
}
