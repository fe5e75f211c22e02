//! The three things that can fail while a trail is written: append, sync, cut back.

use std::os::fd::OwnedFd;

use rustix::io::Errno;

use super::trouble::Trouble;
use super::trouble::system;

/// The disk; in tests one that can be told to fail.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    #[cfg(test)]
    failures: std::sync::Arc<std::sync::Mutex<Vec<Failure>>>,
    #[cfg(test)]
    pub(super) in_memory: Option<bool>,
}

/// A failure to come.
#[cfg(test)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Failure {
    /// The next write stores so many bytes, and then fails.
    Write(usize, Errno),
    /// The next sync fails.
    Sync(Errno),
    /// The next sync takes so long.
    Slow(std::time::Duration),
    /// The next cut fails.
    Truncate(Errno),
}

/// Returns once the bytes of a file are on the disk.
#[cfg(not(target_vendor = "apple"))]
fn durable(fd: &OwnedFd) -> Result<(), Errno> {
    rustix::fs::fdatasync(fd)
}

/// The same: there, syncing alone leaves bytes in the memory of the disk.
#[cfg(target_vendor = "apple")]
fn durable(fd: &OwnedFd) -> Result<(), Errno> {
    rustix::fs::fcntl_fullfsync(fd)
}

/// Drops what is cached of a file.
#[cfg(not(target_vendor = "apple"))]
fn forget(fd: &OwnedFd) -> Result<(), Errno> {
    rustix::fs::fadvise(fd, 0, None, rustix::fs::Advice::DontNeed)
}

/// There is no way to ask for it there.
#[cfg(target_vendor = "apple")]
#[expect(clippy::unnecessary_wraps, reason = "as where there is a way")]
fn forget(_: &OwnedFd) -> Result<(), Errno> {
    Ok(())
}

impl Disk {
    /// Appends all of `bytes`.
    pub(super) fn append(&self, fd: &OwnedFd, mut bytes: &[u8]) -> Result<(), Trouble> {
        const STEP: &str = "write to a segment";
        while !bytes.is_empty() {
            match self.write(fd, bytes) {
                Ok(0) => return Err(system(STEP)(Errno::IO)),
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(Errno::INTR) => {}
                Err(cause) => return Err(system(STEP)(cause)),
            }
        }
        Ok(())
    }

    /// Returns once everything that was appended is durable.
    pub(super) fn sync(&self, fd: &OwnedFd) -> Result<(), Trouble> {
        #[cfg(test)]
        if let Some(Failure::Sync(cause)) = self.take(|next| matches!(next, Failure::Sync(_))) {
            return Err(system("sync a segment")(cause));
        }
        #[cfg(test)]
        if let Some(Failure::Slow(time)) = self.take(|next| matches!(next, Failure::Slow(_))) {
            std::thread::sleep(time);
        }
        durable(fd).map_err(system("sync a segment"))
    }

    /// Cuts a segment back to `bytes`, durably, and forgets what is cached of it.
    pub(super) fn cut(&self, fd: &OwnedFd, bytes: u64) -> Result<(), Trouble> {
        #[cfg(test)]
        if let Some(Failure::Truncate(cause)) =
            self.take(|next| matches!(next, Failure::Truncate(_)))
        {
            return Err(system("cut a segment back")(cause));
        }
        let stat = rustix::fs::fstat(fd).map_err(system("cut a segment back"))?;
        if u64::try_from(stat.st_size) != Ok(bytes) {
            rustix::fs::ftruncate(fd, bytes).map_err(system("cut a segment back"))?;
        }
        rustix::fs::fsync(fd).map_err(system("sync a segment"))?;
        // after a failed sync the cache may show what is not on the disk
        forget(fd).map_err(system("cut a segment back"))
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "in tests it may fail")]
    fn write(&self, fd: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
        rustix::io::write(fd, bytes)
    }

    #[cfg(test)]
    fn write(&self, fd: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
        let next = self.take(|next| matches!(next, Failure::Write(..)));
        let Some(Failure::Write(stored, cause)) = next else {
            return rustix::io::write(fd, bytes);
        };
        rustix::io::write(fd, &bytes[..stored.min(bytes.len())])?;
        Err(cause)
    }

    /// A disk that is memory whatever the directory is on, or is not.
    #[cfg(test)]
    pub(super) fn that_is_memory(in_memory: bool) -> Self {
        Self {
            in_memory: Some(in_memory),
            ..Self::default()
        }
    }

    /// Tells it to fail in the given order.
    #[cfg(test)]
    pub(super) fn fail(&self, failures: &[Failure]) {
        self.failures.lock().unwrap().extend(failures);
    }

    /// Failures that did not happen yet.
    #[cfg(test)]
    pub(super) fn to_come(&self) -> usize {
        self.failures.lock().unwrap().len()
    }

    #[cfg(test)]
    fn take(&self, fits: impl Fn(&Failure) -> bool) -> Option<Failure> {
        let mut failures = self.failures.lock().unwrap();
        failures
            .first()
            .is_some_and(fits)
            .then(|| failures.remove(0))
    }
}
