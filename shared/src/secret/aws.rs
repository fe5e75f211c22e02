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

pub(super) use load::Account;

pub(super) const PROVIDER: Provider = Provider {
    scheme: "aws-sm",
    form: "aws-sm:ID#FIELD",
    accepts: |place| place::Place::parse(place).is_some(),
    missing: None,
    load: |place, providers| providers.aws.load(place, providers).map(Loaded::from),
    stamp: None,
    write: None,
};
