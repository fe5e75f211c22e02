//! `vault:MOUNT/PATH#FIELD` in a build without it: known, and refused with the feature's name.

use super::Provider;
use super::Reach;
use super::Trouble;

pub(super) const PROVIDER: Provider = Provider {
    scheme: "vault",
    form: "vault:MOUNT/PATH#FIELD",
    accepts: |_| false,
    missing: Some("vault"),
    load: |_, _| Err(Trouble::Unfit("this build cannot ask a vault")),
    reach: |_, _| Reach::default(),
    variables: &[],
    stamp: None,
    write: None,
};
