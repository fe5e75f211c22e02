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
use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::SeccompCmpArgLen::Qword;
use seccompiler::SeccompCmpOp::Eq;
use seccompiler::SeccompCmpOp::MaskedEq;
use seccompiler::SeccompCondition;
use seccompiler::SeccompFilter;
use seccompiler::SeccompRule;
use seccompiler::TargetArch;
use seccompiler::sock_filter;

use super::super::Profile;
use super::super::SandboxError;
use super::super::Sockets;
use super::calls;

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

/// What may be called with certain arguments only; of several shapes one must fit.
fn shapes(
    profile: &Profile,
) -> Result<Vec<(i64, Vec<SeccompCondition>)>, seccompiler::BackendError> {
    let own = u64::from(std::process::id());
    let mut shapes = vec![
        (
            libc::SYS_clone,
            vec![masked(0, THREAD | !SHARED & NEVER, THREAD)?],
        ),
        (libc::SYS_tgkill, vec![equal(0, own)?]),
        (libc::SYS_mprotect, vec![masked(2, EXECUTE, 0)?]),
        // a new limit is given by a pointer
        (
            libc::SYS_prlimit64,
            vec![SeccompCondition::new(2, Qword, Eq, 0)?],
        ),
        (libc::SYS_fallocate, vec![equal(1, 0)?]),
        (
            libc::SYS_socketpair,
            vec![equal(0, UNIX)?, masked(1, KIND, STREAM)?],
        ),
        (libc::SYS_sendto, vec![masked(3, FAST_OPEN, 0)?]),
    ];
    let mapped = vec![masked(2, EXECUTE, 0)?, masked(3, SHARING, PRIVATE)?];
    shapes.push((libc::SYS_mmap, mapped));
    if !profile.write.is_empty() {
        let mapped = vec![
            masked(2, EXECUTE, 0)?,
            masked(3, SHARING, number(libc::MAP_SHARED))?,
        ];
        shapes.push((libc::SYS_mmap, mapped));
    }
    for control in CONTROLS {
        shapes.push((libc::SYS_ioctl, vec![equal(1, *control)?]));
    }
    for command in FCNTLS {
        shapes.push((libc::SYS_fcntl, vec![equal(1, number(*command))?]));
    }
    for option in PRCTLS {
        shapes.push((libc::SYS_prctl, vec![equal(0, number(*option))?]));
    }
    for how in opening(profile) {
        let (mask, value) = how;
        shapes.push((libc::SYS_openat, vec![masked(2, mask, value)?]));
        #[cfg(target_arch = "x86_64")]
        shapes.push((libc::SYS_open, vec![masked(1, mask, value)?]));
    }
    if profile.connects() || profile.receives {
        shapes.push((libc::SYS_sendmsg, vec![masked(2, FAST_OPEN, 0)?]));
        for (level, option) in OPTIONS {
            let shape = vec![equal(1, number(*level))?, equal(2, number(*option))?];
            shapes.push((libc::SYS_setsockopt, shape));
        }
    }
    if profile.sockets.contains(&Sockets::Dns) {
        shapes.push((libc::SYS_sendmmsg, vec![masked(3, FAST_OPEN, 0)?]));
    }
    for (domain, kind, protocol) in kinds(profile) {
        let shape = vec![
            equal(0, number(domain))?,
            masked(1, KIND, number(kind))?,
            equal(2, number(protocol))?,
        ];
        shapes.push((libc::SYS_socket, shape));
    }
    Ok(shapes)
}

/// How files may be opened: which of these flags are looked at, and what they must be.
fn opening(profile: &Profile) -> Vec<(u64, u64)> {
    let access = number(libc::O_ACCMODE);
    let making = number(libc::O_CREAT | libc::O_TRUNC) | NAMELESS;
    let mut how = vec![(access | making, 0)];
    if !profile.append.is_empty() {
        let cutting = number(libc::O_TRUNC) | NAMELESS;
        let appending = number(libc::O_APPEND);
        how.push((cutting | appending, appending));
    }
    if !profile.write.is_empty() {
        how.push((NAMELESS, 0));
    }
    how
}

