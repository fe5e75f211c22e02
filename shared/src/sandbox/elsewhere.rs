//! Where the kernel has no such means: nothing is enforced, and that is said.

use super::Enforced;
use super::Mode;
use super::Profile;
use super::SandboxError;

pub(super) fn enter(profile: &Profile, mode: Mode) -> Result<Enforced, SandboxError> {
    match mode {
        Mode::Require => Err(SandboxError::Missing(WHAT.to_owned())),
        Mode::BestEffort | Mode::Off => Ok(foresee(profile, mode)),
    }
}

pub(super) fn foresee(_profile: &Profile, mode: Mode) -> Enforced {
    Enforced {
        mode,
        missing: vec![WHAT.to_owned()],
        ..Enforced::default()
    }
}

pub(super) const fn stray_descriptors() -> Vec<String> {
    Vec::new()
}

pub(super) fn facts() -> Vec<(&'static str, String)> {
    vec![("kernel", std::env::consts::OS.to_owned())]
}

const WHAT: &str = "files, network and child processes are confined on Linux only";
