//! Why a server that keeps secrets gave no answer.
//!
//! # Invariants
//!
//! - Nothing that the server sent is repeated.

/// Why there is no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unreached {
    /// The file of certificates gives none.
    #[error("no certificate to verify the server with: name a PEM file of its authority")]
    Roots,
    /// The name of the server leads nowhere.
    #[error("the name of the server does not resolve")]
    Name,
    /// Without TLS, and not this machine.
    #[error("without TLS only this machine may be asked: use https")]
    Plain,
    /// The system could not connect.
    #[error("cannot connect to the server: {0}")]
    Connect(std::io::ErrorKind),
    /// It took too long.
    #[error("the server did not answer in time")]
    Late,
    /// It is not who it should be, or nobody trusted says that it is.
    #[error("the certificate of the server is not trusted: name the PEM file of its authority")]
    Certificate,
    /// The two could not agree, or the line broke.
    #[error("TLS with the server failed")]
    Tls,
    /// The connection ended before the answer did.
    #[error("the connection ended in the middle of the answer")]
    Broken,
    /// Not HTTP, or not as it is allowed.
    #[error("the answer is not HTTP: is this the address of the server?")]
    NotHttp,
    /// More than any secret.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// A header or a target that would end before its end.
    #[error("the request would hold a control character: look at the token and the namespace")]
    Unsendable,
}

impl Unreached {
    /// Whether the same question may be answered a little later, without anybody changing
    /// anything.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Name | Self::Connect(_) | Self::Late | Self::Tls | Self::Broken => true,
            // An address that others answer at, for a while, is no reason to forget what is known.
            Self::Certificate | Self::NotHttp => true,
            Self::Roots | Self::Plain | Self::TooLarge(_) | Self::Unsendable => false,
        }
    }
}
