//! The messages between a worker and its broker: of fixed size, and of numbers only.
//!
//! A request has 12 bytes, an answer 32 and, for a secret or a document, as many more as it says.
//! Both sides are the same binary, so there is no version.
//!
//! # Invariants
//!
//! - No message of a worker carries a descriptor. That of an answer carries one if, and only if,
//!   it says that a connection was made.
//! - Each read asks for no more than the rest of the message: what the kernel keeps with the bytes
//!   of one message is never taken for a part of another.

use std::io;
use std::io::ErrorKind;
use std::io::IoSlice;
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::net::IpAddr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use rustix::net::RecvAncillaryBuffer;
use rustix::net::RecvAncillaryMessage;
use rustix::net::RecvFlags;
use rustix::net::ReturnFlags;
use rustix::net::SendAncillaryBuffer;
use rustix::net::SendAncillaryMessage;
use rustix::net::SendFlags;
use rustix::net::recvmsg;
use rustix::net::sendmsg;

use super::Failure;

/// What a worker asks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Request {
    pub(super) kind: Kind,
    /// Which entry of the charter.
    pub(super) index: u16,
    /// Which request this is: not one that is still under way.
    pub(super) id: u32,
    /// For how long, where that matters.
    pub(super) millis: u32,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// A connection.
    Dial,
    /// A secret.
    Secret,
    /// A secret, read anew whatever is known of it.
    Another,
    /// A document.
    Document,
    /// That the request of this id is given up.
    GiveUp,
}

/// The head of what a broker answers. Each request but `GiveUp` has one answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Answer {
    pub(super) id: u32,
    pub(super) said: Said,
}

/// What it says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Said {
    /// A descriptor comes with it.
    Connected(Option<SocketAddr>),
    /// So many bytes follow: what was read.
    Bytes(u32),
    /// So many bytes follow: why there is nothing, in the words of the broker.
    NotLoaded(u32),
    /// Nothing.
    Failed(Failure),
}

impl Kind {
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Dial => 1,
            Self::Secret => 2,
            Self::Document => 3,
            Self::GiveUp => 4,
            Self::Another => 5,
        }
    }
}

impl Request {
    /// Bytes of one.
    pub(super) const SIZE: usize = 12;

    pub(super) fn write(self) -> [u8; Self::SIZE] {
        let kind = self.kind.number();
        let [i0, i1] = self.index.to_le_bytes();
        let [a, b, c, d] = self.id.to_le_bytes();
        let [e, f, g, h] = self.millis.to_le_bytes();
        [kind, 0, i0, i1, a, b, c, d, e, f, g, h]
    }

    /// Reads one; none if there is no such message.
    pub(super) fn read(bytes: [u8; Self::SIZE]) -> Option<Self> {
        let [kind, zero, i0, i1, a, b, c, d, e, f, g, h] = bytes;
        let kind = match kind {
            1 => Kind::Dial,
            2 => Kind::Secret,
            3 => Kind::Document,
            4 => Kind::GiveUp,
            5 => Kind::Another,
            _ => return None,
        };
        let request = Self {
            kind,
            index: u16::from_le_bytes([i0, i1]),
            id: u32::from_le_bytes([a, b, c, d]),
            millis: u32::from_le_bytes([e, f, g, h]),
        };
        (zero == 0 && request.write() == bytes).then_some(request)
    }
}

impl Answer {
    /// Bytes of its head.
    pub(super) const SIZE: usize = 32;

