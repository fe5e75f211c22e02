//! How a token is come by, and how long it is used.
//!
//! # Invariants
//!
//! - A token that was handed over is renewed by who handed it over, not here.
//! - A wrapping token that was not made by the role's own endpoint is not unwrapped.

use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use super::MALFORMED;
use super::Object;
use super::Providers;
use super::Secret;
use super::Trouble;
use super::ask::Session;
use super::ask::Twice;
use super::json;
use crate::secret::SecretError;
use crate::secret::SecretRef;
use crate::secret::Stamp;
use crate::small_file::Links;
use crate::small_file::SmallFile;

/// Who says what the token is.
pub(super) enum Login {
    /// Where it lies: a sink of an agent is a file that changes.
    Given(SecretRef),
    /// The server, for a role and its secret id.
    AppRole {
        mount: String,
        role: String,
        secret_id: SecretRef,
        wrapped: bool,
        /// What was in the wrapping, once.
        unwrapped: Option<Secret>,
    },
    /// The server, for the token of a pod.
    Kubernetes {
        mount: String,
        role: String,
        jwt: PathBuf,
    },
}

/// A token and when to care for it.
pub(super) struct Token {
    pub(super) secret: Secret,
    stamp: Option<Stamp>,
    /// When to renew it, and when it is over.
    times: Option<(Instant, Instant)>,
    renewable: bool,
}

impl Session {
    /// Sees to it that there is a token. True if it is new.
    pub(super) fn log_in(&mut self, providers: &Providers, now: Instant) -> Result<bool, Trouble> {
        if self.is_good(providers, now) {
            return Ok(false);
        }
        if let Some(token) = &self.token
            && token.renewable
            && let Some((_, ends)) = token.times
            && now < ends
        {
            match self.ask("PUT", "auth/token/renew-self", Some(json::object(&[]))) {
                Ok(answer) => {
                    let renewed = token_of(&answer.body, now)?;
                    // one that will not live on is replaced in time
                    if renewed.times.is_some_and(|(_, later)| later > ends) {
                        self.token = Some(renewed);
                        return Ok(false);
                    }
                }
                // It is good for a while yet.
                Err(trouble) if trouble.is_passing() => return Ok(false),
                Err(_) => {}
            }
        }
        self.token = None;
        self.token = Some(self.obtain(providers, now)?);
        Ok(true)
    }

    /// Drops a token that was not accepted. False if no other is to be had.
    pub(super) fn forget_token(&mut self, providers: &Providers) -> bool {
        let other = match &self.login {
            Login::Given(place) => match providers.load(place) {
                Ok(new) => self
                    .token
                    .as_ref()
                    .is_some_and(|old| !old.secret.is_same(&new)),
                Err(_) => false,
            },
            Login::AppRole { .. } | Login::Kubernetes { .. } => true,
        };
        if other {
            self.token = None;
        }
        other
    }

    fn is_good(&self, providers: &Providers, now: Instant) -> bool {
        let Some(token) = &self.token else {
            return false;
        };
        match &self.login {
            // Without a stamp it cannot change under a running process.
            Login::Given(place) => {
                token.stamp.is_none() || token.stamp == providers.stamp_of(place)
            }
            Login::AppRole { .. } | Login::Kubernetes { .. } => {
                token.times.is_none_or(|(renew, _)| now < renew)
            }
        }
    }

    fn obtain(&mut self, providers: &Providers, now: Instant) -> Result<Token, Trouble> {
        if let Login::Given(place) = &self.login {
            let stamp = providers.stamp_of(place);
            let secret = providers
                .load(place)
                .map_err(|error| inner(&error, TOKEN))?;
            return Ok(Token {
                secret,
                stamp,
                times: None,
                renewable: false,
            });
        }
        self.unwrap(providers)?;
        let (path, body) = match &self.login {
            Login::Given(_) => return Err(TOKEN),
            Login::AppRole {
                mount,
                role,
                secret_id,
                unwrapped,
                ..
            } => {
                let loaded;
                let secret_id = match unwrapped {
                    Some(unwrapped) => unwrapped,
                    None => {
                        let found = providers.load(secret_id);
                        loaded = found.map_err(|error| inner(&error, SECRET_ID))?;
                        &loaded
                    }
                };
                let body = secret_id
                    .show_to(|secret| json::object(&[("role_id", role), ("secret_id", secret)]));
                (format!("auth/{mount}/login"), body)
            }
            Login::Kubernetes { mount, role, jwt } => {
                let file = SmallFile::open(jwt, Links::Follow);
                let text = file.and_then(|file| file.read(MAX_JWT)).map_err(|_| JWT)?;
                let text = std::str::from_utf8(&text).map_err(|_| JWT)?.trim_end();
                let body = json::object(&[("role", role), ("jwt", text)]);
                (format!("auth/{mount}/login"), body)
            }
        };
        // A secret id may be good for a number of logins.
        let answer = self.ask_as(None, "POST", &path, Some(body), Twice::Never);
        let answer = answer.map_err(|trouble| if_refused(trouble, LOGIN))?;
        token_of(&answer.body, now)
    }

