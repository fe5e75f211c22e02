//! One value from Secrets Manager: settings, keys, a signed request, its answer.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;

use super::answer;
use super::credentials;
use super::credentials::Credentials;
use super::place::Place;
use super::place::Version;
use super::region::Region;
use super::region::Service;
use super::settings::Settings;
use super::sigv4::Unsigned;
use super::wire::Wire;
use crate::secret::Providers;
use crate::secret::Secret;
use crate::secret::Trouble;
use crate::secret::Unreached;
use crate::secret::buffer::Buffer;
use crate::secret::http::Answer;
use crate::secret::http::Origin;
use crate::secret::http::Request;

/// Where the time comes from.
pub(super) type Clock = fn() -> DateTime<Utc>;

/// Who this process is for AWS, for as long as its keys are good.
pub(in crate::secret) struct Account {
    clock: Clock,
    patience: Duration,
    keys: Mutex<Option<Arc<Credentials>>>,
}

impl Account {
    /// One that has no keys yet.
    pub(in crate::secret) const fn new(clock: Clock) -> Self {
        Self {
            clock,
            patience: PATIENCE,
            keys: Mutex::new(None),
        }
    }

    /// One that waits no longer than a test does.
    #[cfg(test)]
    pub(super) fn hasty(clock: Clock) -> Self {
        Self {
            patience: Duration::from_secs(2),
            ..Self::new(clock)
        }
    }

    /// The value at the place as it is now.
    pub(in crate::secret) fn load(
        &self,
        place: &str,
        providers: &Providers,
    ) -> Result<Secret, Trouble> {
        let place = Place::parse(place).ok_or(Trouble::Absent("it is no place"))?;
        let settings = Settings::read(providers)?;
        let region = settings.region(&place)?;
        let origin = settings.endpoint(Service::SecretsManager, &region)?;
        let wire = Wire::new(&settings, self.clock, self.patience)?;
        let keys = self.keys(&settings, &region, &wire)?;
        let mut answer = ask(&place, &region, &origin, &keys, &wire)?;
        // Whoever gave them may have taken them back before their end.
        if keys.until.is_some() && answer::is_about_credentials(&answer) {
            self.forget();
            let keys = self.keys(&settings, &region, &wire)?;
            answer = ask(&place, &region, &origin, &keys, &wire)?;
        }
        match answer.status {
            200 => answer::value(&answer.body, &place),
            _ => Err(answer::refusal(&answer, wire.now())),
        }
    }

    /// Keys that are good: those kept, or new ones. Whoever comes meanwhile waits for the same.
    fn keys(
        &self,
        settings: &Settings<'_>,
        region: &Region,
        wire: &Wire,
    ) -> Result<Arc<Credentials>, Trouble> {
        let mut kept = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = kept.as_ref().filter(|keys| keys.are_fresh(wire.now())) {
            return Ok(Arc::clone(keys));
        }
        match (credentials::find(settings, region, wire), kept.as_ref()) {
            (Ok(found), _) if !found.are_good(wire.now()) => Err(ENDED),
            (Ok(found), _) => {
                let found = Arc::new(found);
                // What does not end is read anew each time: it is near, and may have changed.
                *kept = found.until.map(|_| Arc::clone(&found));
                Ok(found)
            }
            // They were to be replaced early; that leaves time for trouble.
            (Err(_), Some(old)) if old.are_good(wire.now()) => Ok(Arc::clone(old)),
            (Err(trouble), _) => Err(trouble),
        }
    }

    fn forget(&self) {
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account")
    }
}

fn ask(
    place: &Place<'_>,
    region: &Region,
    origin: &Origin,
    keys: &Credentials,
    wire: &Wire,
) -> Result<Answer, Trouble> {
    let body = body(place);
    let host = origin.authority();
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "secretsmanager.GetSecretValue"),
    ];
    let unsigned = Unsigned {
        host: &host,
        region: region.name(),
        service: Service::SecretsManager.name(),
        headers: &headers,
        body: body.as_bytes(),
    };
    let request = || -> Result<Request, Unreached> {
        let signed = unsigned.sign(keys, wire.now());
        let mut request = Request::new("POST", "/")?;
        for (name, value) in headers {
            request = request.header(name, value)?;
        }
        request = request.header("x-amz-date", &signed.date)?;
        request = request.header("authorization", &signed.authorization)?;
        request = keys.show_token(|token| match token {
            Some(token) => request.header("x-amz-security-token", token),
            None => Ok(request),
        })?;
        let mut content = Buffer::with_capacity(body.len());
        content.push(body.as_bytes());
        Ok(request.body(content))
    };
    wire.ask(origin, request, answer::is_passing)
}

/// What is asked for. None of it is a secret.
fn body(place: &Place<'_>) -> String {
    let mut asked = serde_json::Map::new();
    asked.insert("SecretId".to_owned(), place.id.into());
    match place.version {
        Some(Version::Stage(stage)) => {
            asked.insert("VersionStage".to_owned(), stage.into());
        }
        Some(Version::Id(id)) => {
            asked.insert("VersionId".to_owned(), id.into());
        }
        None => {}
    }
    serde_json::Value::Object(asked).to_string()
}

/// For all of one load: less than a host waits for a server to start.
const PATIENCE: Duration = Duration::from_secs(15);

const ENDED: Trouble = Trouble::Unfit(
    "the credentials for AWS that were handed out have ended already: look at the clock, and at \
     whoever hands them out",
);

#[cfg(test)]
mod tests;
