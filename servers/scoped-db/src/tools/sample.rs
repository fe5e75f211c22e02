//! `sample_rows`.

use serde::Deserialize;
use serde_json::Value;

use guard::call::Call;
use guard::error::Denial;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Outcome;

use super::page;
use super::page::Request;
use crate::scope::Condition;
use crate::scope::Operator;
use crate::scope::Selection;
use crate::server::Inner;

#[derive(Debug, Deserialize)]
struct Sample {
    table: String,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default, rename = "where")]
    conditions: Vec<Where>,
    #[serde(default)]
    order_by: Vec<String>,
    #[serde(default)]
    descending: bool,
}

/// One condition, as the schema of the tools has it.
#[derive(Debug, Deserialize)]
pub(super) struct Where {
    column: String,
    op: String,
    // an explicit null is a value: it compares with nothing, as in SQL
    #[serde(default, deserialize_with = "given")]
    value: Option<Value>,
    values: Option<Vec<Value>>,
}

fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// The conditions that are meant.
pub(super) fn conditions(all: Vec<Where>) -> Result<Vec<Condition>, Denial> {
    let condition = |one: Where| {
        let operator = Operator::named(&one.op).ok_or(Denial::Malformed {
            argument: "where",
            expected: "an `op` of the schema",
        })?;
        let values = match (one.value, one.values) {
            (Some(value), None) => vec![value],
            (None, Some(values)) => values,
            (None, None) => Vec::new(),
            (Some(_), Some(_)) => {
                return Err(Denial::Malformed {
                    argument: "where",
                    expected: "`value` or `values`, not both",
                });
            }
        };
        Ok(Condition {
            column: one.column,
            operator,
            values,
        })
    };
    all.into_iter().map(condition).collect()
}

/// Reads rows of one table.
pub(super) async fn sample(inner: &Inner, call: &Call, arguments: Arguments) -> Outcome<Answer> {
    let (request, window) = Request::new("sample_rows", call, &arguments)?;
    let sample: Sample = arguments.parse()?;
    let selection = Selection {
        conditions: conditions(sample.conditions)?,
        table: sample.table,
        columns: sample.columns,
        order: sample.order_by,
        descending: sample.descending,
    };
    let permitted = inner.scope.permit_rows(call.caller(), &selection, window)?;
    page::page(inner, call, &request, &permitted).await
}
