//! Credentials that something beside this process hands out: the container's agent, the instance.
//!
//! "Container credential provider" in the AWS SDKs and Tools Reference Guide, and "Use the Instance
//! Metadata Service" (version 2 only) in the Amazon EC2 User Guide.
//!
//! # Invariants
//!
//! - Without TLS only addresses of this machine, or of the agents that AWS documents, are asked.
//! - What they say in a path is one segment.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::path::Path;
use std::sync::Arc;

use chrono::DateTime;
use chrono::Utc;

use super::credentials::Credentials;
use super::settings::Settings;
use super::wire::Wire;
use crate::secret::Reach;
use crate::secret::Secret;
use crate::secret::Trouble;
use crate::secret::buffer::Buffer;
use crate::secret::http::Answer;
use crate::secret::http::Origin;
use crate::secret::http::Request;
use crate::secret::json::Object;
use crate::secret::value::MAX_BYTES;
use crate::small_file::Links;
use crate::small_file::SmallFile;

/// What the agent of this container (ECS, EKS Pod Identity, Greengrass) hands out, if there is one.
pub(super) fn of_container(
    settings: &Settings<'_>,
    wire: &Wire,
) -> Result<Option<Credentials>, Trouble> {
    let Some(url) = agent(settings)? else {
        return Ok(None);
    };
    let (origin, target) = split(&url).ok_or(BAD_AGENT)?;
    let token = match settings.text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")? {
        Some(path) => Some(token(path.as_ref())?),
        None => settings.secret("AWS_CONTAINER_AUTHORIZATION_TOKEN")?,
    };
    let request = || {
        let request = Request::new("GET", target)?;
        match &token {
            Some(token) => token.show_to(|token| request.header("Authorization", token)),
            None => Ok(request),
        }
    };
    let answer = wire.ask(&origin, request, is_passing)?;
    keys(&answer)
        .map(Some)
        .ok_or_else(|| failed(&answer, AGENT_FAILED))
}

/// What the instance hands out, if its metadata may be asked.
pub(super) fn of_instance(
    settings: &Settings<'_>,
    wire: &Wire,
) -> Result<Option<Credentials>, Trouble> {
    let Some(origin) = instance(settings)? else {
        return Ok(None);
    };
    let begin = Request::new("PUT", "/latest/api/token")?;
    let begin = begin.header("X-aws-ec2-metadata-token-ttl-seconds", "60")?;
    // Once: where there is no instance, nobody answers.
    let session = wire.send(&origin, &begin).map_err(|_| NO_INSTANCE)?;
    let session = good(session).ok_or(NO_INSTANCE)?;
    let session = Secret::new(session.into_bytes()).map_err(|_| NO_INSTANCE)?;
    let get = |target: &str| {
        let request = || {
            let request = Request::new("GET", target)?;
            session.show_to(|session| request.header("X-aws-ec2-metadata-token", session))
        };
        wire.ask(&origin, request, is_passing)
    };
    let role = good(get(ROLES)?).ok_or(NO_ROLE)?;
    let role = String::from_utf8(role.into_bytes()).unwrap_or_default();
    let role = role.lines().next().filter(|role| is_segment(role));
    let role = role.ok_or(NO_ROLE)?;
    let answer = get(&format!("{ROLES}{role}"))?;
    keys(&answer)
        .map(Some)
        .ok_or_else(|| failed(&answer, INSTANCE_FAILED))
}

/// What asking the one of the two that is set up takes.
pub(super) fn reach(settings: &Settings<'_>) -> Result<Reach, Trouble> {
    if let Some(url) = agent(settings)? {
        let (origin, _) = split(&url).ok_or(BAD_AGENT)?;
        let token = settings.text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")?;
        let token = token.map(|path| Reach::file(path.as_ref()));
        return Ok(origin.reach().and(token.unwrap_or_default()));
    }
    let origin = instance(settings)?;
    Ok(origin.map(|origin| origin.reach()).unwrap_or_default())
}

/// Where the agent of this container says that it is, if there is one.
fn agent(settings: &Settings<'_>) -> Result<Option<String>, Trouble> {
    let relative = settings.text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")?;
    let full = settings.text("AWS_CONTAINER_CREDENTIALS_FULL_URI")?;
    Ok(relative.map(|path| format!("{ECS}{path}")).or(full))
}

