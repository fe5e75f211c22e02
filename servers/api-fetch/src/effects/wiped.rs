//! Texts that carry a secret into a request, wiped when the last who holds them lets go.
//!
//! A header or an address made here is a view of this memory, and so are its clones: none is a
//! copy. What cannot be reached from here is what takes them on: hyper writes the head of a request
//! into a buffer of its connection, which the next request overwrites and which is freed as it is
//! when the connection ends; rustls and the kernel have buffers of their own for what is on its way.
//!
//! # Invariants
//!
//! - The text is built at its final size: what grows leaves copies behind.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use zeroize::Zeroizing;

/// A text that is wiped.
pub(super) struct Wiped(Zeroizing<Vec<u8>>);

impl Wiped {
    /// `parts`, one behind the other.
    pub(super) fn of(parts: &[&str]) -> Self {
        let size = parts.iter().map(|part| part.len()).sum();
        let mut text = Zeroizing::new(Vec::with_capacity(size));
        for part in parts {
            text.extend_from_slice(part.as_bytes());
        }
        Self(text)
    }

    /// `before`, and `parts` in base64 behind it.
    pub(super) fn base64(before: &str, parts: &[&str]) -> Self {
        let plain = Self::of(parts);
        let size = plain.0.len().div_ceil(3) * 4;
        let mut text = Zeroizing::new(vec![0; before.len() + size]);
        if let Some((begin, encoded)) = text.split_at_mut_checked(before.len()) {
            begin.copy_from_slice(before.as_bytes());
            // there is room for exactly it
            let _written = STANDARD.encode_slice(&plain.0, encoded);
        }
        Self(text)
    }

    /// It as the value of a header that no `Debug` prints. None if a header cannot hold it.
    pub(super) fn header(self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_maybe_shared(self.bytes()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// It as the target of a request, if it is one and means what it says.
    pub(super) fn target(self) -> Option<Uri> {
        let text = self.bytes();
        let uri = Uri::from_maybe_shared(text.clone()).ok()?;
        let read = uri.path_and_query()?;
        let same = read.as_str().as_bytes() == text;
        (same && uri.authority().is_none() && uri.scheme().is_none()).then_some(uri)
    }

    /// It as the body of a request.
    pub(super) fn bytes(self) -> Bytes {
        Bytes::from_owner(self.0)
    }
}

/// Says nothing of what it holds.
impl std::fmt::Debug for Wiped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wiped")
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::memory;
    use super::*;

    #[test]
    fn a_text_is_put_together_as_it_should_be() {
        let value = |wiped: Wiped| wiped.header().unwrap().as_bytes().to_vec();
        assert_eq!(value(Wiped::of(&["Bearer ", "abc"])), b"Bearer abc");
        assert_eq!(
            value(Wiped::base64("Basic ", &["a", ":", "b"])),
            b"Basic YTpi"
        );
        assert_eq!(value(Wiped::base64("", &["ab"])), b"YWI=");
        assert!(Wiped::of(&["a\nb"]).header().is_none());
        let target = Wiped::of(&["/a", "?", "b=c"]).target().unwrap();
        assert_eq!((target.path(), target.query()), ("/a", Some("b=c")));
        for odd in [
            "",
            "a",
            "//evil.example/a",
            "/a#b",
            "http://evil.example/a",
            "/a b",
        ] {
            let read = Wiped::of(&[odd]).target();
            assert!(read.is_none_or(|uri| uri.authority().is_none() && odd.starts_with("//")));
        }
    }

    #[test]
    fn o4_a_header_is_wiped_with_its_last_clone_and_never_copied() {
        let secret: String = ('a'..='z').chain('A'..='Z').collect();
        for wiped in [
            Wiped::of(&["Bearer ", &secret]),
            Wiped::base64("Basic ", &["ada:", &secret]),
        ] {
            let place = (wiped.0.as_ptr().addr(), wiped.0.len());
            let value = wiped.header().unwrap();
            let clone = value.clone();
            assert_eq!(clone.as_bytes().as_ptr().addr(), place.0);
            drop(value);
            assert_eq!(memory(place), clone.as_bytes());
            let was = clone.as_bytes().to_vec();
            drop(clone);
            // the allocator writes into what is free; it does not write what was there
            let left = memory(place);
            assert!(left.iter().zip(&was).filter(|(a, b)| a == b).count() < 16);
        }
    }

    #[test]
    fn o4_a_target_is_wiped_with_the_request() {
        let secret: String = ('a'..='z').chain('A'..='Z').collect();
        let wiped = Wiped::of(&["/a?key=", &secret]);
        let place = (wiped.0.as_ptr().addr(), wiped.0.len());
        let target = wiped.target().unwrap();
        assert_eq!(target.path().as_ptr().addr(), place.0);
        drop(target);
        let text = String::from_utf8_lossy(&memory(place)).into_owned();
        assert!(
            !text.contains("uvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
            "{text:?}"
        );
    }
}
