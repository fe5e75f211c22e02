//! Who asks.

use std::fmt;

/// An identity: an issuer and a subject, the way a token names them.
///
/// Over stdio the issuer is `local` and the subject is the configured one or the user that the
/// operating system says this process runs as. The default is nobody.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Principal {
    issuer: String,
    subject: String,
}

/// Why a text is not the name of a principal.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("an issuer or subject is 1 to 256 bytes without control characters")]
pub struct InvalidPrincipal;

impl Principal {
    /// The issuer of local identities.
    pub const LOCAL: &'static str = "local";

    /// A principal of the given names.
    ///
    /// # Errors
    ///
    /// [`InvalidPrincipal`] if one is empty, longer than 256 bytes or holds control characters.
    pub fn new(
        issuer: impl Into<String>,
        subject: impl Into<String>,
    ) -> Result<Self, InvalidPrincipal> {
        let (issuer, subject) = (issuer.into(), subject.into());
        let fine =
            |text: &str| (1..=256).contains(&text.len()) && !text.chars().any(char::is_control);
        if fine(&issuer) && fine(&subject) {
            Ok(Self { issuer, subject })
        } else {
            Err(InvalidPrincipal)
        }
    }

    /// Who vouches for the identity.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The name within the issuer.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.subject, self.issuer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_is_a_plain_bounded_name() {
        assert!(Principal::new("local", "alice@example.com").is_ok());
        assert!(Principal::new("local", "山田").is_ok());
        for wrong in ["", "a\nb", "a\u{7f}", &"a".repeat(257)] {
            assert_eq!(Principal::new("local", wrong), Err(InvalidPrincipal));
        }
    }
}
