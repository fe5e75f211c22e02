//! The tools as the model sees them.

use std::sync::Arc;

use guard::call::Call;
use guard::error::Denial;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Outcome;
use guard::server::Tool;

use crate::server::Inner;

/// The tools, sorted by name.
pub(crate) const TOOLS: [Tool; 0] = [];

/// Answers a call of one of [`TOOLS`].
pub(crate) async fn call(
    _inner: &Arc<Inner>,
    _call: Call,
    _tool: &'static str,
    _arguments: Arguments,
) -> Outcome<Answer> {
    Err(Denial::UnknownTool.into())
}
