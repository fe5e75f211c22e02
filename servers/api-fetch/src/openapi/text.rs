//! What a document says in words: a stranger's, so it is made short, plain and one line.

use serde_json::Value;

/// What the document says of something: one line, short.
pub(super) fn said(value: &Value, names: &[&str]) -> String {
    let text = names.iter().find_map(|name| value.get(*name)?.as_str());
    let text = text.unwrap_or_default();
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() || turns(c) { ' ' } else { c })
        .take(600)
        .collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").chars().take(120).collect()
}

/// Whether a character is invisible, or turns the text around.
pub(super) const fn turns(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}
