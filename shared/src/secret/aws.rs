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

#[cfg(feature = "aws")]
mod answer;
#[cfg(feature = "aws")]
mod credentials;
#[cfg(feature = "aws")]
mod load;
#[cfg(feature = "aws")]
mod local;
#[cfg(feature = "aws")]
mod place;
#[cfg(feature = "aws")]
mod profile;
#[cfg(feature = "aws")]
mod region;
#[cfg(feature = "aws")]
mod settings;
#[cfg(feature = "aws")]
mod sigv4;
#[cfg(feature = "aws")]
mod sts;
#[cfg(all(test, feature = "aws"))]
mod testing;
#[cfg(feature = "aws")]
mod wire;

use super::Provider;
#[cfg(not(feature = "aws"))]
use super::Trouble;

#[cfg(feature = "aws")]
pub(super) use load::Account;

pub(super) const PROVIDER: Provider = Provider {
    scheme: "aws-sm",
    form: "aws-sm:ID#FIELD",
    #[cfg(feature = "aws")]
    accepts: |place| place::Place::parse(place).is_some(),
    #[cfg(not(feature = "aws"))]
    accepts: |_| false,
    missing: if cfg!(feature = "aws") {
        None
    } else {
        Some("aws")
    },
    #[cfg(feature = "aws")]
    load: |place, providers| providers.aws.load(place, providers),
    #[cfg(not(feature = "aws"))]
    load: |_, _| Err(Trouble::Absent("built without it")),
    write: None,
};
