//! Where the binaries and their trails are.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

/// Builds `package` alone, as it ships, and says where its binary is.
///
/// # Panics
///
/// If it does not build: then there is nothing to measure.
#[must_use]
pub fn build(package: &str) -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--package", package])
        .status();
    assert!(built.expect("cargo runs").success(), "{package} builds");
    let own = std::env::current_exe().expect("a path");
    let target = own.ancestors().nth(2).expect("target/PROFILE/NAME");
    target.join("release").join(package)
}

/// Where a trail may be kept, with what to call it: on the disk of `dir`, and in memory where
/// there is such a place.
#[must_use]
pub fn trails(dir: &Path) -> Vec<(&'static str, PathBuf)> {
    let mut places = Vec::new();
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        let own = format!("keyhole-bench-{}", std::process::id());
        places.push(("audit in memory", memory.join(own)));
    }
    places.push(("audit synced to disk", dir.join("audit")));
    places
}