    /// Takes a wrapped secret id out of its wrapping, once.
    fn unwrap(&mut self, providers: &Providers) -> Result<(), Trouble> {
        let Login::AppRole {
            mount,
            secret_id,
            wrapped: true,
            unwrapped: None,
            ..
        } = &self.login
        else {
            return Ok(());
        };
        let wrapping = providers
            .load(secret_id)
            .map_err(|error| inner(&error, SECRET_ID))?;
        let gone = |trouble| if_refused(trouble, USED);
        // Whoever stole it could have put another in its place, for a role of his own.
        let body = wrapping.show_to(|token| json::object(&[("token", token)]));
        let path = "sys/wrapping/lookup";
        let answer = self.ask_as(None, "POST", path, Some(body), Twice::Harmless);
        let answer = answer.map_err(gone)?;
        let made_by = Object::parse(&answer.body)?
            .object("data")?
            .text("creation_path")?;
        let role = made_by.strip_prefix(format!("auth/{mount}/role/").as_bytes());
        if !role.is_some_and(|rest| rest.ends_with(b"/secret-id")) {
            return Err(FOREIGN);
        }
        let path = "sys/wrapping/unwrap";
        let answer = self.ask_as(Some(&wrapping), "POST", path, None, Twice::Never);
        let answer = answer.map_err(gone)?;
        let inside = Object::parse(&answer.body)?
            .object("data")?
            .text("secret_id")?;
        let inside = Secret::new(inside.into_bytes())?;
        if let Login::AppRole { unwrapped, .. } = &mut self.login {
            *unwrapped = Some(inside);
        }
        Ok(())
    }
}

fn token_of(document: &[u8], now: Instant) -> Result<Token, Trouble> {
    let document = Object::parse(document)?;
    let auth = document.object("auth").map_err(|_| MALFORMED)?;
    let secret = Secret::new(auth.text("client_token")?.into_bytes())?;
    let seconds = auth.number("lease_duration").unwrap_or_default();
    let time = Duration::from_secs(seconds);
    Ok(Token {
        secret,
        stamp: None,
        // none: it does not end
        times: (seconds > 0).then(|| (now + time / 3 * 2, now + time)),
        renewable: auth.is_true("renewable"),
    })
}

/// What is wrong with a secret that is needed to get at another.
fn inner(error: &SecretError, else_this: Trouble) -> Trouble {
    if let SecretError::Unusable { trouble, .. } = error
        && trouble.is_passing()
    {
        return *trouble;
    }
    else_this
}

/// Says more of an answer that was no.
const fn if_refused(trouble: Trouble, more: Trouble) -> Trouble {
    if matches!(trouble, Trouble::Refused { .. }) {
        more
    } else {
        trouble
    }
}

const MAX_JWT: usize = 16 << 10;
const TOKEN: Trouble = Trouble::Unfit(
    "there is no token to log in with: look at the file that `token` of [guard.secrets.vault] \
     names (chmod 600), or at VAULT_TOKEN",
);
const SECRET_ID: Trouble = Trouble::Unfit(
    "there is no secret id to log in with: look at `secret-id` of [guard.secrets.vault.approle]",
);
const JWT: Trouble = Trouble::Unfit(
    "there is no token of the pod: look at `jwt-file` of [guard.secrets.vault.kubernetes]",
);
const LOGIN: Trouble = Trouble::Unfit(
    "the login is not accepted: look at the role, at the secret id or the token of the pod, and at \
     the path of the login",
);
const USED: Trouble = Trouble::Unfit(
    "the wrapped secret id was unwrapped already, or its time is over. If it was not you, somebody \
     else has it: destroy the secret ids of the role, look at the server's audit log, issue another",
);
const FOREIGN: Trouble = Trouble::Unfit(
    "the wrapped secret id was not made for a role of this login: somebody may have exchanged it; \
     look at the server's audit log, issue another",
);
