//! One page of rows as an answer, and what the record says of where it came from.
//!
//! # Invariants
//!
//! - A cursor holds a number of rows and nothing else; it is sealed to the caller and to the
//!   request without the cursor.
//! - Every table of a statement is counted against the quota and joins its label into the
//!   record before the statement is run.

use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use guard::call::Call;
use guard::error::Denial;
use guard::error::Refusal;
use guard::label::Labeled;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Block;
use guard::server::Outcome;

use crate::effects::Rows;
use crate::resources;
use crate::scope::Lineage;
use crate::scope::Permitted;
use crate::scope::Window;
use crate::server::Inner;
use crate::spelling;

/// What a cursor is sealed to: the tool and its arguments without the cursor.
#[derive(Debug, Serialize)]
pub(super) struct Request {
    tool: &'static str,
    arguments: Map<String, Value>,
}

impl Request {
    /// The request that `arguments` are, and how many rows its cursor passes over.
    ///
    /// # Errors
    ///
    /// [`Denial::StaleCursor`] for a cursor that was not given out for this request.
    pub(super) fn new(
        tool: &'static str,
        call: &Call,
        arguments: &Arguments,
    ) -> Result<(Self, Window), Denial> {
        let mut given = arguments.given().clone();
        let cursor = given.remove("cursor");
        let rows = given.get("limit").and_then(Value::as_u64);
        let request = Self {
            tool,
            arguments: given,
        };
        let cursor = cursor.as_ref().and_then(Value::as_str);
        let skip = cursor.map(|cursor| call.unseal(&request, cursor));
        let skip = skip.transpose()?.unwrap_or(0);
        Ok((request, Window { rows, skip }))
    }
}

/// Says in the record what a statement touches.
///
/// # Errors
///
/// A quota that is used up.
pub(super) fn touch(call: &Call, lineage: &Lineage) -> Result<(), Denial> {
    for (table, label) in &lineage.tables {
        call.touch(&resources::uri(table), *label)?;
    }
    if !lineage.tables.is_empty() {
        let tables = lineage.tables.iter().map(|(table, _)| table.as_str());
        call.note("db.tables", tables.collect::<Vec<_>>().join(" "));
        call.note("db.columns", lineage.columns.join(" "));
    }
    call.note("db.fingerprint", lineage.fingerprint.clone());
    Ok(())
}

/// Runs what was permitted and makes one page of it.
pub(super) async fn page(
    inner: &Inner,
    call: &Call,
    request: &Request,
    permitted: &Permitted,
) -> Outcome<Answer> {
    touch(call, &permitted.lineage)?;
    let rows = inner.engine.query(call, &permitted.query).await?;
    if rows.more && rows.rows.is_empty() {
        return Err(Refusal::Denied(Denial::TooLarge(
            "one row alone is too large: select fewer columns, or parts of them",
        )));
    }
    let next = rows.more.then(|| {
        let so_far = permitted.query.skip() + rows.rows.len() as u64;
        call.seal(request, &so_far)
    });
    Ok(Labeled::new(
        answer(rows, next, inner.untrusted),
        permitted.label,
    ))
}

/// The answer that shows `rows`.
fn answer(rows: Rows, next: Option<String>, untrusted: bool) -> Answer {
    let items = rows.rows.len() as u64;
    let columns = rows.columns.into_iter();
    let columns =
        columns.map(|head| json!({"name": spelling::shown(&head.name), "type": head.kind}));
    let mut shown = Map::new();
    shown.insert("columns".to_owned(), columns.collect());
    let rows_shown = rows.rows.into_iter().map(Value::Array);
    shown.insert("rows".to_owned(), rows_shown.collect());
    shown.insert("truncated".to_owned(), rows.more.into());
    if rows.cut > 0 {
        shown.insert("cut_values".to_owned(), rows.cut.into());
    }
    if let Some(next) = next {
        shown.insert("next".to_owned(), next.into());
    }
    whole(Value::Object(shown), items, rows.more, untrusted)
}

/// An answer that says the same as text and as structured content.
pub(super) fn whole(shown: Value, items: u64, truncated: bool, untrusted: bool) -> Answer {
    Answer {
        blocks: vec![Block::Text(shown.to_string())],
        structured: shown.into(),
        items,
        truncated,
        untrusted,
    }
}
