//! What a directory that is served must not be, and must not hold.
//!
//! # Invariants
//!
//! - Places are compared by where they really are, links followed.
#![expect(
    clippy::disallowed_methods,
    reason = "where the operator's own files are, at start"
)]

use std::path::Path;
use std::path::PathBuf;

use super::Profile;
use super::SandboxError;

/// Refuses a profile that could read the kernel's own views, or one of `secret`: the files that
/// steer the server, its keys, its trail.
///
/// # Errors
///
/// [`SandboxError::Place`] with the place that would be readable.
pub fn keep_out<'a>(
    profile: &Profile,
    secret: impl IntoIterator<Item = &'a Path>,
) -> Result<(), SandboxError> {
    let secret: Vec<PathBuf> = secret.into_iter().filter_map(real).collect();
    for path in profile.readable() {
        let Some(place) = real(path) else { continue };
        let refused = |why| {
            let path = path.to_owned();
            Err(SandboxError::Place { path, why })
        };
        let view = VIEWS.iter().any(|view| place.starts_with(view));
        if view && !place.starts_with(MEMORY) {
            return refused("it shows the kernel and its devices, which is not served");
        }
        if place.is_dir() && secret.iter().any(|file| file.starts_with(&place)) {
            return refused(
                "it is served, and the configuration, the policy or a key of this server lies \
                 in it; keep those elsewhere",
            );
        }
    }
    Ok(())
}

/// `path`, if something is there.
pub(super) fn present(path: &str) -> Option<PathBuf> {
    std::fs::metadata(path).ok().map(|_| PathBuf::from(path))
}

fn real(path: &Path) -> Option<PathBuf> {
    std::fs::canonicalize(path).ok()
}

const VIEWS: [&str; 3] = ["/proc", "/sys", "/dev"];
/// A disk that is memory and holds no devices.
const MEMORY: &str = "/dev/shm";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i_what_steers_the_server_must_not_lie_where_it_reads() {
        let dir = tempfile::tempdir().unwrap();
        let (root, other) = (dir.path().join("root"), dir.path().join("other"));
        std::fs::create_dir(&root).unwrap();
        std::fs::create_dir(&other).unwrap();
        let (inside, outside) = (root.join("policy.toml"), other.join("policy.toml"));
        std::fs::write(&inside, "").unwrap();
        std::fs::write(&outside, "").unwrap();
        let profile = Profile::new().read_beneath(&root);
        assert!(keep_out(&profile, [outside.as_path()]).is_ok());
        assert!(keep_out(&profile, [inside.as_path()]).is_err());
        let link = other.join("link");
        std::os::unix::fs::symlink(&inside, &link).unwrap();
        assert!(keep_out(&profile, [link.as_path()]).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn i_the_kernels_own_views_are_not_served_by_any_name() {
        for view in ["/proc/self/fd", "/sys", "/dev", "/proc/../proc"] {
            let profile = Profile::new().read_beneath(view);
            assert!(keep_out(&profile, []).is_err(), "{view}");
        }
    }
}
