//! Which characters a reader would not see, or would see others in a changed order.

/// Whether `c` shows nothing of itself, or changes how the characters around it are shown: what a
/// name, a label or a line for people must not hold unescaped.
///
/// Stricter than Unicode's `Default_Ignorable_Code_Point` (UAX 44), which this contains: control
/// characters, line separators and interlinear annotation belong to it, too. A text in which
/// joiners and variation selectors have their place needs a rule of its own.
#[must_use]
pub const fn is_unseen(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'               // C0, C1
        | '\u{ad}' | '\u{34f}'                          // soft hyphen, joiner
        | '\u{180b}'..='\u{180f}'                       // Mongolian selectors and separator
        | '\u{61c}' | '\u{200b}'..='\u{200f}'           // zero width, bidi marks
        | '\u{2028}'..='\u{202e}'                       // line ends, bidi embeddings
        | '\u{2060}'..='\u{206f}' | '\u{feff}'          // invisible operators, bidi isolates
        | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}' // fillers
        | '\u{fe00}'..='\u{fe0f}'                       // variation selectors
        | '\u{fff0}'..='\u{fffb}'                       // interlinear annotation
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' // format marks
        | '\u{e0000}'..='\u{e0fff}'                     // tags, more variation selectors
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_is_let_through() {
        assert!(!"crm.customers Ümläut 日本 a\"b'c 😀 ‐–".contains(is_unseen));
    }

    #[test]
    fn o4_what_hides_or_turns_is_not() {
        // the ends of the ranges of Default_Ignorable_Code_Point, Unicode 16
        let ignorable = [
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{1160}',
            '\u{17b4}',
            '\u{17b5}',
            '\u{180b}',
            '\u{180f}',
            '\u{200b}',
            '\u{200f}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{206f}',
            '\u{3164}',
            '\u{fe00}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff0}',
            '\u{fff8}',
            '\u{1bca0}',
            '\u{1bca3}',
            '\u{1d173}',
            '\u{1d17a}',
            '\u{e0000}',
            '\u{e0fff}',
        ];
        let lines = [
            '\n', '\r', '\u{85}', '\u{2028}', '\u{2029}', '\u{1b}', '\u{9b}', '\u{7f}',
        ];
        for c in ignorable.into_iter().chain(lines) {
            assert!(is_unseen(c), "{c:?}");
        }
    }
}
