//! What is put into a request, last of all, to prove that we may make it.
//!
//! # Invariants
//!
//! - A proof is made for one upstream, by the part that belongs to that upstream.
//! - The header that holds it is marked sensitive: no `Debug` prints it.
//! - What is made of a secret is wiped when the request is done.

use std::fmt::Write;
use std::sync::Arc;

use guard::call::Call;
use guard::secret::Secret;
use hyper::header::AUTHORIZATION;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;
use zeroize::Zeroizing;

use super::client::Client;
use super::kept::Kept;
use super::kept::Places;
use super::kept::Safe;
use super::token::Identity;
use super::token::Tokens;
use super::trouble::Trouble;
use super::upstream::Credential;
use super::wiped::Wiped;

/// How the proof of one upstream is made.
#[derive(Debug)]
pub(super) struct Prover {
    way: Way,
    kept: Kept,
}

#[derive(Debug)]
enum Way {
    Bearer,
    Basic { user: String },
    Header { name: HeaderName },
    Query { name: String },
    Token(Box<Tokens>),
}

/// The proof itself.
#[derive(Debug)]
pub(super) struct Proof {
    /// What it was made of.
    of: Arc<Secret>,
    pub(super) put: Put,
}

/// Where it goes.
pub(super) enum Put {
    Header(HeaderName, HeaderValue),
    /// `name=value`, encoded.
    Query(Zeroizing<String>),
}

impl Prover {
    /// For `credential`, where `issuer` reaches the token endpoint if there is one. The trouble
    /// is for the operator.
    pub(super) fn new(
        credential: Credential,
        issuer: Option<Client>,
        places: &mut Places,
    ) -> Result<Self, &'static str> {
        let (way, reference) = match credential {
            Credential::Bearer(token) => (Way::Bearer, token),
            Credential::Basic { user, password } => {
                let clean = !user.contains(':') && !user.contains(char::is_control);
                clean
                    .then_some(())
                    .ok_or("a user without colon and control characters")?;
                (Way::Basic { user }, password)
            }
            Credential::Header { name, value } => {
                let name = name.to_ascii_lowercase();
                let name = HeaderName::try_from(name).map_err(|_| "the name of a header")?;
                (Way::Header { name }, value)
            }
            Credential::Query { name, value } => (
                Way::Query {
                    name: encode(&name),
                },
                value,
            ),
            Credential::ClientCredentials {
                token_url,
                client_id,
                client_secret,
                scope,
                audience,
                shown,
            } => {
                let issuer = issuer.ok_or("a token endpoint")?;
                let identity = Identity { client_id, shown };
                let tokens = Tokens::new(issuer, &token_url, identity, scope, audience, places);
                (Way::Token(Box::new(tokens)), client_secret)
            }
        };
        let kept = Kept::new(reference, places);
        Ok(Self { way, kept })
    }

    /// The header that it fills, so that no endpoint fills it.
    pub(super) fn header(&self) -> Option<&HeaderName> {
        match &self.way {
            Way::Header { name } => Some(name),
            Way::Bearer | Way::Basic { .. } | Way::Query { .. } | Way::Token(_) => None,
        }
    }

    /// What the proof is made of: what a cached answer was fetched with.
    pub(super) async fn root(&self, safe: &Safe) -> Result<Arc<Secret>, Trouble> {
        self.kept.load(safe).await
    }

    /// The header whose value changes while the secret stays.
    pub(super) fn fleeting(&self) -> Option<HeaderName> {
        matches!(self.way, Way::Token(_)).then_some(AUTHORIZATION)
    }

    /// The proof, as it is now.
    pub(super) async fn proof(&self, call: &Call, safe: &Safe) -> Result<Proof, Trouble> {
        let secret = self.kept.load(safe).await?;
        let (of, put) = match &self.way {
            Way::Bearer => {
                let put = Put::authorization(&secret, bearer)?;
                (secret, put)
            }
            Way::Basic { user } => {
                let pair = |text: &str| Wiped::base64("Basic ", &[user, ":", text]);
                let put = Put::authorization(&secret, pair)?;
                (secret, put)
            }
            Way::Header { name } => {
                let put = Put::header(name.clone(), &secret, |text| Wiped::of(&[text]))?;
                (secret, put)
            }
            Way::Query { name } => {
                let value = secret.show_to(|text| Zeroizing::new(encode(text)));
                let mut pair = String::with_capacity(name.len() + 1 + value.len());
                pair.extend([name, "=", &value]);
                (secret, Put::Query(Zeroizing::new(pair)))
            }
            Way::Token(tokens) => {
                let token = tokens.token(call, safe, &secret).await?;
                let put = Put::authorization(&token, bearer)?;
                (token, put)
            }
        };
        Ok(Proof { of, put })
    }

    /// Whether there is a newer one than `refused`, which the upstream did not take. Makes it.
    pub(super) async fn renewed(
        &self,
        refused: &Proof,
        call: &Call,
        safe: &Safe,
    ) -> Result<Option<Proof>, Trouble> {
        self.kept.forget();
        if let Way::Token(tokens) = &self.way {
            tokens.forget(&refused.of);
        }
        let proof = self.proof(call, safe).await?;
        let same = proof.of.show_to(|new| refused.of.show_to(|old| new == old));
        Ok((!same).then_some(proof))
    }
}

impl Put {
    fn authorization(secret: &Secret, form: impl FnOnce(&str) -> Wiped) -> Result<Self, Trouble> {
        Self::header(AUTHORIZATION, secret, form)
    }

    fn header(
        name: HeaderName,
        secret: &Secret,
        form: impl FnOnce(&str) -> Wiped,
    ) -> Result<Self, Trouble> {
        let value = secret.show_to(|text| form(text).header());
        Ok(Self::Header(name, value.ok_or(UNFIT)?))
    }
}

impl std::fmt::Debug for Put {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Put")
    }
}

fn bearer(token: &str) -> Wiped {
    Wiped::of(&["Bearer ", token])
}

/// As a value of a query or form: all but unreserved characters in percent signs. Does not grow
/// while it is made, so that no part of a secret is left behind.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // writing into a `String` does not fail
            let _written = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

const UNFIT: Trouble = Trouble::Credential("has characters that no header can hold");
