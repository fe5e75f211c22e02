//! With which arguments a process may call the system: what is not listed is refused.
//!
//! Refused is `EPERM`, but for calls that are newer than `openat2`: those are "not there"
//! (`ENOSYS`), since a C library that tries a new call first knows an older one. Only a program
//! for another architecture is ended.
//!
//! # Invariants
//!
//! - A thread can be started, a process cannot.
//! - No memory that can be executed is made after this; no file is mapped so that writing to
//!   memory changes it, unless the profile has a database in a file.
//! - Bytes that are in a file of the trail are not written again: what is opened for writing is
//!   opened for appending, and stays so. (`openat2` takes its flags where a filter cannot see
//!   them; a profile that resolves by it has this from the trail's own chain only.)

use std::collections::BTreeMap;

use seccompiler::BpfProgram;
use seccompiler::SeccompAction;
use seccompiler::SeccompFilter;
use seccompiler::SeccompRule;
use seccompiler::TargetArch;
use seccompiler::sock_filter;

use super::super::Profile;
use super::super::SandboxError;
use super::super::Sockets;
use super::calls;
use super::shapes::shapes;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Puts the filter of `profile` over all threads of this process.
pub(super) fn install(profile: &Profile) -> Result<(), SandboxError> {
    let program = program(profile).map_err(|cause| SandboxError::Step {
        step: "write the filter of system calls",
        cause: cause.to_string(),
    })?;
    seccompiler::apply_filter_all_threads(&program).map_err(|cause| {
        SandboxError::Missing(format!("its filter of system calls was not taken: {cause}"))
    })
}

/// Whether this kernel takes filters, found out on a thread that ends with its own.
pub(super) fn available() -> bool {
    let everything = [sock_filter {
        code: RETURN,
        jt: 0,
        jf: 0,
        k: libc::SECCOMP_RET_ALLOW,
    }];
    let filtered = || seccompiler::apply_filter(&everything).is_ok();
    std::thread::scope(|scope| scope.spawn(filtered).join().unwrap_or(false))
}

/// The program that the kernel runs before each system call.
fn program(profile: &Profile) -> Result<BpfProgram, seccompiler::BackendError> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let rules = rules(profile)?;
    let newer: Vec<i64> = rules
        .keys()
        .copied()
        .filter(|call| *call >= NEWER)
        .collect();
    let refused = SeccompAction::Errno(errno(libc::EPERM));
    let filter = SeccompFilter::new(rules, refused, SeccompAction::Allow, arch)?;
    let listed: BpfProgram = filter.try_into()?;
    let mut program = newer_are_not_there(&newer);
    program.extend(listed);
    Ok(program)
}

/// Answers `ENOSYS` to all calls from [`NEWER`] on but `listed`; goes on with the others. Numbers
/// of the x32 interface are among them, for they have a high bit set.
///
/// What the filter says to another architecture comes after this; its numbers mean nothing here,
/// so it is looked at first.
fn newer_are_not_there(listed: &[i64]) -> BpfProgram {
    let jump = |code, k: i64, jt: usize, jf: usize| sock_filter {
        code,
        jt: u8::try_from(jt).unwrap_or(u8::MAX),
        jf: u8::try_from(jf).unwrap_or(u8::MAX),
        k: u32::try_from(k).unwrap_or(u32::MAX),
    };
    let load = |offset| jump(LOAD, offset, 0, 0);
    let all = listed.len();
    // INVARIANT: every jump goes forward to the end of this part, or to its last instruction
    let mut program = vec![load(NUMBER), jump(AT_LEAST, NEWER, 0, all + 1)];
    for (at, call) in listed.iter().enumerate() {
        program.push(jump(EQUAL, *call, all - at, 0));
    }
    let not_there = libc::SECCOMP_RET_ERRNO | errno(libc::ENOSYS);
    program.push(jump(RETURN, i64::from(not_there), 0, 0));
    let mut guarded = vec![load(ARCHITECTURE), jump(EQUAL, OURS, 1, 0)];
    guarded.push(jump(
        RETURN,
        i64::from(libc::SECCOMP_RET_KILL_PROCESS),
        0,
        0,
    ));
    guarded.extend(program);
    guarded
}

fn rules(profile: &Profile) -> Result<Rules, seccompiler::BackendError> {
    let mut rules = Rules::new();
    let lists = [calls::SELF, calls::FILES, calls::WAITING, calls::OLD];
    let wanted = [
        (profile.watches, calls::WATCHING),
        (!profile.write.is_empty(), calls::REMOVING),
        (profile.keyring, calls::KEYRING),
        (profile.resolves, &[libc::SYS_openat2]),
        (profile.receives, &[libc::SYS_recvmsg]),
        (profile.connects(), &[libc::SYS_connect, libc::SYS_recvmsg]),
        (
            profile.sockets.contains(&Sockets::Dns),
            &[libc::SYS_bind, libc::SYS_recvmmsg],
        ),
    ];
    let wanted = wanted
        .into_iter()
        .filter_map(|(is, list)| is.then_some(list));
    for call in lists.into_iter().chain(wanted).flatten() {
        rules.insert(*call, Vec::new());
    }
    for (call, shape) in shapes(profile)? {
        rules
            .entry(call)
            .or_default()
            .push(SeccompRule::new(shape)?);
    }
    Ok(rules)
}

#[expect(clippy::cast_sign_loss, reason = "no error number is negative")]
const fn errno(constant: i32) -> u32 {
    constant as u32
}

/// From this number on, calls that are not listed are not there. It is the first that all
/// architectures have in common.
const NEWER: i64 = 424;

// how the filter's machine is told what to do (linux/bpf_common.h)
const LOAD: u16 = 0x20;
const EQUAL: u16 = 0x15;
const AT_LEAST: u16 = 0x35;
const RETURN: u16 = 0x06;
/// Where the number of the call is, and the architecture (`struct seccomp_data`).
const NUMBER: i64 = 0;
const ARCHITECTURE: i64 = 4;

/// `AUDIT_ARCH` of this program.
#[cfg(target_arch = "x86_64")]
const OURS: i64 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const OURS: i64 = 0xc000_00b7;
#[cfg(target_arch = "riscv64")]
const OURS: i64 = 0xc000_00f3;

#[cfg(test)]
mod tests;
