//! The servers of the workspace as binaries.

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::PoisonError;

use serde_json::Value;

/// The binary `name`, built from this working tree beside the test's own.
#[must_use]
pub fn bin(name: &str) -> PathBuf {
    static BUILT: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let exe = std::env::current_exe().expect("a test has a path");
    let profile = exe.ancestors().nth(2).expect("TARGET/PROFILE/deps/test");
    let target = profile.parent().expect("TARGET");
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if built.insert(name.to_owned()) {
        let mut build = Command::new(env!("CARGO"));
        build
            .args(["build", "--quiet", "--package", name, "--target-dir"])
            .arg(target)
            .current_dir(workspace());
        let features = test_features(name);
        if !features.is_empty() {
            build.arg("--features").arg(features.join(","));
        }
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(
            build.status().expect("cargo runs").success(),
            "{name} builds"
        );
    }
    profile.join(name)
}

/// What the manifest of `name` says that its tests need beside the default:
/// `test-features` in `[package.metadata.keyhole]`.
fn test_features(name: &str) -> Vec<String> {
    let about = about(name);
    let features = about["test-features"].as_array().into_iter().flatten();
    features
        .filter_map(|feature| feature.as_str().map(str::to_owned))
        .collect()
}

/// What the manifest of `name` says in `[package.metadata.keyhole]`.
fn about(name: &str) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(workspace())
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata");
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|package| package["name"] == name);
    package.map_or(Value::Null, |package| {
        package["metadata"]["keyhole"].clone()
    })
}

/// The names of all servers: the folders of `servers/`, but those whose manifest says
/// `serves = false`, which are commands for people.
#[must_use]
pub fn servers() -> Vec<String> {
    let folders = std::fs::read_dir(workspace().join("servers")).expect("servers/");
    let mut names: Vec<_> = folders
        .map(|entry| entry.expect("readable"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("a plain name"))
        .filter(|name| about(name)["serves"] != false)
        .collect();
    names.sort();
    assert!(!names.is_empty(), "servers/ is empty");
    names
}

/// The folder of the workspace.
#[must_use]
pub fn workspace() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("tests/ lies in the workspace")
}
