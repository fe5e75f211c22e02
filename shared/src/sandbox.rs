//! What the kernel is asked to hold this process to, once it is open: nobody who takes it over
//! can do more.
//!
//! | module      | answers                                                        |
//! |-------------|----------------------------------------------------------------|
//! | `profile`   | what does a process need once it is open?                      |
//! | `report`    | what does the kernel enforce, and what does it not?            |
//! | `place`     | what must a directory that is served not be, nor hold?         |
//! | `linux`     | in which order is the process held down?                       |
//! | `elsewhere` | what is said where the kernel has no such means?               |
//!
//! # Invariants
//!
//! - [`enter`] never answers `Ok` under [`Mode::Require`] unless all that the profile needs is in
//!   force, and was seen to be by trying what must fail.
//! - What is not enforced is named in [`Enforced`]; nothing is left out silently.
//! - It comes before the first request is read, and while the process has one thread.

mod place;
mod profile;
mod report;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as kernel;

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(not(target_os = "linux"))]
use elsewhere as kernel;

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

pub use place::keep_out;
pub use profile::Profile;
pub use profile::Sockets;
pub use report::Enforced;

/// How much of it must succeed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// All of it, or the program does not start.
    #[default]
    Require,
    /// What the kernel can do; the rest is a warning.
    BestEffort,
    /// Nothing is asked of the kernel.
    Off,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Require => "require",
            Self::BestEffort => "best-effort",
            Self::Off => "off",
        })
    }
}

/// Why a process was not held down as [`Mode::Require`] demands. For the operator: each says what
/// to change.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A directory that is served shows the kernel, or holds what the server must not show.
    #[error("{}: {why}", path.display())]
    Place {
        /// The directory.
        path: std::path::PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The kernel cannot do what the profile needs.
    #[error("the kernel cannot: {0}; accept that with --sandbox best-effort")]
    Missing(String),
    /// The process has more than one thread: Landlock would hold only one of them.
    #[error(
        "{0} threads run already, and Landlock would hold only one of them (a desktop keyring \
         starts some: keep the secrets in another store, or accept it with --sandbox best-effort)"
    )]
    Threads(usize),
    /// The process inherited descriptors that nobody meant for it.
    #[error(
        "it was started with open descriptors that it does not know: {0}; have whoever starts it \
         close them, or accept them with --sandbox best-effort"
    )]
    Descriptors(String),
    /// The process runs as uid 0 where the kernel cannot keep it from root's files.
    #[error(
        "it runs as uid 0, to whom most files belong, and there is no Landlock to keep them from \
         it; start it as another user, or accept that with --allow-root"
    )]
    Root,
    /// A step failed that the kernel should have been able to do.
    #[error("could not {step}: {cause}")]
    Step {
        /// Which.
        step: &'static str,
        /// Why.
        cause: String,
    },
    /// What must fail did not.
    #[error("it was set up, and yet {0} was possible; accept that with --sandbox best-effort")]
    Probe(&'static str),
}

/// Holds this process to `profile`, for as long as it lives.
///
/// # Errors
///
/// [`SandboxError`] if `mode` requires what cannot be had. The process may be held down in part
/// by then, so it must end.
pub fn enter(profile: &Profile, mode: Mode) -> Result<Enforced, SandboxError> {
    if mode == Mode::Off {
        return Ok(Enforced::off());
    }
    kernel::enter(profile, mode)
}

/// What [`enter`] would enforce here, without doing it.
#[must_use]
pub fn foresee(profile: &Profile, mode: Mode) -> Enforced {
    if mode == Mode::Off {
        return Enforced::off();
    }
    kernel::foresee(profile, mode)
}

/// The descriptors that this process was started with beside the standard streams and those that
/// a service manager announced, as `NUMBER (WHAT)`; pipes and `/dev/null`, which lead to nothing
/// that is kept, are not told. To be asked before anything is opened.
#[must_use]
pub fn stray_descriptors() -> Vec<String> {
    kernel::stray_descriptors()
}

/// What this kernel offers, for people who ask.
#[must_use]
pub fn kernel_facts() -> Vec<(&'static str, String)> {
    kernel::facts()
}