/// Which sockets may be opened: family, type, protocol.
fn kinds(profile: &Profile) -> Vec<(i32, i32, i32)> {
    let mut kinds = Vec::new();
    for family in [libc::AF_INET, libc::AF_INET6] {
        if profile.has_tcp() {
            // not MPTCP: Landlock confines the ports of plain TCP alone
            kinds.push((family, libc::SOCK_STREAM, 0));
            kinds.push((family, libc::SOCK_STREAM, libc::IPPROTO_TCP));
        }
        if profile.sockets.contains(&Sockets::Dns) {
            kinds.push((family, libc::SOCK_DGRAM, 0));
            kinds.push((family, libc::SOCK_DGRAM, libc::IPPROTO_UDP));
        }
    }
    if profile.sockets.contains(&Sockets::Dns) {
        kinds.push((libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE));
    }
    if profile.sockets.contains(&Sockets::Unix) {
        kinds.push((libc::AF_UNIX, libc::SOCK_STREAM, 0));
    }
    kinds
}

fn equal(argument: u8, value: u64) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(argument, Dword, Eq, value)
}

fn masked(
    argument: u8,
    mask: u64,
    value: u64,
) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(argument, Dword, MaskedEq(mask), value)
}

#[expect(
    clippy::cast_sign_loss,
    reason = "the constants of C are flags and small numbers"
)]
const fn number(constant: i32) -> u64 {
    constant as u32 as u64
}

#[expect(clippy::cast_sign_loss, reason = "no error number is negative")]
const fn errno(constant: i32) -> u32 {
    constant as u32
}

/// What a thread shares with its process.
const THREAD: u64 = number(
    libc::CLONE_VM | libc::CLONE_FS | libc::CLONE_FILES | libc::CLONE_SIGHAND | libc::CLONE_THREAD,
);
/// What starting a thread may ask for beyond that.
const SHARED: u64 = THREAD
    | number(
        libc::CLONE_SYSVSEM
            | libc::CLONE_SETTLS
            | libc::CLONE_PARENT_SETTID
            | libc::CLONE_CHILD_SETTID
            | libc::CLONE_CHILD_CLEARTID
            | CLONE_DETACHED,
    );
/// All bits that a call of `clone` can have.
const NEVER: u64 = 0xffff_ffff;
/// Means nothing any more, and one C library still sets it.
const CLONE_DETACHED: i32 = 0x0040_0000;

const EXECUTE: u64 = number(libc::PROT_EXEC);
const SHARING: u64 = number(libc::MAP_TYPE);
const PRIVATE: u64 = number(libc::MAP_PRIVATE);
const UNIX: u64 = number(libc::AF_UNIX);
const STREAM: u64 = number(libc::SOCK_STREAM);
/// The bits of a socket's type that are no flags.
const KIND: u64 = 0xf;
/// `MSG_FASTOPEN`: sends while it connects, past what Landlock says about connecting.
const FAST_OPEN: u64 = 0x2000_0000;
/// `O_TMPFILE` without the directory's flag in it.
const NAMELESS: u64 = number(libc::O_TMPFILE & !libc::O_DIRECTORY);

/// By number, for the types of these differ between C libraries, and the numbers do not between
/// the architectures that a filter can be made for.
const CONTROLS: &[u64] = &[
    0x5401, // TCGETS
    0x5413, // TIOCGWINSZ
    0x541b, // FIONREAD
    0x5421, // FIONBIO
    0x5451, // FIOCLEX
];

/// Not `F_SETFL`: what is open for appending stays so.
const FCNTLS: &[i32] = &[
    libc::F_DUPFD,
    libc::F_DUPFD_CLOEXEC,
    libc::F_GETFD,
    libc::F_SETFD,
    libc::F_GETFL,
    libc::F_GETLK,
    libc::F_SETLK,
    libc::F_SETLKW,
    libc::F_OFD_GETLK,
    libc::F_OFD_SETLK,
];

