//! `query_rows`.

use serde::Deserialize;
use serde_json::Value;

use guard::call::Call;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Outcome;

use super::page;
use super::page::Request;
use crate::server::Inner;

/// A statement and its values; the rest of the arguments is the page's.
#[derive(Debug, Deserialize)]
pub(super) struct Statement {
    pub(super) sql: String,
    #[serde(default)]
    pub(super) params: Vec<Value>,
}

/// Runs one statement.
pub(super) async fn query(inner: &Inner, call: &Call, arguments: Arguments) -> Outcome<Answer> {
    let (request, window) = Request::new("query_rows", call, &arguments)?;
    let Statement { sql, params } = arguments.parse()?;
    let caller = call.caller();
    let permitted = inner.scope.permit_query(caller, &sql, &params, window)?;
    page::page(inner, call, &request, &permitted).await
}
