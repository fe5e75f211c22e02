//! Writes a secret in the ways that leave no escape sign behind.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Adds all of them to `all`.
pub(super) fn of(secret: &[u8], all: &mut Vec<Vec<u8>>) {
    all.push(secret.to_vec());
    if secret.contains(&b' ') {
        // as forms write it
        let plus = |byte: &u8| if *byte == b' ' { b'+' } else { *byte };
        all.push(secret.iter().map(plus).collect());
    }
    all.push(hex(secret));
    for before in 0..3 {
        let standard = aligned(&STANDARD_NO_PAD, before, secret);
        let url_safe = aligned(&URL_SAFE_NO_PAD, before, secret);
        if url_safe != standard {
            all.push(url_safe);
        }
        all.push(standard);
    }
}

/// The characters that stand for `secret` and nothing else, `before` bytes into a group of three.
fn aligned(engine: &impl Engine, before: usize, secret: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(secret);
    let text = engine.encode(&bytes).into_bytes();
    let first = (before * 8).div_ceil(6);
    let last = bytes.len() * 8 / 6;
    text.get(first..last).unwrap_or_default().to_vec()
}

/// In lower case; the search makes no difference.
fn hex(secret: &[u8]) -> Vec<u8> {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).map_or(b'0', |c| c as u8);
    let pair = |byte: &u8| [digit(byte >> 4), digit(byte & 15)];
    secret.iter().flat_map(pair).collect()
}