    pub(super) fn write(self) -> [u8; Self::SIZE] {
        let (status, detail, peer, length) = match self.said {
            Said::Connected(peer) => (CONNECTED, 0, peer, 0),
            Said::Bytes(length) => (BYTES, 0, None, length),
            Said::NotLoaded(length) => (NOT_LOADED, 0, None, length),
            Said::Failed(failure) => {
                let at = |ip| Some(SocketAddr::new(ip, 0));
                let (status, detail, peer) = match failure {
                    Failure::Resolve(kind) => (10, detail(kind), None),
                    Failure::Connect(kind) => (11, detail(kind), None),
                    Failure::Shut(ip) => (12, 0, at(ip)),
                    Failure::Own(ip) => (13, 0, at(ip)),
                    Failure::Busy => (14, 0, None),
                    Failure::GivenUp => (15, 0, None),
                    Failure::Unknown => (16, 0, None),
                    Failure::Gone => (17, 0, None),
                };
                (status, detail, peer, 0)
            }
        };
        let (family, address) = match peer.map(|peer| peer.ip()) {
            None => (0, [0; 16]),
            Some(IpAddr::V4(v4)) => (4, v4.to_ipv6_mapped().octets()),
            Some(IpAddr::V6(v6)) => (6, v6.octets()),
        };
        let mut bytes = [0; Self::SIZE];
        let parts: [&[u8]; 6] = [
            &self.id.to_le_bytes(),
            &[status, detail, family, 0],
            &peer.map_or(0, |peer| peer.port()).to_le_bytes(),
            &[0; 2],
            &length.to_le_bytes(),
            &address,
        ];
        for (to, from) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        bytes
    }

    /// Reads one; none if there is no such message.
    pub(super) fn read(bytes: [u8; Self::SIZE]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk::<4>()?;
        let (&[status, detail, family, _], rest) = rest.split_first_chunk::<4>()?;
        let (&[p0, p1, _, _], rest) = rest.split_first_chunk::<4>()?;
        let (length, address) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length);
        let address = Ipv6Addr::from(*address.first_chunk::<16>()?);
        let ip = match family {
            4 => Some(IpAddr::V4(address.to_ipv4_mapped()?)),
            6 => Some(IpAddr::V6(address)),
            _ => None,
        };
        let peer = ip.map(|ip| SocketAddr::new(ip, u16::from_le_bytes([p0, p1])));
        let said = match status {
            CONNECTED => Said::Connected(peer),
            BYTES => Said::Bytes(length),
            NOT_LOADED => Said::NotLoaded(length),
            10 => Said::Failed(Failure::Resolve(kind(detail)?)),
            11 => Said::Failed(Failure::Connect(kind(detail)?)),
            12 => Said::Failed(Failure::Shut(ip?)),
            13 => Said::Failed(Failure::Own(ip?)),
            14 => Said::Failed(Failure::Busy),
            15 => Said::Failed(Failure::GivenUp),
            16 => Said::Failed(Failure::Unknown),
            17 => Said::Failed(Failure::Gone),
            _ => return None,
        };
        let id = u32::from_le_bytes(*id);
        let answer = Self { id, said };
        (answer.write() == bytes).then_some(answer)
    }
}

