//! Which system calls may be made with certain arguments only, and which those are.

use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::SeccompCmpArgLen::Qword;
use seccompiler::SeccompCmpOp::Eq;
use seccompiler::SeccompCmpOp::MaskedEq;
use seccompiler::SeccompCondition;

use super::super::Profile;
use super::super::Sockets;

/// What may be called with certain arguments only; of several shapes one must fit.
pub(super) fn shapes(
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
pub(super) const fn number(constant: i32) -> u64 {
    constant as u32 as u64
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
pub(super) const FAST_OPEN: u64 = 0x2000_0000;
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
