//! The key of a directory, by which what must not be guessed is hashed.
//!
//! # Invariants
//!
//! - The key leaves its file for this module only, and is never printed.

use std::fmt;

use hmac::Hmac;
use hmac::Mac;
use rustix::fs::OFlags;
use rustix::io::Errno;
use sha2::Sha256;

use super::chain::push_hex;
use super::directory::Directory;
use super::trouble::Trouble;
use super::trouble::system;
use crate::cursor::keyed;

/// The key of one directory.
pub(super) struct Key(Hmac<Sha256>);

impl Key {
    /// Reads the key of `directory`, and makes it where it is missing. The chain is held.
    pub(super) fn load(directory: &Directory) -> Result<Self, Trouble> {
        match directory.open_file(NAME, "open the key", OFlags::RDONLY) {
            Err(trouble) if trouble.is_absence() => Self::create(directory),
            Err(trouble) => Err(trouble),
            Ok(fd) => {
                let mut bytes = [0; 33];
                let read = rustix::io::pread(&fd, &mut bytes, 0).map_err(system("read the key"))?;
                match bytes.first_chunk() {
                    Some(key) if read == 32 => Ok(Self(keyed(key))),
                    _ => Err(Trouble::Damaged("the key")),
                }
            }
        }
    }

    fn create(directory: &Directory) -> Result<Self, Trouble> {
        let failed = system("make the key");
        let key: [u8; 32] = random()?;
        // what a crash left of an earlier attempt
        match directory.remove(NEW) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(cause) => return Err(failed(cause)),
        }
        let fd = directory.create_file(NEW, "make the key")?;
        if rustix::io::write(&fd, &key).map_err(&failed)? != key.len() {
            return Err(failed(Errno::NOSPC));
        }
        rustix::fs::fsync(&fd).map_err(&failed)?;
        directory.rename(NEW, NAME).map_err(&failed)?;
        directory.sync()?;
        Ok(Self(keyed(&key)))
    }

    /// 128 bits of a keyed hash over `parts`, in hexadecimal.
    pub(super) fn hmac(&self, parts: &[&[u8]]) -> String {
        let mut mac = self.0.clone();
        for part in parts {
            // lengths first, so that no two lists of parts read the same
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let tag = mac.finalize().into_bytes();
        let mut text = Vec::with_capacity(32);
        push_hex(&mut text, tag.get(..16).unwrap_or_default());
        String::from_utf8(text).unwrap_or_default()
    }

    /// Which key it is; tells nothing about it.
    pub(super) fn id(&self) -> String {
        let mut id = self.hmac(&[b"keyhole-audit/1 key id"]);
        id.truncate(16);
        id
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// Random bytes of the operating system.
pub(super) fn random<const N: usize>() -> Result<[u8; N], Trouble> {
    let mut bytes = [0; N];
    // whatever the number, there is nothing that an operator could do about it but see it
    let number = |error: getrandom::Error| error.raw_os_error().unwrap_or(Errno::IO.raw_os_error());
    getrandom::fill(&mut bytes)
        .map_err(|error| system("get random bytes")(Errno::from_raw_os_error(number(error))))?;
    Ok(bytes)
}

const NAME: &str = "hmac.key";
const NEW: &str = "hmac.key.new";
