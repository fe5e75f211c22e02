//! The secret itself.
//!
//! # Invariants
//!
//! - Its text is in one place of memory, which is wiped when it goes: it is built at its final
//!   size, because growing or shrinking a `String` leaves a copy behind.
//! - [`Secret::show_to`] is the one way in.

use std::fmt;

use secrecy::ExposeSecret;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::Trouble;

/// A password, a token, a key. Not empty, at most 64 KiB, no NUL.
pub struct Secret(SecretString);

/// How long a secret is, roughly: enough to see that a wrong or cut-off one was fetched.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LengthClass {
    /// 1 to 15 bytes.
    Short,
    /// 16 to 31 bytes.
    Middling,
    /// 32 bytes or more.
    Long,
}

impl Secret {
    /// A secret of these bytes, which are wiped. One newline at the end is not part of it.
    ///
    /// # Errors
    ///
    /// If it is empty, larger than 64 KiB, not UTF-8, or holds a NUL.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, Trouble> {
        let bytes = Zeroizing::new(bytes.into());
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        let line = match line.len() {
            whole if whole == bytes.len() => line,
            _ => line.strip_suffix(b"\r").unwrap_or(line),
        };
        if line.len() > MAX_BYTES {
            return Err(Trouble::TooLarge(MAX_BYTES));
        }
        if line.contains(&0) {
            return Err(Trouble::Nul);
        }
        // The error of this tells where, not what; it is dropped all the same.
        let text = std::str::from_utf8(line).map_err(|_| Trouble::NotText)?;
        if text.is_empty() {
            return Err(Trouble::Empty);
        }
        Ok(Self(SecretString::from(text)))
    }

    /// Shows the secret to `login`, and to nobody else.
    pub fn show_to<T>(&self, login: impl FnOnce(&str) -> T) -> T {
        login(self.0.expose_secret())
    }

    /// Whether both are the same text. Takes as long for a text that differs early as for one
    /// that differs late.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.show_to(|one| {
            other.show_to(|other| {
                let pairs = one.bytes().zip(other.bytes());
                let differing = pairs.fold(0, |all, (a, b)| all | (a ^ b));
                one.len() == other.len() && differing == 0
            })
        })
    }

    /// How long it is, roughly.
    #[must_use]
    pub fn length_class(&self) -> LengthClass {
        match self.show_to(str::len) {
            0..16 => LengthClass::Short,
            16..32 => LengthClass::Middling,
            _ => LengthClass::Long,
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl fmt::Display for LengthClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Short => "1-15 bytes",
            Self::Middling => "16-31 bytes",
            Self::Long => "32+ bytes",
        })
    }
}

/// More than any secret: a private key has 2 to 12 KiB.
pub(super) const MAX_BYTES: usize = 64 << 10;
