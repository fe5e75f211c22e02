//! Stands in for a value that may be compared and not known: the mask `hash`.
//!
//! # Invariants
//!
//! - Without the key nobody can try values out; the key is bound, never part of a statement.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;
use sha2::Digest;
use sha2::Sha256;

use super::values::hex;

/// The name of the function: `keyhole_hash(key, value)`, 16 hex digits, null for null.
pub(super) const NAME: &str = "keyhole_hash";

/// Gives `db` the function.
pub(super) fn add_to(db: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    db.create_scalar_function(NAME, 2, flags, |arguments| {
        Ok(hashed(arguments.get_raw(0), arguments.get_raw(1)))
    })
}

fn hashed(key: ValueRef<'_>, value: ValueRef<'_>) -> Option<String> {
    let key = Sha256::digest(bytes(key)?);
    let value = bytes(value)?;
    // twice, so that nobody can append to a value
    let inner = Sha256::new_with_prefix(key)
        .chain_update(b"value")
        .chain_update(value);
    let outer = Sha256::new_with_prefix(key)
        .chain_update(b"mask")
        .chain_update(inner.finalize());
    let digits = outer.finalize().into_iter().take(8).flat_map(hex);
    Some(digits.collect())
}

/// Equal for what SQLite thinks equal: an integer and a real of one value are, and both zeros.
fn bytes(value: ValueRef<'_>) -> Option<Vec<u8>> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(integer) => Some(tagged(b'n', integer.to_string().as_bytes())),
        ValueRef::Real(real) => Some(tagged(b'n', (real + 0.0).to_string().as_bytes())),
        ValueRef::Text(text) => Some(tagged(b't', text)),
        ValueRef::Blob(blob) => Some(tagged(b'b', blob)),
    }
}

fn tagged(tag: u8, bytes: &[u8]) -> Vec<u8> {
    let mut tagged = Vec::with_capacity(1 + bytes.len());
    tagged.push(tag);
    tagged.extend_from_slice(bytes);
    tagged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(key: &str, value: ValueRef<'_>) -> Option<String> {
        hashed(ValueRef::Text(key.as_bytes()), value)
    }

    #[test]
    fn equal_values_have_equal_masks_under_one_key_only() {
        let text = ValueRef::Text(b"ada@example.com");
        let mask = of("k", text).unwrap();
        assert_eq!(mask.len(), 16);
        assert!(mask.bytes().all(|digit| digit.is_ascii_hexdigit()));
        assert_eq!(of("k", text), Some(mask.clone()));
        assert_ne!(of("l", text), Some(mask.clone()));
        assert_ne!(of("k", ValueRef::Blob(b"ada@example.com")), Some(mask));
        assert_eq!(of("k", ValueRef::Integer(7)), of("k", ValueRef::Real(7.0)));
    }

    #[test]
    fn there_is_no_mask_of_null_and_none_without_a_key() {
        assert_eq!(of("k", ValueRef::Null), None);
        assert_eq!(hashed(ValueRef::Null, ValueRef::Integer(1)), None);
    }
}
