//! The servers of the workspace as binaries.

use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::sync::PoisonError;

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
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo runs").success(), "{name} builds");
    }
    profile.join(name)
}

/// The names of all servers: the folders of `servers/`.
#[must_use]
pub fn servers() -> Vec<String> {
    let folders = std::fs::read_dir(workspace().join("servers")).expect("servers/");
    let mut names: Vec<_> = folders
        .map(|entry| entry.expect("readable"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("a plain name"))
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
