//! Bytes that are wiped when they go, also while they grow.
//!
//! # Invariants
//!
//! - Growing moves to a new allocation and wipes the old one: a plain `Vec` would free it as it is.
//! - It is wiped up to its capacity, not only its length.

use std::ops::Deref;

use secrecy::zeroize::Zeroizing;

/// Bytes that may be a secret.
#[derive(Default)]
pub(super) struct Buffer(Zeroizing<Vec<u8>>);

impl Buffer {
    pub(super) fn with_capacity(size: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(size)))
    }

    pub(super) fn push(&mut self, more: &[u8]) {
        let size = self.0.len().saturating_add(more.len());
        if size > self.0.capacity() {
            let roomy = size.max(self.0.capacity().saturating_mul(2)).max(SMALLEST);
            let mut grown = Zeroizing::new(Vec::with_capacity(roomy));
            grown.extend_from_slice(&self.0);
            // the old one is wiped here
            self.0 = grown;
        }
        self.0.extend_from_slice(more);
    }

    pub(super) fn push_char(&mut self, c: char) {
        let mut bytes = Zeroizing::new([0; 4]);
        self.push(c.encode_utf8(&mut *bytes).as_bytes());
    }

    /// The bytes, to be wiped by who takes them.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        std::mem::take(&mut *self.0)
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Buffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Buffer")
    }
}

const SMALLEST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_there_in_order_however_it_grew() {
        let mut buffer = Buffer::default();
        let mut expected = Vec::new();
        for size in 0..200_u8 {
            let more = vec![size; usize::from(size)];
            buffer.push(&more);
            expected.extend(more);
        }
        buffer.push_char('ü');
        expected.extend("ü".bytes());
        assert_eq!(&*buffer, expected);
        assert_eq!(buffer.into_bytes(), expected);
    }

    #[test]
    fn debug_says_nothing_of_the_bytes() {
        let mut buffer = Buffer::default();
        buffer.push(b"hunter2");
        assert_eq!(format!("{buffer:?}"), "Buffer");
    }
}
