//! Whether an element says of itself that it is not seen.

use html5gum::StartTag;

/// Whether `tag` hides what is in it. What cannot be read counts as hidden.
pub(super) fn is_hidden(tag: &StartTag<()>) -> bool {
    let value = |name: &[u8]| {
        let value = tag.attributes.get(name)?;
        Some(String::from_utf8_lossy(value).to_ascii_lowercase())
    };
    tag.attributes.contains_key(b"hidden".as_slice())
        || value(b"aria-hidden").is_some_and(|value| value.trim() == "true")
        || value(b"style").is_some_and(|style| hides(&style))
}

fn hides(style: &str) -> bool {
    // escapes and comments can be put into any word
    style.contains(['\\', '\0']) || style.contains("/*") || style.split(';').any(declares_hidden)
}

fn declares_hidden(declaration: &str) -> bool {
    let Some((name, value)) = declaration.split_once(':') else {
        return false;
    };
    let value = value.trim().trim_end_matches("!important").trim_end();
    match name.trim() {
        "display" => value == "none",
        "visibility" => matches!(value, "hidden" | "collapse"),
        "content-visibility" => value == "hidden",
        "opacity" => number(value).is_none_or(|number| number <= FAINT),
        "font-size" | "width" | "height" | "max-width" | "max-height" => is_tiny(value),
        "left" | "right" | "top" | "bottom" | "text-indent" | "margin-left" | "margin-top" => {
            number(value).is_some_and(|number| number < ELSEWHERE)
        }
        "clip" | "clip-path" => value != "auto" && value != "none",
        "color" | "-webkit-text-fill-color" => value == "transparent",
        "transform" | "scale" => value.contains("scale(0") || number(value) == Some(0.0),
        _ => false,
    }
}

/// `0`, `.1em` and `1px` are no size to be read at.
fn is_tiny(value: &str) -> bool {
    let fixed = value.ends_with("px") || value.ends_with("pt");
    let least = if fixed { LEGIBLE } else { FAINT };
    number(value).is_some_and(|number| number <= least)
}

/// The number that `value` begins with.
fn number(value: &str) -> Option<f64> {
    let end = value.find(|sign: char| !sign.is_ascii_digit() && !matches!(sign, '.' | '-' | '+'));
    let (digits, _) = value.split_at_checked(end.unwrap_or(value.len()))?;
    digits.parse().ok()
}

/// Up to it nothing is seen.
const FAINT: f64 = 0.1;
/// Up to it nothing is read, in points of the screen.
const LEGIBLE: f64 = 1.0;
/// Farther to the left or above there is no screen.
const ELSEWHERE: f64 = -200.0;
