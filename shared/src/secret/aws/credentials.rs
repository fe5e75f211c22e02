//! Who asks AWS: keys, and where they come from.
//!
//! | order | source                                                               | ends |
//! |-------|----------------------------------------------------------------------|------|
//! | 1     | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`    |      |
//! | 2     | `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`, exchanged at STS   | yes  |
//! | 3     | the profile: static keys, or a web identity as above                 |      |
//! | 4     | the container's endpoint: `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `..._FULL_URI` | yes |
//! | 5     | the instance's metadata (IMDSv2), if `AWS_EC2_METADATA_DISABLED=false` | yes  |
//!
//! The first source that is set up decides: if it fails, no other is asked.
//!
//! # Invariants
//!
//! - No program is started and nobody is logged in: a profile that needs it is refused.
//! - Whoever shares the network with this process does not choose who it is: the instance's
//!   metadata are asked only if the operator says so.

use std::sync::Arc;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

use super::local;
use super::profile;
use super::region::Region;
use super::settings::Settings;
use super::sts;
use super::wire::Wire;
use crate::secret::Reach;
use crate::secret::Secret;
use crate::secret::Trouble;

/// Keys that AWS knows somebody by.
#[derive(Debug)]
pub(super) struct Credentials {
    /// The access key id. In every request, and no secret.
    pub(super) id: String,
    /// The secret access key.
    pub(super) key: Arc<Secret>,
    /// What comes with keys that end.
    pub(super) token: Option<Arc<Secret>>,
    /// When they end.
    pub(super) until: Option<DateTime<Utc>>,
}

impl Credentials {
    /// Keys, if the id is one: it goes into a header.
    pub(super) fn new(
        id: String,
        key: Arc<Secret>,
        token: Option<Arc<Secret>>,
        until: Option<DateTime<Utc>>,
    ) -> Result<Self, Trouble> {
        let fine = (1..=128).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric());
        let is_header = |secret: &Arc<Secret>| {
            secret.show_to(|text| text.bytes().all(|b| b.is_ascii_graphic()))
        };
        if !fine || !is_header(&key) || !token.as_ref().is_none_or(is_header) {
            return Err(MALFORMED);
        }
        Ok(Self {
            id,
            key,
            token,
            until,
        })
    }

    /// Shows the session token, if there is one.
    pub(super) fn show_token<T>(&self, to: impl FnOnce(Option<&str>) -> T) -> T {
        match &self.token {
            Some(token) => token.show_to(|token| to(Some(token))),
            None => to(None),
        }
    }

    /// Whether they are good for a while.
    pub(super) fn are_fresh(&self, now: DateTime<Utc>) -> bool {
        self.until.is_none_or(|until| until - now > EARLY)
    }

    /// Whether they are good at all.
    pub(super) fn are_good(&self, now: DateTime<Utc>) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

/// Finds the keys of this process.
pub(super) fn find(
    settings: &Settings<'_>,
    region: &Region,
    wire: &Wire,
) -> Result<Credentials, Trouble> {
    if let Some(keys) = of_environment(settings)? {
        return Ok(keys);
    }
    let identity = sts::WebIdentity::of_environment(settings)?;
    if let Some(identity) = identity {
        return identity.exchange(settings, region, wire);
    }
    match settings.profile().who()? {
        Some(profile::Who::Keys { id, key, token }) => {
            return Credentials::new(id, key, token, None);
        }
        Some(profile::Who::WebIdentity(identity)) => {
            return identity.exchange(settings, region, wire);
        }
        None => {}
    }
    if let Some(keys) = local::of_container(settings, wire)? {
        return Ok(keys);
    }
    if let Some(keys) = local::of_instance(settings, wire)? {
        return Ok(keys);
    }
    Err(NOBODY)
}

/// What [`find`] takes, by the source that decides.
pub(super) fn reach(settings: &Settings<'_>, region: &Region) -> Result<Reach, Trouble> {
    if of_environment(settings)?.is_some() {
        return Ok(Reach::default());
    }
    if let Some(identity) = sts::WebIdentity::of_environment(settings)? {
        return identity.reach(settings, region);
    }
    match settings.profile().who()? {
        Some(profile::Who::Keys { .. }) => return Ok(Reach::default()),
        Some(profile::Who::WebIdentity(identity)) => return identity.reach(settings, region),
        None => {}
    }
    local::reach(settings)
}

fn of_environment(settings: &Settings<'_>) -> Result<Option<Credentials>, Trouble> {
    let id = settings.text("AWS_ACCESS_KEY_ID")?;
    let key = settings.secret("AWS_SECRET_ACCESS_KEY")?;
    match (id, key) {
        (Some(id), Some(key)) => {
            let token = settings.secret("AWS_SESSION_TOKEN")?;
            Credentials::new(id, key, token, None).map(Some)
        }
        (None, None) => Ok(None),
        _ => Err(HALF),
    }
}

/// Keys are replaced this long before they end.
const EARLY: TimeDelta = TimeDelta::minutes(5);

const MALFORMED: Trouble = Trouble::Unfit(
    "the credentials for AWS are not of their form: an access key id is letters and digits, a \
     secret access key and a session token are printable",
);

const HALF: Trouble = Trouble::Unfit(
    "one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set without the other: set both or none",
);

const NOBODY: Trouble = Trouble::Unfit(
    "there are no credentials for AWS: set a profile (AWS_PROFILE), AWS_WEB_IDENTITY_TOKEN_FILE with \
     AWS_ROLE_ARN, AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, or \
     AWS_EC2_METADATA_DISABLED=false to ask this instance",
);
