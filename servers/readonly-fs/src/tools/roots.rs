//! `list_roots`.

use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use guard::call::Call;
use guard::label::Labeled;
use guard::server::Answer;
use guard::server::Block;
use guard::server::Facts;
use guard::server::Outcome;

use super::page::Mix;
use crate::config::Limits;
use crate::scope::RelPath;
use crate::server::Inner;

/// Lists the roots that exist for the caller.
pub(super) fn list(inner: &Inner, call: &Call) -> Outcome<Answer> {
    let mut text = String::new();
    let mut roots = Vec::new();
    let mut mix = Mix::new(call);
    for (index, root) in inner.scope.roots().iter().enumerate() {
        let Some(standing) = root.rules.top(call.caller().clearance) else {
            continue;
        };
        let label = inner.known.text(standing.label);
        for part in [&root.name, "/\t", &label, "\n"] {
            text.push_str(part);
        }
        let name = &root.name;
        roots.push(Root { label, name });
        // the names are the operator's own words; the instructions tell them as well
        mix.looked_at(standing.name);
        if let Some(place) = inner.scope.top(index) {
            call.touch(&place.uri(), standing.name)?;
        }
    }
    let items = roots.len() as u64;
    let facts = Told {
        limits: &inner.told_limits,
        roots,
        sandbox: inner.sandbox.get(),
    };
    let answer = Answer {
        blocks: vec![Block::Text(text)],
        structured: Facts::of(&facts)?,
        items,
        ..Answer::default()
    };
    Ok(Labeled::new(answer, mix.label()))
}

/// What programs are told.
#[derive(Serialize)]
struct Told<'a> {
    limits: &'a Value,
    roots: Vec<Root<'a>>,
    sandbox: Option<&'a Value>,
}

/// One root of it.
#[derive(Serialize)]
struct Root<'a> {
    label: String,
    name: &'a str,
}

/// The limits as they are told.
pub(crate) fn told(limits: &Limits) -> Value {
    json!({
            "text_bytes": limits.text_bytes.get(),
            "base64_bytes": limits.base64_bytes.get(),
            "lines": limits.lines.get(),
            "line_bytes": crate::effects::lines_take::LINE,
            "entries": limits.entries.get(),
            "matches": limits.matches.get(),
            "search_seconds": limits.search_seconds.get(),
            "walk_entries": limits.walk_entries.get(),
            "file_operations": limits.file_operations.get(),
            "batch": 50,
            "path_bytes": RelPath::MAX_BYTES,
            "depth": RelPath::MAX_DEPTH,
            "pattern_bytes": crate::effects::search::SOURCE,
            "glob_bytes": crate::scope::glob::MAX_BYTES,
    })
}
