//! Walks along the lines of one segment and holds each against the one before it.
//!
//! # Invariants
//!
//! - The verifier and the writer walk by this one function, so that nothing is taken up by the
//!   one which the other would refuse.
//! - What a head and a checkpoint tell of the tree is what the lines before them make, as far as
//!   those are known.

use std::os::fd::OwnedFd;

use chrono::DateTime;
use chrono::Utc;
use rustix::io::Errno;
use serde::Deserialize;

use super::chain;
use super::chain::Hash;
use super::chain::Line;
use super::chain::Link;
use super::chain::Type;
use super::chain::Why;
use super::checkpoint;
use super::checkpoint::Spoken;
use super::checkpoint::Told;
use super::lines::Lines;
use super::lines::Step;
use super::merkle::Tree;
use super::note::VerifierKey;

/// Where a walk begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct From<'a> {
    /// The chain that the segment belongs to.
    pub(super) chain: &'a str,
    /// Its number.
    pub(super) number: u64,
    /// The byte to begin at.
    pub(super) at: u64,
    /// The line before that byte; `None` takes up whatever the first line names.
    pub(super) last: Option<Link>,
}

/// How far a walk came.
#[derive(Debug)]
pub(super) struct Walked {
    /// The end of the last good line.
    pub(super) end: u64,
    /// That line; `None` if there was none and none was known.
    pub(super) last: Option<Link>,
    /// How many lines were good.
    pub(super) lines: u64,
    /// Whether the last of them is a tail.
    pub(super) ended: bool,
    /// Why it went no further.
    pub(super) stop: Stop,
}

/// Why a walk went no further.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stop {
    /// Nothing comes after it.
    End,
    /// Bytes come after it that no line feed ends: how many.
    Rest(u64),
    /// The next line is not the one to come next.
    Bad(Why),
    /// The next line is whole and names the same predecessor as the last one.
    Fork,
}

/// What the first line of a segment says.
#[derive(Debug, Deserialize)]
pub(super) struct Head {
    /// When the segment was begun.
    pub(super) time: DateTime<Utc>,
    /// The key of the process that began it.
    pub(super) key: VerifierKey,
    chain: String,
    segment: u64,
    #[serde(flatten)]
    tree: Told,
}

/// A good line.
#[derive(Debug)]
pub(super) struct Good<'a> {
    /// The line.
    pub(super) line: &'a Line<'a>,
    /// All of its bytes.
    pub(super) bytes: &'a [u8],
    /// What it says, if it is a head or a checkpoint.
    pub(super) said: Option<Said>,
    /// The tree over the lines before it, if that is known.
    pub(super) tree: Option<&'a Tree>,
}

/// What a line says of the trail itself.
#[derive(Debug)]
pub(super) enum Said {
    /// The head of a segment.
    Head(Head),
    /// A checkpoint.
    Checkpoint(Spoken),
}

/// Walks along `fd` and shows every good line to `each`, which may refuse it. `tree` is the tree
/// before the first line; where that is not known it is once a line tells of it.
pub(super) fn walk(
    fd: &OwnedFd,
    from: From<'_>,
    tree: &mut Option<Tree>,
    mut each: impl FnMut(Good<'_>) -> Result<(), Why>,
) -> Result<Walked, Errno> {
    let mut lines = Lines::new(fd, from.at);
    let mut walked = Walked {
        end: from.at,
        last: from.last,
        lines: 0,
        ended: false,
        stop: Stop::End,
    };
    let mut before = None;
    loop {
        let bytes = match lines.step()? {
            Step::Line(bytes) => bytes,
            Step::TooLong => return Ok(walked.stopped(Stop::Bad(Why::TooLong))),
            Step::Rest(bytes) => return Ok(walked.stopped(Stop::Rest(bytes))),
            Step::End => return Ok(walked),
        };
        let line = match chain::open(bytes) {
            Ok(line) => line,
            Err(why) => return Ok(walked.stopped(Stop::Bad(why))),
        };
        let good = fits(&line, &walked).and_then(|()| said(&line, bytes, from, tree));
        let shown = good.and_then(|said| {
            each(Good {
                line: &line,
                bytes,
                said,
                tree: tree.as_ref(),
            })
        });
        if let Err(why) = shown {
            let sibling = before.is_some_and(|(prev, link): (Hash, Link)| {
                prev == line.prev && link.seq == line.link.seq && link.hash != line.link.hash
            });
            return Ok(walked.stopped(if sibling { Stop::Fork } else { Stop::Bad(why) }));
        }
        if let Some(tree) = tree {
            tree.push(line.link.hash);
        }
        before = Some((line.prev, line.link));
        walked.last = Some(line.link);
        walked.lines += 1;
        walked.ended = line.what == Type::Tail;
        walked.end = lines.end();
    }
}

/// Reads the head of a segment; `None` if its first line is not whole yet.
pub(super) fn head(fd: &OwnedFd) -> Result<Option<Result<Head, Why>>, Errno> {
    let mut lines = Lines::new(fd, 0);
    Ok(match lines.step()? {
        Step::Line(bytes) => Some(chain::open(bytes).and_then(|line| match line.what {
            Type::Head => serde_json::from_slice(bytes).map_err(|_| Why::Head),
            Type::Event | Type::Checkpoint | Type::Tail => Err(Why::Head),
        })),
        Step::TooLong => Some(Err(Why::TooLong)),
        Step::Rest(_) | Step::End => None,
    })
}

impl Head {
    /// The tree before it.
    fn told(&self) -> Result<Tree, Why> {
        self.tree.tree()
    }

    /// Whether it is that of the segment `number` of `chain`.
    pub(super) fn is_of(&self, chain: &str, number: u64) -> Result<(), Why> {
        if self.chain == chain && self.segment == number {
            Ok(())
        } else {
            Err(Why::Head)
        }
    }
}

impl Walked {
    const fn stopped(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }
}

fn fits(line: &Line<'_>, walked: &Walked) -> Result<(), Why> {
    if walked.ended {
        return Err(Why::AfterTail);
    }
    if (line.what == Type::Head) != (walked.end == 0) {
        return Err(Why::Head);
    }
    if let Some(last) = walked.last {
        line.follows(last)?;
    }
    Ok(())
}

/// What the line says of the trail, held against `tree`.
fn said(
    line: &Line<'_>,
    bytes: &[u8],
    from: From<'_>,
    tree: &mut Option<Tree>,
) -> Result<Option<Said>, Why> {
    match line.what {
        Type::Event | Type::Tail => Ok(None),
        Type::Head => {
            let head: Head = serde_json::from_slice(bytes).map_err(|_| Why::Head)?;
            head.is_of(from.chain, from.number)?;
            take(tree, head.told()?, line)?;
            Ok(Some(Said::Head(head)))
        }
        Type::Checkpoint => {
            let (spoken, told) = checkpoint::read(bytes, from.chain, tree.as_ref())?;
            take(tree, told, line)?;
            Ok(Some(Said::Checkpoint(spoken)))
        }
    }
}

/// The tree that a line tells of is the one that is known, or becomes it.
fn take(tree: &mut Option<Tree>, told: Tree, line: &Line<'_>) -> Result<(), Why> {
    let fits = match tree {
        Some(tree) => *tree == told,
        None => told.size().checked_add(1) == Some(line.link.seq),
    };
    if !fits {
        return Err(Why::Tree);
    }
    *tree = Some(told);
    Ok(())
}
