//! How a name of the database is written where models and people read it.
//!
//! # Invariants
//!
//! - What is shown is one line of visible characters: no control, bidi or zero-width character
//!   passes unescaped, and a backslash is doubled, so a name can forge neither a line nor another
//!   name.

use std::borrow::Cow;

use guard::text::is_unseen;

/// `name` as it is, but for what would not be seen, which becomes `\\u{HEX}`.
pub(crate) fn shown(name: &str) -> Cow<'_, str> {
    if !name.contains(|c| c == '\\' || is_unseen(c)) {
        return Cow::Borrowed(name);
    }
    let mut text = String::with_capacity(2 * name.len());
    for c in name.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            c if is_unseen(c) => text.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => text.push(c),
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_usual_name_is_shown_as_it_is() {
        for name in ["crm.customers", "Ümläut Tabelle", "日本.表", "a\"b'c"] {
            assert!(matches!(shown(name), Cow::Borrowed(same) if same == name));
        }
    }

    #[test]
    fn o4_what_is_not_seen_in_a_name_is_shown_as_its_number() {
        assert_eq!(
            shown("pay\u{202e}llor\n\u{1b}[2J"),
            r"pay\u{202e}llor\u{a}\u{1b}[2J"
        );
        assert_eq!(shown(r"\u{a}"), r"\\u{a}");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_visible_and_tells_names_apart(a in any::<String>(), b in any::<String>()) {
            prop_assert!(!shown(&a).contains(is_unseen));
            prop_assert_eq!(shown(&a) == shown(&b), a == b);
        }
    }
}
