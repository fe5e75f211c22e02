//! Asks the server, again where that helps, and reads what its status means.

use std::thread;
use std::time::Duration;
use std::time::Instant;

use super::ABSENT;
use super::DENIED;
use super::Object;
use super::Providers;
use super::Secret;
use super::Trouble;
use super::login::Login;
use super::login::Token;
use super::mount::Mount;
use super::settings::Settings;
use super::settings::VaultConfig;
use crate::secret::Unreached;
use crate::secret::buffer::Buffer;
use crate::secret::http::Answer;
use crate::secret::http::Client;
use crate::secret::http::Origin;
use crate::secret::http::Request;

/// What is known of the server.
pub(super) struct Session {
    client: Client,
    origin: Origin,
    namespace: Option<String>,
    pub(super) login: Login,
    pub(super) token: Option<Token>,
    pub(super) mounts: Vec<Mount>,
    /// When the question at hand must be answered.
    pub(super) deadline: Instant,
}

/// Whether a question that may have arrived can be asked again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Twice {
    Harmless,
    Never,
}

impl Session {
    /// Nothing is asked yet.
    pub(super) fn open(config: &VaultConfig, providers: &Providers) -> Result<Self, Trouble> {
        let Settings {
            address,
            namespace,
            roots,
            login,
        } = config.settle(providers)?;
        Ok(Self {
            client: Client::new(&roots)?,
            origin: address,
            namespace,
            login,
            token: None,
            mounts: Vec::new(),
            deadline: Instant::now(),
        })
    }

    /// Asks with the token.
    pub(super) fn ask(
        &self,
        method: &'static str,
        path: &str,
        body: Option<Buffer>,
    ) -> Result<Answer, Trouble> {
        let token = self.token.as_ref().map(|token| &token.secret);
        self.ask_as(token, method, path, body, Twice::Harmless)
    }

    /// Asks with another token, or with none.
    pub(super) fn ask_as(
        &self,
        token: Option<&Secret>,
        method: &'static str,
        path: &str,
        body: Option<Buffer>,
        twice: Twice,
    ) -> Result<Answer, Trouble> {
        let mut request = Request::new(method, format!("/v1/{path}"))?;
        // Agents and proxies refuse what a browser could have been made to send.
        request = request.header("X-Vault-Request", "true")?;
        if let Some(namespace) = &self.namespace {
            request = request.header("X-Vault-Namespace", namespace)?;
        }
        if let Some(token) = token {
            request = token.show_to(|token| request.header("X-Vault-Token", token))?;
        }
        if let Some(body) = body {
            request = request
                .header("Content-Type", "application/json")?
                .body(body);
        }
        let mut pause = FIRST_PAUSE;
        loop {
            let answer = self.client.send(&self.origin, &request, self.deadline);
            let (trouble, asked) = match answer {
                Ok(answer) => match meaning(&answer) {
                    None => return Ok(answer),
                    Some(trouble) => (trouble, answer.retry_after()),
                },
                Err(unreached) => (unreached.into(), None),
            };
            let wait = asked.unwrap_or(pause).max(pause);
            let left = self.deadline.saturating_duration_since(Instant::now());
            if !again(trouble, twice) || wait >= left {
                return Err(trouble);
            }
            thread::sleep(wait);
            pause *= 2;
        }
    }
}

/// Whether asking again is of use and does no harm.
fn again(trouble: Trouble, twice: Twice) -> bool {
    // What is sealed stays so until somebody comes; a redirect leads to where nobody follows.
    let soon = if let Trouble::Unready { status, .. } = trouble {
        matches!(status, 412 | 429 | 500 | 502 | 504)
    } else {
        trouble == Trouble::Unreached(Unreached::Broken)
    };
    let unsent = matches!(trouble, Trouble::Unreached(Unreached::Connect(_)));
    unsent || (soon && twice == Twice::Harmless)
}

/// What is wrong; none for an answer.
fn meaning(answer: &Answer) -> Option<Trouble> {
    let unready = |remedy| {
        let status = answer.status;
        Some(Trouble::Unready { status, remedy })
    };
    match answer.status {
        200 | 204 => None,
        403 => Some(DENIED),
        404 => {
            // A version that was deleted is still described.
            let deleted = Object::parse(&answer.body).is_ok_and(|document| document.has("data"));
            Some(if deleted { super::DELETED } else { ABSENT })
        }
        307 | 308 => unready("a standby answers: name the active node, or what finds it"),
        412 => unready("this node is behind the active one"),
        429 => unready("too many requests, or a standby: raise its quota, or name the active node"),
        472 | 473 => unready("a node of a replica answers that reads nothing: name another"),
        501 => unready("it is not initialized"),
        503 => unready("it is sealed or under maintenance: unseal it"),
        500.. => unready("it failed: look at its log"),
        status => Some(Trouble::Refused {
            status,
            remedy: "it does not take this question: look at the path, the login and the namespace",
        }),
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(200);
