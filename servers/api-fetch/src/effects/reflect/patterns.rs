//! Writes secrets in the ways that leave no escape sign behind.
//!
//! # Invariants
//!
//! - All of it is in memory that is wiped when it goes, and that never grows: growing leaves
//!   copies behind.

use base64::Engine;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guard::secret::Secret;
use zeroize::Zeroizing;

/// The texts to look for, with ASCII letters in lower case, one behind the other.
pub(super) struct Patterns {
    bytes: Zeroizing<Vec<u8>>,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Patterns {
    /// All ways of writing `secrets`.
    pub(super) fn of<'a>(secrets: impl Iterator<Item = &'a Secret> + Clone) -> Self {
        let most = |secret: &Secret| secret.show_to(|text| EACH * (text.len() + SPARE));
        let room = secrets.clone().map(most).sum();
        let mut all = Self {
            bytes: Zeroizing::new(Vec::with_capacity(room)),
            ends: Vec::new(),
        };
        for secret in secrets {
            secret.show_to(|text| all.add(text.as_bytes()));
        }
        debug_assert!(all.bytes.len() <= room, "the patterns outgrew their room");
        all
    }

    /// Each of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len()).filter_map(|number| self.at(number))
    }

    /// The one of this number.
    pub(super) fn at(&self, number: usize) -> Option<&[u8]> {
        let end = *self.ends.get(number)?;
        let before = number.checked_sub(1).and_then(|it| self.ends.get(it));
        self.bytes.get(before.copied().unwrap_or(0)..end)
    }

    fn add(&mut self, secret: &[u8]) {
        self.push(secret.iter().copied());
        if secret.contains(&b' ') {
            // as forms write it
            let plus = |byte: &u8| if *byte == b' ' { b'+' } else { *byte };
            self.push(secret.iter().map(plus));
        }
        self.push(secret.iter().flat_map(hex));
        for before in 0..ALIGNMENTS {
            let standard = aligned(&STANDARD_NO_PAD, before, secret);
            let url_safe = aligned(&URL_SAFE_NO_PAD, before, secret);
            if url_safe != standard {
                self.push(url_safe.iter().copied());
            }
            self.push(standard.iter().copied());
        }
    }

    fn push(&mut self, text: impl Iterator<Item = u8>) {
        self.bytes
            .extend(text.map(|byte| byte.to_ascii_lowercase()));
        self.ends.push(self.bytes.len());
    }
}

/// The characters that stand for `secret` and nothing else, `before` bytes into a group of three.
fn aligned(engine: &GeneralPurpose, before: usize, secret: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(before + secret.len()));
    bytes.resize(before, 0);
    bytes.extend_from_slice(secret);
    let mut text = Zeroizing::new(vec![0; bytes.len().div_ceil(3) * 4]);
    // there is room for it
    let written = engine.encode_slice(&bytes, &mut text).unwrap_or(0);
    let last = (bytes.len() * 8 / 6).min(written);
    text.truncate(last);
    text.drain(..(before * 8).div_ceil(6).min(last));
    text
}

/// In lower case; the search makes no difference.
fn hex(byte: &u8) -> [u8; 2] {
    [byte >> 4, byte & 15].map(|nibble| match nibble {
        0..=9 => b'0' + nibble,
        _ => b'a' + nibble - 10,
    })
}

/// Where a group of three bytes may begin.
const ALIGNMENTS: usize = 3;
/// For each byte of a secret: itself twice, two digits, and 4/3 characters six times.
const EACH: usize = 12;
/// For what is rounded up.
const SPARE: usize = 4;
