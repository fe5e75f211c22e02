//! Holds a process down on Linux, step by step.
//!
//! | module     | answers                                                 |
//! |------------|---------------------------------------------------------|
//! | `process`  | what does the process give up by itself?                |
//! | `landlock` | which files and ports are left to it?                   |
//! | `filter`   | what does the kernel answer to a system call?           |
//! | `calls`    | which system calls does it need?                        |
//! | `shapes`   | which of them with certain arguments only?              |
//! | `probe`    | does what must fail fail?                               |

mod calls;
mod filter;
mod landlock;
mod probe;
mod process;
mod shapes;

use super::Enforced;
use super::Mode;
use super::Profile;
use super::SandboxError;

pub(super) use process::stray_descriptors;

/// The steps, in the only order in which each is still possible.
pub(super) fn enter(profile: &Profile, mode: Mode) -> Result<Enforced, SandboxError> {
    let strict = mode == Mode::Require;
    let mut enforced = Enforced {
        mode,
        gaps: gaps(profile),
        ..Enforced::default()
    };
    let mut fail = |error: SandboxError, follows: &str| {
        if strict {
            return Err(error);
        }
        enforced.missing.push(follows.to_owned());
        Ok(())
    };

    if !profile.stray.is_empty() {
        let stray = profile.stray.join(", ");
        let follows = format!("it holds descriptors that it does not know ({stray})");
        fail(SandboxError::Descriptors(stray), &follows)?;
    }
    let threads = process::threads();
    if threads != 1 {
        let follows = format!("{threads} threads ran already, and Landlock holds only one");
        fail(SandboxError::Threads(threads), &follows)?;
    }
    if let Err(error) = process::limit() {
        fail(error, "the limits of the process")?;
    }
    let process = match process::drop_privileges() {
        Ok(()) => true,
        Err(error) => {
            fail(error, "its privileges were not dropped")?;
            false
        }
    };
    let landlock = match landlock::restrict(profile) {
        Ok(abi) if abi >= profile.least_abi() => Some(abi),
        Ok(abi) => {
            let least = profile.least_abi();
            let what = format!("ports are confined from Landlock {least} on, and this has {abi}");
            fail(
                SandboxError::Missing(what),
                "any port of any host is reachable",
            )?;
            Some(abi)
        }
        Err(error) => {
            fail(error, without_landlock(profile))?;
            None
        }
    };
    let filter = match filter::install(profile) {
        Ok(()) => true,
        Err(error) => {
            fail(error, WITHOUT_FILTER)?;
            false
        }
    };
    if let Err(error) = probe::probe(profile, landlock.is_some(), filter) {
        let follows = error.to_string();
        fail(error, &follows)?;
    }
    if process::is_root() && landlock.is_none() && !profile.allow_root {
        // whatever the mode: nothing keeps root without Landlock from most files
        return Err(SandboxError::Root);
    }
    enforced.landlock = landlock;
    enforced.filter = filter;
    enforced.process = process;
    Ok(enforced)
}

/// What [`enter`] would do, found out on a thread that ends.
pub(super) fn foresee(profile: &Profile, mode: Mode) -> Enforced {
    let landlock = landlock::available();
    let filter = filter::available();
    let mut missing = Vec::new();
    match landlock {
        None => missing.push(without_landlock(profile).to_owned()),
        Some(abi) if abi < profile.least_abi() => {
            missing.push("any port of any host is reachable".to_owned());
        }
        Some(_) => {}
    }
    if !filter {
        missing.push(WITHOUT_FILTER.to_owned());
    }
    Enforced {
        mode,
        landlock,
        filter,
        process: true,
        missing,
        gaps: gaps(profile),
    }
}

pub(super) fn facts() -> Vec<(&'static str, String)> {
    let system = rustix::system::uname();
    let release = system.release().to_string_lossy().into_owned();
    let landlock = landlock::available().map_or_else(
        || "not there".to_owned(),
        |abi| format!("version {abi}, errata {:#x}", landlock::errata()),
    );
    let filter = if filter::available() {
        "there"
    } else {
        "not there"
    };
    vec![
        ("kernel", format!("Linux {release}")),
        ("landlock", landlock),
        ("seccomp", filter.to_owned()),
    ]
}

fn gaps(profile: &Profile) -> Vec<String> {
    let mut gaps = profile.gaps();
    if profile.reads_anywhere && process::is_root() && !profile.allow_root {
        gaps.push(
            "and it runs as uid 0, so that these are root's too: use another user".to_owned(),
        );
    }
    gaps
}

const fn without_landlock(profile: &Profile) -> &'static str {
    if profile.reads_anywhere {
        "which files are written is not confined by the kernel"
    } else {
        "reads outside of what is served are stopped by the server's own handling of paths, not by \
         the kernel"
    }
}

const WITHOUT_FILTER: &str =
    "no filter of system calls: any host can be reached and any program run";
