//! Opens and reads a small file without waiting, where the kernel has all of it at hand.
//!
//! A request that need not wait need not be handed to a thread. Whatever is not as easy as that
//! (a link on the way, a large file, a disk that must be asked, a network) is left to
//! [`Handles::open`], and so is every refusal: whether a thing is absent or forbidden cannot be
//! told from how long the answer takes.
//!
//! # Invariants
//!
//! - The same look as in [`open`](super::open) decides: nothing is opened here that would not be
//!   opened there.
//! - No call here waits for a disk: names come from the kernel's cache (`RESOLVE_CACHED`),
//!   content from its memory (`RWF_NOWAIT`), on a disk of this machine.

use std::io::IoSliceMut;
use std::os::fd::AsFd;

use rustix::fs::ResolveFlags;
use rustix::io::Errno;
use rustix::io::ReadWriteFlags;

use super::open::Opened;
use super::open::look_once;
use super::open::reopen;
use super::root::Handles;
use super::text_source::BLOCK;
use super::text_source::Whole;
use crate::scope::Kind;
use crate::scope::Permit;

impl Handles {
    /// Opens the file that `permit` is for and reads all of it, if none of that has to wait.
    #[must_use]
    pub fn open_at_once(&self, permit: &Permit) -> Option<Opened> {
        let root = self.of(permit).ok()?;
        let rules = permit.root();
        let easy = root.waits_for_nothing() && !rules.mounts && !rules.folds;
        if !easy {
            return None;
        }
        let looked = look_once(root, permit, ResolveFlags::CACHED).ok()??;
        let small = looked.kind == Kind::File && looked.meta.size < BLOCK as u64;
        if !small || looked.resolved != *permit.place().path() {
            return None;
        }
        let size = usize::try_from(looked.meta.size).ok()?;
        let mut opened = reopen(root, permit, looked).ok()?;
        let flags = if root.is_memory() {
            // it has no other place to read from, and does not know the flag
            ReadWriteFlags::empty()
        } else {
            ReadWriteFlags::NOWAIT
        };
        let content = content(&opened.fd, size, flags)?;
        opened.content = Some(Whole::new(&opened.meta, content));
        Some(opened)
    }
}

/// All that is in the file, which was `size` bytes long a moment ago; nothing if that must wait,
/// or if it has grown.
fn content(fd: impl AsFd, size: usize, flags: ReadWriteFlags) -> Option<Vec<u8>> {
    let mut content = vec![0; size + 1];
    let mut read = 0;
    // less than there was room for: it ends here, or what it grew by would have to be waited for
    while read != size || read == 0 {
        let room = content.get_mut(read..).filter(|room| !room.is_empty())?;
        let at = read as u64;
        match rustix::io::preadv2(&fd, &mut [IoSliceMut::new(room)], at, flags) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(Errno::INTR) => {}
            Err(_) => return None,
        }
    }
    content.truncate(read);
    Some(content)
}
