//! Keeps what a crash left of an unfinished line, before it is cut off.

use chrono::DateTime;
use chrono::Utc;
use rustix::io::Errno;
use sha2::Digest;
use sha2::Sha256;

use super::chain::push_hex;
use super::directory::Directory;
use super::directory::segment_name;
use super::place::Place;
use super::record::Record;
use super::trail::id;
use super::trouble::Trouble;
use super::trouble::system;
use super::words::Kind;

/// Copies the `torn` bytes after `place` into a file of their own, and makes the record of it.
pub(super) fn set_aside(
    directory: &Directory,
    chain: &str,
    place: &Place,
    torn: u64,
    now: DateTime<Utc>,
) -> Result<Record<'static>, Trouble> {
    let failed = system("set a torn line aside");
    let name = format!("{}.{}.torn", segment_name(chain, place.number), place.bytes);
    let aside = directory.open_or_create(&name, "set a torn line aside")?;
    // an earlier attempt may have come as far as here
    rustix::fs::ftruncate(&aside, 0).map_err(&failed)?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 64 * 1024];
    let mut done = 0;
    while done < torn {
        let read = rustix::io::pread(&place.fd, &mut chunk, place.bytes + done);
        let read = read.map_err(&failed)?;
        let bytes = chunk.get(..read).filter(|bytes| !bytes.is_empty());
        let bytes = bytes.ok_or_else(|| failed(Errno::IO))?;
        if rustix::io::pwrite(&aside, bytes, done).map_err(&failed)? != read {
            return Err(failed(Errno::NOSPC));
        }
        hasher.update(bytes);
        done += read as u64;
    }
    rustix::fs::fsync(&aside).map_err(&failed)?;
    directory.sync()?;
    let mut digest = Vec::new();
    push_hex(&mut digest, &hasher.finalize());
    let mut event = Record::new(Kind::Log, id(now)?, now);
    event.action = Some("recover");
    event.reason = Some("a torn line was set aside".into());
    event.figures.insert("torn.bytes", torn);
    event.figures.insert("torn.segment", place.number);
    event.digest = Some(String::from_utf8(digest).unwrap_or_default().into());
    Ok(event)
}
