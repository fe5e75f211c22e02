//! Tells an upstream who asks: plain, or signed so that it need not trust the way.
//!
//! # Invariants
//!
//! - All of it comes from the session. Nothing that a caller sends is in it.
//! - A signed statement is for one upstream, for one minute, for one call.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use guard::call::Call;
use guard::secret::Secret;
use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use hyper::header::HeaderName;
use hyper::header::HeaderValue;
use serde::Serialize;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::kept::Kept;
use super::kept::Places;
use super::kept::Safe;
use super::reflect::Search;
use super::trouble::Trouble;
use super::upstream::Context;
use super::upstream::UserContext;
use super::wiped::Wiped;

/// How one upstream is told.
#[derive(Debug)]
pub(super) struct Teller {
    pub(super) header: HeaderName,
    audience: String,
    key: Option<Kept>,
}

/// What it is told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) value: HeaderValue,
    /// Finds the signature, if there is one: it is as good as a password for a minute.
    pub(super) signature: Option<Search>,
}

#[derive(Serialize)]
struct Plain<'a> {
    sub: &'a str,
    iss: &'a str,
    roles: &'a [String],
}

#[derive(Serialize)]
struct Claims<'a> {
    #[serde(flatten)]
    who: Plain<'a>,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
}

impl Teller {
    pub(super) fn new(
        how: UserContext,
        audience: &str,
        places: &mut Places,
    ) -> Result<Self, &'static str> {
        let name = how.header.to_ascii_lowercase();
        let header = HeaderName::try_from(name).map_err(|_| "the name of a header")?;
        let key = how.signed.map(|reference| Kept::new(reference, places));
        Ok(Self {
            header,
            audience: audience.to_owned(),
            key,
        })
    }

    /// The header, if its value is another one for each call.
    pub(super) fn fleeting(&self) -> Option<HeaderName> {
        self.key.is_some().then(|| self.header.clone())
    }

    pub(super) async fn tell(
        &self,
        context: &Context,
        call: &Call,
        safe: &Safe,
    ) -> Result<Told, Trouble> {
        let who = Plain {
            sub: &context.subject,
            iss: &context.issuer,
            roles: &context.roles,
        };
        let Some(key) = &self.key else {
            let value = value(encode(&who)?)?;
            return Ok(Told {
                value,
                signature: None,
            });
        };
        let key = key.load(safe).await?;
        let now = call.now().timestamp();
        let claims = Claims {
            who,
            aud: &self.audience,
            iat: now,
            exp: now.saturating_add(MINUTE),
            jti: context.call_id.to_string(),
        };
        let body = format!("{HEAD}.{}", encode(&claims)?);
        let signature = sign(&key, &body)?;
        let secret = Secret::new(signature.as_bytes()).map_err(|_| LONG)?;
        let search = Search::of(std::iter::once(&secret))?;
        fits(body.len() + 1 + signature.len())?;
        let value = Wiped::of(&[&body, ".", &signature]).header().ok_or(LONG)?;
        Ok(Told {
            value,
            signature: Some(search),
        })
    }
}

fn encode(claims: &impl Serialize) -> Result<String, Trouble> {
    let json = serde_json::to_vec(claims).map_err(|_| LONG)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

fn sign(key: &Secret, body: &str) -> Result<Zeroizing<String>, Trouble> {
    key.show_to(|key| {
        if key.len() < KEY {
            return Err(WEAK);
        }
        let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).map_err(|_| WEAK)?;
        let mac = mac.chain_update(body.as_bytes()).finalize();
        Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(mac.into_bytes())))
    })
}

fn value(text: String) -> Result<HeaderValue, Trouble> {
    fits(text.len())?;
    HeaderValue::try_from(text).map_err(|_| LONG)
}

fn fits(length: usize) -> Result<(), Trouble> {
    (length <= LONGEST).then_some(()).ok_or(LONG)
}

/// `{"alg":"HS256","typ":"JWT"}`.
const HEAD: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
const MINUTE: i64 = 60;
/// RFC 7518, 3.2: as long as what it makes.
const KEY: usize = 32;
const WEAK: Trouble = Trouble::Credential("for signing the user context is shorter than 32 bytes");
/// What servers take in one header.
const LONGEST: usize = 6 << 10;
const LONG: Trouble = Trouble::Permit("the user context does not fit a header");
