//! What somebody would try to send to whom.

use crate::call::bytes;
use crate::call::path;
use crate::call::raw;
use crate::call::say;
use crate::call::tried;

const FAST_OPEN: usize = 0x2000_0000;
const PAYLOAD: &str = "taken-over";

/// `127.0.0.1` and `port`, as the system takes it.
fn address(port: u16) -> usize {
    let family = (libc::AF_INET as u16).to_ne_bytes();
    let port = port.to_be_bytes();
    let mut all = [0_u8; 16];
    all[..2].copy_from_slice(&family);
    all[2..4].copy_from_slice(&port);
    all[4..8].copy_from_slice(&[127, 0, 0, 1]);
    bytes(all)
}

fn socket(domain: i32, kind: i32, protocol: i32) -> (Option<usize>, String) {
    let arguments = [domain as usize, kind as usize, protocol as usize, 0, 0, 0];
    let (fd, word) = raw(libc::SYS_socket, arguments);
    (usize::try_from(fd).ok(), word)
}

/// Opens a socket, says how that went, and goes on with it.
fn with(what: &str, kind: (i32, i32, i32), then: impl FnOnce(usize)) {
    let (fd, word) = socket(kind.0, kind.1, kind.2);
    say(what, &word);
    if let Some(fd) = fd {
        then(fd);
    }
}

pub fn all(dir: &str, port: u16) {
    let tcp = (libc::AF_INET, libc::SOCK_STREAM, 0);
    let to = address(port);
    let data = path(PAYLOAD);
    let length = PAYLOAD.len();
    with("socket-tcp", tcp, |fd| {
        tried(
            "connect-forbidden-port",
            libc::SYS_connect,
            [fd, to, 16, 0, 0, 0],
        );
    });
    with("socket-tcp-to-send", tcp, |fd| {
        tried(
            "fast-open-sendto",
            libc::SYS_sendto,
            [fd, data, length, FAST_OPEN, to, 16],
        );
    });
    // `struct msghdr`: name, its length, pieces, their number, control, its length, flags
    let pieces = bytes([data, length]);
    let message = [to, 16, pieces, 1, 0, 0, 0, 0];
    with("socket-tcp-to-sendmsg", tcp, |fd| {
        tried(
            "fast-open-sendmsg",
            libc::SYS_sendmsg,
            [fd, bytes(message), FAST_OPEN, 0, 0, 0],
        );
    });
    with("socket-tcp-to-sendmmsg", tcp, |fd| {
        tried(
            "fast-open-sendmmsg",
            libc::SYS_sendmmsg,
            [fd, bytes(message), 1, FAST_OPEN, 0, 0],
        );
    });
    with("socket-tcp-to-set", tcp, |fd| {
        let (level, option) = (libc::IPPROTO_TCP as usize, 30);
        let one = bytes(1_i32);
        tried(
            "fast-open-connect",
            libc::SYS_setsockopt,
            [fd, level, option, one, 4, 0],
        );
        let (_, _) = raw(libc::SYS_connect, [fd, to, 16, 0, 0, 0]);
        let (_, _) = raw(
            libc::SYS_sendto,
            [fd, data, length, libc::MSG_NOSIGNAL as usize, 0, 0],
        );
    });
    with("socket-tcp-to-bind", tcp, |fd| {
        tried("bind", libc::SYS_bind, [fd, address(0), 16, 0, 0, 0]);
        tried("listen", libc::SYS_listen, [fd, 1, 0, 0, 0, 0]);
    });
    with(
        "socket-mptcp",
        (libc::AF_INET, libc::SOCK_STREAM, 262),
        |fd| {
            let (_, _) = raw(libc::SYS_connect, [fd, to, 16, 0, 0, 0]);
            let (_, _) = raw(
                libc::SYS_sendto,
                [fd, data, length, libc::MSG_NOSIGNAL as usize, 0, 0],
            );
        },
    );
    with("socket-udp", (libc::AF_INET, libc::SOCK_DGRAM, 0), |fd| {
        tried(
            "send-datagram",
            libc::SYS_sendto,
            [fd, data, length, 0, to, 16],
        );
    });
    let others = [
        ("socket-sctp", (libc::AF_INET, libc::SOCK_STREAM, 132)),
        ("socket-ping", (libc::AF_INET, libc::SOCK_DGRAM, 1)),
        ("socket-raw", (libc::AF_INET, libc::SOCK_RAW, 1)),
        ("socket-packet", (libc::AF_PACKET, libc::SOCK_RAW, 0)),
        ("socket-vsock", (libc::AF_VSOCK, libc::SOCK_STREAM, 0)),
        ("socket-route", (libc::AF_NETLINK, libc::SOCK_RAW, 0)),
        ("socket-diagnosis", (libc::AF_NETLINK, libc::SOCK_RAW, 4)),
        ("socket-audit", (libc::AF_NETLINK, libc::SOCK_RAW, 9)),
        ("socket-algorithms", (libc::AF_ALG, libc::SOCK_SEQPACKET, 0)),
        ("socket-xdp", (44, libc::SOCK_RAW, 0)),
        ("socket-unix-datagram", (libc::AF_UNIX, libc::SOCK_DGRAM, 0)),
    ];
    for (what, kind) in others {
        with(what, kind, |_| ());
    }
    with("socket-unix", (libc::AF_UNIX, libc::SOCK_STREAM, 0), |fd| {
        let mut name = [0_u8; 110];
        name[..2].copy_from_slice(&(libc::AF_UNIX as u16).to_ne_bytes());
        let text = format!("{dir}/outside/socket");
        name[2..2 + text.len()].copy_from_slice(text.as_bytes());
        tried(
            "connect-unix",
            libc::SYS_connect,
            [fd, bytes(name), 110, 0, 0, 0],
        );
    });
    let pair = bytes([0_i32; 2]);
    let unix = libc::AF_UNIX as usize;
    let (datagram, stream) = (libc::SOCK_DGRAM as usize, libc::SOCK_STREAM as usize);
    tried(
        "pair-of-datagrams",
        libc::SYS_socketpair,
        [unix, datagram, 0, pair, 0, 0],
    );
    tried(
        "pair-of-streams",
        libc::SYS_socketpair,
        [unix, stream, 0, pair, 0, 0],
    );
}
