//! Drafts endpoint definitions from an OpenAPI document, for an operator to review.
//!
//! The document is a stranger's: its text becomes TOML that a person reads, never something that a
//! running server acts upon. Only references within the document are followed.
//!
//! # Invariants
//!
//! - What is excluded is excluded, whatever includes it. What changes something is drafted only
//!   where it is included by name.
//! - What cannot be declared exactly is left out, with a comment that says why.
//! - Whatever the document says, the draft parses as TOML and holds only what was chosen.

mod choose;
mod operation;
mod schema;
mod write;

use serde_json::Value;

use crate::select::measure;
use operation::Operation;

/// What is taken from a document, and under which conditions.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The upstream's name in the configuration.
    pub upstream: String,
    /// Operation ids, `tag:NAME` or paths, with `*` for any text; nothing stands for what reads.
    pub include: Vec<String>,
    /// The same; it wins.
    pub exclude: Vec<String>,
    /// What a caller must have to read.
    pub permission: String,
    /// What a caller must have to change something.
    pub write_permission: String,
    /// The label of what comes back.
    pub label: String,
}

/// Why a document cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Trouble {
    /// Not JSON, or nested deeper than any document.
    #[error("it is not JSON; convert YAML first")]
    NotJson,
    /// Another format, or another version of it.
    #[error("it is not an OpenAPI document of version 3.0 or 3.1")]
    Version,
    /// Nothing in it.
    #[error("it has no paths")]
    NoPaths,
    /// Nothing chosen.
    #[error("nothing of it was chosen: see --include and --exclude")]
    Nothing,
}

/// Drafts what `choice` takes from `document`.
///
/// # Errors
///
/// [`Trouble`] if the document cannot be read, or nothing of it is chosen.
pub fn draft(document: &[u8], choice: &Choice) -> Result<String, Trouble> {
    if measure(document).depth > DEEPEST {
        return Err(Trouble::NotJson);
    }
    let document: Value = serde_json::from_slice(document).map_err(|_| Trouble::NotJson)?;
    let version = document.get("openapi").and_then(Value::as_str);
    if !version.is_some_and(|v| v.starts_with("3.0.") || v.starts_with("3.1.")) {
        return Err(Trouble::Version);
    }
    let paths = document.get("paths").and_then(Value::as_object);
    let paths = paths.ok_or(Trouble::NoPaths)?;
    let mut text = write::head(&document, choice);
    let (mut names, mut any) = (Vec::new(), false);
    for (path, item) in paths {
        for operation in Operation::all(&document, path, item) {
            if !choose::is_chosen(&operation, choice) {
                continue;
            }
            any = true;
            match operation.endpoint(&document, &mut names) {
                Ok(endpoint) => text.push_str(&write::endpoint(&endpoint, choice)),
                Err(why) => text.push_str(&write::left_out(&operation, why)),
            }
        }
    }
    any.then_some(text).ok_or(Trouble::Nothing)
}

/// Levels that a document may nest: the parser itself takes 128.
const DEEPEST: usize = 100;

#[cfg(test)]
mod tests;
