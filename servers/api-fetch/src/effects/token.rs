//! Access tokens by OAuth 2.0 client credentials: fetched, kept, renewed.
//!
//! # Invariants
//!
//! - One fetch is under way at a time, however many calls wait for it.
//! - The client secret goes to the token endpoint alone, the token to the upstream alone.
//! - What the token endpoint says beside the token is dropped.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use guard::call::Call;
use guard::secret::Secret;
use hyper::Request;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header;
use serde::Deserialize;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::base::Base;
use super::client::Client;
use super::kept::Places;
use super::kept::Safe;
use super::link::Outgoing;
use super::payload::Payload;
use super::proof::encode;
use super::reflect::Watch;
use super::request::AGENT;
use super::trouble::Trouble;
use super::upstream::Shown;
use super::wiped::Wiped;
use crate::permit::Budget;

/// The tokens of one upstream.
#[derive(Debug)]
pub(super) struct Tokens {
    issuer: Client,
    path: String,
    identity: Identity,
    form: String,
    /// Which of all secrets a token is, for the watch.
    place: usize,
    held: Mutex<Held>,
    flight: tokio::sync::Mutex<()>,
}

/// Who we are at the token endpoint, and how we show it.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) client_id: String,
    pub(super) shown: Shown,
}

#[derive(Debug, Default)]
struct Held {
    token: Option<(Arc<Secret>, Instant)>,
    /// When the endpoint last gave none.
    failed: Option<Instant>,
}

/// What a token endpoint answers, as far as it matters.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: String,
    expires_in: Option<f64>,
}

impl Tokens {
    pub(super) fn new(
        issuer: Client,
        url: &Base,
        identity: Identity,
        scope: Option<String>,
        audience: Option<String>,
        places: &mut Places,
    ) -> Self {
        let mut form = "grant_type=client_credentials".to_owned();
        for (name, value) in [("scope", scope), ("audience", audience)] {
            if let Some(value) = value {
                form.push_str(&format!("&{name}={}", encode(&value)));
            }
        }
        let path = if url.path().is_empty() {
            "/"
        } else {
            url.path()
        };
        Self {
            issuer,
            path: path.to_owned(),
            identity,
            form,
            place: places.next(),
            held: Mutex::default(),
            flight: tokio::sync::Mutex::default(),
        }
    }

    /// A token that is good for a while, fetched with `secret` if there is none.
    pub(super) async fn token(
        &self,
        call: &Call,
        safe: &Safe,
        secret: &Secret,
    ) -> Result<Arc<Secret>, Trouble> {
        if let Some(token) = self.current() {
            return Ok(token);
        }
        let _alone = self.flight.lock().await;
        if let Some(token) = self.current() {
            return Ok(token);
        }
        if self.with(|held| held.failed.is_some_and(|at| at.elapsed() < REST)) {
            return Err(Trouble::Token("the token endpoint gave none a moment ago"));
        }
        match self.fetch(call, safe, secret).await {
            Ok((token, until)) => {
                self.with(|held| {
                    held.failed = None;
                    held.token = Some((Arc::clone(&token), until));
                });
                Ok(token)
            }
            Err(trouble) => {
                self.with(|held| held.failed = Some(Instant::now()));
                let told = matches!(trouble, Trouble::Token(_));
                let side = |trouble| Trouble::TokenSide(Box::new(trouble));
                Err(if told { trouble } else { side(trouble) })
            }
        }
    }

    /// Drops `token`, if it is still the one that is given out.
    pub(super) fn forget(&self, token: &Arc<Secret>) {
        self.with(|held| {
            let same = |(known, _): &(Arc<Secret>, Instant)| Arc::ptr_eq(known, token);
            if held.token.as_ref().is_some_and(same) {
                held.token = None;
            }
        });
    }

    fn current(&self) -> Option<Arc<Secret>> {
        self.with(|held| {
            let good = held.token.as_ref();
            let good = good.filter(|(_, until)| Instant::now() < *until);
            good.map(|(token, _)| Arc::clone(token))
        })
    }

    async fn fetch(
        &self,
        call: &Call,
        safe: &Safe,
        secret: &Secret,
    ) -> Result<(Arc<Secret>, Instant), Trouble> {
        let request = self.request(secret)?;
        // nothing of this answer is passed on, and a token is in it
        let nothing = Watch::default();
        let asked = Instant::now();
        let answer = self.issuer.ask(call, safe, request, &BUDGET, &nothing);
        let answer = answer.await?;
        // the token is in it
        let body = Zeroizing::new(answer.body);
        if answer.status != StatusCode::OK {
            return Err(Trouble::Token("the token endpoint refused"));
        }
        let granted: Granted = serde_json::from_slice(&body)
            .map_err(|_| Trouble::Token("the token endpoint's answer is not of the form"))?;
        let text = Zeroizing::new(granted.access_token);
        if !granted.token_type.eq_ignore_ascii_case("bearer") {
            return Err(Trouble::Token("the token is not a bearer token"));
        }
        if !is_token(&text) {
            return Err(Trouble::Token("the token has characters of no token"));
        }
        let token =
            Secret::new(text.as_bytes()).map_err(|_| Trouble::Token("the token cannot be used"))?;
        let token = Arc::new(token);
        safe.watch.learn(self.place, &token)?;
        Ok((token, asked + usable(granted.expires_in)))
    }

    fn request(&self, secret: &Secret) -> Result<Outgoing, Trouble> {
        // RFC 6749, 2.3.1: both are encoded as in a form before they become a pair
        let id = encode(&self.identity.client_id);
        let (pair, form) = secret.show_to(|secret| {
            let secret = Zeroizing::new(encode(secret));
            match self.identity.shown {
                Shown::Header => {
                    let pair = Wiped::base64("Basic ", &[&id, ":", &secret]);
                    (Some(pair), Bytes::copy_from_slice(self.form.as_bytes()))
                }
                Shown::Form => {
                    let parts = [&self.form, "&client_id=", &id, "&client_secret=", &secret];
                    (None, Wiped::of(&parts).bytes())
                }
            }
        });
        let mut request = Request::post(self.path.as_str())
            .header(header::HOST, self.issuer.authority())
            .header(header::USER_AGENT, AGENT)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(pair) = pair {
            let pair = pair.header().ok_or(Trouble::Credential("cannot be sent"))?;
            request = request.header(header::AUTHORIZATION, pair);
        }
        request
            .body(Payload::from(Some(form)))
            .map_err(|_| Trouble::Permit("the token endpoint cannot be asked"))
    }

    fn with<T>(&self, take: impl FnOnce(&mut Held) -> T) -> T {
        take(&mut self.held.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// RFC 6750: what may stand behind `Bearer`.
fn is_token(text: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    text.len() <= LONGEST && text.bytes().all(fine)
}

/// How long a token is used that ends in `seconds`: a tenth less, and half a minute if it has one.
fn usable(seconds: Option<f64>) -> Duration {
    let told = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let told = told.unwrap_or(UNTOLD).min(MOST);
    told.saturating_sub((told / 10).max(MARGIN.min(told / 2)))
}

const BUDGET: Budget = Budget {
    body: 64 << 10,
    headers: 16 << 10,
    time: Duration::from_secs(10),
    silence: Duration::from_secs(10),
    redirects: 0,
    retry: false,
};
/// How long nobody asks again after a failure.
const REST: Duration = Duration::from_secs(1);
const UNTOLD: Duration = Duration::from_secs(300);
const MOST: Duration = Duration::from_secs(24 * 3600);
const MARGIN: Duration = Duration::from_secs(30);
const LONGEST: usize = 16 << 10;
