//! `aws-sm:ID#FIELD`: AWS Secrets Manager, asked over HTTPS without its SDK.
//!
//! The ID is the secret's name or its ARN. `?stage=AWSPREVIOUS` or `?version=UUID` behind it asks for
//! another version than the current one; `#FIELD` for a field of the JSON object that the secret is.
//!
//! Everything else is set as for AWS's own tools: the region (the ARN's, else `AWS_REGION`,
//! `AWS_DEFAULT_REGION`, the profile's), who asks (see `credentials`), `AWS_PROFILE`,
//! `AWS_ENDPOINT_URL_SECRETS_MANAGER`, `AWS_USE_FIPS_ENDPOINT`, `AWS_CA_BUNDLE`. Proxies are not used.
//!
//! # Invariants
//!
//! - A secret comes over TLS from a host that proved who it is; in plain text from this machine only.
//! - Keys of the account live in `Secret`, and those that end are not used beyond their end.
//! - An error is one of ours: nothing of AWS's text is repeated.

mod answer;
mod credentials;
mod load;
mod local;
mod place;
mod profile;
mod region;
mod settings;
mod sigv4;
mod sts;
#[cfg(test)]
mod testing;
mod wire;

use super::Loaded;
use super::Provider;
use super::Providers;
use super::Reach;
use super::Trouble;

use place::Place;
use region::Service;
use settings::Settings;

pub(super) use load::Account;

pub(super) const PROVIDER: Provider = Provider {
    scheme: "aws-sm",
    form: "aws-sm:ID#FIELD",
    accepts: |place| Place::parse(place).is_some(),
    missing: None,
    load: |place, providers| providers.aws.load(place, providers).map(Loaded::from),
    reach,
    variables: VARIABLES,
    stamp: None,
    write: None,
};

/// What asking takes, as the files and the variables are now.
fn reach(place: &str, providers: &Providers) -> Reach {
    let files = profile::reach(providers);
    let asking = || -> Result<Reach, Trouble> {
        let place = Place::parse(place).ok_or(Trouble::Absent("it is no place"))?;
        let settings = Settings::read(providers)?;
        let region = settings.region(&place)?;
        let origin = settings.endpoint(Service::SecretsManager, &region)?;
        let keys = credentials::reach(&settings, &region)?;
        Ok(origin.reach().and(settings.roots()?.reach()).and(keys))
    };
    files.and(asking().unwrap_or_default())
}

/// All that is read of the environment.
const VARIABLES: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_DEFAULT_REGION",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "HOME",
];
