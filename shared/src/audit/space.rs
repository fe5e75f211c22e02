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
    ballast: Option<OwnedFd>,
}

impl Space {
    /// Watches for less than `low_water` bytes; 0 never does.
    pub(super) fn new(directory: &Directory, low_water: u64) -> Result<Self, Trouble> {
        let ballast = match low_water {
            0 => None,
            _ => Some(directory.open_or_create(NAME, "open the ballast")?),
        };
        Ok(Self { low_water, ballast })
    }

    /// Whether new work must be refused. Takes ballast aboard when there is much room.
    pub(super) fn is_low(&self, directory: &Directory) -> bool {
        let Some(ballast) = &self.ballast else {
            return false;
        };
        // not to know is as bad as to know that there is none
        let free = directory.free().unwrap_or_default();
        if free > self.low_water.saturating_add(2 * BALLAST) && size(ballast) < BALLAST {
            // a file system that cannot reserve space has no ballast; the mark still holds
            let _reserved = rustix::fs::fallocate(ballast, FallocateFlags::empty(), 0, BALLAST);
        }
        free < self.low_water
    }

    /// Throws out the ballast; says whether there was any.
    pub(super) fn release(&self) -> Result<bool, Trouble> {
        match &self.ballast {
            Some(ballast) if size(ballast) > 0 => {
                rustix::fs::ftruncate(ballast, 0).map_err(system("release the ballast"))?;
                Ok(true)
            }
            Some(_) | None => Ok(false),
        }
    }
}

fn size(fd: &OwnedFd) -> u64 {
    rustix::fs::fstat(fd).map_or(0, |stat| u64::try_from(stat.st_size).unwrap_or_default())
}

/// Room for some hundred denials.
pub(super) const BALLAST: u64 = 1 << 20;
const NAME: &str = "ballast";
