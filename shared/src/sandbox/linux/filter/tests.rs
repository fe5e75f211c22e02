//! What the filter answers, call by call.

use super::super::super::Profile;
use super::super::super::Sockets;
use super::super::shapes::FAST_OPEN;
use super::super::shapes::number;
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
