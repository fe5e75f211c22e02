//! `env:NAME`: the environment. Children inherit it and crash reports like it: prefer a file.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads a secret from the environment"
)]

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::Loaded;
use super::Provider;
use super::Reach;
use super::Secret;
use super::Trouble;

pub(super) const PROVIDER: Provider = Provider {
    scheme: "env",
    form: "env:NAME",
    accepts,
    missing: None,
    load: |name, providers| match providers.variable(name) {
        Some(value) => Secret::new(value.into_vec()).map(Loaded::from),
        None => Err(Trouble::Absent(
            "the environment has no variable of this name, or an empty one",
        )),
    },
    reach: |_, _| Reach::default(),
    // the one that it names
    variables: &[],
    stamp: None,
    write: None,
};

/// The environment of this process.
pub(super) fn of_process(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

fn accepts(name: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (1..=255).contains(&name.len())
        && name.chars().all(fine)
        && !name.starts_with(|c: char| c.is_ascii_digit())
}
