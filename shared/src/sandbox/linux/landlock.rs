//! Which files and ports are left to a process, by Landlock.
//!
//! # Invariants
//!
//! - A place that does not open is an error, never a rule less.
//! - Running what is a program is left to no profile.

use std::path::Path;

use landlock::ABI;
use landlock::Access;
use landlock::AccessFs;
use landlock::AccessNet;
use landlock::BitFlags;
use landlock::Erratum;
use landlock::LandlockStatus;
use landlock::NetPort;
use landlock::PathBeneath;
use landlock::PathFd;
use landlock::Ruleset;
use landlock::RulesetAttr;
use landlock::RulesetCreated;
use landlock::RulesetCreatedAttr;
use landlock::Scope;

use super::super::Profile;
use super::super::SandboxError;

/// Confines this thread, and those that it starts. Answers with the version that is in force.
pub(super) fn restrict(profile: &Profile) -> Result<u32, SandboxError> {
    let mut handled = AccessFs::from_all(NEWEST);
    if profile.reads_anywhere {
        handled.remove(AccessFs::ReadFile | AccessFs::ReadDir);
    }
    if profile.sockets.contains(&super::super::Sockets::Unix) {
        handled.remove(AccessFs::ResolveUnix);
    }
    let created = Ruleset::default()
        .handle_access(handled)
        .and_then(|ruleset| ruleset.handle_access(AccessNet::from_all(PORTS)))
        .and_then(|ruleset| ruleset.scope(Scope::from_all(NEWEST)))
        .and_then(Ruleset::create)
        .map_err(step)?;
    let mut rules = created;
    if !profile.reads_anywhere {
        for path in &profile.read {
            rules = beneath(rules, path, AccessFs::ReadFile | AccessFs::ReadDir)?;
        }
    }
    for path in &profile.append {
        rules = beneath(rules, path, handled & appending())?;
    }
    for path in &profile.write {
        rules = beneath(rules, path, handled & writing())?;
    }
    for port in profile.ports() {
        let rule = NetPort::new(port, AccessNet::ConnectTcp);
        rules = rules.add_rule(rule).map_err(step)?;
    }
    let status = rules.restrict_self().map_err(step)?;
    version(status.landlock).ok_or_else(missing)
}

/// The version that this kernel has, found out on a thread that ends with it.
pub(super) fn available() -> Option<u32> {
    let confine = || {
        let ruleset = Ruleset::default().handle_access(AccessFs::MakeBlock).ok()?;
        let status = ruleset.create().ok()?.restrict_self().ok()?;
        version(status.landlock)
    };
    std::thread::scope(|scope| scope.spawn(confine).join().ok().flatten())
}

/// The known faults that this kernel has mended, as bits.
pub(super) fn errata() -> u32 {
    Erratum::current().bits()
}

fn beneath(
    rules: RulesetCreated,
    path: &Path,
    rights: BitFlags<AccessFs>,
) -> Result<RulesetCreated, SandboxError> {
    let place = |why| SandboxError::Place {
        path: path.to_owned(),
        why,
    };
    let fd = PathFd::new(path).map_err(|_| place("it cannot be opened"))?;
    let stat = rustix::fs::fstat(&fd).map_err(|_| place("it cannot be examined"))?;
    let kind = rustix::fs::FileType::from_raw_mode(stat.st_mode);
    let rights = if kind == rustix::fs::FileType::Directory {
        rights
    } else {
        rights & AccessFs::from_file(NEWEST)
    };
    rules.add_rule(PathBeneath::new(fd, rights)).map_err(step)
}

/// What appending to files takes; cutting, removing and renaming them does not belong to it.
fn appending() -> BitFlags<AccessFs> {
    AccessFs::ReadFile | AccessFs::ReadDir | AccessFs::WriteFile | AccessFs::MakeReg
}

/// What a database in a file takes.
fn writing() -> BitFlags<AccessFs> {
    appending() | AccessFs::Truncate | AccessFs::RemoveFile
}

const fn version(status: LandlockStatus) -> Option<u32> {
    match status {
        LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => None,
        LandlockStatus::Available { effective_abi, .. } => Some(effective_abi as u32),
    }
}

fn missing() -> SandboxError {
    let what = "it has no Landlock (since Linux 5.13, and to be named in `lsm=`), so that files are \
                not confined";
    SandboxError::Missing(what.to_owned())
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it is what a result is mapped by"
)]
fn step(cause: landlock::RulesetError) -> SandboxError {
    SandboxError::Step {
        step: "confine files by Landlock",
        cause: cause.to_string(),
    }
}

/// The newest version whose rights are asked for; what the kernel does not know is left out.
const NEWEST: ABI = ABI::V9;
/// TCP ports. Datagrams stay out, for the resolver sends them to whichever port it was told.
const PORTS: ABI = ABI::V4;
