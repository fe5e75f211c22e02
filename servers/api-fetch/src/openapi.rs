//! Drafts endpoint definitions from an OpenAPI document.
//!
//! The document is a stranger's: its text becomes TOML that a person reads, or, where the operator
//! pinned the very bytes under `[imports.NAME]`, endpoints that pass the same checks as written ones.
//! Only references within the document are followed, and no address in it is used.
//!
//! # Invariants
//!
//! - What is excluded is excluded, whatever includes it. What changes something is drafted only
//!   where it is included by name.
//! - What cannot be declared is left out, with the reason.
//! - Whatever the document says, the draft parses as TOML and holds only what was chosen.

mod answer;
mod body;
mod choose;
mod document;
mod expand;
mod operation;
mod parameter;
mod schema;
mod text;
mod write;
#[cfg(feature = "yaml")]
mod yaml;

use std::collections::BTreeSet;

use serde_json::Value;

use operation::Endpoint;
use operation::Operation;

pub use choose::NotARule;
pub use choose::Rule;
pub use document::LARGEST;
pub use expand::LeftOut;
pub use expand::Unread;
pub use expand::expand;

/// What is taken from a document, and under which conditions.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The upstream's name in the configuration.
    pub upstream: String,
    /// What is taken; nothing stands for what reads.
    pub include: Vec<Rule>,
    /// What is not; it wins.
    pub exclude: Vec<Rule>,
    /// What a caller must have to read.
    pub permission: String,
    /// What a caller must have to change something.
    pub write_permission: String,
    /// The label of what comes back.
    pub label: String,
}

/// Why a document cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Trouble {
    /// Larger than any document, or its tree would be.
    #[error("it is too large")]
    Large,
    /// Nested deeper than any document.
    #[error("it nests too deep")]
    Deep,
    /// Looks like JSON, and is none.
    #[error("it is not JSON")]
    NotJson,
    /// Is neither JSON nor YAML.
    #[error("it is neither JSON nor YAML")]
    NotYaml,
    /// No JSON, and this program knows nothing else.
    #[error("it is not JSON; for YAML build with --features yaml, or convert it")]
    NoYaml,
    /// An object has a key twice.
    #[error("a key stands twice in it, so that two readers may see two documents")]
    Twice,
    /// YAML that two readers may read in two ways.
    #[error("it uses {0}, which is not taken")]
    Unusual(&'static str),
    /// Another format, or another version of it.
    #[error("it is not an OpenAPI document of version 3.0 or 3.1")]
    Version,
    /// Nothing in it.
    #[error("it has no paths")]
    NoPaths,
    /// More than one server can serve.
    #[error("more than {MOST} operations of it were chosen")]
    Many,
    /// A rule, which is the operator's own text, that chooses or excludes nothing.
    #[error("`{0}` fits none of its operations")]
    Unmatched(Rule),
    /// Nothing chosen.
    #[error("nothing of it was chosen; what changes something must be included by name")]
    Nothing,
}

/// Drafts what `choice` takes from `document`, as TOML.
///
/// # Errors
///
/// [`Trouble`] if the document cannot be read, or nothing of it is chosen.
pub fn draft(document: &[u8], choice: &Choice) -> Result<String, Trouble> {
    let document = document::read(document)?;
    let mut text = write::head(&document, choice);
    let taken = taken(&document, &choice.include, &choice.exclude)?;
    for (operation, endpoint) in &taken {
        match endpoint {
            Ok(endpoint) => text.push_str(&write::endpoint(endpoint, choice)),
            Err(why) => text.push_str(&write::left_out(operation, why)),
        }
    }
    Ok(text)
}

/// Operations that were chosen, each with the endpoint that it is or why it cannot be one.
type Taken<'a> = Vec<(Operation<'a>, Result<Endpoint, &'static str>)>;

fn taken<'a>(
    document: &'a Value,
    include: &[Rule],
    exclude: &[Rule],
) -> Result<Taken<'a>, Trouble> {
    if document.get("paths").and_then(Value::as_object).is_none() {
        return Err(Trouble::NoPaths);
    }
    let all = Operation::all(document);
    let (mut ids, mut twice, mut names) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for id in all.iter().filter_map(Operation::id) {
        if !ids.insert(id) {
            twice.insert(id);
        }
    }
    let taken = choose::taken(all, include, exclude);
    let taken = taken.map_err(|rule| Trouble::Unmatched(rule.clone()))?;
    match taken.len() {
        0 => Err(Trouble::Nothing),
        count if count > MOST => Err(Trouble::Many),
        _ => {
            let all = taken.into_iter().map(|operation| {
                let endpoint = operation.endpoint(document, &twice, &mut names);
                (operation, endpoint)
            });
            Ok(all.collect())
        }
    }
}

/// Operations that are taken at once.
const MOST: usize = 2_000;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