const PRCTLS: &[i32] = &[
    libc::PR_SET_NAME,
    libc::PR_GET_NAME,
    libc::PR_GET_NO_NEW_PRIVS,
    libc::PR_GET_SECCOMP,
    libc::PR_GET_DUMPABLE,
    libc::PR_CAPBSET_READ,
    libc::PR_SET_VMA,
];

/// The options of sockets that clients and resolvers set.
const OPTIONS: &[(i32, i32)] = &[
    (libc::SOL_SOCKET, libc::SO_KEEPALIVE),
    (libc::SOL_SOCKET, libc::SO_LINGER),
    (libc::SOL_SOCKET, libc::SO_RCVBUF),
    (libc::SOL_SOCKET, libc::SO_SNDBUF),
    (libc::SOL_SOCKET, libc::SO_RCVTIMEO),
    (libc::SOL_SOCKET, libc::SO_SNDTIMEO),
    (libc::IPPROTO_TCP, libc::TCP_NODELAY),
    (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE),
    (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL),
    (libc::IPPROTO_TCP, libc::TCP_KEEPCNT),
    (libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT),
    (libc::IPPROTO_TCP, libc::TCP_QUICKACK),
    (libc::IPPROTO_IP, libc::IP_RECVERR),
    (libc::IPPROTO_IPV6, libc::IPV6_RECVERR),
    (libc::IPPROTO_IPV6, libc::IPV6_V6ONLY),
];

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
mod tests {
    use super::*;

    /// What the filter answers, worked out by a machine of our own.
    fn answer(program: &[sock_filter], call: i64, arguments: [u64; 6]) -> u32 {
        let mut data = Vec::new();
        data.extend(u32::try_from(call).unwrap().to_le_bytes());
        data.extend(u32::try_from(OURS).unwrap().to_le_bytes());
        data.extend(0_u64.to_le_bytes());
        for argument in arguments {
            data.extend(argument.to_le_bytes());
        }
        let (mut at, mut held) = (0, 0_u32);
        loop {
            let step = &program[at];
            at += 1;
            let jump = |yes| usize::from(if yes { step.jt } else { step.jf });
            match step.code {
                LOAD => {
                    let from = step.k as usize;
                    held = u32::from_le_bytes(data[from..from + 4].try_into().unwrap());
                }
                EQUAL => at += jump(held == step.k),
                AT_LEAST => at += jump(held >= step.k),
                0x25 => at += jump(held > step.k),
                0x54 => held &= step.k,
                0x05 => at += step.k as usize,
                RETURN => return step.k,
                other => panic!("an instruction {other:#x} that is not expected"),
            }
        }
    }

    const ALLOWED: u32 = libc::SECCOMP_RET_ALLOW;
    const REFUSED: u32 = libc::SECCOMP_RET_ERRNO | errno(libc::EPERM);
    const NOT_THERE: u32 = libc::SECCOMP_RET_ERRNO | errno(libc::ENOSYS);

    fn trail() -> Profile {
        Profile::new().append_beneath("/var/trail")
    }

    #[test]
    fn i_what_is_not_listed_is_refused_and_what_is_new_is_not_there() {
        let program = program(&trail()).unwrap();
        let none = [0; 6];
        for call in [
            libc::SYS_execve,
            libc::SYS_execveat,
            libc::SYS_ptrace,
            libc::SYS_socket,
            libc::SYS_connect,
            libc::SYS_mount,
            libc::SYS_unlinkat,
            libc::SYS_renameat2,
            libc::SYS_truncate,
            libc::SYS_memfd_create,
            libc::SYS_seccomp,
            libc::SYS_kill,
        ] {
            assert_eq!(answer(&program, call, none), REFUSED, "{call}");
        }
        for call in [
            libc::SYS_clone3,
            libc::SYS_openat2,
            libc::SYS_io_uring_setup,
            libc::SYS_pidfd_open,
            libc::SYS_landlock_create_ruleset,
            9999,
            0x4000_0000 + libc::SYS_write,
        ] {
            assert_eq!(answer(&program, call, none), NOT_THERE, "{call}");
        }
        for call in [libc::SYS_read, libc::SYS_epoll_pwait2, libc::SYS_faccessat2] {
            assert_eq!(answer(&program, call, none), ALLOWED, "{call}");
        }
    }

