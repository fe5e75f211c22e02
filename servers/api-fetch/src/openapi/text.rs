//! What a document says in words: a stranger's, so it is made short, plain and one line.

use guard::text::is_unseen;
use serde_json::Value;

/// What the document says of something: one line, short.
pub(super) fn said(value: &Value, names: &[&str]) -> String {
    let text = names.iter().find_map(|name| value.get(*name)?.as_str());
    let text = text.unwrap_or_default();
    let plain: String = text
        .chars()
        .map(|c| if is_unseen(c) { ' ' } else { c })
        .take(600)
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").chars().take(120).collect()
}
