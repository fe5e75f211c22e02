//! How a path is written where people, models and URIs read it, and read back.
//!
//! # Invariants
//!
//! - A spelling is one line of visible characters: no control, bidi or zero-width character and
//!   no byte that is not UTF-8 passes unescaped, so a name can forge neither a line nor a name.
//! - [`unescape`] reads back what [`escape`] wrote, byte for byte (property test).

use std::fmt::Write;

use guard::text::is_unseen;

/// Appends `bytes` to `out`, spelled so that it fits in a line.
pub fn escape(out: &mut String, bytes: &[u8]) {
    if let Some(text) = plain_ascii(bytes) {
        return out.push_str(text);
    }
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '\0'..='\x1f' | '\x7f' => hex(out, c as u32),
                _ if is_unseen(c) => {
                    out.push_str("\\u{");
                    write_or_drop(out, format_args!("{:x}", c as u32));
                    out.push('}');
                }
                _ => out.push(c),
            }
        }
        for &byte in chunk.invalid() {
            hex(out, u32::from(byte));
        }
    }
}

/// Appends `text` to `out` as it is, but for what would end the line or redraw the screen.
pub fn plain(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\t' => out.push(c),
            '\0'..='\x1f' | '\x7f' => hex(out, c as u32),
            '\u{80}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => {
                write_or_drop(out, format_args!("\\u{{{:x}}}", c as u32));
            }
            _ => out.push(c),
        }
    }
}

/// The bytes that `text` spells, or nothing where a backslash begins no escape.
#[must_use]
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        if let Some(after) = escaped.strip_prefix('\\') {
            bytes.push(b'\\');
            rest = after;
        } else if let Some(after) = escaped.strip_prefix('x') {
            let (digits, after) = after.split_at_checked(2)?;
            bytes.push(u8::try_from(number(digits)?).ok()?);
            rest = after;
        } else {
            let (digits, after) = escaped.strip_prefix("u{")?.split_once('}')?;
            let c = char::from_u32(number(digits)?)?;
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            rest = after;
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(bytes)
}

/// Appends `bytes` to `out` as the path of a URI.
pub fn percent_encode(out: &mut String, bytes: &[u8]) {
    out.reserve(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write_or_drop(out, format_args!("%{byte:02X}"));
        }
    }
}

/// The bytes that a component of a URI stands for, or nothing where a `%` begins no escape.
#[must_use]
pub fn percent_decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escaped)) = rest.split_once('%') {
        bytes.extend_from_slice(plain.as_bytes());
        let (digits, after) = escaped.split_at_checked(2)?;
        bytes.push(u8::try_from(number(digits)?).ok()?);
        rest = after;
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(bytes)
}

/// `bytes` as a text, if all of it is visible ASCII and nothing an escape.
fn plain_ascii(bytes: &[u8]) -> Option<&str> {
    // without branches, so that many bytes are looked at at a time
    let plain = |b: u8| (b.wrapping_sub(b' ') < 0x5F) & (b != b'\\');
    let all = bytes.iter().fold(true, |all, &b| all & plain(b));
    std::str::from_utf8(bytes).ok().filter(|_| all)
}

fn hex(out: &mut String, value: u32) {
    write_or_drop(out, format_args!("\\x{value:02x}"));
}

fn number(digits: &str) -> Option<u32> {
    // `from_str_radix` would take a sign
    let plain = (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
    u32::from_str_radix(digits, 16).ok().filter(|_| plain)
}

fn write_or_drop(out: &mut String, text: std::fmt::Arguments<'_>) {
    // writing to a `String` cannot fail
    out.write_fmt(text).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(bytes: &[u8]) -> String {
        let mut out = String::new();
        escape(&mut out, bytes);
        out
    }

    #[test]
    fn o4_a_name_cannot_forge_a_line_or_hide() {
        assert_eq!(escaped(b"a\nb\x7f\x1b[2J"), "a\\x0ab\\x7f\\x1b[2J");
        assert_eq!(escaped("gpj\u{202e}.exe".as_bytes()), "gpj\\u{202e}.exe");
        assert_eq!(escaped("a\u{200b}\u{85}".as_bytes()), "a\\u{200b}\\u{85}");
        assert_eq!(escaped(b"caf\xe9 \\"), "caf\\xe9 \\\\");
        assert_eq!(escaped("議事録 é.txt".as_bytes()), "議事録 é.txt");
    }

    #[test]
    fn what_is_no_escape_is_refused() {
        for text in [
            "\\",
            "a\\",
            "\\x",
            "\\x4",
            "\\xg0",
            "\\x+1",
            "\\u",
            "\\u{}",
            "\\u{d800}",
            "\\u{+1}",
            "\\u{110000}",
            "\\u{1234567}",
            "\\u{41",
            "\\n",
        ] {
            assert_eq!(unescape(text), None, "{text}");
        }
        for text in ["%", "%4", "%zz", "a%", "%é"] {
            assert_eq!(percent_decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn o4_every_name_is_read_back_byte_for_byte(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let text = escaped(&bytes);
            prop_assert_eq!(unescape(&text), Some(bytes.clone()));
            prop_assert!(!text.chars().any(|c| c.is_control() || is_unseen(c)));
            let mut uri = String::new();
            percent_encode(&mut uri, &bytes);
            prop_assert_eq!(percent_decode(&uri), Some(bytes));
            prop_assert!(uri.bytes().all(|b| b.is_ascii_graphic()));
        }

        #[test]
        fn names_of_odd_characters_are_read_back(name in "\\PC{0,8}[\u{200b}-\u{206f}]{0,3}\\\\?") {
            prop_assert_eq!(unescape(&escaped(name.as_bytes())), Some(name.into_bytes()));
        }
    }
}
