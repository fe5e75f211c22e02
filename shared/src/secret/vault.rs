//! `vault:MOUNT/PATH#FIELD`: one field of a secret in HashiCorp Vault or OpenBao.
//!
//! The path is written as `vault kv get` has it. A key-value store of either version is read, and
//! any other engine whose secrets are read at a path, such as `database/static-creds/ROLE`.
//!
//! # Invariants
//!
//! - A path is sent as it was written: what a server could read in another way is no reference.
//! - Tokens are in a [`Secret`], and in the header of a request; nothing that a server says is
//!   repeated in an error.
//! - A wrapped secret id is unwrapped once, and only if it was made for what it is used for.

mod ask;
mod login;
mod mount;
mod settings;

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use super::Lease;
use super::LeaseId;
use super::Loaded;
use super::Provider;
use super::Providers;
use super::Secret;
use super::Trouble;
use super::http::Answer;
use super::json;
use super::json::NoText;
use super::json::Object;
use ask::Session;
use mount::Kind;
use mount::NO_MOUNT;

pub use settings::AppRole;
pub use settings::Kubernetes;
pub use settings::VaultConfig;

pub(super) const PROVIDER: Provider = Provider {
    scheme: "vault",
    form: "vault:MOUNT/PATH#FIELD",
    accepts,
    missing: None,
    load,
    reach: |_, providers| providers.vault.config.reach(providers),
    variables: settings::VARIABLES,
    stamp: None,
    write: None,
};

/// The one server of this process, and what is known of it.
pub(super) struct Vault {
    config: VaultConfig,
    session: Mutex<Option<Session>>,
    clock: Clock,
}

/// The time, as far as tokens, leases and patience are concerned.
type Clock = Box<dyn Fn() -> Instant + Send + Sync>;

impl Vault {
    pub(super) fn new(config: VaultConfig) -> Self {
        Self {
            config,
            session: Mutex::default(),
            clock: Box::new(Instant::now),
        }
    }

    /// Does it with a session that is logged in. Once more with a new one, if the token is not
    /// accepted: it may have been revoked, and another be had.
    fn with<T>(
        &self,
        providers: &Providers,
        mut work: impl FnMut(&mut Session) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let mut held = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let now = (self.clock)();
        let deadline = now + self.config.patience();
        let mut session = match held.take() {
            Some(session) => session,
            None => Session::open(&self.config, providers)?,
        };
        session.deadline = deadline;
        let fresh = session.log_in(providers, now);
        let done = fresh.and_then(|fresh| match work(&mut session) {
            Err(DENIED | NO_MOUNT) if !fresh && session.forget_token(providers) => {
                session.log_in(providers, now)?;
                work(&mut session)
            }
            done => done,
        });
        *held = Some(session);
        done
    }
}

fn load(place: &str, providers: &Providers) -> Result<Loaded, Trouble> {
    let (path, field) = place.split_once('#').ok_or(MALFORMED)?;
    let vault = &providers.vault;
    vault.with(providers, |session| {
        let mount = session.mount(path, vault.config.kv_version)?;
        let answer = session.ask("GET", &mount.target(path)?, None)?;
        read(&answer, mount.kind, field)
    })
}

/// Makes the lease longer by as much as it was long.
pub(super) fn renew(id: &LeaseId, providers: &Providers) -> Result<Lease, Trouble> {
    providers.vault.with(providers, |session| {
        let body = json::object(&[("lease_id", &id.0)]);
        let answer = session.ask("PUT", "sys/leases/renew", Some(body))?;
        lease(&Object::parse(&answer.body)?).ok_or(MALFORMED)
    })
}

/// The field out of an answer, with the lease.
fn read(answer: &Answer, kind: Kind, field: &str) -> Result<Loaded, Trouble> {
    let document = Object::parse(&answer.body)?;
    let data = document.object("data")?;
    let inner = match kind {
        Kind::Versioned => data.object("data").map_err(|_| DELETED)?,
        Kind::Plain | Kind::Other => data,
    };
    let text = inner.text(field).map_err(|why| match why {
        NoText::Absent => NO_FIELD,
        NoText::OtherKind => Trouble::Unfit("the field is no text"),
        NoText::Malformed => MALFORMED,
    })?;
    let lease = match kind {
        // Its lease is a default of the server that ends nothing.
        Kind::Versioned | Kind::Plain => None,
        Kind::Other => lease(&document).or_else(|| {
            // A password that the server changes by itself says when.
            let left = inner.number("ttl").ok()?;
            Some(Lease {
                time: Duration::from_secs(left.max(1)),
                renewable: None,
            })
        }),
    };
    Ok(Loaded {
        secret: Secret::new(text.into_bytes())?,
        lease,
    })
}

fn lease(document: &Object<'_>) -> Option<Lease> {
    let seconds = document.number("lease_duration").ok()?;
    let id = document.text("lease_id").ok()?;
    let id = String::from_utf8(id.to_vec()).ok()?;
    if id.is_empty() || seconds == 0 {
        return None;
    }
    Some(Lease {
        time: Duration::from_secs(seconds),
        renewable: document.is_true("renewable").then_some(LeaseId(id)),
    })
}

fn accepts(place: &str) -> bool {
    let Some((path, field)) = place.split_once('#') else {
        return false;
    };
    let segment = |part: &str| {
        let fine = |c: char| c.is_ascii_alphanumeric() || "-._~@:+=,".contains(c);
        !matches!(part, "" | "." | "..") && part.chars().all(fine)
    };
    let name = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    path.len() <= 512
        && path.contains('/')
        && path.split('/').all(segment)
        && (1..=128).contains(&field.len())
        && field.chars().all(name)
}

impl From<NoText> for Trouble {
    fn from(why: NoText) -> Self {
        match why {
            NoText::Absent => ABSENT,
            NoText::Malformed | NoText::OtherKind => MALFORMED,
        }
    }
}

/// What a request without a token that is accepted, or without leave, comes to.
const DENIED: Trouble = Trouble::Refused {
    status: 403,
    remedy: "the token may not read this, or is good no more: its policy needs `read` on the path \
             (for version 2 of the key-value store on MOUNT/data/PATH)",
};
const ABSENT: Trouble = Trouble::Absent(
    "nothing is kept at this path: write it as `vault kv get` has it, without `data/`, and look at \
     the namespace",
);
const NO_FIELD: Trouble = Trouble::Absent("what is kept at this path has no such field");
const DELETED: Trouble = Trouble::Absent("the newest version at this path is deleted or destroyed");
const MALFORMED: Trouble =
    Trouble::Unfit("the server's answer is not that of Vault: is this its address?");

#[cfg(test)]
mod tests;
