//! What the answers that come in pages have in common: a start, a position, a text of lines.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use guard::call::Call;
use guard::error::Denial;
use guard::error::Refusal;
use guard::label::Clearance;
use guard::label::Label;
use guard::schema::Arguments;
use guard::server::Answer;
use guard::server::Block;

use crate::effects::search_sink;
use crate::scope::Permit;
use crate::scope::RelPath;
use crate::scope::Scope;
use crate::scope::spelling;
use crate::server::Inner;

/// Where a page ended: what was shown last, so nothing that the caller has not seen.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Position {
    /// Which of the starting directories.
    pub(super) start: usize,
    /// The path of the last entry, as seen from there, spelled.
    pub(super) after: String,
    /// What it was sorted by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<(i64, u64)>,
    /// Where in that file a search stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) place: Option<search_sink::Position>,
}

impl Position {
    /// After the entry at `path` of the directory numbered `start`.
    pub(super) fn after(start: usize, path: &[u8]) -> Self {
        let mut after = String::new();
        spelling::escape(&mut after, path);
        Self {
            start,
            after,
            ..Self::default()
        }
    }

    /// The path of the last entry.
    pub(super) fn path(&self) -> Result<Option<RelPath>, Denial> {
        if self.after.is_empty() {
            return Ok(None);
        }
        let path = RelPath::parse(&self.after).map_err(|_| Denial::StaleCursor)?;
        Ok(Some(path))
    }
}

/// The request without its cursor, to which the cursor is bound.
#[derive(Debug, Serialize)]
pub(super) struct Request {
    tool: &'static str,
    arguments: Map<String, Value>,
}

impl Request {
    /// The request, and the position that its cursor holds.
    pub(super) fn new(
        tool: &'static str,
        call: &Call,
        arguments: &Arguments,
    ) -> Result<(Self, Option<Position>), Denial> {
        let mut arguments = arguments.given().clone();
        let cursor = arguments.remove("cursor");
        let request = Self { tool, arguments };
        let position = match cursor.as_ref().and_then(Value::as_str) {
            Some(cursor) => Some(call.unseal(&request, cursor)?),
            None => None,
        };
        Ok((request, position))
    }
}

/// The directories a request starts from: the one it names, or all roots of the caller.
pub(super) fn starts(
    inner: &Inner,
    call: &Call,
    path: Option<&str>,
) -> Result<Vec<Permit>, Denial> {
    match path {
        Some(path) => Ok(vec![inner.permit(call, path, Scope::permit_walk)?]),
        None => Ok(inner.tops(call.caller().clearance)),
    }
}

/// The label of an answer while it is gathered, as far as its reader is cleared.
///
/// A reader of several roles may see each of two things and not what is made of both; those
/// come in answers of their own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mix {
    label: Label,
    clearance: Clearance,
    empty: bool,
}

impl Mix {
    /// Of an answer of `call` that holds nothing yet.
    pub(crate) fn new(call: &Call) -> Self {
        Self {
            label: Label::PUBLIC,
            clearance: call.caller().clearance,
            empty: true,
        }
    }

    /// Joins in where it looked: that counts as long as it goes with what was found there. What
    /// was found tells the way to it by its own label.
    pub(crate) fn looked_at(&mut self, label: Label) {
        let joined = self.label.join(label);
        if joined.flows_to(self.clearance) {
            self.label = joined;
        }
    }

    /// Joins in what goes into the answer. No if it does not go with what is in there already.
    pub(crate) fn admits(&mut self, label: Label) -> bool {
        let joined = self.label.join(label);
        if joined.flows_to(self.clearance) {
            self.label = joined;
        } else if self.empty && label.flows_to(self.clearance) {
            self.label = label;
        } else {
            return false;
        }
        self.empty = false;
        true
    }

    /// The label of all of it.
    pub(crate) const fn label(&self) -> Label {
        self.label
    }
}

/// The lines of an answer, as many as fit.
#[derive(Debug)]
pub(super) struct Lines {
    text: String,
    most: usize,
}

impl Lines {
    /// Room for `most` bytes.
    pub(super) const fn new(most: usize) -> Self {
        Self {
            text: String::new(),
            most,
        }
    }

    /// Adds a line, if it fits or is the first.
    pub(super) fn push(&mut self, line: &str) -> bool {
        let fits = self.text.is_empty() || self.text.len() + line.len() < self.most;
        if fits {
            self.text.push_str(line);
            self.text.push('\n');
        }
        fits
    }

    /// The answer: the lines, and for a page that is not the last how to go on.
    pub(super) fn answer(mut self, mut structured: Value, next: Option<String>) -> Answer {
        let truncated = next.is_some();
        if let Some(cursor) = &next {
            let again = json!({ "cursor": cursor });
            self.text.push_str("[more: the same call with ");
            self.text.push_str(&again.to_string());
            self.text.push_str("]\n");
        }
        if self.text.is_empty() {
            self.text.push_str("[nothing]\n");
        }
        if let Some(object) = structured.as_object_mut() {
            let cut = object.get("truncated") == Some(&Value::Bool(true));
            object.insert("truncated".to_owned(), (cut || truncated).into());
            if let Some(cursor) = next {
                object.insert("next".to_owned(), cursor.into());
            }
        }
        let truncated = structured.get("truncated") == Some(&Value::Bool(true));
        Answer {
            blocks: vec![Block::Text(self.text)],
            structured: structured.into(),
            items: 0,
            truncated,
            untrusted: false,
        }
    }
}

/// Says of one of several paths that its label does not go with that of the others.
pub(super) fn apart(path: &str, text: &mut String) -> Value {
    let code = APART.code();
    text.push_str(&format!("{path}\t{code}: {APART}\n"));
    json!({"path": path, "error": code})
}

/// Why one of several paths is left out.
pub(super) const APART: Denial =
    Denial::Unsuitable("its label does not go with that of the others: ask for it alone");

/// Names in the record what a refused request asked for.
pub(super) fn named<T>(
    call: &Call,
    permit: &Permit,
    outcome: Result<T, Refusal>,
) -> Result<T, Refusal> {
    outcome.inspect_err(|_| call.asked_for(&permit.place().uri()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;
    use crate::testing::label;

    #[test]
    fn a4_what_a_reader_may_see_in_two_roles_is_not_mixed_in_one_answer() {
        let world = World::new(&[], "");
        let both = ["internal+personal", "confidential"].map(|text| Clearance::up_to(label(text)));
        let call =
            world.request_cleared(both.into_iter().fold(Clearance::default(), Clearance::or));
        let mut mix = Mix::new(&call);
        mix.looked_at(label("confidential"));
        // where it looked does not keep the first thing out
        assert!(mix.admits(label("internal+personal")));
        assert!(mix.admits(label("internal")));
        assert!(!mix.admits(label("confidential")));
        assert_eq!(mix.label(), label("internal+personal"));
        assert!(!mix.admits(label("confidential+personal")));
    }
}
