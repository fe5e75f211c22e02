//! What a process gives up by itself: capabilities, new privileges, being looked into.
#![expect(
    clippy::disallowed_methods,
    reason = "the kernel tells of this process in /proc, and who started it in the environment"
)]

use std::time::Duration;

use rustix::io::Errno;
use rustix::process::DumpableBehavior;
use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::thread::CapabilitySet;
use rustix::thread::CapabilitySets;

use super::super::SandboxError;

/// How many threads the process has. One that was joined is in the list for a moment longer, so
/// it is looked at again before more than one is believed.
pub(super) fn threads() -> usize {
    let mut found = 0;
    for _ in 0..LOOKS {
        // without /proc nobody can say; that must not pass for one
        found = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
        if found == 1 {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    found
}

/// See [`stray_descriptors`](super::super::stray_descriptors).
pub(in super::super) fn stray_descriptors() -> Vec<String> {
    let announced: u32 = std::env::var("LISTEN_FDS")
        .ok()
        .filter(|_| std::env::var("LISTEN_PID") == Ok(std::process::id().to_string()))
        .and_then(|count| count.parse().ok())
        .unwrap_or(0);
    let known = 3_u32.saturating_add(announced);
    let entries = std::fs::read_dir("/proc/self/fd").into_iter().flatten();
    let mut stray: Vec<(u32, String)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let number: u32 = entry.file_name().to_str()?.parse().ok()?;
            let what = std::fs::read_link(entry.path()).ok()?;
            let what = what.to_string_lossy().into_owned();
            let ours = what == format!("/proc/{}/fd", std::process::id());
            // hosts and shells leave these behind; they lead to nothing that is kept
            let nowhere = what.starts_with("pipe:[") || what == "/dev/null";
            (number >= known && !ours && !nowhere).then_some((number, what))
        })
        .collect();
    stray.sort();
    let tell = |(number, what): (u32, String)| format!("{number} ({what:?})");
    stray.into_iter().map(tell).collect()
}

/// Whether it is uid 0 in its user namespace.
pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// No core is written, for it would hold secrets; and a bounded number of descriptors.
pub(super) fn limit() -> Result<(), SandboxError> {
    let failed = step("limit the process");
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    rustix::process::setrlimit(Resource::Core, none).map_err(&failed)?;
    let before = rustix::process::getrlimit(Resource::Nofile);
    let least =
        |limit: Option<u64>| Some(limit.map_or(DESCRIPTORS, |limit| limit.min(DESCRIPTORS)));
    let files = Rlimit {
        current: least(before.current),
        maximum: least(before.maximum),
    };
    rustix::process::setrlimit(Resource::Nofile, files).map_err(&failed)
}

/// Gives up all capabilities, the ways to gain any, and the standing that lets others of the same
/// user look into it.
pub(super) fn drop_privileges() -> Result<(), SandboxError> {
    let failed = step("drop privileges");
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(&failed)?;
    // before 4.3 there is no ambient set; then there is nothing in it
    match rustix::thread::clear_ambient_capability_set() {
        Ok(()) | Err(Errno::INVAL) => {}
        Err(cause) => return Err(failed(cause)),
    }
    for number in 0..64 {
        let one = CapabilitySet::from_bits_retain(1 << number);
        if rustix::thread::capability_is_in_bounding_set(one) != Ok(true) {
            continue;
        }
        match rustix::thread::remove_capability_from_bounding_set(one) {
            // who has no capability to drop them has none to gain from them: no_new_privs follows
            Ok(()) | Err(Errno::PERM) => {}
            Err(cause) => return Err(failed(cause)),
        }
    }
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    let set = rustix::thread::set_capabilities(None, none);
    // a service manager's filter may refuse the call; what counts is what is left
    let left = rustix::thread::capabilities(None).map_err(&failed)?;
    if left != none {
        return Err(failed(set.err().unwrap_or(Errno::PERM)));
    }
    rustix::thread::set_no_new_privs(true).map_err(&failed)
}

fn step(step: &'static str) -> impl Fn(Errno) -> SandboxError {
    move |cause| SandboxError::Step {
        step,
        cause: cause.to_string(),
    }
}

const LOOKS: u32 = 200;
/// The most descriptors: enough for all requests at once, each with a few.
const DESCRIPTORS: u64 = 1024;
