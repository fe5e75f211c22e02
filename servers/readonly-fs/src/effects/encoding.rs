//! Tells text from other bytes, and makes a string of it.
//!
//! Content is handed on as it is, terminal escapes and direction overrides included: whoever asks
//! for a file must be able to trust that they see the file. It leaves as a JSON string, in which
//! the control characters below U+0020 are escaped anyway. What could deceive a reader is
//! *reported* instead, by [`has_control`]. Names are another matter: they are escaped.
//!
//! # Invariants
//!
//! - Decoding never fails: what is no text becomes U+FFFD, and that is said.
//! - A border ([`Charset::border`]) never lies inside a valid character.

use std::borrow::Cow;

use encoding_rs::Decoder;
use encoding_rs::UTF_8;
use encoding_rs::UTF_16BE;
use encoding_rs::UTF_16LE;

/// What the beginning of a file says about the rest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// Text, after a byte order mark of so many bytes.
    Text(Charset, u64),
    /// Anything else.
    Binary,
}

impl Form {
    /// Judges by the first bytes of a file, which should be 8 KB unless it is shorter.
    ///
    /// Without a byte order mark, a NUL makes it binary, and so does more than one control
    /// character in ten (escape sequences of a coloured log stay below that).
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        match head {
            // a UTF-32 mark begins like one of UTF-16
            [0xFF, 0xFE, 0, 0, ..] => Self::Binary,
            [0xFF, 0xFE, ..] => Self::Text(Charset::Utf16Le, 2),
            [0xFE, 0xFF, ..] => Self::Text(Charset::Utf16Be, 2),
            [0xEF, 0xBB, 0xBF, rest @ ..] if !is_binary(rest) => Self::Text(Charset::Utf8, 3),
            _ if is_binary(head) => Self::Binary,
            _ => Self::Text(Charset::Utf8, 0),
        }
    }
}

/// How characters are written as bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Charset {
    /// One to four bytes each.
    Utf8,
    /// Two or four bytes each, the low one first.
    Utf16Le,
    /// Two or four bytes each, the high one first.
    Utf16Be,
}

