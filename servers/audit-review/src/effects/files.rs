//! Small files of the operator: keys, anchors, proofs.
//!
//! # Invariants
//!
//! - What is read is a regular file of bounded size; opening it never waits.
//! - What is made was not there before, is for its owner alone, and is durable or gone.
#![expect(
    clippy::disallowed_methods,
    reason = "a file that could not be written whole is taken away again"
)]

use std::fs::OpenOptions;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// The text of the file at `path`, of at most 1 MiB.
///
/// # Errors
///
/// If it cannot be read, is no regular file, is larger, or not UTF-8.
pub fn read(path: &Path) -> io::Result<String> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut text = String::new();
    file.take(MOST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    Ok(text)
}

/// Makes the file `path`, readable by its owner alone, with `text` in it.
///
/// # Errors
///
/// If it is there already, or cannot be written; then nothing of it stays.
pub fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(path)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    if written.is_err() {
        // what failed is told; that the rest stays as well would be one thing more
        let _removed = std::fs::remove_file(path);
    }
    written
}

const MOST: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_made_once_and_for_its_owner() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        create(&path, "secret\n").unwrap();
        assert_eq!(read(&path).unwrap(), "secret\n");
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = create(&path, "other").unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(read(&path).unwrap(), "secret\n");
        assert!(read(dir.path()).is_err(), "a directory is no file");
    }
}
