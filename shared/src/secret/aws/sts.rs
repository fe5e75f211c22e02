//! A web identity: a token that a cluster or a pipeline gave to this process, exchanged at STS for
//! keys of a role that end.
//!
//! `AssumeRoleWithWebIdentity`, from the AWS STS API reference. The request is not signed: the
//! token is the proof.
//!
//! # Invariants
//!
//! - The token is read anew for each exchange, for whoever wrote it replaces it.
//! - The form that holds it is wiped.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::DateTime;
use chrono::Utc;

use super::answer;
use super::credentials::Credentials;
use super::region::Region;
use super::region::Service;
use super::settings::Settings;
use super::wire::Wire;
use crate::secret::Reach;
use crate::secret::Secret;
use crate::secret::Trouble;
use crate::secret::buffer::Buffer;
use crate::secret::http::Answer;
use crate::secret::http::Request;
use crate::secret::value::MAX_BYTES;
use crate::small_file::Links;
use crate::small_file::SmallFile;

/// A role, and the file with the token that lets us be it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct WebIdentity {
    role: String,
    file: PathBuf,
    session: String,
}

impl WebIdentity {
    /// One whose texts are of their form.
    pub(super) fn new(
        role: String,
        file: PathBuf,
        session: Option<String>,
    ) -> Result<Self, Trouble> {
        let session = session.unwrap_or_else(|| "keyhole".to_owned());
        let plain = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        let role_fits = (20..=2048).contains(&role.len())
            && role.starts_with("arn:")
            && role.chars().all(|c| plain(c) || matches!(c, ':' | '/'));
        let session_fits = (2..=64).contains(&session.len()) && session.chars().all(plain);
        if !role_fits || !session_fits || !file.is_absolute() {
            return Err(MALFORMED);
        }
        Ok(Self {
            role,
            file,
            session,
        })
    }

    /// What the environment says, if it says anything.
    pub(super) fn of_environment(settings: &Settings<'_>) -> Result<Option<Self>, Trouble> {
        let Some(file) = settings.text("AWS_WEB_IDENTITY_TOKEN_FILE")? else {
            return Ok(None);
        };
        let role = settings.text("AWS_ROLE_ARN")?.ok_or(NO_ROLE)?;
        let session = settings.text("AWS_ROLE_SESSION_NAME")?;
        Self::new(role, file.into(), session).map(Some)
    }

    /// What exchanging the token takes.
    pub(super) fn reach(&self, settings: &Settings<'_>, region: &Region) -> Result<Reach, Trouble> {
        let origin = settings.endpoint(Service::Sts, region)?;
        Ok(origin.reach().and(Reach::file(&self.file)))
    }

    /// Exchanges the token for keys.
    pub(super) fn exchange(
        &self,
        settings: &Settings<'_>,
        region: &Region,
        wire: &Wire,
    ) -> Result<Credentials, Trouble> {
        let origin = settings.endpoint(Service::Sts, region)?;
        // An orchestrator mounts it as a link, and readable to all in a container of our own.
        let token = SmallFile::open(&self.file, Links::Follow).map_err(|_| NO_TOKEN)?;
        let mut token = token.read(MAX_BYTES).map_err(|_| NO_TOKEN)?;
        let token = Secret::new(std::mem::take(&mut *token)).map_err(|_| NO_TOKEN)?;
        let request = || {
            let form = token.show_to(|token| self.form(token));
            let request = Request::new("POST", "/")?;
            let request = request.header("Content-Type", "application/x-www-form-urlencoded")?;
            Ok(request.body(form))
        };
        let answer = wire.ask(&origin, request, answer::is_passing)?;
        if answer.status != 200 {
            return Err(refusal(&answer, wire));
        }
        keys(&answer.body).ok_or(FAILED)?
    }

    fn form(&self, token: &str) -> Buffer {
        let fields = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", &*self.role),
            ("RoleSessionName", &*self.session),
            ("WebIdentityToken", token),
        ];
        let mut form = Buffer::default();
        for (name, value) in fields {
            if !form.is_empty() {
                form.push(b"&");
            }
            form.push(name.as_bytes());
            form.push(b"=");
            encode(value, &mut form);
        }
        form
    }
}

/// RFC 3986: all but what is unreserved becomes `%XX`.
fn encode(text: &str, into: &mut Buffer) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(&[byte]);
        } else {
            let digit = |half: u8| match half {
                0..10 => b'0' + half,
                _ => b'A' + half - 10,
            };
            into.push(&[b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
}

/// The keys in STS's answer, which is XML of one known shape.
fn keys(body: &[u8]) -> Option<Result<Credentials, Trouble>> {
    let body = std::str::from_utf8(body).ok()?;
    let keys = element(body, "Credentials")?;
    let secret = |name| Secret::new(element(keys, name)?).ok().map(Arc::new);
    let until = DateTime::parse_from_rfc3339(element(keys, "Expiration")?).ok()?;
    Some(Credentials::new(
        element(keys, "AccessKeyId")?.to_owned(),
        secret("SecretAccessKey")?,
        Some(secret("SessionToken")?),
        Some(until.with_timezone(&Utc)),
    ))
}

/// What stands in the first element of that name. Keys have no characters that XML would escape.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (inner, _) = rest.split_once(&format!("</{name}>"))?;
    Some(inner.trim())
}

/// The code of STS's refusal.
pub(super) fn code(body: &[u8]) -> Option<String> {
    let error = element(std::str::from_utf8(body).ok()?, "Error")?;
    element(error, "Code").map(str::to_owned)
}

/// What a refusal means here, where the token is the proof.
fn refusal(answer: &Answer, wire: &Wire) -> Trouble {
    let remedy = match answer::code(answer).as_deref() {
        Some("ExpiredTokenException" | "ExpiredToken") => EXPIRED,
        Some("InvalidIdentityToken" | "IDPRejectedClaim") => REJECTED,
        Some("AccessDenied" | "AccessDeniedException") => DENIED,
        _ => return answer::refusal(answer, wire.now()),
    };
    let status = answer.status;
    Trouble::Refused { status, remedy }
}

const MALFORMED: Trouble = Trouble::Unfit(
    "the web identity for AWS is not of its form: the role is an ARN, the token's file an absolute \
     path, the session name 2 to 64 letters, digits and _+=,.@-",
);

const NO_ROLE: Trouble =
    Trouble::Unfit("AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN: set both or none");

const NO_TOKEN: Trouble = Trouble::Unfit(
    "the file of the web identity's token (AWS_WEB_IDENTITY_TOKEN_FILE) cannot be read, or holds no \
     token: mount it for the user that the server runs as",
);

const EXPIRED: &str =
    "the web identity's token for AWS has expired: whoever writes its file must renew it";

const REJECTED: &str = "AWS does not take the web identity's token: its issuer and audience must be those of an identity \
     provider in IAM";

const DENIED: &str = "AWS does not let this web identity be the role (AWS_ROLE_ARN): look at the role's trust policy";

const FAILED: Trouble =
    Trouble::Unfit("AWS STS answered with something that is no credentials: look at its endpoint");

#[cfg(test)]
mod tests;
