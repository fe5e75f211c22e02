//! Handles that cross the caller's hands: page cursors, bound to their principal and request.
//!
//! # Invariants
//!
//! - A handle opens only with the key it was made with, for the principal and the request it
//!   was made for, before it expires (MCP security best practices: possession is not
//!   authentication).
//! - What is wrong with a handle is not told.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;

use crate::error::Denial;
use crate::principal::Principal;

/// The key of one process.
pub struct Seal {
    key: [u8; 32],
    lifetime: TimeDelta,
}

impl Seal {
    /// Handles made with `key` are good for `lifetime`.
    #[must_use]
    pub const fn new(key: [u8; 32], lifetime: TimeDelta) -> Self {
        Self { key, lifetime }
    }

    /// Makes a handle.
    #[must_use]
    pub fn seal(
        &self,
        principal: &Principal,
        request: &impl Serialize,
        position: &impl Serialize,
        now: DateTime<Utc>,
    ) -> String {
        let expiry = (now + self.lifetime).timestamp();
        let mut bytes = expiry.to_be_bytes().to_vec();
        bytes.extend(serde_json::to_vec(position).unwrap_or_default());
        let tag = self.tag(principal, request, &bytes);
        bytes.extend(tag.finalize().into_bytes().iter().take(TAG));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Opens a handle.
    ///
    /// # Errors
    ///
    /// [`Denial::StaleCursor`], whatever is wrong with it.
    pub fn open<T: DeserializeOwned>(
        &self,
        principal: &Principal,
        request: &impl Serialize,
        cursor: &str,
        now: DateTime<Utc>,
    ) -> Result<T, Denial> {
        let opened = || {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
            let (body, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG)?)?;
            self.tag(principal, request, body)
                .verify_truncated_left(tag)
                .ok()?;
            let (expiry, position) = body.split_first_chunk()?;
            let alive = now.timestamp() < i64::from_be_bytes(*expiry);
            if alive {
                serde_json::from_slice(position).ok()
            } else {
                None
            }
        };
        opened().ok_or(Denial::StaleCursor)
    }

    fn tag(&self, principal: &Principal, request: &impl Serialize, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = keyed(&self.key);
        let request = serde_json::to_vec(request).unwrap_or_default();
        for part in [
            principal.issuer().as_bytes(),
            principal.subject().as_bytes(),
            &request,
            body,
        ] {
            // lengths first, so that no two lists of parts read the same
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal")
    }
}

pub(crate) fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    KeyInit::new(&block)
}

/// 128 bits of the tag are kept.
const TAG: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn who(subject: &str) -> Principal {
        Principal::new("local", subject).unwrap()
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn seal() -> Seal {
        Seal::new([7; 32], TimeDelta::seconds(600))
    }

    fn open(subject: &str, request: &str, cursor: &str, second: i64) -> Result<String, Denial> {
        seal().open(&who(subject), &request, cursor, at(second))
    }

    #[test]
    fn i9_a_handle_opens_for_its_principal_its_request_and_its_time_only() {
        let cursor = seal().seal(&who("ada"), &"list", &"docs/a.md", at(1000));
        assert_eq!(open("ada", "list", &cursor, 1599).unwrap(), "docs/a.md");
        assert!(open("bob", "list", &cursor, 1599).is_err());
        assert!(open("ada", "find", &cursor, 1599).is_err());
        assert!(open("ada", "list", &cursor, 1600).is_err());
        let other = Seal::new([8; 32], TimeDelta::seconds(600));
        let opened: Result<String, _> = other.open(&who("ada"), &"list", &cursor, at(1000));
        assert!(opened.is_err());
    }

    proptest! {
        #[test]
        fn i9_no_flipped_bit_and_no_invented_handle_opens(bit in 0_usize..300, noise in "[A-Za-z0-9_-]{0,60}") {
            let cursor = seal().seal(&who("ada"), &"list", &"docs/a.md", at(1000));
            let mut bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
            let bit = bit % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(open("ada", "list", &URL_SAFE_NO_PAD.encode(bytes), 1000).is_err());
            prop_assert!(open("ada", "list", &noise, 1000).is_err());
        }
    }
}
