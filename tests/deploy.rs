//! The deployments of `examples/deployment`, held against what they promise.
//!
//! What is written there is read as an operator's tools would read it, and started as far as a
//! machine without systemd, a container engine or a cluster can start it. A program that is missing
//! is told loudly, unless `KEYHOLE_FOREIGN` is set: then the test fails.

mod cell;
mod image;
mod pod;
mod sessions;
mod unit;
mod units;

use std::path::PathBuf;

use harness::loudly;
use harness::workspace;

/// A file of `examples/deployment`.
fn text(name: &str) -> String {
    let path = deployment(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Where a file of `examples/deployment` is.
fn deployment(name: &str) -> PathBuf {
    workspace().join("examples/deployment").join(name)
}

/// A program of this machine, or none and a loud word.
fn program(name: &str, package: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join(name));
    let found = found.into_iter().find(|file| file.is_file());
    if found.is_none() {
        assert!(!is_set("KEYHOLE_FOREIGN"), "{name} is missing: {package}");
        loudly(&format!("deployments: {name} is missing: {package}"));
    }
    found
}

/// Whether an environment variable says yes.
fn is_set(name: &str) -> bool {
    std::env::var(name).is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}
