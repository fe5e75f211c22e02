//! Who this process runs for, and where that user's state lies.

use std::path::PathBuf;

use super::CommonArguments;
use crate::policy::Policy;
use crate::principal::InvalidPrincipal;
use crate::principal::Principal;

/// The principal of a stdio connection: as said on the command line, else in the policy, else
/// the user that the operating system says this process is.
pub(super) fn principal(
    common: &CommonArguments,
    policy: Option<&Policy>,
) -> Result<Principal, InvalidPrincipal> {
    if let Some(subject) = &common.subject {
        return Principal::new(Principal::LOCAL, subject);
    }
    if let Some(subject) = policy.and_then(Policy::stdio_subject) {
        return Ok(subject.clone());
    }
    Principal::new(Principal::LOCAL, os_user())
}

/// `$XDG_STATE_HOME/keyhole/audit`, or below `~/.local/state` (XDG Base Directory 0.8).
#[expect(
    clippy::disallowed_methods,
    reason = "the user's directories are named by the environment"
)]
pub(super) fn state_dir() -> Option<PathBuf> {
    let absolute = |name| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
    state.map(|state| state.join("keyhole").join("audit"))
}

/// The name that the system's user list has for the real user id. The environment is not asked:
/// whoever starts the process could say anything there.
#[cfg(unix)]
#[expect(
    clippy::disallowed_methods,
    reason = "the list of users is the system's own"
)]
pub(super) fn os_user() -> String {
    let uid = rustix::process::getuid().as_raw();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_of(uid, &users).unwrap_or_else(|| format!("uid:{uid}"))
}

#[cfg(not(unix))]
#[expect(
    clippy::disallowed_methods,
    reason = "there is no other way to ask without unsafe code"
)]
pub(super) fn os_user() -> String {
    std::env::var("USERNAME").unwrap_or_else(|_| "user".to_owned())
}

#[cfg(unix)]
fn name_of(uid: u32, users: &str) -> Option<String> {
    let lines = users.lines().map(|line| line.split(':'));
    let mut named = lines.filter_map(|mut fields| {
        let name = fields.next()?;
        let id = fields.nth(1)?;
        (id.parse() == Ok(uid)).then(|| name.to_owned())
    });
    named.next()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_the_exact_number() {
        let users = "root:x:0:0:root:/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\nbad\n";
        assert_eq!(name_of(1000, users).as_deref(), Some("ada"));
        assert_eq!(name_of(100, users), None);
        assert_eq!(name_of(0, users).as_deref(), Some("root"));
    }
}
