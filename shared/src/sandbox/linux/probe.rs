//! Tries what must fail: an interface that says yes and does nothing is found out here.

use rustix::fs::CWD;
use rustix::fs::MemfdFlags;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::net::AddressFamily;
use rustix::net::SocketType;

use super::super::Profile;
use super::super::SandboxError;

/// Fails if a refusal that is to be in force is not.
pub(super) fn probe(profile: &Profile, landlock: bool, filter: bool) -> Result<(), SandboxError> {
    if landlock && !profile.reads_anywhere {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(CWD, c"/proc", flags, Mode::empty());
        if !matches!(opened, Err(Errno::ACCESS)) {
            return Err(SandboxError::Probe(
                "reading a directory that is not served",
            ));
        }
    }
    if landlock && profile.reads_anywhere {
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(CWD, c"/dev/null", flags, Mode::empty());
        if opened.is_ok() {
            return Err(SandboxError::Probe("opening a file to write it"));
        }
    }
    if filter {
        let memory = rustix::fs::memfd_create(c"probe", MemfdFlags::CLOEXEC);
        if !matches!(memory, Err(Errno::PERM)) {
            return Err(SandboxError::Probe("making a file that can be run"));
        }
        let socket = rustix::net::socket(ALGORITHMS, SocketType::SEQPACKET, None);
        if !matches!(socket, Err(Errno::PERM)) {
            return Err(SandboxError::Probe("opening a socket of any kind"));
        }
    }
    Ok(())
}

/// `AF_ALG`: no server has anything to do with it.
const ALGORITHMS: AddressFamily = AddressFamily::from_raw(38);
