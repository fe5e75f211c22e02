//! Undoes the ways of escaping that a text may be in.
//!
//! Broken escapes stay as they are. What is undone is not read again: a text that is escaped in
//! two ways is read in each of them.

use memchr::memchr;

/// A way of escaping.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Escape {
    /// `%41`.
    Percent,
    /// `\u0041`, `\"`, and `\x41` as some languages print it.
    Backslash,
    /// `&#65;`, `&#x41;`, `&amp;`.
    Entity,
}

impl Escape {
    pub(super) const ALL: [Self; 3] = [Self::Percent, Self::Backslash, Self::Entity];

    /// What every escape of this way begins with.
    const fn sign(self) -> u8 {
        match self {
            Self::Percent => b'%',
            Self::Backslash => b'\\',
            Self::Entity => b'&',
        }
    }

    /// Whether there may be such an escape in `text`.
    pub(super) fn is_in(self, text: &[u8]) -> bool {
        memchr(self.sign(), text).is_some()
    }

    /// Gives `text` without its escapes to `into`, piece by piece.
    pub(super) fn resolve(self, text: &[u8], mut into: impl FnMut(&[u8])) {
        let mut rest = text;
        while let Some(at) = memchr(self.sign(), rest) {
            let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, &[]));
            into(plain);
            let mut bytes = [0; 4];
            let sign = [self.sign()];
            let (read, meant) = self.one(escape, &mut bytes).unwrap_or((1, &sign));
            into(meant);
            rest = escape.get(read..).unwrap_or_default();
        }
        into(rest);
    }

    /// How long the escape at the beginning of `text` is, and what it means.
    fn one<'a>(self, text: &[u8], bytes: &'a mut [u8; 4]) -> Option<(usize, &'a [u8])> {
        let (read, meant) = match self {
            Self::Percent => {
                let byte = number(text.get(1..3)?, 16)?;
                return Some((3, one_byte(byte, bytes)?));
            }
            Self::Backslash => backslash(text)?,
            Self::Entity => entity(text)?,
        };
        Some((read, meant.encode_utf8(bytes).as_bytes()))
    }
}

fn backslash(text: &[u8]) -> Option<(usize, char)> {
    let meant = match *text.get(1)? {
        b'u' if text.get(2) == Some(&b'{') => {
            let digits = text.get(3..)?.iter().take(6);
            let digits = digits.take_while(|byte| byte.is_ascii_hexdigit()).count();
            let end = 3 + digits;
            (text.get(end) == Some(&b'}')).then_some(())?;
            return Some((end + 1, char::from_u32(number(text.get(3..end)?, 16)?)?));
        }
        b'u' => {
            let high = number(text.get(2..6)?, 16)?;
            if let Some(meant) = char::from_u32(high) {
                return Some((6, meant));
            }
            // a pair that stands for one character
            let low = text.get(6..12)?.strip_prefix(b"\\u")?;
            let pair = [
                u16::try_from(high).ok()?,
                u16::try_from(number(low, 16)?).ok()?,
            ];
            return Some((12, char::decode_utf16(pair).next()?.ok()?));
        }
        b'x' => return Some((4, char::from_u32(number(text.get(2..4)?, 16)?)?)),
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        sign if sign.is_ascii_punctuation() => char::from(sign),
        _ => return None,
    };
    Some((2, meant))
}

fn entity(text: &[u8]) -> Option<(usize, char)> {
    let after = text.get(1..)?;
    let (skipped, digits, radix) = match *after {
        [b'#', b'x' | b'X', ref digits @ ..] => (3, digits, 16),
        [b'#', ref digits @ ..] => (2, digits, 10),
        _ => return named(after),
    };
    // leading zeros are legal, and there may be any number of them
    let zeros = digits
        .iter()
        .take(PADDING)
        .take_while(|byte| **byte == b'0')
        .count();
    let digits = digits.get(zeros..)?;
    let is_digit = |byte: &&u8| char::from(**byte).is_digit(radix);
    let count = digits.iter().take(7).take_while(is_digit).count();
    let meant = char::from_u32(number(digits.get(..count)?, radix)?)?;
    let closed = usize::from(digits.get(count) == Some(&b';'));
    Some((skipped + zeros + count + closed, meant))
}

fn named(after: &[u8]) -> Option<(usize, char)> {
    let length = after.iter().take(LONGEST).position(|byte| *byte == b';')?;
    let name = after.get(..length)?;
    let known = NAMES.iter().find(|(known, _)| known.as_bytes() == name);
    known.map(|(_, meant)| (length + 2, *meant))
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let fine = digits.iter().all(|byte| char::from(*byte).is_digit(radix));
    let text = std::str::from_utf8(digits).ok().filter(|_| fine)?;
    u32::from_str_radix(text, radix).ok()
}

fn one_byte(byte: u32, bytes: &mut [u8; 4]) -> Option<&[u8]> {
    let [first, ..] = bytes;
    *first = u8::try_from(byte).ok()?;
    bytes.get(..1)
}

const PADDING: usize = 64;
const LONGEST: usize = 14;

/// The names that HTML has for signs of ASCII.
const NAMES: &[(&str, char)] = &[
    ("amp", '&'),
    ("AMP", '&'),
    ("lt", '<'),
    ("LT", '<'),
    ("gt", '>'),
    ("GT", '>'),
    ("quot", '"'),
    ("QUOT", '"'),
    ("apos", '\''),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("midast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("UnderBar", '_'),
    ("grave", '`'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("verbar", '|'),
    ("vert", '|'),
    ("VerticalLine", '|'),
    ("rcub", '}'),
    ("rbrace", '}'),
    ("nbsp", '\u{a0}'),
    ("Tab", '\t'),
    ("NewLine", '\n'),
];
