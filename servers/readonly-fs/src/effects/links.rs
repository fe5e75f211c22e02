//! Follows the links of a path one by one, for a path that has any.
//!
//! The kernel resolves a path in one go and tells where it ends, not where it went. A link into
//! a folder that does not exist for the reader, and another link in there that leads out again,
//! would end well and tell what names the folder has.
//!
//! # Invariants
//!
//! - Every link and every directory on the way exists for the reader.

use std::os::fd::OwnedFd;

use rustix::fs::Mode;
use rustix::fs::OFlags;

use guard::error::Denial;
use guard::error::Refusal;

use super::meta::Meta;
use super::open;
use super::root::Handle;
use crate::scope::Kind;
use crate::scope::Permit;
use crate::scope::RelPath;

/// Checks every step that the permit's path takes below `root`.
///
/// # Errors
///
/// [`Denial::NotCleared`] at the first step that does not exist for the reader, and what reads
/// like "not found" where the path does not hold still.
pub(super) fn check(root: &Handle, permit: &Permit) -> Result<(), Refusal> {
    let mut at = RelPath::default();
    let mut left: Vec<Vec<u8>> = permit
        .place()
        .path()
        .components()
        .map(<[u8]>::to_vec)
        .collect();
    left.reverse();
    let mut links = 0;
    while let Some(name) = left.pop() {
        match name.as_slice() {
            b"" | b"." => continue,
            b".." => {
                let (above, _) = at.split().ok_or(Denial::OutOfScope)?;
                at = above;
                continue;
            }
            _ => {}
        }
        let next = at.child(&name).ok_or(Denial::NotFound)?;
        let above = open::directory(root, permit, &at)?;
        let Some(target) = target(&above, &name)? else {
            // the end itself is judged with all that is known of it
            if !left.is_empty() {
                permit.pass(&next, Kind::Directory)?;
            }
            at = next;
            continue;
        };
        permit.pass(&next, Kind::File)?;
        links += 1;
        if links > MOST || target.first() == Some(&b'/') {
            return Err(Denial::OutOfScope.into());
        }
        left.extend(target.split(|byte| *byte == b'/').rev().map(<[u8]>::to_vec));
        if left.len() > DEEPEST {
            return Err(Denial::OutOfScope.into());
        }
    }
    Ok(())
}

/// What the entry `name` leads to, if it is a link.
fn target(above: &OwnedFd, name: &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let entry = rustix::fs::openat(above, name, flags, Mode::empty()).map_err(open::refusal)?;
    if !Meta::of(&entry).map_err(open::refusal)?.is_link {
        return Ok(None);
    }
    let text = rustix::fs::readlinkat(&entry, c"", Vec::new()).map_err(open::refusal)?;
    Ok(Some(text.into_bytes()))
}

/// As many links as the kernel follows in one path.
const MOST: usize = 40;
/// As many names as may be waiting: more than any path of the kernel's has.
const DEEPEST: usize = 4096;
