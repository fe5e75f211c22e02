//! Passes over the lines of a whole trail, for what reads it once more after it was verified.
//!
//! # Invariants
//!
//! - It goes no further than the chain holds: the first line that does not follow is an error.

use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::chain::Line;
use super::chain::Link;
use super::chain::Why;
use super::directory::Directory;
use super::directory::Entry;
use super::directory::segment_name;
use super::merkle::Tree;
use super::segment;
use super::segment::From;
use super::segment::Said;
use super::segment::Stop;
use super::trouble::Trouble;
use super::trouble::system;

/// A line that goes by.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    /// The segment that holds it.
    pub(super) segment: u64,
    /// The line.
    pub(super) line: &'a Line<'a>,
    /// All of its bytes.
    pub(super) bytes: &'a [u8],
    /// What it says, if it is a head or a checkpoint.
    pub(super) said: Option<&'a Said>,
    /// The tree over the lines before it.
    pub(super) tree: &'a Tree,
}

/// Shows every line of the trail in `directory` to `each`; an unfinished one at the end is left
/// out. Gives the tree over all of them, if there is one.
pub(super) fn over(directory: &Path, each: impl FnMut(&Seen<'_>)) -> Result<Option<Tree>, Trouble> {
    over_opened(&Directory::open(directory)?, each)
}

/// As [`over`], for a directory that is open.
pub(super) fn over_opened(
    directory: &Directory,
    mut each: impl FnMut(&Seen<'_>),
) -> Result<Option<Tree>, Trouble> {
    let Some((chain, first)) = first_segment(directory)? else {
        return Ok(None);
    };
    let begins = first == 1;
    let mut tree = begins.then(Tree::default);
    let mut last = begins.then_some(Link::START);
    for number in first.. {
        let file = segment_name(&chain, number);
        let fd = match directory.open_any(&file, OFlags::RDONLY) {
            Err(Errno::NOENT) => break,
            other => other.map_err(system("open a segment"))?,
        };
        let from = From {
            chain: &chain,
            number,
            at: 0,
            last,
        };
        let walked = segment::walk(&fd, from, &mut tree, |good| {
            // the first line of a segment is its head, which tells of the tree
            let tree = good.tree.ok_or(Why::Head)?;
            each(&Seen {
                segment: number,
                line: good.line,
                bytes: good.bytes,
                said: good.said.as_ref(),
                tree,
            });
            Ok(())
        });
        let walked = walked.map_err(system("read a segment"))?;
        last = walked.last;
        let broken = |why| Trouble::Broken {
            segment: number,
            at: walked.end,
            why,
        };
        match walked.stop {
            Stop::End | Stop::Rest(_) => {}
            Stop::Bad(why) => return Err(broken(why)),
            Stop::Fork => return Err(broken(Why::Number)),
        }
    }
    Ok(tree)
}

/// The chain, and the number of its first segment.
pub(super) fn first_segment(directory: &Directory) -> Result<Option<(String, u64)>, Trouble> {
    let mut found: Option<(String, u64)> = None;
    for entry in directory.entries()? {
        let Entry::Segment(chain, number) = entry else {
            continue;
        };
        found = match found {
            Some((other, _)) if other != chain => {
                return Err(Trouble::Damaged("the directory: it holds two chains"));
            }
            Some((_, first)) if first < number => Some((chain, first)),
            _ => Some((chain, number)),
        };
    }
    Ok(found)
}