/// Sends `bytes`, and `descriptor` with the first of them. Blocks where the socket does.
pub(super) fn send(
    to: impl AsFd,
    bytes: &[u8],
    descriptor: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    let to = to.as_fd();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let carried = descriptor.as_ref().map(std::slice::from_ref);
    if let Some(carried) = carried
        && !control.push(SendAncillaryMessage::ScmRights(carried))
    {
        return Err(ErrorKind::OutOfMemory.into());
    }
    let mut left = bytes;
    while !left.is_empty() {
        match sendmsg(to, &[IoSlice::new(left)], &mut control, QUIET) {
            Ok(sent) => {
                control.clear();
                left = left.get(sent..).unwrap_or_default();
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

/// Reads at most `into`, and a descriptor if one comes with it. Nothing read is the end.
pub(super) fn receive(from: impl AsFd, into: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let got = recvmsg(
        from.as_fd(),
        &mut [IoSliceMut::new(into)],
        &mut control,
        CLOSE_ON_EXEC,
    )?;
    let rights = |message| {
        if let RecvAncillaryMessage::ScmRights(all) = message {
            Some(all)
        } else {
            None
        }
    };
    let mut descriptors = control.drain().filter_map(rights).flatten();
    let one = descriptors.next();
    // what else came is closed here
    let more = descriptors.count();
    if more > 0 || got.flags.contains(ReturnFlags::CTRUNC) {
        return Err(ErrorKind::InvalidData.into());
    }
    Ok((got.bytes, one))
}

/// A peer that is gone is an error, not a signal.
#[cfg(not(target_vendor = "apple"))]
pub(super) const QUIET: SendFlags = SendFlags::NOSIGNAL;
// there the flag does not exist; the runtime of the language ignores the signal
#[cfg(target_vendor = "apple")]
pub(super) const QUIET: SendFlags = SendFlags::empty();

#[cfg(not(any(target_os = "macos", target_os = "ios")))]
const CLOSE_ON_EXEC: RecvFlags = RecvFlags::CMSG_CLOEXEC;
// there the flag does not exist, and a process with descriptors of others starts no program
#[cfg(any(target_os = "macos", target_os = "ios"))]
const CLOSE_ON_EXEC: RecvFlags = RecvFlags::empty();

fn detail(kind: ErrorKind) -> u8 {
    let known = KINDS.iter().position(|known| *known == kind);
    known.and_then(|at| u8::try_from(at).ok()).unwrap_or(0)
}

fn kind(detail: u8) -> Option<ErrorKind> {
    KINDS.get(usize::from(detail)).copied()
}

/// Bytes of one secret or document: hundreds of certificates.
pub(super) const MOST_BYTES: usize = 4 << 20;
const CONNECTED: u8 = 1;
const BYTES: u8 = 2;
const NOT_LOADED: u8 = 3;

/// What connecting and resolving end with; everything else is the first.
const KINDS: [ErrorKind; 16] = [
    ErrorKind::Other,
    ErrorKind::NotFound,
    ErrorKind::PermissionDenied,
    ErrorKind::ConnectionRefused,
    ErrorKind::ConnectionReset,
    ErrorKind::ConnectionAborted,
    ErrorKind::NotConnected,
    ErrorKind::AddrInUse,
    ErrorKind::AddrNotAvailable,
    ErrorKind::HostUnreachable,
    ErrorKind::NetworkUnreachable,
    ErrorKind::NetworkDown,
    ErrorKind::TimedOut,
    ErrorKind::WouldBlock,
    ErrorKind::InvalidInput,
    ErrorKind::OutOfMemory,
];

#[cfg(test)]
mod laws {
    use proptest::prelude::*;

    use super::*;

    fn failures() -> impl Strategy<Value = Failure> {
        let kinds = proptest::sample::select(KINDS.to_vec());
        prop_oneof![
            kinds.clone().prop_map(Failure::Resolve),
            kinds.prop_map(Failure::Connect),
            any::<IpAddr>().prop_map(Failure::Shut),
            any::<IpAddr>().prop_map(Failure::Own),
            Just(Failure::Busy),
            Just(Failure::GivenUp),
            Just(Failure::Unknown),
            Just(Failure::Gone),
        ]
    }

    fn plain(address: SocketAddr) -> SocketAddr {
        // no flow and no scope travel
        SocketAddr::new(address.ip(), address.port())
    }

    fn answers() -> impl Strategy<Value = Answer> {
        let said = prop_oneof![
            any::<Option<SocketAddr>>().prop_map(|peer| Said::Connected(peer.map(plain))),
            any::<u32>().prop_map(Said::Bytes),
            any::<u32>().prop_map(Said::NotLoaded),
            failures().prop_map(Said::Failed),
        ];
        (any::<u32>(), said).prop_map(|(id, said)| Answer { id, said })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(answer in answers()) {
            prop_assert_eq!(Answer::read(answer.write()), Some(answer));
        }

        #[test]
        fn a_request_is_read_only_as_it_would_be_written(bytes: [u8; Request::SIZE]) {
            if let Some(request) = Request::read(bytes) {
                prop_assert_eq!(request.write(), bytes);
            }
        }

        #[test]
        fn an_answer_is_read_only_as_it_would_be_written(bytes: [u8; Answer::SIZE]) {
            if let Some(answer) = Answer::read(bytes) {
                prop_assert_eq!(answer.write(), bytes);
            }
        }
    }
}
