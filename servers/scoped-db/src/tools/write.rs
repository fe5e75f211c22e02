//! `insert_row`, `update_rows`, `delete_rows`.
//!
//! The gate recorded the intent before anything here runs.

use serde::Deserialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use guard::call::Call;
use guard::label::Labeled;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Outcome;

use super::page;
use crate::resources;
use crate::scope::Verb;
use crate::scope::Wanted;
use crate::server::Inner;

#[derive(Debug, Deserialize)]
struct Given {
    table: String,
    #[serde(default)]
    key: Map<String, Value>,
    #[serde(default, alias = "values")]
    set: Map<String, Value>,
    #[serde(default = "one")]
    expect: u64,
}

const fn one() -> u64 {
    1
}

/// Changes rows of one table.
pub(super) async fn write(
    inner: &Inner,
    call: &Call,
    verb: Verb,
    arguments: Arguments,
) -> Outcome<Answer> {
    let given: Given = arguments.parse()?;
    let wanted = Wanted {
        table: given.table,
        key: given.key,
        set: given.set,
        expected: given.expect,
    };
    let permitted = inner.scope.permit_change(call.caller(), verb, &wanted)?;
    if let Some(permission) = permitted.permission {
        call.allowed_by(permission);
    }
    call.touch(&resources::uri(&permitted.table), permitted.label)?;
    call.note("db.tables", permitted.table);
    call.note("db.columns", permitted.columns.join(" "));
    let changed = inner.engine.change(call, &permitted.change).await?;
    let answer = page::whole(json!({"changed": changed}), changed, false, false);
    Ok(Labeled::new(answer, permitted.label))
}
