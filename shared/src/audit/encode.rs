//! Writes the fields of a line: ASCII, one line, bounded, in the order they are given.
//!
//! # Invariants
//!
//! - Whatever text comes in, only printable ASCII comes out, and no unescaped `"` (property test).
//! - A text is at most its bound long before escaping; what is cut says so.
//! - All fields together stay below [`MAX_BODY`]; what did not fit is left out whole and said by
//!   `"truncated":true`.

use chrono::DateTime;
use chrono::Datelike;
use chrono::Timelike;
use chrono::Utc;
use uuid::Uuid;

use super::chain::push_hex;

/// The fields of one line, without its `v`, `t`, `seq`, `prev` and `hash`.
#[derive(Debug)]
pub(super) struct Fields {
    bytes: Vec<u8>,
    truncated: bool,
}

impl Fields {
    /// No fields yet.
    pub(super) fn new() -> Self {
        Self {
            bytes: Vec::with_capacity(USUAL),
            truncated: false,
        }
    }

    /// The bytes, each field with a comma before it.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.truncated {
            self.flag("truncated", true);
        }
        self.bytes
    }

    /// Fields that were encoded before.
    pub(super) fn ready_made(&mut self, fields: &[u8]) {
        self.bytes.extend_from_slice(fields);
    }

    /// A word of ours: short, plain, never cut.
    pub(super) fn word(&mut self, key: &str, word: &'static str) {
        self.key(key);
        push_quoted(&mut self.bytes, word, MAX_TEXT);
    }

    /// A text from anywhere, bounded.
    pub(super) fn text(&mut self, key: &str, text: Option<&str>) {
        self.bounded(key, text, MAX_TEXT);
    }

    /// An address from anywhere, bounded.
    pub(super) fn address(&mut self, key: &str, text: Option<&str>) {
        self.bounded(key, text, MAX_ADDRESS);
    }

    /// A list of texts; the bound is on each, and on how many.
    pub(super) fn list<T: AsRef<str>>(&mut self, key: &str, texts: &[T]) {
        if texts.is_empty() {
            return;
        }
        let start = self.bytes.len();
        self.key(key);
        self.bytes.push(b'[');
        for (index, text) in texts.iter().take(MAX_ITEMS).enumerate() {
            if index > 0 {
                self.bytes.push(b',');
            }
            push_quoted(&mut self.bytes, text.as_ref(), MAX_TEXT);
        }
        self.bytes.push(b']');
        self.truncated |= texts.len() > MAX_ITEMS;
        self.keep_if_it_fits(start);
    }

    /// A number.
    pub(super) fn number(&mut self, key: &str, number: u64) {
        self.key(key);
        push_number(&mut self.bytes, number);
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, key: &str, flag: bool) {
        self.key(key);
        self.bytes
            .extend_from_slice(if flag { b"true" } else { b"false" });
    }

    /// A UUID.
    pub(super) fn uuid(&mut self, key: &str, id: Uuid) {
        self.key(key);
        self.bytes.push(b'"');
        let mut text = Uuid::encode_buffer();
        let text = id.hyphenated().encode_lower(&mut text);
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(b'"');
    }

    /// A time, to the microsecond.
    pub(super) fn time(&mut self, key: &str, time: DateTime<Utc>) {
        self.key(key);
        self.bytes.push(b'"');
        let year = u32::try_from(time.year()).unwrap_or_default();
        push_digits(&mut self.bytes, year, 4);
        for (mark, part) in [
            (b'-', time.month()),
            (b'-', time.day()),
            (b'T', time.hour()),
            (b':', time.minute()),
            (b':', time.second()),
        ] {
            self.bytes.push(mark);
            push_digits(&mut self.bytes, part, 2);
        }
        self.bytes.push(b'.');
        // a leap second counts beyond 1,000,000 in chrono
        push_digits(&mut self.bytes, (time.nanosecond() / 1000).min(999_999), 6);
        self.bytes.extend_from_slice(b"Z\"");
    }

    /// Says that something was left out.
    pub(super) fn truncate(&mut self) {
        self.truncated = true;
    }

    fn bounded(&mut self, key: &str, text: Option<&str>, bound: usize) {
        let Some(text) = text else { return };
        let start = self.bytes.len();
        self.key(key);
        push_quoted(&mut self.bytes, text, bound);
        self.keep_if_it_fits(start);
    }

    fn keep_if_it_fits(&mut self, start: usize) {
        if self.bytes.len() > MAX_BODY - RESERVED {
            self.bytes.truncate(start);
            self.truncated = true;
        }
    }

    fn key(&mut self, key: &str) {
        debug_assert!(is_plain(key), "a key is a word of ours");
        self.bytes.extend_from_slice(b",\"");
        self.bytes.extend_from_slice(key.as_bytes());
        self.bytes.extend_from_slice(b"\":");
    }
}

