//! `aws-sm:ID#FIELD` in a build without it: known, and refused with the feature's name.

use super::Provider;
use super::Reach;
use super::Trouble;

pub(super) const PROVIDER: Provider = Provider {
    scheme: "aws-sm",
    form: "aws-sm:ID#FIELD",
    accepts: |_| false,
    missing: Some("aws"),
    load: |_, _| Err(Trouble::Unfit("this build cannot ask AWS")),
    reach: |_, _| Reach::default(),
    variables: &[],
    stamp: None,
    write: None,
};