impl Charset {
    /// The name that an answer gives.
    #[must_use]
    pub const fn name(self, lossy: bool) -> &'static str {
        match (self, lossy) {
            (Self::Utf8, false) => "utf-8",
            (Self::Utf8, true) => "utf-8 (lossy)",
            (Self::Utf16Le, false) => "utf-16le",
            (Self::Utf16Le, true) => "utf-16le (lossy)",
            (Self::Utf16Be, false) => "utf-16be",
            (Self::Utf16Be, true) => "utf-16be (lossy)",
        }
    }

    /// How many line ends there are in `block`, which begins at a character.
    #[must_use]
    pub fn newlines(self, block: &[u8]) -> u64 {
        match self {
            // the inner sum fits a byte, so that the compiler counts many at a time
            Self::Utf8 => block
                .chunks(255)
                .map(|part| u64::from(part.iter().fold(0_u8, |n, &b| n + u8::from(b == b'\n'))))
                .sum(),
            Self::Utf16Le | Self::Utf16Be => {
                let units = block.chunks_exact(2);
                units.filter(|unit| self.is_newline(unit)).count() as u64
            }
        }
    }

    /// Where in `block`, which begins at a character, the first line ends: behind its newline.
    #[must_use]
    pub fn line_end(self, block: &[u8]) -> Option<usize> {
        match self {
            Self::Utf8 => memchr::memchr(b'\n', block).map(|at| at + 1),
            Self::Utf16Le | Self::Utf16Be => block
                .chunks_exact(2)
                .position(|unit| self.is_newline(unit))
                .map(|at| 2 * at + 2),
        }
    }

    /// Where in `block`, which begins at a character, the last line begins: behind a newline.
    #[must_use]
    pub fn last_line(self, block: &[u8]) -> Option<usize> {
        match self {
            Self::Utf8 => memchr::memrchr(b'\n', block).map(|at| at + 1),
            Self::Utf16Le | Self::Utf16Be => block
                .chunks_exact(2)
                .rposition(|unit| self.is_newline(unit))
                .map(|at| 2 * at + 2),
        }
    }

    /// `line` without its line end, and whether that was LF, or CR and LF.
    #[must_use]
    pub fn without_end(self, line: &[u8]) -> (&[u8], Option<End>) {
        let strip = |bytes: &'_ [u8], end: u8| match self {
            Self::Utf8 => bytes.ends_with(&[end]).then_some(1),
            Self::Utf16Le => {
                (bytes.len().is_multiple_of(2) && bytes.ends_with(&[end, 0])).then_some(2)
            }
            Self::Utf16Be => {
                (bytes.len().is_multiple_of(2) && bytes.ends_with(&[0, end])).then_some(2)
            }
        };
        let cut = |bytes: usize| line.get(..line.len() - bytes).unwrap_or_default();
        let Some(unit) = strip(line, b'\n') else {
            return (line, None);
        };
        match strip(cut(unit), b'\r') {
            None => (cut(unit), Some(End::Lf)),
            Some(_) => (cut(2 * unit), Some(End::CrLf)),
        }
    }

    /// The last place at or before `at` in `bytes` where no character is cut.
    #[must_use]
    pub fn border(self, bytes: &[u8], at: usize) -> usize {
        match self {
            Self::Utf8 => (1..4)
                .filter_map(|back| at.checked_sub(back))
                .find(|&start| starts_utf8_beyond(bytes, start, at))
                .unwrap_or(at),
            Self::Utf16Le | Self::Utf16Be => {
                let at = at & !1;
                let before = at.checked_sub(2).and_then(|from| bytes.get(from..at));
                let after = bytes.get(at..at + 2);
                match (before.map(|b| self.unit(b)), after.map(|b| self.unit(b))) {
                    (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => at - 2,
                    _ => at,
                }
            }
        }
    }

    /// Makes a string of `bytes`, and says whether something was no text.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> (Cow<'_, str>, bool) {
        let encoding = match self {
            Self::Utf8 => UTF_8,
            Self::Utf16Le => UTF_16LE,
            Self::Utf16Be => UTF_16BE,
        };
        encoding.decode_without_bom_handling(bytes)
    }

    /// What turns it into UTF-8 piece by piece, if it is not that already.
    pub(super) fn decoder(self) -> Option<Decoder> {
        match self {
            Self::Utf8 => None,
            Self::Utf16Le => Some(UTF_16LE.new_decoder_without_bom_handling()),
            Self::Utf16Be => Some(UTF_16BE.new_decoder_without_bom_handling()),
        }
    }

    fn is_newline(self, unit: &[u8]) -> bool {
        self.unit(unit) == 0x0A
    }

    fn unit(self, bytes: &[u8]) -> u16 {
        match (self, bytes) {
            (Self::Utf16Be, &[high, low]) => u16::from_be_bytes([high, low]),
            (_, &[low, high]) => u16::from_le_bytes([low, high]),
            _ => 0,
        }
    }
}

/// How a line ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// With a line feed.
    Lf,
    /// With a carriage return before it.
    CrLf,
}

/// Whether `text` holds characters that could deceive whoever sees it on a screen: controls other
/// than tab and line end, direction overrides, and invisible characters (those that writing
/// systems need to join letters excepted).
#[must_use]
pub fn has_control(text: &str) -> bool {
    // the fast way out for plain ASCII; without branches, so that many are looked at at a time
    let plain = |b: u8| (b.wrapping_sub(0x20) < 0x5F) | (b == b'\t') | (b == b'\n') | (b == b'\r');
    let mut parts = text.as_bytes().chunks(256);
    if parts.all(|part| part.iter().fold(true, |all, &b| all & plain(b))) {
        return false;
    }
    text.chars().any(|c| {
        c.is_control() && !matches!(c, '\t' | '\n' | '\r')
            || matches!(
                c,
                '\u{61C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}'
                    | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
                    | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}'
            )
    })
}

/// Whether a valid character of `bytes` begins at `start` and ends behind `at`.
fn starts_utf8_beyond(bytes: &[u8], start: usize, at: usize) -> bool {
    let length = match bytes.get(start) {
        Some(0xC2..=0xDF) => 2,
        Some(0xE0..=0xEF) => 3,
        Some(0xF0..=0xF4) => 4,
        _ => return false,
    };
    let character = bytes.get(start..start + length);
    start + length > at && character.is_some_and(|c| std::str::from_utf8(c).is_ok())
}

