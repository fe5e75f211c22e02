//! `list_roots`.

use serde_json::Value;
use serde_json::json;

use guard::call::Call;
use guard::label::Labeled;
use guard::server::Answer;
use guard::server::Block;
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
        let its = inner.known.text(standing.label);
        text.push_str(&format!("{}/\t{its}\n", root.name));
        roots.push(json!({"name": root.name, "label": its}));
        // the names are the operator's own words; the instructions tell them as well
        mix.looked_at(standing.name);
        if let Some(place) = inner.scope.top(index) {
            call.touch(&place.uri(), standing.name)?;
        }
    }
    let items = roots.len() as u64;
    let sandbox = inner.sandbox.get().cloned().unwrap_or_default();
    let facts = [
        ("roots", Value::Array(roots)),
        ("limits", inner.told_limits.clone()),
        ("sandbox", sandbox),
    ];
    let facts = facts.map(|(name, value)| (name.to_owned(), value));
    let structured = Value::Object(facts.into_iter().collect());
    let answer = Answer {
        blocks: vec![Block::Text(text)],
        structured,
        items,
        ..Answer::default()
    };
    Ok(Labeled::new(answer, mix.label()))
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
