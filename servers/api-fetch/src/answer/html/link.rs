//! Where a link leads, if it may lead there.
//!
//! # Invariants
//!
//! - An address is http, https, mailto or relative; what a browser would read as anything else, in
//!   any spelling, is none.
//! - It has no character that could end it in Markdown.

use std::fmt::Write;

use html5gum::StartTag;

/// The address in `href` as Markdown writes it.
pub(super) fn target(tag: &StartTag<()>) -> Option<String> {
    let href = tag.attributes.get(b"href".as_slice())?;
    let text = std::str::from_utf8(href).ok()?;
    // what browsers take off at the ends and out of the middle
    let text = text.trim_matches(|sign: char| sign <= ' ');
    if text.is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
        return None;
    }
    // a backslash is a slash to browsers and an escape in Markdown
    if text.contains('\\') || text.starts_with('#') {
        return None;
    }
    let end = text.find([':', '/', '?', '#']).unwrap_or(text.len());
    let (first, rest) = text.split_at_checked(end)?;
    if rest.starts_with(':') && !SCHEMES.contains(&first.to_ascii_lowercase().as_str()) {
        return None;
    }
    let mut written = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            'a'..='z' | 'A'..='Z' | '0'..='9' => written.push(sign),
            sign if SIGNS.contains(sign) => written.push(sign),
            sign => {
                let mut bytes = [0; 4];
                for byte in sign.encode_utf8(&mut bytes).bytes() {
                    // writing into a `String` does not fail
                    let _written = write!(written, "%{byte:02X}");
                }
            }
        }
    }
    Some(written)
}

const SCHEMES: [&str; 3] = ["http", "https", "mailto"];
/// What an address may have as it is.
const SIGNS: &str = "-._~:/?#@!$&'*+,;=%";
const LONGEST: usize = 2048;