/// Where the instance's metadata are, if they may be asked.
fn instance(settings: &Settings<'_>) -> Result<Option<Origin>, Trouble> {
    let disabled = settings.text("AWS_EC2_METADATA_DISABLED")?;
    if !disabled.is_some_and(|word| word.eq_ignore_ascii_case("false")) {
        return Ok(None);
    }
    let base = settings.text("AWS_EC2_METADATA_SERVICE_ENDPOINT")?;
    match split(base.as_deref().unwrap_or(IMDS)) {
        Some((origin, "/")) => Ok(Some(origin)),
        Some(_) | None => Err(BAD_INSTANCE),
    }
}

fn is_passing(answer: &Answer) -> bool {
    matches!(answer.status, 429 | 500..=599)
}

fn failed(answer: &Answer, remedy: &'static str) -> Trouble {
    let status = answer.status;
    match status {
        200 => Trouble::Unfit(remedy),
        _ if is_passing(answer) => Trouble::Unready { status, remedy },
        _ => Trouble::Refused { status, remedy },
    }
}

fn good(answer: Answer) -> Option<Buffer> {
    (answer.status == 200).then_some(answer.body)
}

fn token(path: &Path) -> Result<Arc<Secret>, Trouble> {
    let file = SmallFile::open(path, Links::Follow).map_err(|_| BAD_TOKEN)?;
    let mut bytes = file.read(MAX_BYTES).map_err(|_| BAD_TOKEN)?;
    let token = Secret::new(std::mem::take(&mut *bytes)).map_err(|_| BAD_TOKEN)?;
    Ok(Arc::new(token))
}

/// The keys in an answer; both sources write them alike.
fn keys(answer: &Answer) -> Option<Credentials> {
    if answer.status != 200 {
        return None;
    }
    let object = Object::parse(&answer.body).ok()?;
    let plain = |name| String::from_utf8(object.text(name).ok()?.into_bytes()).ok();
    let secret = |name| Secret::new(object.text(name).ok()?.into_bytes()).ok();
    let until = DateTime::parse_from_rfc3339(&plain("Expiration")?).ok()?;
    let (id, key) = (plain("AccessKeyId")?, secret("SecretAccessKey")?);
    let token = Some(Arc::new(secret("Token")?));
    let until = Some(until.with_timezone(&Utc));
    Credentials::new(id, Arc::new(key), token, until).ok()
}

/// The server and the target of a URL, if that server may be asked.
fn split(url: &str) -> Option<(Origin, &str)> {
    let start = url.find("://")? + "://".len();
    let end = url
        .get(start..)?
        .find('/')
        .map_or(url.len(), |at| start + at);
    let (origin, target) = url.split_at_checked(end)?;
    let origin = origin
        .parse()
        .or_else(|_| Origin::agent(origin, &AGENTS))
        .ok()?;
    let target = if target.is_empty() { "/" } else { target };
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-._~%?=&:".contains(c);
    (target.len() <= 1024 && target.chars().all(plain)).then_some((origin, target))
}

fn is_segment(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    (1..=64).contains(&text.len()) && text.chars().all(plain) && !text.starts_with('.')
}

/// Where the agent of ECS is.
const ECS: &str = "http://169.254.170.2";
/// Where an instance's metadata are.
const IMDS: &str = "http://169.254.169.254";
/// What it says of its role.
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// ECS, EKS by both protocols, the instance by both.
const AGENTS: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

const BAD_AGENT: Trouble = Trouble::Unfit(
    "AWS_CONTAINER_CREDENTIALS_FULL_URI (or ..._RELATIVE_URI) leads to no place that may be asked: \
     https, this machine, or the address of an agent of ECS or EKS",
);

const BAD_TOKEN: Trouble = Trouble::Unfit(
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE (or ..._TOKEN) cannot be read, or holds no token",
);

const AGENT_FAILED: &str = "the agent that AWS_CONTAINER_CREDENTIALS_..._URI names gave no credentials: look whether the task \
     or pod has a role";

const BAD_INSTANCE: Trouble = Trouble::Unfit(
    "AWS_EC2_METADATA_SERVICE_ENDPOINT leads to no place that may be asked: leave it away, or write \
     http://[fd00:ec2::254]",
);

const NO_INSTANCE: Trouble = Trouble::Unfit(
    "AWS_EC2_METADATA_DISABLED=false asks this instance, and it has no metadata (IMDSv2): is it an \
     instance of EC2, and is its hop limit enough for a container?",
);

const NO_ROLE: Trouble =
    Trouble::Unfit("this instance of EC2 has no role: give it an instance profile");

const INSTANCE_FAILED: &str =
    "the metadata of this instance of EC2 gave no credentials: look at its role";

#[cfg(test)]
mod tests;