/// Whether a text needs no escapes.
pub(super) fn is_plain(text: &str) -> bool {
    // without branches, so that many bytes are looked at at a time
    let plain = |b: u8| (b.wrapping_sub(b' ') < 0x5F) & (b != b'"') & (b != b'\\');
    text.bytes().fold(true, |all, b| all & plain(b))
}

/// Appends `number` in decimal.
pub(super) fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let start = out.len();
    loop {
        out.push(decimal(number % 10));
        number /= 10;
        if number == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

fn push_digits(out: &mut Vec<u8>, number: u32, width: u32) {
    for place in (0..width).rev() {
        out.push(decimal(u64::from(number / 10_u32.pow(place) % 10)));
    }
}

fn decimal(digit: u64) -> u8 {
    b'0' + u8::try_from(digit).unwrap_or_default()
}

/// Appends `text` as a JSON string of at most `bound` bytes before escaping.
fn push_quoted(out: &mut Vec<u8>, text: &str, bound: usize) {
    let kept = boundary(text, bound);
    out.push(b'"');
    if kept == text.len() && is_plain(text) {
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    let mut plain = 0;
    for (at, letter) in text.char_indices().take_while(|&(at, _)| at < kept) {
        if matches!(letter, ' '..='~') && letter != '"' && letter != '\\' {
            continue;
        }
        out.extend_from_slice(text.as_bytes().get(plain..at).unwrap_or_default());
        plain = at + letter.len_utf8();
        push_escaped(out, letter);
    }
    out.extend_from_slice(text.as_bytes().get(plain..kept).unwrap_or_default());
    if kept < text.len() {
        push_escaped(out, '\u{2026}');
        out.push(b'+');
        push_number(out, (text.len() - kept) as u64);
    }
    out.push(b'"');
}

/// The longest part of `text` of at most `bound` bytes that ends between letters.
fn boundary(text: &str, bound: usize) -> usize {
    if text.len() <= bound {
        return text.len();
    }
    let mut places = (0..=bound).rev();
    places
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or_default()
}

fn push_escaped(out: &mut Vec<u8>, letter: char) {
    if letter == '"' || letter == '\\' {
        out.extend_from_slice(if letter == '"' { b"\\\"" } else { b"\\\\" });
        return;
    }
    for unit in letter.encode_utf16(&mut [0; 2]) {
        out.extend_from_slice(b"\\u");
        push_hex(out, &unit.to_be_bytes());
    }
}

/// The most that all fields of a line take.
pub(super) const MAX_BODY: usize = 16 * 1024;
/// The most that a line takes: its fields, its number and its hashes.
pub(super) const MAX_LINE: usize = MAX_BODY + 512;
/// The most bytes of a text.
const MAX_TEXT: usize = 256;
/// The most bytes of an address.
const MAX_ADDRESS: usize = 2048;
/// The most texts of a list.
const MAX_ITEMS: usize = 16;
/// Room that texts leave to what is always written: words, numbers, the figures.
const RESERVED: usize = 6 * 1024;
/// What most records need, and what the allocator has at hand.
const USUAL: usize = 960;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn quoted(text: &str, bound: usize) -> String {
        let mut out = Vec::new();
        push_quoted(&mut out, text, bound);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn l5_what_a_terminal_or_a_parser_could_take_amiss_is_escaped() {
        let hostile = "\r\n\u{2028}\u{202e}\u{1b}[31m\0\u{7f}\"\\é😀";
        let plain = "\"\\u000d\\u000a\\u2028\\u202e\\u001b[31m\\u0000\\u007f\\\"\\\\\\u00e9\\ud83d\\ude00\"";
        assert_eq!(quoted(hostile, 256), plain);
    }

    #[test]
    fn a_cut_text_says_how_much_is_missing_and_is_cut_between_letters() {
        assert_eq!(quoted("abcé", 4), "\"abc\\u2026+2\"");
        assert_eq!(quoted("abcd", 4), "\"abcd\"");
        let long = quoted(&"a".repeat(1 << 20), 256);
        assert!(long.len() < 300 && long.ends_with("\\u2026+1048320\""));
    }

    #[test]
    fn a_time_is_rfc_3339_in_utc() {
        for text in ["2026-01-02T03:04:05.000006Z", "1999-12-31T23:59:59.999999Z"] {
            let mut fields = Fields::new();
            fields.time("time", text.parse().unwrap());
            let found = String::from_utf8(fields.finish()).unwrap();
            assert_eq!(found, format!(",\"time\":\"{text}\""));
        }
    }

    proptest! {
        #[test]
        fn l5_every_text_comes_back_and_is_printable_ascii(text in "\\PC{0,40}|[\\x00-\\x{ffff}]{0,40}") {
            let json = quoted(&text, 4096);
            prop_assert!(json.bytes().all(|byte| matches!(byte, b' '..=b'~')));
            prop_assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), Value::from(text));
        }

        #[test]
        fn numbers_are_decimal(number: u64) {
            let mut out = Vec::new();
            push_number(&mut out, number);
            prop_assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
        }
    }
}