fn is_binary(head: &[u8]) -> bool {
    // without branches and with sums that fit a byte: the compiler looks at many at a time, and
    // a search asks this of every file
    let odd = |b: u8| (b < 0x09) | (b == 0x0B) | (b.wrapping_sub(0x0E) < 0x12) | (b == 0x7F);
    let mut controls = 0;
    let mut least = u8::MAX;
    for part in head.chunks(255) {
        controls += usize::from(part.iter().fold(0_u8, |n, &b| n + u8::from(odd(b))));
        least = part.iter().fold(least, |least, &b| least.min(b));
    }
    least == 0 && !head.is_empty() || controls * 10 > head.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_byte_order_mark_says_what_follows() {
        assert_eq!(Form::of(b""), Form::Text(Charset::Utf8, 0));
        assert_eq!(Form::of(b"\xEF\xBB\xBFa"), Form::Text(Charset::Utf8, 3));
        assert_eq!(Form::of(b"\xFF\xFEa\0"), Form::Text(Charset::Utf16Le, 2));
        assert_eq!(Form::of(b"\xFE\xFF\0a"), Form::Text(Charset::Utf16Be, 2));
        assert_eq!(Form::of(b"\xFF\xFE\0\0a\0\0\0"), Form::Binary);
    }

    #[test]
    fn a_nul_or_many_controls_make_it_binary_and_a_coloured_log_does_not() {
        assert_eq!(Form::of(b"a\0b"), Form::Binary);
        assert_eq!(Form::of(b"\xEF\xBB\xBFa\0"), Form::Binary);
        assert_eq!(Form::of(b"\x01\x02\x03abc"), Form::Binary);
        let coloured = b"\x1b[31merror\x1b[0m: the thing did not work\n";
        assert_eq!(Form::of(coloured), Form::Text(Charset::Utf8, 0));
    }

    #[test]
    fn o4_what_deceives_a_reader_is_reported() {
        for deceit in [
            "\u{1b}[2J",
            "a\u{202E}b",
            "\u{7f}",
            "\u{9b}",
            "\u{E0041}",
            "\u{200B}",
        ] {
            assert!(has_control(deceit), "{deceit:?}");
        }
        for plain in ["a\r\n\tb", "é 日本 👩\u{200D}👧", "نص\u{200C}ی"] {
            assert!(!has_control(plain), "{plain:?}");
        }
    }

    #[test]
    fn a_lone_surrogate_is_declared() {
        let (text, lossy) = Charset::Utf16Le.decode(b"a\0\x00\xD8b\0");
        assert_eq!((text.as_ref(), lossy), ("a\u{FFFD}b", true));
        assert!(Charset::Utf16Be.decode(b"\0a\0").1);
    }

    proptest! {
        #[test]
        fn a_border_cuts_no_character(text in any::<String>(), at in 0_usize..64) {
            let at = at.min(text.len());
            let border = Charset::Utf8.border(text.as_bytes(), at);
            prop_assert!(text.is_char_boundary(border) && border <= at && at - border < 4);
        }

        #[test]
        fn a_border_cuts_no_surrogate_pair(text in any::<String>(), at in 0_usize..64) {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            let border = Charset::Utf16Be.border(&bytes, at.min(bytes.len()));
            let (left, right) = bytes.split_at(border);
            let joined = [left, right].map(|part| Charset::Utf16Be.decode(part));
            prop_assert!(joined.iter().all(|(_, lossy)| !lossy));
            prop_assert_eq!(format!("{}{}", joined[0].0, joined[1].0), text);
        }

        #[test]
        fn any_bytes_have_borders(bytes in any::<Vec<u8>>(), at in 0_usize..64) {
            for charset in [Charset::Utf8, Charset::Utf16Le, Charset::Utf16Be] {
                let at = at.min(bytes.len());
                let border = charset.border(&bytes, at);
                prop_assert!(border <= at && at - border < 4);
            }
        }

        #[test]
        fn newlines_are_counted_as_they_are_found(bytes in "[a\n\0]{0,600}") {
            for charset in [Charset::Utf8, Charset::Utf16Le, Charset::Utf16Be] {
                let mut rest = bytes.as_bytes();
                let mut found = 0;
                while let Some(end) = charset.line_end(rest) {
                    found += 1;
                    rest = &rest[end..];
                }
                prop_assert_eq!(charset.newlines(bytes.as_bytes()), found);
                let last = charset.last_line(bytes.as_bytes());
                prop_assert_eq!(last.unwrap_or(0), bytes.len() - rest.len());
            }
        }
    }
}
