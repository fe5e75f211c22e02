//! What AWS's own variables and files say: the region, the endpoint, the profile.
//!
//! # Invariants
//!
//! - A request goes to a host of AWS, or to the one that the operator names; without TLS only to
//!   this machine.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;

use super::place::Place;
use super::profile::Profile;
use super::region::Region;
use super::region::Service;
use crate::secret::Providers;
use crate::secret::Secret;
use crate::secret::Trouble;
use crate::secret::http::Origin;
use crate::secret::http::Roots;

/// The environment and one profile.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    providers: &'a Providers,
    profile: Profile,
}

impl<'a> Settings<'a> {
    /// Reads them.
    pub(super) fn read(providers: &'a Providers) -> Result<Self, Trouble> {
        let profile = Profile::read(providers)?;
        Ok(Self { providers, profile })
    }

    /// The profile.
    pub(super) const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// A variable that is no secret.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Trouble> {
        utf8(self.providers.variable(name))
    }

    /// A variable that is one.
    pub(super) fn secret(&self, name: &str) -> Result<Option<Arc<Secret>>, Trouble> {
        let value = self.providers.variable(name);
        let secret = value.map(|value| Secret::new(value.into_vec()));
        Ok(secret.transpose()?.map(Arc::new))
    }

    /// Who says that AWS is AWS: whom the system trusts, or those of `AWS_CA_BUNDLE`.
    pub(super) fn roots(&self) -> Result<Roots, Trouble> {
        let bundle = self.text("AWS_CA_BUNDLE")?;
        Ok(bundle.map_or(Roots::System, |path| Roots::File(path.into())))
    }

    /// The region of the place, else of the environment, else of the profile.
    pub(super) fn region(&self, place: &Place<'_>) -> Result<Region, Trouble> {
        match place.region() {
            Some(region) => Ok(region),
            None => self.own_region()?.ok_or(NO_REGION),
        }
    }

    /// The region of the environment, else of the profile.
    pub(super) fn own_region(&self) -> Result<Option<Region>, Trouble> {
        let given = match self.text("AWS_REGION")? {
            Some(region) => Some(region),
            None => self.text("AWS_DEFAULT_REGION")?,
        };
        let given = given.or_else(|| self.profile.setting("region").map(str::to_owned));
        let region = given.map(|region| Region::parse(&region).ok_or(BAD_REGION));
        region.transpose()
    }

    /// Where the service is asked for that region.
    pub(super) fn endpoint(&self, service: Service, region: &Region) -> Result<Origin, Trouble> {
        let fips = self.flag("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")?;
        let ignored = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
        let ignored = self.flag(ignored, "ignore_configured_endpoint_urls")?;
        let mut given = None;
        for name in [service.variable(), "AWS_ENDPOINT_URL"] {
            given = given.or(self.text(name)?);
        }
        let profile = self.profile.setting("endpoint_url");
        match given.as_deref().or(profile).filter(|_| !ignored) {
            Some(_) if fips => Err(FIPS_ELSEWHERE),
            Some(url) => url.parse().map_err(|_| BAD_ENDPOINT),
            // The profile has them in a section of its own, which is not read here.
            None if self.profile.setting("services").is_some() && !ignored => Err(SERVICES),
            None => {
                let url = format!("https://{}", region.host(service, fips));
                Ok(url.parse()?)
            }
        }
    }

    fn flag(&self, variable: &str, key: &str) -> Result<bool, Trouble> {
        let given = self.text(variable)?;
        match given.as_deref().or_else(|| self.profile.setting(key)) {
            None => Ok(false),
            Some(word) if word.eq_ignore_ascii_case("true") => Ok(true),
            Some(word) if word.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => Err(BAD_FLAG),
        }
    }
}

/// A text from the environment.
pub(super) fn utf8(value: Option<OsString>) -> Result<Option<String>, Trouble> {
    let text = value.map(|value| value.into_string().map_err(|_| Trouble::NotText));
    text.transpose()
}

const NO_REGION: Trouble = Trouble::Unfit(
    "which region of AWS? set AWS_REGION, give the profile one, or write the secret's ARN",
);

const BAD_REGION: Trouble = Trouble::Unfit(
    "AWS_REGION (AWS_DEFAULT_REGION, or the profile's region) is no region that is known here; one \
     looks like eu-central-1",
);

const BAD_ENDPOINT: Trouble = Trouble::Unfit(
    "the endpoint of AWS (AWS_ENDPOINT_URL..., or the profile's endpoint_url) must be \
     https://HOST or https://HOST:PORT and no more; http:// is for this machine only",
);

const FIPS_ELSEWHERE: Trouble = Trouble::Unfit(
    "FIPS endpoints of AWS are asked for and an endpoint is given as well: give one of the two",
);

const SERVICES: Trouble = Trouble::Unfit(
    "the profile of AWS has a section of services, which is not read here: set \
     AWS_ENDPOINT_URL_SECRETS_MANAGER, or AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
);

const BAD_FLAG: Trouble = Trouble::Unfit(
    "AWS_USE_FIPS_ENDPOINT and AWS_IGNORE_CONFIGURED_ENDPOINT_URLS (and their like in the profile) \
     must be true or false",
);

#[cfg(test)]
mod tests;