    #[test]
    fn i_a_thread_can_be_started_and_a_process_cannot() {
        let program = program(&trail()).unwrap();
        let clone = |flags: i32| answer(&program, libc::SYS_clone, [number(flags), 0, 0, 0, 0, 0]);
        assert_eq!(clone(0x003d_0f00), ALLOWED, "glibc");
        assert_eq!(clone(0x007d_0f00), ALLOWED, "musl");
        assert_eq!(clone(libc::SIGCHLD), REFUSED, "fork");
        assert_eq!(clone(0x4111), REFUSED, "vfork");
        assert_eq!(clone(0x003d_0f00 | libc::CLONE_NEWUSER), REFUSED);
        assert_eq!(clone(0x003d_0f00 | libc::CLONE_PTRACE), REFUSED);
    }

    #[test]
    fn l_a_file_is_opened_to_read_or_to_append_and_never_to_write_again() {
        let reading = program(&Profile::new()).unwrap();
        let appending = program(&trail()).unwrap();
        let open = |program: &[sock_filter], flags: i32| {
            answer(program, libc::SYS_openat, [0, 0, number(flags), 0, 0, 0])
        };
        for program in [&reading, &appending] {
            assert_eq!(open(program, libc::O_RDONLY | libc::O_CLOEXEC), ALLOWED);
            assert_eq!(open(program, libc::O_RDWR), REFUSED);
            assert_eq!(open(program, libc::O_WRONLY | libc::O_CREAT), REFUSED);
            assert_eq!(open(program, libc::O_TRUNC), REFUSED);
            let cutting = libc::O_RDWR | libc::O_APPEND | libc::O_TRUNC;
            assert_eq!(open(program, cutting), REFUSED);
            assert_eq!(open(program, libc::O_TMPFILE | libc::O_RDWR), REFUSED);
        }
        let segment = libc::O_RDWR | libc::O_APPEND | libc::O_CREAT | libc::O_EXCL;
        assert_eq!(open(&appending, segment), ALLOWED);
        assert_eq!(open(&reading, segment), REFUSED);
        let shared = [
            0,
            0,
            number(libc::PROT_READ),
            number(libc::MAP_SHARED),
            0,
            0,
        ];
        assert_eq!(answer(&appending, libc::SYS_mmap, shared), REFUSED);
        let set = [0, number(libc::F_SETFL), 0, 0, 0, 0];
        assert_eq!(answer(&appending, libc::SYS_fcntl, set), REFUSED);
    }

    #[test]
    fn i_sockets_are_of_the_kinds_that_were_asked_for() {
        let program = program(&trail().sockets(Sockets::Tcp(443)).sockets(Sockets::Dns)).unwrap();
        let socket = |family: i32, kind: i32, protocol: i32| {
            let arguments = [number(family), number(kind), number(protocol), 0, 0, 0];
            answer(&program, libc::SYS_socket, arguments)
        };
        let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        assert_eq!(socket(libc::AF_INET, libc::SOCK_STREAM | flags, 0), ALLOWED);
        assert_eq!(socket(libc::AF_INET6, libc::SOCK_DGRAM, 17), ALLOWED);
        assert_eq!(socket(libc::AF_NETLINK, libc::SOCK_RAW, 0), ALLOWED);
        assert_eq!(socket(libc::AF_NETLINK, libc::SOCK_RAW, 4), REFUSED);
        assert_eq!(
            socket(libc::AF_INET, libc::SOCK_STREAM, 262),
            REFUSED,
            "MPTCP"
        );
        assert_eq!(socket(libc::AF_INET, libc::SOCK_RAW, 1), REFUSED);
        assert_eq!(socket(libc::AF_UNIX, libc::SOCK_STREAM, 0), REFUSED);
        let fast = [0, 0, 0, FAST_OPEN, 0, 0];
        assert_eq!(answer(&program, libc::SYS_sendto, fast), REFUSED);
        assert_eq!(answer(&program, libc::SYS_sendmmsg, fast), REFUSED);
    }
}
