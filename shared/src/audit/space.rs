//! The low-water mark of the disk, and the ballast that is thrown out for the last denials.

use std::os::fd::OwnedFd;

use rustix::fs::FallocateFlags;

use super::directory::Directory;
use super::trouble::Trouble;
use super::trouble::system;

/// How the space on the disk is watched.
#[derive(Debug)]
pub(super) struct Space {
    low_water: u64,
    /// The file of the ballast, and how large it is to be.
    ballast: Option<(OwnedFd, u64)>,
}

impl Space {
    /// Watches for less than `low_water` bytes, with `ballast` bytes aboard; 0 of either goes
    /// without.
    pub(super) fn new(
        directory: &Directory,
        low_water: u64,
        ballast: u64,
    ) -> Result<Self, Trouble> {
        let ballast = if low_water == 0 || ballast == 0 {
            None
        } else {
            let fd = directory.open_or_create(NAME, "open the ballast")?;
            Some((fd, ballast))
        };
        Ok(Self { low_water, ballast })
    }

    /// Whether new work must be refused. Takes ballast aboard when there is much room.
    pub(super) fn is_low(&self, directory: &Directory) -> bool {
        if self.low_water == 0 {
            return false;
        }
        // not to know is as bad as to know that there is none
        let free = directory.free().unwrap_or_default();
        if let Some((fd, wanted)) = &self.ballast
            && free > self.low_water.saturating_add(wanted.saturating_mul(2))
            && size(fd) < *wanted
        {
            // a file system that cannot reserve space has no ballast; the mark still holds
            let _reserved = rustix::fs::fallocate(fd, FallocateFlags::empty(), 0, *wanted);
        }
        free < self.low_water
    }

    /// Throws out the ballast; says whether there was any.
    pub(super) fn release(&self) -> Result<bool, Trouble> {
        match &self.ballast {
            Some((fd, _)) if size(fd) > 0 => {
                rustix::fs::ftruncate(fd, 0).map_err(system("release the ballast"))?;
                Ok(true)
            }
            Some(_) | None => Ok(false),
        }
    }
}

fn size(fd: &OwnedFd) -> u64 {
    rustix::fs::fstat(fd).map_or(0, |stat| u64::try_from(stat.st_size).unwrap_or_default())
}

const NAME: &str = "ballast";
